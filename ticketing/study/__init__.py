"""Blind studies: raters compare replies without knowing who wrote them. The analysis is in `models.evaluation`."""
