"""Calibrates the classifier's confidence with temperatures and with the votes of the nearest training tickets.

The temperatures and the weight of the votes are fitted on validation tickets. `models.classifier.thresholds` chooses
the confidence thresholds, and `models.shared.statistics` computes the calibration error.
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
    """The three fitted parameters. Their names are keys of the manifest."""

    temperature: float = 1.0  # divides the logits
    neighbours: float = 0.0  # weight of the neighbours' votes, 0..1
    final_temperature: float = 1.0  # divides the log of the mixture of network and votes

    def probabilities(self, logits: np.ndarray, votes: np.ndarray) -> np.ndarray:
        """The calibrated probability of each category: tickets × categories, rows sum to 1.

        Args:
            logits: tickets × categories.
            votes: the share of each category among the nearest training tickets, tickets × categories.
        """
        return probabilities(_log_mixture(logits / self.temperature, votes, self.neighbours), self.final_temperature)


def fit_calibration(logits: np.ndarray, votes: np.ndarray, labels: Sequence[int]) -> Calibration:
    """The temperatures and the weight of the votes under which the labels of the validation tickets are most likely.

    The logits are divided by a temperature before the votes are mixed in. Without that temperature, an overconfident
    network would outweigh the votes.

    The votes follow U. Khandelwal et al., Generalization through memorization: nearest neighbor language models, ICLR
    2020, with categories instead of words. The temperature follows C. Guo et al., On calibration of modern neural
    networks, ICML 2017. A temperature does not change which category has the highest probability.

    Args:
        logits: tickets × categories.
        votes: the share of each category among the nearest training tickets, tickets × categories.
        labels: the category index of each ticket, which is its column in `logits`.

    Returns:
        The fitted calibration. Without validation tickets, the default, which changes nothing.
    """
    if not len(labels):
        return Calibration()
    temperature, _ = _fit_temperature(logits, labels)
    fits = {w: _fit_temperature(_log_mixture(logits / temperature, votes, w), labels) for w in NEIGHBOUR_WEIGHTS}
    best = min(NEIGHBOUR_WEIGHTS, key=lambda weight: fits[weight][1])
    return Calibration(temperature, best, fits[best][0])


def probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """The probability of each category: tickets × categories, rows sum to 1."""
    return np.asarray(softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1))


def uncalibrated_error(logits: np.ndarray, labels: Sequence[int]) -> float:
    """The expected calibration error of the network alone, without calibration: of the softmax of its logits, 0..1.

    Args:
        logits: tickets × categories.
        labels: the category index of each ticket, which is its column in `logits`.
    """
    rows = probabilities(logits, 1.0)
    return expected_calibration_error(rows.max(axis=1).tolist(), (rows.argmax(axis=1) == np.asarray(labels)).tolist())


def _log_mixture(logits: np.ndarray, votes: np.ndarray, weight: float) -> np.ndarray:
    """The logarithm of the weighted mean of the network's probabilities and the neighbours' votes."""
    return np.asarray(np.log((1 - weight) * probabilities(logits, 1.0) + weight * votes + np.finfo(float).tiny))


def _fit_temperature(logits: np.ndarray, labels: Sequence[int]) -> tuple[float, float]:
    """The temperature with the highest likelihood, and the mean negative log-likelihood there, in nats.

    The labels are smoothed: a label has a little less than probability 1, and the other categories share the rest. J.
    Platt (Probabilistic outputs for support vector machines, 1999) does this with two classes. Without smoothing, the
    temperature would fall to its minimum when all predictions are right, and every confidence would be 1.
    """
    rows = np.arange(len(labels))
    smoothing = 1 / (len(labels) + 2)

    def negative_log_likelihood(log_temperature: float) -> float:
        log_probabilities = log_softmax(logits / np.exp(log_temperature), axis=1)
        of_label = log_probabilities[rows, labels]
        mean_of_others = (log_probabilities.sum(axis=1) - of_label) / max(1, log_probabilities.shape[1] - 1)
        return -float(((1 - smoothing) * of_label + smoothing * mean_of_others).mean())

    bounds = (np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE))
    minimum = minimize_scalar(negative_log_likelihood, bounds=bounds, method="bounded")
    return float(np.exp(minimum.x)), float(minimum.fun)
