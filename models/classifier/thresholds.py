"""Where the classifier stops being sure: the confidence from which it routes a ticket itself, by language and category.

Chosen on validation tickets, judged by the gate on test tickets.
"""

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from models.evaluation.measurements import accuracy_lower_bound

DIGITS = 4
ANY = "*"  # stands for every category that has no threshold of its own

# language → category → threshold; None: nothing is sure enough. A language that is not in it was not seen.
Thresholds = dict[str, dict[str, float | None]]


class Validated(NamedTuple):
    """A validation ticket: how sure the classifier was of what it said, and whether it was right."""

    language: str
    predicted: str
    confidence: float
    correct: bool


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
    surest, right = _running(confidences, correct)
    best: float | None = None
    for place, value in enumerate(surest):
        last_of_equals = place + 1 == len(surest) or surest[place + 1] < value
        if last_of_equals and accuracy_lower_bound(int(right[place]), place + 1, confidence) >= target:
            best = float(value)
    return best


def choose_thresholds(
    validated: Sequence[Validated], target: float, confidence: float, categories: Collection[str] = ()
) -> Thresholds:
    """A threshold for each language, and others for categories that are better or worse than their language.

    A category with enough tickets to prove the target by itself gets the threshold at which it does. One with too few,
    whose accuracy above the language's threshold is below the target, gets a higher one, at which it is not. What is
    then routed in the language must still reach the target surely enough; if it does not, no category's threshold stays
    below the language's. A language that can't prove the target at all routes what its categories prove by themselves.

    Args:
        validated: the validation tickets.
        target: the accuracy to be proven.
        confidence: how sure the proof must be.
        categories: all that there are. Of one that no validation ticket in a language was taken for it is not known how
            often it is right there, and none is routed.
    """
    chosen: Thresholds = {}
    for language in sorted({one.language for one in validated}):
        own = [one for one in validated if one.language == language]
        pooled = choose_threshold([o.confidence for o in own], [o.correct for o in own], target, confidence)
        found: dict[str, float | None] = {ANY: pooled}
        for category in sorted({one.predicted for one in own}):
            of = [one for one in own if one.predicted == category]
            proven = choose_threshold([o.confidence for o in of], [o.correct for o in of], target, confidence)
            if proven is not None:
                found[category] = proven
            elif pooled is not None:
                raised = _raised(of, pooled, target)
                if raised != pooled:
                    found[category] = raised
        if pooled is not None and not _reached(own, found, target, confidence):
            found = {
                category: threshold if threshold is None else max(threshold, pooled)
                for category, threshold in found.items()
            }
        found.update(dict.fromkeys(set(categories) - {one.predicted for one in own}))
        chosen[language] = {c: t for c, t in found.items() if c == ANY or t != pooled}
    return chosen


def least_to_prove(target: float, confidence: float) -> int | None:
    """How many tickets, all right, prove an accuracy: those of which Clopper and Pearson's bound is the target.

    Where none is wrong that bound is the n-th root of 1 - confidence. None: no number of tickets proves accuracy 1.
    """
    return math.ceil(math.log(1 - confidence) / math.log(target)) if target < 1 else None


def threshold_for(thresholds: Thresholds, language: str, category: str) -> float | None:
    """The threshold of a category in a language; None where nothing is sure enough, or the language was not seen."""
    found = thresholds.get(language, {})
    return found[category] if category in found else found.get(ANY)


def routed_languages(thresholds: Thresholds) -> list[str]:
    """The languages in which something is sure enough to be routed."""
    return [language for language, found in thresholds.items() if any(one is not None for one in found.values())]


def _raised(of: Sequence[Validated], pooled: float, target: float) -> float | None:
    """The lowest threshold, not below the pooled one, at which the category's accuracy is the target; None: at none."""
    above = [one for one in of if one.confidence >= pooled]
    if not above:
        return pooled
    surest, right = _running([o.confidence for o in above], [o.correct for o in above])
    good = [
        place
        for place in range(len(surest))
        if (place + 1 == len(surest) or surest[place + 1] < surest[place]) and right[place] >= target * (place + 1)
    ]
    if not good:
        return None
    return pooled if good[-1] == len(surest) - 1 else float(surest[good[-1]])


def _reached(own: Sequence[Validated], found: dict[str, float | None], target: float, confidence: float) -> bool:
    routed = []
    for one in own:
        threshold = found[one.predicted] if one.predicted in found else found[ANY]
        if threshold is not None and one.confidence >= threshold:
            routed.append(one.correct)
    return accuracy_lower_bound(sum(routed), len(routed), confidence) >= target if routed else True


def _running(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, rounded down, the surest first, and how many were right up to each."""
    rounded = np.floor(np.asarray(confidences, dtype=float) * 10**DIGITS) / 10**DIGITS
    order = np.argsort(-rounded, kind="stable")
    return rounded[order], np.cumsum(np.asarray(correct, dtype=int)[order])
