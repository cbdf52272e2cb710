"""Stratified sampling: draws tickets by category, so that a sample keeps rare categories."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence


def sample_sizes(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """How many tickets a sample of `count` tickets takes from each category. `sizes` counts the tickets per category.

    Each category gets `count // (2 * categories)` tickets, or all its tickets if it has fewer. The rest of `count` is
    divided in proportion to the categories' remaining tickets, by the largest remainder method (Hamilton). If there
    are no more than `count` tickets, the sample takes all of them.
    """
    if count >= sum(sizes.values()):
        return dict(sizes)
    minimums = {name: min(size, count // (2 * len(sizes))) for name, size in sorted(sizes.items())}
    to_divide = count - sum(minimums.values())
    remaining = sum(sizes.values()) - sum(minimums.values())
    more = {name: to_divide * (sizes[name] - minimum) / remaining for name, minimum in minimums.items()}
    sampled = {name: minimum + int(more[name]) for name, minimum in minimums.items()}
    largest_remainder_first = sorted(more, key=lambda name: (int(more[name]) - more[name], name))
    for name in largest_remainder_first[: count - sum(sampled.values())]:
        sampled[name] += 1
    return sampled


def draw_by_category(categories: Sequence[str], count: int, seed: str) -> frozenset[int]:
    """The indices of `count` randomly drawn tickets, or of all tickets if there are fewer.

    Args:
        categories: the category of each ticket.
        count: how many tickets; `sample_sizes` divides them among the categories.
        seed: the same seed draws the same tickets.
    """
    sizes = sample_sizes(Counter(categories), count)
    indices: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(categories):
        indices[name].append(index)
    rng = random.Random(seed)  # noqa: S311 — a sample, not a secret
    return frozenset(index for name in sorted(sizes) for index in rng.sample(indices[name], sizes[name]))
