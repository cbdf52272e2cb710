"""Statistics that several packages use: the lower confidence bound of a share, and the calibration error.

`models.evaluation.measurements` has metrics with confidence intervals, and tests that compare two systems.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import beta

ECE_BINS = 15


class ReliabilityBin(NamedTuple):
    """The tickets whose confidence lies in one bin."""

    confidence: float  # mean, 0..1
    accuracy: float  # 0..1
    tickets: int  # how many


def clopper_pearson_lower_bound(successes: int, total: int, confidence: float) -> float:
    """The one-sided Clopper–Pearson lower confidence bound of a share, 0..1.

    Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934) 404–413.

    Args:
        successes: how many of the `total` trials succeeded.
        total: the number of trials.
        confidence: the confidence level of the bound, 0..1.
    """
    return 0.0 if successes == 0 else float(beta.ppf(1 - confidence, successes, total - successes + 1))


def reliability(confidences: Sequence[float], correct: Sequence[bool], bins: int = ECE_BINS) -> list[ReliabilityBin]:
    """The non-empty equal-width bins of a reliability diagram, by ascending confidence."""
    confidence, right = np.asarray(confidences, dtype=float), np.asarray(correct, dtype=float)
    bin_ids = np.minimum((confidence * bins).astype(int), bins - 1)
    filled = []
    for bin_id in sorted(set(bin_ids.tolist())):
        inside = bin_ids == bin_id
        filled.append(ReliabilityBin(float(confidence[inside].mean()), float(right[inside].mean()), int(inside.sum())))
    return filled


def expected_calibration_error(confidences: Sequence[float], correct: Sequence[bool], bins: int = ECE_BINS) -> float:
    """The expected calibration error, 0..1: the weighted mean of |confidence - accuracy| over equal-width bins.

    The weight of a bin is its number of tickets.

    Source: C. Guo et al., On calibration of modern neural networks, ICML 2017.
    """
    gaps = [abs(b.confidence - b.accuracy) * b.tickets for b in reliability(confidences, correct, bins)]
    return float(sum(gaps) / max(len(confidences), 1))
