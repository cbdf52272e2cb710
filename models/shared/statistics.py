"""Pure statistics that several rooms need: a confidence bound for a share, and the calibration error.

`models.evaluation.measurements` has measurements with intervals, and tests of one system against another.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import beta

ECE_BINS = 15


class ReliabilityBin(NamedTuple):
    """Tickets of similar confidence: their mean confidence, their accuracy (both 0..1), and their number."""

    confidence: float
    accuracy: float
    tickets: int


def clopper_pearson_lower_bound(successes: int, total: int, confidence: float) -> float:
    """The one-sided Clopper–Pearson lower confidence bound of a share, 0..1.

    Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934) 404–413.

    Args:
        successes: how many of `total` succeeded.
        total: the number of trials.
        confidence: the confidence level of the bound, 0..1.
    """
    return 0.0 if successes == 0 else float(beta.ppf(1 - confidence, successes, total - successes + 1))


def reliability(confidences: Sequence[float], correct: Sequence[bool], bins: int = ECE_BINS) -> list[ReliabilityBin]:
    """The non-empty equal-width bins of a reliability diagram, by ascending confidence."""
    confidence, right = np.asarray(confidences, dtype=float), np.asarray(correct, dtype=float)
    numbers = np.minimum((confidence * bins).astype(int), bins - 1)
    found = []
    for number in sorted(set(numbers.tolist())):
        inside = numbers == number
        found.append(ReliabilityBin(float(confidence[inside].mean()), float(right[inside].mean()), int(inside.sum())))
    return found


def expected_calibration_error(confidences: Sequence[float], correct: Sequence[bool], bins: int = ECE_BINS) -> float:
    """The expected calibration error, 0..1: |confidence - accuracy| over equal-width bins, weighted by their tickets.

    Source: C. Guo et al., On calibration of modern neural networks, ICML 2017.
    """
    gaps = [abs(b.confidence - b.accuracy) * b.tickets for b in reliability(confidences, correct, bins)]
    return float(sum(gaps) / max(len(confidences), 1))
