"""Chooses the confidence thresholds of the classifier, by language and category.

The classifier routes a ticket if its confidence is at least the threshold. The thresholds are chosen on validation
tickets. The gate judges them on test tickets.
"""

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from models.shared.statistics import clopper_pearson_lower_bound

DIGITS = 4
ANY = "*"  # the key of the threshold for every category without a threshold of its own

# language → category → threshold, or None if no ticket is routed. A language without validation tickets has no entry.
Thresholds = dict[str, dict[str, float | None]]


class ValidationTicket(NamedTuple):
    """The prediction for a validation ticket: category, confidence, and whether the category is correct."""

    language: str
    predicted: str
    confidence: float
    correct: bool


def choose_threshold(
    confidences: Sequence[float], correct: Sequence[bool], target: float, confidence: float
) -> float | None:
    """The lowest threshold for which the accuracy at or above it has a lower confidence bound of at least `target`.

    The bound is Clopper and Pearson's, as in Y. Geifman and R. El-Yaniv, Selective classification for deep neural
    networks, NeurIPS 2017. The confidence level holds for one fixed threshold. There is no union bound for the choice
    among many thresholds, because with a union bound 300 validation tickets mostly give no threshold at all. Instead
    the gate judges the chosen thresholds on test tickets.

    A wrong label in the validation part looks like an error with high confidence, which no threshold can exclude.

    Returns:
        The threshold; None when there are too few tickets or too many errors for any threshold. It is rounded down to
        `DIGITS` digits, so that a tiny difference between two machines or batches does not send the last accepted
        ticket to a human.
    """
    ranked, right = _ranked(confidences, correct)
    lowest: float | None = None
    for i, value in enumerate(ranked):
        is_last_of_equals = i + 1 == len(ranked) or ranked[i + 1] < value
        if is_last_of_equals and clopper_pearson_lower_bound(int(right[i]), i + 1, confidence) >= target:
            lowest = float(value)
    return lowest


def choose_thresholds(
    tickets: Sequence[ValidationTicket], target: float, confidence: float, categories: Collection[str] = ()
) -> Thresholds:
    """A threshold for each language, and separate thresholds for categories with a higher or lower accuracy.

    Tickets reach the target if the lower confidence bound of their accuracy is at least `target`.

    1. The language's threshold is chosen on all tickets of the language (`choose_threshold`).
    2. A category gets its own threshold if `choose_threshold` finds one on the tickets of this category alone.
    3. Another category may have an accuracy below the target at the language's threshold. It gets a higher threshold,
       from which its measured accuracy is at least the target.
    4. If the tickets that these thresholds route in the language no longer reach the target together, each category
       threshold below the language's threshold is raised to the language's threshold.

    If a language has no threshold, only the categories of step 2 are routed there.

    Args:
        tickets: the predictions for the validation tickets.
        target: the accuracy to reach.
        confidence: the confidence level of the bound.
        categories: all categories. A category that was never predicted in a language is not routed there, because its
            accuracy is unknown.
    """
    thresholds: Thresholds = {}
    for language in sorted({ticket.language for ticket in tickets}):
        in_language = [ticket for ticket in tickets if ticket.language == language]
        pooled = choose_threshold(
            [t.confidence for t in in_language], [t.correct for t in in_language], target, confidence
        )
        chosen: dict[str, float | None] = {ANY: pooled}
        for category in sorted({ticket.predicted for ticket in in_language}):
            in_category = [ticket for ticket in in_language if ticket.predicted == category]
            own = choose_threshold(
                [t.confidence for t in in_category], [t.correct for t in in_category], target, confidence
            )
            if own is not None:
                chosen[category] = own
            elif pooled is not None:
                raised = _raised_threshold(in_category, pooled, target)
                if raised != pooled:
                    chosen[category] = raised
        if pooled is not None and not _routed_reach_target(in_language, chosen, target, confidence):
            chosen = {
                category: threshold if threshold is None else max(threshold, pooled)
                for category, threshold in chosen.items()
            }
        chosen.update(dict.fromkeys(set(categories) - {ticket.predicted for ticket in in_language}))
        thresholds[language] = {c: t for c, t in chosen.items() if c == ANY or t != pooled}
    return thresholds


def min_tickets_for_target(target: float, confidence: float) -> int | None:
    """The smallest number of tickets whose lower confidence bound reaches `target` when all predictions are right.

    With n right predictions out of n, Clopper and Pearson's lower bound is the n-th root of 1 - confidence. It never
    reaches a target of 1: then the result is None.
    """
    return math.ceil(math.log(1 - confidence) / math.log(target)) if target < 1 else None


def threshold_for(thresholds: Thresholds, language: str, category: str) -> float | None:
    """The threshold of a category in a language; None when it is not routed, or the language has no thresholds."""
    by_category = thresholds.get(language, {})
    return by_category[category] if category in by_category else by_category.get(ANY)


def routed_languages(thresholds: Thresholds) -> list[str]:
    """The languages in which at least one category is routed."""
    return [
        language
        for language, by_category in thresholds.items()
        if any(threshold is not None for threshold in by_category.values())
    ]


def _raised_threshold(tickets: Sequence[ValidationTicket], pooled: float, target: float) -> float | None:
    """The lowest threshold of at least `pooled` from which the measured accuracy reaches the target, or None.

    Args:
        tickets: the tickets with one predicted category.
        pooled: the threshold of the language.
        target: the accuracy to reach.
    """
    accepted = [ticket for ticket in tickets if ticket.confidence >= pooled]
    if not accepted:
        return pooled
    ranked, right = _ranked([t.confidence for t in accepted], [t.correct for t in accepted])
    reaching = [
        i
        for i in range(len(ranked))
        if (i + 1 == len(ranked) or ranked[i + 1] < ranked[i]) and right[i] >= target * (i + 1)
    ]
    if not reaching:
        return None
    return pooled if reaching[-1] == len(ranked) - 1 else float(ranked[reaching[-1]])


def _routed_reach_target(
    tickets: Sequence[ValidationTicket], thresholds: dict[str, float | None], target: float, confidence: float
) -> bool:
    """Whether the tickets that these thresholds route reach the target together; true if they route no ticket."""
    routed = []
    for ticket in tickets:
        threshold = thresholds[ticket.predicted] if ticket.predicted in thresholds else thresholds[ANY]
        if threshold is not None and ticket.confidence >= threshold:
            routed.append(ticket.correct)
    return clopper_pearson_lower_bound(sum(routed), len(routed), confidence) >= target if routed else True


def _ranked(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[np.ndarray, np.ndarray]:
    """The confidences, rounded down, in descending order, and how many predictions are right up to each of them."""
    rounded = np.floor(np.asarray(confidences, dtype=float) * 10**DIGITS) / 10**DIGITS
    order = np.argsort(-rounded, kind="stable")
    return rounded[order], np.cumsum(np.asarray(correct, dtype=int)[order])
