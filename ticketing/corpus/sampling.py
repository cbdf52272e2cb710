"""Stratified sampling: draws tickets by category, so that a sample keeps rare categories. It reads no ticket."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence


def seats_by_category(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """The number of tickets that a sample of `count` takes from each category. `sizes` are the categories' tickets.

    Each category gets `count // (2 * categories)` tickets, or all if it has fewer. The rest of `count` is divided in
    proportion to the categories' remaining tickets, by the largest remainder method (Hamilton). A sample of at least
    as many tickets as there are takes all.
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
    """The indices of `count` tickets, or of all if there are fewer.

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
