"""Which tickets are learnt from, which choose thresholds, which measure: groups of near-duplicates stay together.

Finding the groups is `ticketing.corpus.duplicates`; nothing here reads a text.
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
    """How well a split keeps to the order in time: test tickets are not older than the border, all others not newer.

    The counts are of tickets on the wrong side of the border; it lies where these are fewest.
    """

    border: datetime
    newer_in_train: int
    newer_in_validation: int
    older_in_test: int


class Split(NamedTuple):
    """One part a ticket, in order, and what the manifest says of the split."""

    parts: list[Part | None]  # None: left out
    kind: SplitKind
    too_small: dict[str, CategorySize]  # categories that were left out
    near_copies_left_out: dict[Part, int]  # older tickets of the groups that a held-out part has the newest ticket of
    large_groups: list[int]  # sizes of groups that are in train, but for one ticket in test
    newer_left_out: int  # tickets that the held-out parts do not need and that are too new for train
    order: TimeOrder | None  # of a split by time


def split(
    categories: Sequence[str],
    languages: Sequence[str],
    groups: Sequence[int],
    times: Sequence[datetime | None],
    settings: CorpusSettings,
) -> Split:
    """Puts each group of near-duplicates into one part; of a group that is held out, only its newest ticket counts.

    Where the tickets' times are known, groups are ordered by their newest ticket. The newest groups are the test part,
    the next the validation part, so that no other ticket is newer than a test ticket. Where times are not known, groups
    are drawn by category with the settings' seed. A part holds its share of each language's tickets, but at most
    `max_held_out_tickets`, by category. Three rules come before the order in time, and the result counts what they
    moved:

    - A language with less than half of its share or of 200 tickets in a part, or a category with less than half of its
      share or of 20, gets the rest from the newest (or next drawn) groups of train. For validation,
      `min_validation_tickets` of a language are needed to prove an accuracy on. A language gives a fifth of its
      training tickets at most.
    - A category of which train has less than half gets its oldest held-out groups back.
    - A group with more tickets than the test part stays in train. One of its tickets is tested on, if it is new enough,
      and train does without those that are newer than the oldest test ticket.

    Args:
        categories: each ticket's category.
        languages: each ticket's language.
        groups: each ticket's group of near-duplicates.
        times: when each ticket came in; None: not known.
        settings: shares, seed and least sizes.

    Raises:
        CorpusError: too few tickets, categories, or groups to hold any out.
    """
    small = too_small_categories(categories, groups, settings)
    able = [index for index, category in enumerate(categories) if category not in small]
    assigned = assign(
        [categories[i] for i in able],
        [languages[i] for i in able],
        [groups[i] for i in able],
        [times[i] for i in able],
        settings,
    )
    parts: list[Part | None] = [None] * len(categories)
    for index, code in zip(able, assigned.parts.tolist(), strict=True):
        parts[index] = None if code == LEFT_OUT else PARTS[code]
    if not set(PARTS) <= set(parts):
        raise CorpusError(
            f"The {len(able)} tickets are near-duplicates of one another ({len({groups[i] for i in able})} groups at "
            f"similarity {settings.near_duplicate_threshold}): no part can be held out to measure on. Import more "
            "varied tickets, or raise corpus.near_duplicate_threshold."
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
        sorted(time for of, time in zip(parts, times, strict=True) if of == part and time) for part in PARTS
    )

    def order(border: datetime) -> TimeOrder:
        newer_in_train, newer_in_validation = (
            len(known) - bisect.bisect_right(known, border) for known in (train, validation)
        )
        return TimeOrder(border, newer_in_train, newer_in_validation, bisect.bisect_left(test, border))

    return min(map(order, test), key=lambda order: sum(order[1:]))
