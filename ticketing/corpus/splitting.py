"""Which tickets are learnt from, which choose thresholds, which measure: groups of near-duplicates stay together.

What makes a group is `ticketing.corpus.duplicates`; nothing here reads a text.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from ticketing.errors import CorpusError
from ticketing.settings import CorpusSettings

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
SplitKind = Literal["by time", "by category"]

# The share of tickets whose time must be known for a split by time.
KNOWN_TIMES = 0.99
MOST_TOPPED_UP = 0.2  # of a language's training tickets
LEAST_TO_JUDGE = 50  # test tickets of a language, or its share where that is less
MORE_TICKETS = "Label more tickets, merge categories, or set corpus.leave_out_categories"

_NOTHING_TO_MEASURE_ON = (
    "The {} tickets are near-duplicates of one another ({} groups at similarity {}): no part can be held out to "
    "measure on. Import more varied tickets, or raise corpus.near_duplicate_threshold."
)


class Split(NamedTuple):
    """One part a ticket, in order, and what the split went by."""

    parts: list[Part]
    kind: SplitKind


class _Group(NamedTuple):
    number: int
    size: int
    first: datetime | None
    category: str  # of most of its tickets
    language: str  # likewise
    categories: Counter[str]


def check_categories(categories: Iterable[str], settings: CorpusSettings) -> None:
    """Raises CorpusError unless there are enough labelled tickets, in two categories at least, enough in each."""
    counts = Counter(categories)
    total = sum(counts.values())
    if not total:
        raise CorpusError(
            "No ticket with a category is left to train on: import tickets with their categories "
            "('ticketing import FILE --map category=COLUMN'), and see corpus.leave_out_categories."
        )
    if total < settings.min_tickets:
        raise CorpusError(
            f"Only {total} different tickets with a category are left, at least {settings.min_tickets} are needed: "
            "import or label more."
        )
    if len(counts) == 1:
        raise CorpusError(
            f"All {total} tickets are of the one category {next(iter(counts))!r}: there is nothing to tell apart. "
            "Import tickets of at least two categories."
        )
    few = {name: count for name, count in sorted(counts.items()) if count < settings.min_category_tickets}
    if few:
        named = ", ".join(f"{name!r} ({count})" for name, count in few.items())
        raise CorpusError(
            f"Categories with fewer than {settings.min_category_tickets} different tickets: {named}. {MORE_TICKETS}."
        )


def split(
    categories: Sequence[str],
    languages: Sequence[str],
    groups: Sequence[int],
    times: Sequence[datetime | None],
    settings: CorpusSettings,
) -> Split:
    """Puts each group of near-duplicates whole into one part.

    Where the tickets' times are known, groups are ordered by their first ticket, and the newest are the test part, the
    next the validation part: nothing like a test ticket was seen before. Where they are not, groups are drawn by
    category with the settings' seed. A language with too few validation tickets to prove an accuracy on gets more, one
    that the test part has less than its share of, and too few to judge, gets that: if it takes about a fifth of its
    training tickets at most. Then a category of which train has less than half gets its oldest held-out groups back,
    and one that a held-out part lacks gets its newest (or next drawn) group moved there, as long as train keeps a
    ticket of it; a category of a single group stays in train alone.

    Args:
        categories: each ticket's category.
        languages: each ticket's language.
        groups: each ticket's group of near-duplicates.
        times: when each ticket came in; None: not known.
        settings: shares, seed and least sizes.

    Raises:
        CorpusError: too few tickets, categories, or groups to hold any out.
    """
    check_categories(categories, settings)
    gathered = _gather(categories, languages, groups, times)
    if len(gathered) < len(PARTS):
        raise CorpusError(
            _NOTHING_TO_MEASURE_ON.format(len(categories), len(gathered), settings.near_duplicate_threshold)
        )
    known = sum(time is not None for time in times) / len(times)
    kind: SplitKind = "by time" if known >= KNOWN_TIMES else "by category"
    ordered = _newest_first(gathered) if kind == "by time" else _drawn(gathered, settings.seed)

    total = len(categories)
    chosen: dict[int, Part] = {}
    shares: tuple[tuple[Part, float], ...] = (("test", settings.test_share), ("validation", settings.validation_share))
    for part, share in shares:
        free = [group for group in ordered if group.number not in chosen and (kind != "by time" or group.first)]
        if kind == "by time":
            taken = _fill(free, share * total)
        else:
            by_category = defaultdict(list)
            for group in free:
                by_category[group.category].append(group)
            sizes = Counter(categories)
            taken = [group for name, own in by_category.items() for group in _fill(own, share * sizes[name])]
        chosen.update({group.number: part for group in taken})
        least = {
            language: min(LEAST_TO_JUDGE, int(share * size)) if part == "test" else settings.min_validation_tickets
            for language, size in Counter(languages).items()
        }
        _top_up([g for g in ordered if kind != "by time" or g.first], chosen, part, least)
    _cover(ordered, chosen)
    parts: list[Part] = [chosen.get(number, "train") for number in groups]
    if set(parts) != set(PARTS):
        raise CorpusError(
            _NOTHING_TO_MEASURE_ON.format(len(categories), len(gathered), settings.near_duplicate_threshold)
        )
    return Split(parts, kind)


def _gather(
    categories: Sequence[str], languages: Sequence[str], groups: Sequence[int], times: Sequence[datetime | None]
) -> list[_Group]:
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    spoken: dict[int, Counter[str]] = defaultdict(Counter)
    first: dict[int, datetime] = {}
    for category, language, number, time in zip(categories, languages, groups, times, strict=True):
        counts[number][category] += 1
        spoken[number][language] += 1
        if time is not None and (number not in first or time < first[number]):
            first[number] = time
    return [
        _Group(number, count.total(), first.get(number), _most(count), _most(spoken[number]), count)
        for number, count in counts.items()
    ]


def _most(count: Counter[str]) -> str:
    return min(count, key=lambda name: (-count[name], name))


def _newest_first(gathered: list[_Group]) -> list[_Group]:
    known = sorted((g for g in gathered if g.first), key=lambda g: (g.first, g.number), reverse=True)
    return known + [g for g in gathered if g.first is None]


def _drawn(gathered: list[_Group], seed: int) -> list[_Group]:
    # By a number of each group's own: if a few more tickets dealt all of them anew, a champion would have learnt from
    # most of what its successor is tested on.
    drawn = {group.number: random.Random(f"{seed} {group.number}").random() for group in gathered}  # noqa: S311
    return sorted(gathered, key=lambda group: drawn[group.number])


def _fill(ordered: Sequence[_Group], quota: float) -> list[_Group]:
    """The first groups that together come to about the quota; one that would go far beyond it is passed over."""
    taken: list[_Group] = []
    size = 0
    for group in ordered:
        if size + group.size <= max(quota, 1) * 1.1:
            taken.append(group)
            size += group.size
        if size >= quota:
            break
    return taken


def _top_up(ordered: Sequence[_Group], chosen: dict[int, Part], part: Part, least: Mapping[str, int]) -> None:
    """Moves groups of a language with fewer than its least tickets in a part there, if train can spare them."""
    for language in sorted({group.language for group in ordered}):
        own = [group for group in ordered if group.language == language]
        free = [group for group in own if group.number not in chosen]
        missing = least[language] - sum(group.size for group in own if chosen.get(group.number) == part)
        if 0 < missing <= MOST_TOPPED_UP * sum(group.size for group in free):
            chosen.update({group.number: part for group in _fill(free, missing)})


def _cover(ordered: Sequence[_Group], chosen: dict[int, Part]) -> None:
    """Moves groups so that train has half of each category at least, and test and validation one of its tickets.

    A category with too few groups for that is in train first, then in test.
    """
    held = {part: Counter[str]() for part in PARTS}
    for group in ordered:
        held[chosen.get(group.number, "train")].update(group.categories)

    def move(groups: Iterable[_Group], source: Part, target: Part, may_empty: bool = False) -> bool:
        for group in groups:
            enough = all(held[source][name] > count for name, count in group.categories.items())
            if chosen.get(group.number, "train") == source and (enough or may_empty):
                held[source].subtract(group.categories)
                held[target].update(group.categories)
                chosen[group.number] = target
                return True
        return False

    for category in sorted(set().union(*held.values())):
        own = [group for group in ordered if category in group.categories]
        # Last in line for being held out, first in line for going back.
        back = own[::-1]
        total = sum(held[part][category] for part in PARTS)
        if not held["train"][category]:
            _ = move(back, "validation", "train", may_empty=True) or move(back, "test", "train", may_empty=True)
        while 2 * held["train"][category] < total:
            if not (move(back, "validation", "train") or move(back, "test", "train")):
                break
        if not held["test"][category]:
            _ = move(own, "train", "test") or move(own, "validation", "test")
        if not held["validation"][category]:
            _ = move(own, "train", "validation") or move(back, "test", "validation")


def draw_by_category(categories: Sequence[str], count: int, seed: str) -> frozenset[int]:
    """The indices of at most `count` tickets; all where there are no more.

    Each category gets `count // (2 * categories)` tickets, or all where it has fewer; what is left of `count` is shared
    out in proportion to what is left of each. A plain sample would lose rare categories.

    Args:
        categories: each ticket's category.
        count: how many tickets.
        seed: the same seed draws the same tickets.
    """
    sizes = Counter(categories)
    if count >= len(categories):
        return frozenset(range(len(categories)))
    least = {name: min(size, count // (2 * len(sizes))) for name, size in sorted(sizes.items())}
    free, rest = count - sum(least.values()), len(categories) - sum(least.values())
    more = {name: free * (sizes[name] - least[name]) / rest for name in least}
    wanted = {name: least[name] + int(more[name]) for name in least}
    # Largest remainders (Hamilton's method).
    for name in sorted(more, key=lambda name: (int(more[name]) - more[name], name))[: count - sum(wanted.values())]:
        wanted[name] += 1
    dice = random.Random(seed)  # noqa: S311 — a sample, not a secret
    indices: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(categories):
        indices[name].append(index)
    return frozenset(index for name in wanted for index in dice.sample(indices[name], wanted[name]))
