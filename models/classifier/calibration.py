"""Makes a classifier's confidence mean what it says: a temperature, and what say the nearest training tickets have.

Both are fitted on validation tickets. Thresholds are chosen in `models.classifier.thresholds`; the calibration
error is measured by `models.evaluation.metrics`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from models.evaluation.metrics import expected_calibration_error

COLDEST, HOTTEST = 0.05, 20.0
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


class Calibration(NamedTuple):
    """The temperature of the logits, what share of the say the nearest training tickets have beside what comes of
    that, and the temperature of both together.
    """

    temperature: float = 1.0
    neighbours: float = 0.0
    final_temperature: float = 1.0

    def probabilities(self, logits: np.ndarray, votes: np.ndarray) -> np.ndarray:
        """The calibrated probability of each category: tickets × categories, rows sum to 1.

        Args:
            logits: tickets × categories.
            votes: the nearest training tickets' share of each category, as large.
        """
        return probabilities(_mixed(logits / self.temperature, votes, self.neighbours), self.final_temperature)


def fit_calibration(logits: np.ndarray, votes: np.ndarray, labels: Sequence[int]) -> Calibration:
    """The temperatures and the share at which the validation tickets are likeliest.

    The logits are tempered before the neighbours come in, whom an overconfident network would else drown.

    Neighbours: U. Khandelwal et al., Generalization through memorization: nearest neighbor language models, ICLR 2020,
    here with categories for words. Temperature: C. Guo et al., On calibration of modern neural networks, ICML 2017;
    by itself it can't change which category comes first.

    Args:
        logits: tickets × categories.
        votes: the nearest training tickets' share of each category, as large.
        labels: the true category of each, as its column.

    Returns:
        No neighbours and temperatures of 1.0 where there is nothing to fit on.
    """
    if not len(labels):
        return Calibration()
    temperature, _ = _fit_temperature(logits, labels)
    fitted = {share: _fit_temperature(_mixed(logits / temperature, votes, share), labels) for share in SHARES}
    best = min(SHARES, key=lambda share: fitted[share][1])
    return Calibration(temperature, best, fitted[best][0])


def probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """The probability of each category: tickets × categories, rows sum to 1."""
    return np.asarray(softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1))


def uncalibrated_error(logits: np.ndarray, labels: Sequence[int]) -> float:
    """The expected calibration error of the logits as they are: what calibration starts from.

    Args:
        logits: tickets × categories.
        labels: the true category of each, as its column.
    """
    rows = probabilities(logits, 1.0)
    return expected_calibration_error(rows.max(axis=1).tolist(), (rows.argmax(axis=1) == np.asarray(labels)).tolist())


def _mixed(logits: np.ndarray, votes: np.ndarray, share: float) -> np.ndarray:
    """Logits in which the neighbours have their share of the say."""
    return np.asarray(np.log((1 - share) * probabilities(logits, 1.0) + share * votes + np.finfo(float).tiny))


def _fit_temperature(logits: np.ndarray, labels: Sequence[int]) -> tuple[float, float]:
    """The temperature at which the tickets are likeliest, and their mean negative log-likelihood there, in nats.

    As if one ticket more were of another category than it says: where all are right the likeliest temperature would
    otherwise be none, and every ticket be surely right (J. Platt, Probabilistic outputs for support vector machines,
    1999, does so with two classes).
    """
    places = np.arange(len(labels))
    doubt = 1 / (len(labels) + 2)

    def negative_log_likelihood(log_temperature: float) -> float:
        likely = log_softmax(logits / np.exp(log_temperature), axis=1)
        right = likely[places, labels]
        wrong = (likely.sum(axis=1) - right) / max(1, likely.shape[1] - 1)
        return -float(((1 - doubt) * right + doubt * wrong).mean())

    found = minimize_scalar(negative_log_likelihood, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x)), float(found.fun)
