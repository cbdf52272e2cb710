"""Blind studies: people compare replies without knowing who wrote them. Sampling, sheets and the studies themselves."""
