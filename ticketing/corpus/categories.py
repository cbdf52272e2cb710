"""Finds the categories that are too small to be learnt and measured. It moves no ticket into a part."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ticketing.errors import CorpusError
from ticketing.settings import CorpusSettings

MORE_TICKETS = "Label more tickets, merge categories, or set corpus.leave_out_categories"


class CategorySize(NamedTuple):
    """The size of a category: its tickets, and the groups of near-duplicates that they belong to."""

    tickets: int
    groups: int


def too_small_categories(
    categories: Sequence[str], groups: Sequence[int], settings: CorpusSettings
) -> dict[str, CategorySize]:
    """Categories with fewer tickets than `min_category_tickets`, or with only near-duplicates of one ticket.

    Raises:
        CorpusError: the other categories have too few tickets, or there are fewer than two.
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
            f"Only {tickets.total()} different tickets with a category are left, but at least {settings.min_tickets} "
            "are needed: import or label more."
        )
    if len(tickets) == 1:
        raise CorpusError(
            f"All {tickets.total()} tickets have the category {names[0]!r}, and a classifier needs at least two. "
            "Import tickets of other categories."
        )
    if len(sizes) - len(small) < 2 or total < settings.min_tickets:
        raise CorpusError(
            f"At least two categories that are large enough, with at least {settings.min_tickets} tickets in all, are "
            f"needed, but there are {len(sizes) - len(small)}, with {total} tickets. These are too small, or "
            f"have only near-duplicates of one ticket: {listed(small)}. {MORE_TICKETS}."
        )
    return small


def listed(sizes: Mapping[str, CategorySize]) -> str:
    """Categories with their sizes, for a message."""
    return ", ".join(
        f"{name!r} ({size.tickets} tickets, {size.groups} of them different)" for name, size in sizes.items()
    )


def codes_of(names: Iterable[str], known: Sequence[str]) -> NDArray[np.intp]:
    """The index of each name in the list of known names."""
    places = {name: place for place, name in enumerate(known)}
    return np.fromiter((places[name] for name in names), np.intp)
