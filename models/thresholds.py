"""Where the classifier stops being sure: the confidence from which it routes a ticket itself.

Chosen on validation tickets, judged by the gate on test tickets.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import beta

DIGITS = 4


def accuracy_lower_bound(correct: int, total: int, confidence: float) -> float:
    """The one-sided Clopper–Pearson lower bound of an accuracy.

    Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934) 404–413.

    Args:
        correct: right answers out of `total`.
        confidence: how sure the bound is, 0..1.
    """
    return 0.0 if correct == 0 else float(beta.ppf(1 - confidence, correct, total - correct + 1))


def choose_threshold(
    confidences: Sequence[float], correct: Sequence[bool], target: float, confidence: float
) -> float | None:
    """The lowest threshold at which the accuracy of what lies above it is surely enough at least `target`.

    Sure enough: its Clopper–Pearson lower bound reaches the target, as in selection with guaranteed risk (Y. Geifman
    and R. El-Yaniv, Selective classification for deep neural networks, NeurIPS 2017). The best of many thresholds is
    taken without their union bound, with which 300 validation tickets mostly give no threshold at all; the gate judges
    the choice on others.

    It can't help against wrong labels: what the model is sure of stays above every threshold.

    Returns:
        The threshold, rounded down to `DIGITS` so that a tiny difference between two machines or batches does not send
        the last accepted ticket to a human; None when no threshold is good enough: too few tickets, or too many errors.
    """
    rounded = np.floor(np.asarray(confidences, dtype=float) * 10**DIGITS) / 10**DIGITS
    order = np.argsort(-rounded, kind="stable")
    surest = rounded[order]
    right = np.cumsum(np.asarray(correct, dtype=int)[order])
    best: float | None = None
    for place, value in enumerate(surest):
        last_of_equals = place + 1 == len(surest) or surest[place + 1] < value
        if last_of_equals and accuracy_lower_bound(int(right[place]), place + 1, confidence) >= target:
            best = float(value)
    return best
