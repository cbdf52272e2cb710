"""Assigns each group of near-duplicates to the train, validation or test part.

The docstring of `ticketing.corpus.splitting.split` states the rules. This module carries them out.
"""

import hashlib
import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ticketing.corpus.categories import category_ids
from ticketing.corpus.sampling import sample_sizes
from ticketing.settings import CorpusSettings

TRAIN, VALIDATION, TEST, LEFT_OUT = range(4)

# The split is by time if at least this share of the tickets has a known time.
MIN_KNOWN_TIMES = 0.99
# A held-out part needs this many tickets of a language, or the language's share if that is smaller.
MIN_HELD_OUT_PER_LANGUAGE = 200
# A held-out part needs this many tickets of a category, or the category's share if that is smaller.
MIN_HELD_OUT_PER_CATEGORY = 20
# To reach the minimum of a language, a part takes at most this share of the language's training tickets.
MAX_TAKEN_FROM_TRAIN = 0.2
# To get enough new tickets of a rare language, a part holds out at most this share of all tickets in addition.
MAX_ADDITIONAL_SHARE = 0.02
_UNKNOWN_TIME = -math.inf

Indices = NDArray[np.intp]


class Assignment(NamedTuple):
    """The part of each ticket, and the numbers about the split that the manifest records."""

    parts: NDArray[np.int8]
    by_time: bool
    near_copies_left_out: dict[int, int]  # part → number of left-out older tickets of the part's groups
    large_groups: list[int]  # sizes of the groups that are in train except for one test ticket, largest first
    newer_left_out: int  # tickets that are too new for train and not needed in a held-out part


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
        state.reach_language_minimums(part, share)
    state.reach_category_minimums()
    state.limit_held_out()
    return state.result()


