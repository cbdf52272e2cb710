"""Which categories have enough tickets to be learnt and measured."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ticketing.errors import CorpusError
from ticketing.settings import CorpusSettings

MORE_TICKETS = "Label more tickets, merge categories, or set corpus.leave_out_categories"


class CategorySize(NamedTuple):
    """How much there is of a category: tickets, and groups of near-duplicates that they are in."""

    tickets: int
    groups: int


def too_small_categories(
    categories: Sequence[str], groups: Sequence[int], settings: CorpusSettings
) -> dict[str, CategorySize]:
    """Categories with fewer tickets than `min_category_tickets`, or with near-duplicates of one ticket only.

    Raises:
        CorpusError: without them there are too few tickets, or fewer than two categories.
    """
    tickets = Counter(categories)
    if not tickets:
        raise CorpusError(
            "No ticket with a category is left to train on: import tickets with their categories "
            "('ticketing import FILE --map category=COLUMN'), and see corpus.leave_out_categories."
        )
    names = sorted(tickets)
    _, number = np.unique(np.asarray(groups, np.int64), return_inverse=True)
    pairs = np.unique(codes_of(categories, names).astype(np.int64) * len(number) + number) // len(number)
    sizes = {
        name: CategorySize(tickets[name], int(count))
        for name, count in zip(names, np.bincount(pairs, minlength=len(names)), strict=True)
    }
    small = {
        name: size for name, size in sizes.items() if size.tickets < settings.min_category_tickets or size.groups == 1
    }
    total = sum(tickets[name] for name in sizes if name not in small)
    if tickets.total() < settings.min_tickets:
        raise CorpusError(
            f"Only {tickets.total()} different tickets with a category are left, at least {settings.min_tickets} are "
            "needed: import or label more."
        )
    if len(tickets) == 1:
        raise CorpusError(
            f"All {tickets.total()} tickets are of the one category {names[0]!r}: there is nothing to tell apart. "
            "Import tickets of at least two categories."
        )
    if len(sizes) - len(small) < 2 or total < settings.min_tickets:
        raise CorpusError(
            f"{len(sizes) - len(small)} categories with {total} tickets are large enough; two with "
            f"{settings.min_tickets} tickets are needed. Too small, or near-duplicates of one ticket only: "
            f"{named(small)}. {MORE_TICKETS}."
        )
    return small


def named(sizes: Mapping[str, CategorySize]) -> str:
    """Categories with their sizes, for a message."""
    return ", ".join(
        f"{name!r} ({size.tickets} tickets, {size.groups} of them different)" for name, size in sizes.items()
    )


def codes_of(names: Iterable[str], known: Sequence[str]) -> NDArray[np.intp]:
    """The place of each name among the known names."""
    places = {name: place for place, name in enumerate(known)}
    return np.fromiter((places[name] for name in names), np.intp)
