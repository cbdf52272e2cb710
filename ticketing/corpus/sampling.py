"""Draws tickets by category such that rare categories are not lost."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence


def seats_by_category(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """How many of `count` tickets each category gets; all of its tickets where there are no more than `count`.

    Each gets `count // (2 * categories)`, or all where it has fewer; what is left of `count` is shared out in
    proportion to what is left of each, by largest remainders (Hamilton's method).
    """
    if count >= sum(sizes.values()):
        return dict(sizes)
    seats = {name: min(size, count // (2 * len(sizes))) for name, size in sorted(sizes.items())}
    free, rest = count - sum(seats.values()), sum(sizes.values()) - sum(seats.values())
    more = {name: free * (sizes[name] - least) / rest for name, least in seats.items()}
    seats = {name: least + int(more[name]) for name, least in seats.items()}
    for name in sorted(more, key=lambda name: (int(more[name]) - more[name], name))[: count - sum(seats.values())]:
        seats[name] += 1
    return seats


def draw_by_category(categories: Sequence[str], count: int, seed: str) -> frozenset[int]:
    """The indices of at most `count` tickets; all where there are no more.

    Args:
        categories: each ticket's category.
        count: how many tickets; `seats_by_category` shares them out.
        seed: the same seed draws the same tickets.
    """
    seats = seats_by_category(Counter(categories), count)
    indices: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(categories):
        indices[name].append(index)
    dice = random.Random(seed)  # noqa: S311 — a sample, not a secret
    return frozenset(index for name in sorted(seats) for index in dice.sample(indices[name], seats[name]))
