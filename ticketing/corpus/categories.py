"""Finds the categories that have too few tickets to train on them and to measure the accuracy."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ticketing.errors import CorpusError
from ticketing.settings import CorpusSettings

MORE_TICKETS = "Label more tickets, merge categories, or set corpus.leave_out_categories"


class CategorySize(NamedTuple):
    """The size of a category: how many tickets it has, and how many groups of near-duplicates they form."""

    tickets: int
    groups: int


def too_small_categories(
    categories: Sequence[str], groups: Sequence[int], settings: CorpusSettings
) -> dict[str, CategorySize]:
    """The categories with fewer tickets than `min_category_tickets`, or with only near-duplicates of one ticket.

    Raises:
        CorpusError: fewer than two categories are large enough, or those have too few tickets.
    """
    tickets = Counter(categories)
    if not tickets:
        raise CorpusError(
            "No ticket with a category is left to train on: import tickets with their categories "
            "('ticketing import FILE --map category=COLUMN'), and see corpus.leave_out_categories."
        )
    names = sorted(tickets)
    _, group_index = np.unique(np.asarray(groups, np.int64), return_inverse=True)
    # One number per pair of category and group, so that `unique` counts each group once per category.
    pairs = np.unique(category_ids(categories, names).astype(np.int64) * len(group_index) + group_index)
    groups_per_category = np.bincount(pairs // len(group_index), minlength=len(names))
    sizes = {
        name: CategorySize(tickets[name], int(count)) for name, count in zip(names, groups_per_category, strict=True)
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
    """The categories and their sizes, as text for a message."""
    return ", ".join(
        f"{name!r} ({size.tickets} tickets, {size.groups} of them different)" for name, size in sizes.items()
    )


def category_ids(names: Iterable[str], known: Sequence[str]) -> NDArray[np.intp]:
    """The index of each name in the list of known names."""
    index_of = {name: index for index, name in enumerate(known)}
    return np.fromiter((index_of[name] for name in names), np.intp)
