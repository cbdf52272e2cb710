"""Blind studies: raters compare replies without knowing who wrote them. `models.evaluation` analyses the ratings."""
