"""Calibrates the classifier's confidence: a temperature, and the weight of the votes of the nearest training tickets.

Both are fitted on validation tickets. `models.classifier.thresholds` chooses the thresholds, and
`models.shared.statistics` computes the calibration error.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from models.shared.statistics import expected_calibration_error

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
NEIGHBOUR_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


class Calibration(NamedTuple):
    """The temperature of the logits, the weight of the neighbours' votes, and the temperature of the mixture."""

    temperature: float = 1.0
    neighbours: float = 0.0
    final_temperature: float = 1.0

    def probabilities(self, logits: np.ndarray, votes: np.ndarray) -> np.ndarray:
        """The calibrated probability of each category: tickets × categories, rows sum to 1.

        Args:
            logits: tickets × categories.
            votes: the share of each category among the nearest training tickets, tickets × categories.
        """
        return probabilities(_mixed(logits / self.temperature, votes, self.neighbours), self.final_temperature)


def fit_calibration(logits: np.ndarray, votes: np.ndarray, labels: Sequence[int]) -> Calibration:
    """The temperatures and the neighbours' weight with the highest likelihood of the validation tickets.

    The logits are divided by a temperature before the votes are mixed in. Without it an overconfident network would
    outweigh the votes.

    Neighbours: U. Khandelwal et al., Generalization through memorization: nearest neighbor language models, ICLR 2020,
    with categories in the place of words. Temperature: C. Guo et al., On calibration of modern neural networks, ICML
    2017; it does not change which category comes first.

    Args:
        logits: tickets × categories.
        votes: the share of each category among the nearest training tickets, tickets × categories.
        labels: the column of each ticket's true category.

    Returns:
        No neighbours and temperatures of 1.0 without validation tickets.
    """
    if not len(labels):
        return Calibration()
    temperature, _ = _fit_temperature(logits, labels)
    fitted = {w: _fit_temperature(_mixed(logits / temperature, votes, w), labels) for w in NEIGHBOUR_WEIGHTS}
    best = min(NEIGHBOUR_WEIGHTS, key=lambda weight: fitted[weight][1])
    return Calibration(temperature, best, fitted[best][0])


def probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """The probability of each category: tickets × categories, rows sum to 1."""
    return np.asarray(softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1))


def uncalibrated_error(logits: np.ndarray, labels: Sequence[int]) -> float:
    """The expected calibration error of the softmax of the logits, 0..1.

    Args:
        logits: tickets × categories.
        labels: the column of each ticket's true category.
    """
    rows = probabilities(logits, 1.0)
    return expected_calibration_error(rows.max(axis=1).tolist(), (rows.argmax(axis=1) == np.asarray(labels)).tolist())


def _mixed(logits: np.ndarray, votes: np.ndarray, weight: float) -> np.ndarray:
    """The logarithm of the weighted mean of the network's probabilities and the neighbours' votes."""
    return np.asarray(np.log((1 - weight) * probabilities(logits, 1.0) + weight * votes + np.finfo(float).tiny))


def _fit_temperature(logits: np.ndarray, labels: Sequence[int]) -> tuple[float, float]:
    """The temperature with the highest likelihood, and the mean negative log-likelihood there, in nats.

    The labels are smoothed as if one more ticket had another category than its label (as in J. Platt, Probabilistic
    outputs for support vector machines, 1999, with two classes). Without smoothing, the temperature would fall to its
    minimum when all predictions are right, and every confidence would be 1.
    """
    rows = np.arange(len(labels))
    smoothing = 1 / (len(labels) + 2)

    def negative_log_likelihood(log_temperature: float) -> float:
        log_probabilities = log_softmax(logits / np.exp(log_temperature), axis=1)
        right = log_probabilities[rows, labels]
        wrong = (log_probabilities.sum(axis=1) - right) / max(1, log_probabilities.shape[1] - 1)
        return -float(((1 - smoothing) * right + smoothing * wrong).mean())

    bounds = (np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE))
    found = minimize_scalar(negative_log_likelihood, bounds=bounds, method="bounded")
    return float(np.exp(found.x)), float(found.fun)