class _Groups:
    """The groups of near-duplicates while they are assigned to parts.

    Arrays whose names begin with `ticket_` have one row per ticket. Most other arrays have one row per group.
    """

    def __init__(
        self,
        categories: Sequence[str],
        languages: Sequence[str],
        groups: Sequence[int],
        times: Sequence[datetime | None],
        settings: CorpusSettings,
    ) -> None:
        self.max_held_out = settings.max_held_out_tickets
        self.min_validation = min(settings.min_validation_tickets, self.max_held_out)
        self.shares = ((TEST, settings.test_share), (VALIDATION, settings.validation_share))
        self.category_names, self.language_names = sorted(set(categories)), sorted(set(languages))
        self.ticket_category = category_ids(categories, self.category_names)
        ticket_language = category_ids(languages, self.language_names)
        self.ticket_time = np.array([_UNKNOWN_TIME if time is None else time.timestamp() for time in times])
        group_ids, self.ticket_group, self.size = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
        # The indices of the tickets, sorted by group; the newest ticket of a group comes last.
        self.tickets_by_group = np.lexsort((self.ticket_time, self.ticket_group))
        self.end = np.cumsum(self.size)
        self.newest_ticket = self.tickets_by_group[self.end - 1]
        # A held-out group keeps only its newest ticket, so the group has that ticket's category and language.
        self.category = self.ticket_category[self.newest_ticket]
        self.language = ticket_language[self.newest_ticket]
        self.groups_per_language = np.bincount(self.language, minlength=len(self.language_names))
        self.groups_per_category = np.bincount(self.category, minlength=len(self.category_names))
        self.tickets_per_category = np.bincount(self.ticket_category, minlength=len(self.category_names))

        count = len(group_ids)
        self.by_time = bool((self.ticket_time > _UNKNOWN_TIME).mean() >= MIN_KNOWN_TIMES)
        # `hold_out_order` holds the group indices in the order in which groups are held out.
        if self.by_time:
            # The newest groups are held out first; groups of unknown time are never held out.
            self.hold_out_order = np.lexsort((np.arange(count), self.ticket_time[self.newest_ticket]))[::-1]
            self.can_be_held_out = self.ticket_time[self.newest_ticket] > _UNKNOWN_TIME
        else:
            # Each group has its own random number. If a few new tickets changed the whole order, the champion would
            # have been trained on most of the tickets that its successor is tested on (leakage).
            random_numbers = [_random_number(settings.seed, group_id) for group_id in group_ids.tolist()]
            self.hold_out_order = np.argsort(random_numbers, kind="stable")
            self.can_be_held_out = np.ones(count, bool)
        # A group is large if it has more tickets than the test part.
        test_size = np.minimum(settings.test_share * np.bincount(ticket_language), self.max_held_out).sum()
        self.is_large = self.size > max(1.0, test_size)
        self.part = np.full(count, TRAIN, np.int8)
        self.in_train_and_test = np.zeros(count, bool)  # large groups with one ticket in test
        # Tickets of the groups in `in_train_and_test` that are not in train: the test ticket, and tickets too new.
        self.ticket_excluded_from_train = np.zeros(len(self.ticket_time), bool)

    def hold_out_newest(self, part: int, share: float) -> None:
        """Holds out the newest groups, up to the sum of all languages' quotas or the part's share of all tickets.

        `max_held_out_tickets` can limit the quotas. Then few of the newest groups may be in a rare language, and the
        part takes a few more groups, so that it needs no older groups of that language. `limit_held_out` leaves out
        the surplus of the other languages.
        """
        eligible = self.hold_out_order[self.can_be_held_out[self.hold_out_order]]
        candidates = eligible if part == TEST else self._free()
        tickets = np.cumsum(np.where(self.is_large[candidates], 1, self.size[candidates]))
        quotas = self._quotas(share)
        needed = max(1, math.ceil(_without_rounding_error(quotas.sum())))
        max_needed = needed + MAX_ADDITIONAL_SHARE * len(self.ticket_time)
        for language, quota in enumerate(quotas):
            # How many candidates must be taken to get one, two, … groups of this language, up to half its quota.
            needed_for_half = np.flatnonzero(self.language[candidates] == language)[: math.ceil(quota / 2)] + 1
            if len(needed_for_half) >= quota / 2 and len(needed_for_half) and needed_for_half[-1] <= max_needed:
                needed = max(needed, int(needed_for_half[-1]))
        enough_tickets = 1 + int(np.searchsorted(tickets, _without_rounding_error(share * len(self.ticket_time))))
        taken = candidates[: min(needed, enough_tickets)]
        self.part[taken[~self.is_large[taken]]] = part
        if part == TEST:
            self._put_newest_ticket_in_test(taken[self.is_large[taken]])
            oldest_test_time = self.ticket_time[self.newest_ticket[taken]].min()
            self.ticket_excluded_from_train |= self.in_train_and_test[self.ticket_group] & (
                self.ticket_time > oldest_test_time
            )

    def hold_out_drawn(self, part: int, share: float) -> None:
        """Holds out groups in the drawn order, up to about the part's share of each category's tickets."""
        if part == TEST:
            self._put_newest_ticket_in_test(np.flatnonzero(self.is_large))
        for category in range(len(self.category_names)):
            free = self._free(self.category == category)
            quota = max(1.0, _without_rounding_error(share * float(self.size[self.category == category].sum())))
            tickets = 0
            for group, size in zip(free.tolist(), self.size[free].tolist(), strict=True):
                if tickets >= quota:
                    break
                # A group that would exceed the quota by more than a tenth is skipped.
                if tickets + size <= 1.1 * quota:
                    self.part[group] = part
                    tickets += size

    def reach_language_minimums(self, part: int, share: float) -> None:
        """Moves groups from train to a part that has too few groups of a language.

        Nothing is moved if that would take more than MAX_TAKEN_FROM_TRAIN of the language's training tickets, or if
        train has too few groups to reach the minimum.
        """
        for language, quota in enumerate(self._quotas(share)):
            held_out = int(((self.part == part) & (self.language == language)).sum())
            minimum = min(int(quota), MIN_HELD_OUT_PER_LANGUAGE)
            wanted = minimum if 2 * held_out < minimum else 0
            if part == VALIDATION:
                wanted = max(wanted, self.min_validation)
            free = self._free(self.language == language)
            more = free[: max(0, wanted - held_out)]
            reaches_minimum = held_out + len(more) == wanted
            if reaches_minimum and self.size[more].sum() <= MAX_TAKEN_FROM_TRAIN * self.size[free].sum():
                self.part[more] = part

    def reach_category_minimums(self) -> None:
        """Moves groups so that train has half of each category's tickets, and held-out parts have their minimums."""
        in_train = (self.part[self.ticket_group] == TRAIN) & ~self.ticket_excluded_from_train
        self.train_tickets_per_category = np.bincount(
            self.ticket_category[in_train], minlength=len(self.category_names)
        )
        for category in range(len(self.category_names)):
            self._return_to_train(category)
            for part, share in self.shares:
                self._reach_category_minimum(category, part, share)
        # If train has no other ticket of a category, it keeps the tickets of large groups that are too new.
        self.ticket_excluded_from_train &= self.train_tickets_per_category[self.ticket_category] > 0

    def limit_held_out(self) -> None:
        """Keeps at most `max_held_out_tickets` of each language in a part, stratified by category.

        In a split by time the surplus is left out, because it may be newer than a test ticket. Otherwise it goes back
        to train.
        """
        for part, _ in self.shares:
            for language in range(len(self.language_names)):
                chosen = (self.part == part) & (self.language == language)
                held_out = self.hold_out_order[chosen[self.hold_out_order]]
                if len(held_out) > self.max_held_out:
                    categories = self.category[held_out]
                    counts = {str(category): int(n) for category, n in enumerate(np.bincount(categories)) if n}
                    for category, kept in sample_sizes(counts, self.max_held_out).items():
                        surplus = held_out[categories == int(category)][kept:]
                        self.part[surplus] = LEFT_OUT if self.by_time else TRAIN

    def result(self) -> Assignment:
        """The part of each ticket. Only the newest ticket of a held-out group is in the group's part."""
        parts = self.part[self.ticket_group]
        is_older_copy = np.ones(len(parts), bool)
        is_older_copy[self.newest_ticket] = False
        near_copies = {part: int((is_older_copy & (parts == part)).sum()) for part in (VALIDATION, TEST)}
        newer = int((is_older_copy & self.ticket_excluded_from_train).sum() + (parts == LEFT_OUT).sum())
        parts[is_older_copy & ((parts != TRAIN) | self.ticket_excluded_from_train)] = LEFT_OUT
        parts[self.newest_ticket[self.in_train_and_test]] = TEST
        sizes = sorted(self.size[self.in_train_and_test].tolist(), reverse=True)
        return Assignment(parts, self.by_time, near_copies, sizes, newer)

    def _quotas(self, share: float) -> NDArray[np.float64]:
        """How many groups of each language a part should have."""
        return np.minimum(share * self.groups_per_language.astype(np.float64), self.max_held_out)

    def _free(self, among: NDArray[np.bool_] | None = None) -> Indices:
        """The training groups that can be held out whole, in the order in which they are held out."""
        free = (self.part == TRAIN) & self.can_be_held_out & ~self.is_large
        groups: Indices = self.hold_out_order[(free if among is None else free & among)[self.hold_out_order]]
        return groups

    def _put_newest_ticket_in_test(self, groups: Indices) -> None:
        """Gives the test part the newest ticket of each of these large groups. The groups themselves stay in train."""
        self.in_train_and_test[groups] = True
        self.ticket_excluded_from_train[self.newest_ticket[groups]] = True

    def _return_to_train(self, category: int) -> None:
        """Moves held-out groups back to train, until train has half of a category's tickets.

        Groups of the validation part go first. In each part, the groups that were held out last (by time: the oldest)
        go first.
        """
        has_category = np.zeros(len(self.size), bool)
        has_category[self.ticket_group[self.ticket_category == category]] = True
        last_first = self.hold_out_order[has_category[self.hold_out_order]][::-1]
        held_out = [
            group for part in (VALIDATION, TEST) for group in last_first[self.part[last_first] == part].tolist()
        ]
        for group in held_out:
            if 2 * self.train_tickets_per_category[category] >= self.tickets_per_category[category]:
                return
            # The part keeps at least one group of each category.
            if self._held_out_count(int(self.category[group]), int(self.part[group])) > 1:
                self._move(group, TRAIN)
        if held_out and not self.train_tickets_per_category[category]:
            self._move(held_out[0], TRAIN)

    def _reach_category_minimum(self, category: int, part: int, share: float) -> None:
        """Moves groups to a part that has less than half of the groups of a category that it needs."""
        quota = min(share * self.groups_per_category[category], self.max_held_out / (2 * len(self.category_names)))
        wanted = max(1, int(min(quota, MIN_HELD_OUT_PER_CATEGORY)))
        held_out = self._held_out_count(category, part)
        if 2 * held_out >= wanted:
            return
        for group in self._free(self.category == category).tolist():
            remaining = self.train_tickets_per_category - self._training_tickets(group)
            # No move may take the last training ticket of any category. Only the first group that the part gets may
            # leave train with less than half of this category's tickets.
            if remaining[self._training_tickets(group) > 0].all() and (
                not held_out or 2 * remaining[category] >= self.tickets_per_category[category]
            ):
                self._move(group, part)
                held_out += 1
            if held_out == wanted:
                return
        if not held_out:
            # If there are too few groups for all parts, test gets the newest group of validation, or validation gets
            # the oldest group of test, provided that test has two.
            other, min_left = (VALIDATION, 0) if part == TEST else (TEST, 1)
            in_other = (self.part == other) & (self.category == category)
            groups = self.hold_out_order[in_other[self.hold_out_order]]
            if len(groups) > min_left:
                self._move(int(groups[0 if part == TEST else -1]), part)

    def _held_out_count(self, category: int, part: int) -> int:
        """How many groups of a category have a ticket in a held-out part."""
        held_out = (self.part == part) | (self.in_train_and_test if part == TEST else False)
        return int((held_out & (self.category == category)).sum())

    def _training_tickets(self, group: int) -> NDArray[np.intp]:
        """Per category, the number of tickets that a group has in train, or would have there."""
        tickets = self.tickets_by_group[self.end[group] - self.size[group] : self.end[group]]
        in_train = tickets[~self.ticket_excluded_from_train[tickets]]
        return np.bincount(self.ticket_category[in_train], minlength=len(self.category_names))

    def _move(self, group: int, part: int) -> None:
        if self.part[group] == TRAIN:
            self.train_tickets_per_category -= self._training_tickets(group)
        if part == TRAIN:
            self.train_tickets_per_category += self._training_tickets(group)
        self.part[group] = part


def _random_number(seed: int, group_id: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed} {group_id}".encode(), digest_size=7).digest())


def _without_rounding_error(value: float) -> float:
    # In floating point, 0.1 * 30 is a little more than 3.
    return round(value, 6)
