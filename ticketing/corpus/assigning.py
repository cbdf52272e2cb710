"""Assigns each group of near-duplicates to a part.

The rules are described where they are used: `ticketing.corpus.splitting.split`.
"""

import hashlib
import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ticketing.corpus.categories import codes_of
from ticketing.corpus.sampling import seats_by_category
from ticketing.settings import CorpusSettings

TRAIN, VALIDATION, TEST, LEFT_OUT = range(4)

# The share of tickets whose time must be known for a split by time.
KNOWN_TIMES = 0.99
LEAST_TO_JUDGE = 200  # held-out tickets of a language in each part, or its share where that is less
MOST_TOPPED_UP = 0.2  # of a language's training tickets
MOST_LEFT_OUT = 0.02  # of all tickets, so that each language has half of its test tickets in the order of time
LEAST_OF_CATEGORY = 20  # held-out tickets of a category in each part, or its share where that is less
_UNKNOWN = -math.inf

Rows = NDArray[np.intp]


class Assignment(NamedTuple):
    """The part of each ticket, and how the tickets got there."""

    parts: NDArray[np.int8]
    by_time: bool
    near_copies_left_out: dict[int, int]  # by part
    large_groups: list[int]  # sizes of groups in train of which one ticket is in test, largest first
    newer_left_out: int  # tickets that the held-out parts do not need and that are too new for train


def assign(
    categories: Sequence[str],
    languages: Sequence[str],
    groups: Sequence[int],
    times: Sequence[datetime | None],
    settings: CorpusSettings,
) -> Assignment:
    """Assigns each ticket to TRAIN, VALIDATION, TEST or LEFT_OUT; the arguments are those of `split`."""
    state = _Groups(categories, languages, groups, times, settings)
    for part, share in state.shares:
        if state.by_time:
            state.hold_out_newest(part, share)
        else:
            state.hold_out_drawn(part, share)
        state.top_up_languages(part, share)
    state.cover_categories()
    state.thin_out()
    return state.result()


