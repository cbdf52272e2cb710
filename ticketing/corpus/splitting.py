"""Splits tickets into train, validation and test. To prevent leakage, it keeps near-duplicates in one part.

This module reads no text: `ticketing.corpus.duplicates` finds the groups of near-duplicates.
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
PARTS: tuple[Part, ...] = ("train", "validation", "test")  # in the order of the constants TRAIN, VALIDATION, TEST
TRAINING_PARTS: tuple[Part, ...] = ("train", "validation")  # models are trained, or their settings chosen, on these
SplitKind = Literal["by time", "by category"]


class TimeOrderViolations(NamedTuple):
    """Counts the tickets that violate the time order of a split.

    Ideally no test ticket is older than the cutoff, and no other ticket is newer. The cutoff is the time of the test
    ticket that gives the fewest violations.
    """

    cutoff: datetime
    newer_in_train: int
    newer_in_validation: int
    older_in_test: int


class Split(NamedTuple):
    """The part of each ticket, in order, and the numbers about the split that the manifest records."""

    parts: list[Part | None]  # None: left out
    kind: SplitKind
    too_small: dict[str, CategorySize]  # categories that were left out
    near_copies_left_out: dict[Part, int]  # part → number of left-out older tickets of the part's groups
    large_groups: list[int]  # sizes of the groups that are in train except for one test ticket
    newer_left_out: int  # tickets that are too new for train and not needed in a held-out part
    time_order_violations: TimeOrderViolations | None  # None: the split is by category


def split(
    categories: Sequence[str],
    languages: Sequence[str],
    groups: Sequence[int],
    times: Sequence[datetime | None],
    settings: CorpusSettings,
) -> Split:
    """Puts each group of near-duplicates into one part. A held-out part keeps only the newest ticket of each group.

    If the times of the tickets are known, the groups are sorted by the time of their newest ticket. The newest groups
    become the test part, and the next newest the validation part. So no ticket of another part is newer than a test
    ticket. If the times are unknown, groups are drawn at random within each category; the seed is a setting.

    A held-out part (validation or test) holds its share of each language's tickets, but at most
    `max_held_out_tickets` of a language, stratified by category.

    Three rules take precedence over the time order. `time_order_violations` counts the tickets on the wrong side.

    - Minimum per language: a held-out part needs its share of each language's tickets, or 200 of them if the share is
      larger. If the part has less than half of this minimum, it takes groups from train, the newest first (or the next
      drawn first). The validation part also takes groups if it has fewer than `min_validation_tickets` of a language,
      because an accuracy can't be established with fewer. If the part would need more than a fifth of the language's
      training tickets, it takes none.
    - Minimum per category: likewise, with 20 instead of 200. But the part takes more than one group only while train
      keeps at least half of the category's tickets.
    - Training tickets: if less than half of a category's tickets are in train, train gets the category's oldest
      held-out groups back.
    - Large groups: a group with more tickets than the test part stays in train. Its newest ticket goes to test if that
      ticket is new enough. Tickets of the group that are newer than the oldest test ticket are left out.

    Args:
        categories: the category of each ticket.
        languages: the language of each ticket.
        groups: the id of each ticket's group of near-duplicates.
        times: when each ticket came in; None: unknown.
        settings: the shares, the seed, and the minimum and maximum sizes.

    Raises:
        CorpusError: there are too few tickets, categories or groups to hold out any.
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
        time_order_violations=_time_order_violations(parts, times) if assigned.by_time else None,
    )


def _time_order_violations(parts: Sequence[Part | None], times: Sequence[datetime | None]) -> TimeOrderViolations:
    train, validation, test = (
        sorted(time for assigned_part, time in zip(parts, times, strict=True) if assigned_part == part and time)
        for part in PARTS
    )

    def violations(cutoff: datetime) -> TimeOrderViolations:
        return TimeOrderViolations(
            cutoff,
            newer_in_train=len(train) - bisect.bisect_right(train, cutoff),
            newer_in_validation=len(validation) - bisect.bisect_right(validation, cutoff),
            older_in_test=bisect.bisect_left(test, cutoff),
        )

    return min(
        map(violations, test), key=lambda found: found.newer_in_train + found.newer_in_validation + found.older_in_test
    )
