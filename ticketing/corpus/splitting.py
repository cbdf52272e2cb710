"""Splits tickets into train, validation and test without leakage: near-duplicates stay in one part.

It reads no text: `ticketing.corpus.duplicates` finds the groups of near-duplicates.
"""

import bisect
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from ticketing.corpus.assigning import LEFT_OUT, TEST, VALIDATION, assign
from ticketing.corpus.categories import CategorySize, too_small_categories
from ticketing.errors import CorpusError
from ticketing.settings import CorpusSettings

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")  # in the order of assigning's numbers
TRAINING_PARTS: tuple[Part, ...] = ("train", "validation")  # models are trained or chosen on them
SplitKind = Literal["by time", "by category"]


class TimeOrder(NamedTuple):
    """How well a split by time keeps the order: ideally no test ticket is older than the border, and no other is newer.

    The counts are of tickets on the wrong side. The border is the test ticket's time with the fewest of them.
    """

    border: datetime
    newer_in_train: int
    newer_in_validation: int
    older_in_test: int


class Split(NamedTuple):
    """The part of each ticket, in order, and the numbers that the manifest records."""

    parts: list[Part | None]  # None: left out
    kind: SplitKind
    too_small: dict[str, CategorySize]  # categories that were left out
    near_copies_left_out: dict[Part, int]  # part → older tickets of its held-out groups
    large_groups: list[int]  # sizes of the groups that are in train except for one test ticket
    newer_left_out: int  # tickets that are too new for train and not needed in a held-out part
    order: TimeOrder | None  # None: the split is by category


def split(
    categories: Sequence[str],
    languages: Sequence[str],
    groups: Sequence[int],
    times: Sequence[datetime | None],
    settings: CorpusSettings,
) -> Split:
    """Puts each group of near-duplicates into one part. A held-out part keeps only the newest ticket of each group.

    If the tickets' times are known, groups are ordered by their newest ticket. The newest groups become the test part,
    the next ones the validation part, so that no other ticket is newer than a test ticket. Otherwise groups are drawn
    by category with the settings' seed. A part holds its share of each language's tickets, but at most
    `max_held_out_tickets`, stratified by category. Three rules take precedence over the order in time, and the result
    counts the tickets that they moved:

    - A part is topped up if it holds less than half of a language's share or of 200 tickets, or less than half of a
      category's share or of 20 tickets. The groups come from train, newest first (or next drawn first). The validation
      part needs `min_validation_tickets` of a language, so that an accuracy can be proved. A language gives at most a
      fifth of its training tickets.
    - A category with less than half of its tickets in train gets its oldest held-out groups back.
    - A group with more tickets than the test part stays in train. Its newest ticket goes to test if it is new enough,
      and its tickets that are newer than the oldest test ticket are left out of train.

    Args:
        categories: each ticket's category.
        languages: each ticket's language.
        groups: each ticket's group of near-duplicates.
        times: when each ticket came in; None: unknown.
        settings: shares, seed and least sizes.

    Raises:
        CorpusError: there are too few tickets, categories or groups to hold any out.
    """
    small = too_small_categories(categories, groups, settings)
    usable = [index for index, category in enumerate(categories) if category not in small]
    assigned = assign(
        [categories[i] for i in usable],
        [languages[i] for i in usable],
        [groups[i] for i in usable],
        [times[i] for i in usable],
        settings,
    )
    parts: list[Part | None] = [None] * len(categories)
    for index, code in zip(usable, assigned.parts.tolist(), strict=True):
        parts[index] = None if code == LEFT_OUT else PARTS[code]
    if not set(PARTS) <= set(parts):
        raise CorpusError(
            f"The {len(usable)} tickets are near-duplicates of one another ({len({groups[i] for i in usable})} groups "
            f"at similarity {settings.near_duplicate_threshold}): there are too few groups to hold out a test part. "
            "Import more varied tickets, or raise corpus.near_duplicate_threshold."
        )
    return Split(
        parts=parts,
        kind="by time" if assigned.by_time else "by category",
        too_small=small,
        near_copies_left_out={PARTS[part]: assigned.near_copies_left_out[part] for part in (VALIDATION, TEST)},
        large_groups=assigned.large_groups,
        newer_left_out=assigned.newer_left_out,
        order=_time_order(parts, times) if assigned.by_time else None,
    )


def _time_order(parts: Sequence[Part | None], times: Sequence[datetime | None]) -> TimeOrder:
    train, validation, test = (
        sorted(time for own, time in zip(parts, times, strict=True) if own == part and time) for part in PARTS
    )

    def order(border: datetime) -> TimeOrder:
        newer_in_train, newer_in_validation = (
            len(known) - bisect.bisect_right(known, border) for known in (train, validation)
        )
        return TimeOrder(border, newer_in_train, newer_in_validation, bisect.bisect_left(test, border))

    return min(map(order, test), key=lambda order: sum(order[1:]))