class _Groups:
    """A row a ticket (`category`, `age`, `group`, `dropped`), and a row a group (all other arrays)."""

    def __init__(
        self,
        categories: Sequence[str],
        languages: Sequence[str],
        groups: Sequence[int],
        times: Sequence[datetime | None],
        settings: CorpusSettings,
    ) -> None:
        self.most_held_out = settings.max_held_out_tickets
        self.least_validation = min(settings.min_validation_tickets, self.most_held_out)
        self.shares = ((TEST, settings.test_share), (VALIDATION, settings.validation_share))
        self.names, self.languages = sorted(set(categories)), sorted(set(languages))
        self.category = codes_of(categories, self.names)
        language = codes_of(languages, self.languages)
        self.age = np.array([_UNKNOWN if time is None else time.timestamp() for time in times])
        numbers, self.group, self.size = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
        self.members = np.lexsort((self.age, self.group))  # tickets by group, the newest last
        self.end = np.cumsum(self.size)
        self.newest = self.members[self.end - 1]
        # A group is held out as its newest ticket.
        self.label, self.spoken = self.category[self.newest], language[self.newest]
        self.language_groups = np.bincount(self.spoken, minlength=len(self.languages))
        self.category_groups = np.bincount(self.label, minlength=len(self.names))
        self.category_tickets = np.bincount(self.category, minlength=len(self.names))

        count = len(numbers)
        self.by_time = bool((self.age > _UNKNOWN).mean() >= KNOWN_TIMES)
        if self.by_time:
            # First in line to be held out comes first: the newest.
            self.ordered = np.lexsort((np.arange(count), self.age[self.newest]))[::-1]
            self.orderly = self.age[self.newest] > _UNKNOWN
        else:
            # By a number of each group's own: if a few more tickets dealt all of them anew, a champion would have
            # learnt from most of what its successor is tested on.
            drawn = [_drawn(settings.seed, number) for number in numbers.tolist()]
            self.ordered = np.argsort(drawn, kind="stable")
            self.orderly = np.ones(count, bool)
        in_test = np.minimum(settings.test_share * np.bincount(language), self.most_held_out).sum()
        self.large = self.size > max(1.0, in_test)
        self.part = np.full(count, TRAIN, np.int8)
        self.shared = np.zeros(count, bool)  # large groups of which one ticket is in test
        self.dropped = np.zeros(len(self.age), bool)  # tickets of these groups that are not in train

    def hold_out_newest(self, part: int, share: float) -> None:
        """Holds out the newest groups: as many as are needed, or as many as hold the share of all tickets.

        Where the parts are capped, a language that is rarer than others would have few among these. A few more groups
        are taken then, and those of the other languages are left out, so that nothing need be topped up.
        """
        able = self.ordered[self.orderly[self.ordered]] if part == TEST else self._free()
        tickets = np.cumsum(np.where(self.large[able], 1, self.size[able]))
        quotas = self._quotas(share)
        needed = max(1, math.ceil(_exact(quotas.sum())))
        most = needed + MOST_LEFT_OUT * len(self.age)
        for language, quota in enumerate(quotas):
            half = np.flatnonzero(self.spoken[able] == language)[: math.ceil(quota / 2)] + 1
            if len(half) >= quota / 2 and len(half) and half[-1] <= most:
                needed = max(needed, int(half[-1]))
        taken = able[: min(needed, 1 + int(np.searchsorted(tickets, _exact(share * len(self.age)))))]
        self.part[taken[~self.large[taken]]] = part
        if part == TEST:
            self._share(taken[self.large[taken]])
            self.dropped |= self.shared[self.group] & (self.age > self.age[self.newest[taken]].min())

    def hold_out_drawn(self, part: int, share: float) -> None:
        """Holds out the first groups of each category that together have about its share of tickets."""
        if part == TEST:
            self._share(np.flatnonzero(self.large))
        for category in range(len(self.names)):
            own = self._free(self.label == category)
            quota = max(1.0, _exact(share * float(self.size[self.label == category].sum())))
            tickets = 0
            for group, size in zip(own.tolist(), self.size[own].tolist(), strict=True):
                if tickets >= quota:
                    break
                # A group that would go far beyond the quota is passed over.
                if tickets + size <= 1.1 * quota:
                    self.part[group] = part
                    tickets += size

    def top_up_languages(self, part: int, share: float) -> None:
        """Gives a part what it lacks of each language, if that takes MOST_TOPPED_UP of its training tickets at most."""
        for language, quota in enumerate(self._quotas(share)):
            held = int(((self.part == part) & (self.spoken == language)).sum())
            least = min(int(quota), LEAST_TO_JUDGE)
            wanted = least if 2 * held < least else 0
            if part == VALIDATION:
                wanted = max(wanted, self.least_validation)
            free = self._free(self.spoken == language)
            more = free[: max(0, wanted - held)]
            if held + len(more) == wanted and self.size[more].sum() <= MOST_TOPPED_UP * self.size[free].sum():
                self.part[more] = part

    def cover_categories(self) -> None:
        """Gives train half of each category at least, and the other parts what they lack of it."""
        in_train = (self.part[self.group] == TRAIN) & ~self.dropped
        self.train = np.bincount(self.category[in_train], minlength=len(self.names))  # tickets by category
        for category in range(len(self.names)):
            self._give_back(category)
            for part, share in self.shares:
                self._top_up_category(category, part, share)
        # Of a category that came in large groups only, train needs the new tickets too.
        self.dropped &= self.train[self.category] > 0

    def thin_out(self) -> None:
        """Keeps at most `max_held_out_tickets` of each language in a part, by category.

        The others go back to train, unless they are newer than the test part.
        """
        for part, _ in self.shares:
            for language in range(len(self.languages)):
                own = self.ordered[((self.part == part) & (self.spoken == language))[self.ordered]]
                if len(own) > self.most_held_out:
                    labels = self.label[own]
                    sizes = {str(label): int(count) for label, count in enumerate(np.bincount(labels)) if count}
                    for label, seats in seats_by_category(sizes, self.most_held_out).items():
                        rest = own[labels == int(label)][seats:]
                        self.part[rest] = LEFT_OUT if self.by_time else TRAIN

    def result(self) -> Assignment:
        """What became of each ticket: of a held-out group only the newest is in its part."""
        parts = self.part[self.group]
        copy = np.ones(len(parts), bool)
        copy[self.newest] = False
        near_copies = {part: int((copy & (parts == part)).sum()) for part in (VALIDATION, TEST)}
        newer = int((copy & self.dropped).sum() + (parts == LEFT_OUT).sum())
        parts[copy & ((parts != TRAIN) | self.dropped)] = LEFT_OUT
        parts[self.newest[self.shared]] = TEST
        sizes = sorted(self.size[self.shared].tolist(), reverse=True)
        return Assignment(parts, self.by_time, near_copies, sizes, newer)

    def _quotas(self, share: float) -> NDArray[np.float64]:
        """How many groups of each language a part should have."""
        return np.minimum(share * self.language_groups.astype(np.float64), self.most_held_out)

    def _free(self, among: NDArray[np.bool_] | None = None) -> Rows:
        """Groups that can be held out whole, the first in line first."""
        able = (self.part == TRAIN) & self.orderly & ~self.large
        groups: Rows = self.ordered[(able if among is None else able & among)[self.ordered]]
        return groups

    def _share(self, groups: Rows) -> None:
        self.shared[groups] = True
        self.dropped[self.newest[groups]] = True

    def _give_back(self, category: int) -> None:
        """Moves the last in line of a category's held-out groups to train until it has half of the tickets."""
        having = np.zeros(len(self.size), bool)
        having[self.group[self.category == category]] = True
        last_first = self.ordered[having[self.ordered]][::-1]
        held = [group for part in (VALIDATION, TEST) for group in last_first[self.part[last_first] == part].tolist()]
        for group in held:
            if 2 * self.train[category] >= self.category_tickets[category]:
                return
            if self._held(int(self.label[group]), int(self.part[group])) > 1:
                self._move(group, TRAIN)
        if held and not self.train[category]:
            self._move(held[0], TRAIN)

    def _top_up_category(self, category: int, part: int, share: float) -> None:
        quota = min(share * self.category_groups[category], self.most_held_out / (2 * len(self.names)))
        wanted = max(1, int(min(quota, LEAST_OF_CATEGORY)))
        held = self._held(category, part)
        if 2 * held >= wanted:
            return
        for group in self._free(self.label == category).tolist():
            left = self.train - self._training_tickets(group)
            # The first must not take the last training ticket of a category, the others must leave half.
            if left[self._training_tickets(group) > 0].all() and (
                not held or 2 * left[category] >= self.category_tickets[category]
            ):
                self._move(group, part)
                held += 1
            if held == wanted:
                return
        if not held:
            # Of a category with too few groups for all parts test has the newest, validation what test can spare.
            other, spare = (VALIDATION, 0) if part == TEST else (TEST, 1)
            groups = self.ordered[((self.part == other) & (self.label == category))[self.ordered]]
            if len(groups) > spare:
                self._move(int(groups[0 if part == TEST else -1]), part)

    def _held(self, category: int, part: int) -> int:
        held = (self.part == part) | (self.shared if part == TEST else False)
        return int((held & (self.label == category)).sum())

    def _training_tickets(self, group: int) -> Rows:
        """How many tickets of each category a group has in train, or would have there."""
        tickets = self.members[self.end[group] - self.size[group] : self.end[group]]
        return np.bincount(self.category[tickets[~self.dropped[tickets]]], minlength=len(self.names))

    def _move(self, group: int, part: int) -> None:
        if self.part[group] == TRAIN:
            self.train -= self._training_tickets(group)
        if part == TRAIN:
            self.train += self._training_tickets(group)
        self.part[group] = part


def _drawn(seed: int, number: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed} {number}".encode(), digest_size=7).digest())


def _exact(number: float) -> float:
    # 0.1 * 30 is a little more than 3.
    return round(number, 6)
