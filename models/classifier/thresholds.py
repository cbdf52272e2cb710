"""The confidence thresholds above which the classifier routes a ticket, by language and category.

It chooses them on validation tickets; the gate judges them on test tickets.
"""

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from models.shared.statistics import clopper_pearson_lower_bound

DIGITS = 4
ANY = "*"  # the threshold of every category that has none of its own

# language → category → threshold; None: no ticket is routed. A language without validation tickets is missing.
Thresholds = dict[str, dict[str, float | None]]


class Validated(NamedTuple):
    """A validation ticket: its predicted category, the confidence, and whether the prediction is correct."""

    language: str
    predicted: str
    confidence: float
    correct: bool


def choose_threshold(
    confidences: Sequence[float], correct: Sequence[bool], target: float, confidence: float
) -> float | None:
    """The lowest threshold for which the lower confidence bound of the accuracy above it is at least `target`.

    The bound is Clopper and Pearson's, as in selection with guaranteed risk (Y. Geifman and R. El-Yaniv, Selective
    classification for deep neural networks, NeurIPS 2017). The choice among many thresholds has no union bound: with
    a union bound, 300 validation tickets mostly give no threshold at all. The gate judges the choice on test tickets.

    A wrong label in the validation part looks like an error with high confidence, and no threshold helps against it.

    Returns:
        The threshold, rounded down to `DIGITS` so that a tiny difference between two machines or batches does not send
        the last accepted ticket to a human; None when there are too few tickets or too many errors for any threshold.
    """
    ranked, right = _running(confidences, correct)
    best: float | None = None
    for place, value in enumerate(ranked):
        last_of_equals = place + 1 == len(ranked) or ranked[place + 1] < value
        if last_of_equals and clopper_pearson_lower_bound(int(right[place]), place + 1, confidence) >= target:
            best = float(value)
    return best


def choose_thresholds(
    validated: Sequence[Validated], target: float, confidence: float, categories: Collection[str] = ()
) -> Thresholds:
    """A threshold for each language, and separate thresholds for categories with a higher or lower accuracy.

    1. The language's threshold is chosen on all its tickets.
    2. A category with enough tickets to prove the target alone gets the threshold that proves it.
    3. A category with too few tickets, whose accuracy above the language's threshold is below the target, gets a higher
       threshold, above which its accuracy reaches the target.
    4. If all tickets routed in the language then no longer prove the target, each category threshold below the
       language's threshold is raised to the language's.

    A language that does not prove the target routes only the categories that prove it alone.

    Args:
        validated: the validation tickets.
        target: the accuracy to prove.
        confidence: the confidence level of the proof.
        categories: all categories. A category that was never predicted in a language is not routed there, since its
            accuracy is unknown.
    """
    thresholds: Thresholds = {}
    for language in sorted({ticket.language for ticket in validated}):
        own = [ticket for ticket in validated if ticket.language == language]
        pooled = choose_threshold([t.confidence for t in own], [t.correct for t in own], target, confidence)
        found: dict[str, float | None] = {ANY: pooled}
        for category in sorted({ticket.predicted for ticket in own}):
            predicted = [ticket for ticket in own if ticket.predicted == category]
            proven = choose_threshold(
                [t.confidence for t in predicted], [t.correct for t in predicted], target, confidence
            )
            if proven is not None:
                found[category] = proven
            elif pooled is not None:
                raised = _raised(predicted, pooled, target)
                if raised != pooled:
                    found[category] = raised
        if pooled is not None and not _reached(own, found, target, confidence):
            found = {
                category: threshold if threshold is None else max(threshold, pooled)
                for category, threshold in found.items()
            }
        found.update(dict.fromkeys(set(categories) - {ticket.predicted for ticket in own}))
        thresholds[language] = {c: t for c, t in found.items() if c == ANY or t != pooled}
    return thresholds


def least_to_prove(target: float, confidence: float) -> int | None:
    """The smallest number of tickets, all of them right, that proves an accuracy of `target`.

    When all of n tickets are right, Clopper and Pearson's lower bound is the n-th root of 1 - confidence. None: no
    number of tickets proves an accuracy of 1.
    """
    return math.ceil(math.log(1 - confidence) / math.log(target)) if target < 1 else None


def threshold_for(thresholds: Thresholds, language: str, category: str) -> float | None:
    """The threshold of a category in a language; None when it is not routed, or the language has no thresholds."""
    found = thresholds.get(language, {})
    return found[category] if category in found else found.get(ANY)


def routed_languages(thresholds: Thresholds) -> list[str]:
    """The languages in which at least one category is routed."""
    return [language for language, found in thresholds.items() if any(value is not None for value in found.values())]


def _raised(predicted: Sequence[Validated], pooled: float, target: float) -> float | None:
    """The lowest threshold, at least `pooled`, above which a category's accuracy reaches the target, or None."""
    above = [ticket for ticket in predicted if ticket.confidence >= pooled]
    if not above:
        return pooled
    ranked, right = _running([t.confidence for t in above], [t.correct for t in above])
    good = [
        place
        for place in range(len(ranked))
        if (place + 1 == len(ranked) or ranked[place + 1] < ranked[place]) and right[place] >= target * (place + 1)
    ]
    if not good:
        return None
    return pooled if good[-1] == len(ranked) - 1 else float(ranked[good[-1]])


def _reached(own: Sequence[Validated], found: dict[str, float | None], target: float, confidence: float) -> bool:
    """Whether the tickets that these thresholds route prove the target; true when they route none."""
    routed = []
    for ticket in own:
        threshold = found[ticket.predicted] if ticket.predicted in found else found[ANY]
        if threshold is not None and ticket.confidence >= threshold:
            routed.append(ticket.correct)
    return clopper_pearson_lower_bound(sum(routed), len(routed), confidence) >= target if routed else True


def _running(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[np.ndarray, np.ndarray]:
    """The confidences, rounded down, in descending order, and the running number of correct predictions."""
    rounded = np.floor(np.asarray(confidences, dtype=float) * 10**DIGITS) / 10**DIGITS
    order = np.argsort(-rounded, kind="stable")
    return rounded[order], np.cumsum(np.asarray(correct, dtype=int)[order])
