"""Makes a classifier's confidence mean what it says: one temperature, fitted on validation tickets.

From what confidence a ticket is routed is `models.thresholds`; how far off confidence is, `models.metrics`.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

COLDEST, HOTTEST = 0.05, 20.0


def fit_temperature(logits: np.ndarray, labels: Sequence[int]) -> float:
    """The temperature at which the validation tickets are likeliest.

    Source: C. Guo et al., On calibration of modern neural networks, ICML 2017. One number can't change which category
    comes first, so accuracy stays as it is. As if one ticket more were of another category than it says: where all are
    right the likeliest temperature would otherwise be none, and every ticket be surely right (J. Platt, Probabilistic
    outputs for support vector machines, 1999, does so with two classes).

    Args:
        logits: tickets × categories.
        labels: the true category of each, as its column.

    Returns:
        The temperature; 1.0 where there is nothing to fit on.
    """
    if not len(labels):
        return 1.0
    places = np.arange(len(labels))
    doubt = 1 / (len(labels) + 2)

    def negative_log_likelihood(log_temperature: float) -> float:
        likely = log_softmax(logits / np.exp(log_temperature), axis=1)
        right = likely[places, labels]
        wrong = (likely.sum(axis=1) - right) / max(1, likely.shape[1] - 1)
        return -float(((1 - doubt) * right + doubt * wrong).mean())

    found = minimize_scalar(negative_log_likelihood, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """The probability of each category: tickets × categories, rows sum to 1."""
    return np.asarray(softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1))
