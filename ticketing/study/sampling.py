"""Which test tickets a study is made of: as many of each category and language as there are, in the same proportions.

What is done with them is `ticketing.study.studies`.
"""

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.errors import CorpusError

Stratum = tuple[str, str]


@dataclass(frozen=True)
class Sample:
    """The tickets of a study, in a drawn order, and the ids of those that every rater gets."""

    records: tuple[Record, ...]
    shared: frozenset[str]


def eligible_records(
    snapshot: Snapshot, others: Iterable[Snapshot], languages: Iterable[frozenset[str] | None]
) -> list[Record]:
    """The test tickets that everybody can answer, and that no model has learnt from.

    Args:
        snapshot: where the tickets are from.
        others: what else models of the study were trained on; their training and validation tickets are left out.
        languages: what each model writes; None: any.
    """
    train = snapshot.records("train")
    learnt = [record for other in others for part in ("train", "validation") for record in other.records(part)]
    ids, texts = {record.ticket_id for record in learnt}, {record.text for record in learnt}
    written = [chosen for chosen in languages if chosen is not None]
    searched = {record.language for record in train if record.output}
    return [
        record
        for record in snapshot.records("test")
        if record.output
        and record.output.strip()
        and record.language in searched
        and all(record.language in chosen for chosen in written)
        and record.ticket_id not in ids
        and record.text not in texts
    ]


def draw(records: Collection[Record], size: int, overlap: float, seed: int) -> Sample:
    """A stratified sample, all records if there are no more than `size`; and a stratified share of it for every rater.

    Raises:
        CorpusError: there is nothing to draw from.
    """
    if not records:
        raise CorpusError(
            "No test ticket can be answered by everybody: the study needs answered tickets in a language that the "
            "models write. Import more answered tickets, prepare and train again."
        )
    chosen = stratified(records, size, seed)
    shared = stratified(chosen, round(overlap * len(chosen)), seed + 1)
    # Drawn, so that the numbers of the items say nothing of category or time.
    random.Random(seed).shuffle(chosen)  # noqa: S311 — an order, not a secret
    return Sample(tuple(chosen), frozenset(record.ticket_id for record in shared))


def stratified(records: Iterable[Record], size: int, seed: int) -> list[Record]:
    """At most `size` records, drawn within each category and language; the same ones for the same seed."""
    strata: dict[Stratum, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.ticket_id):
        strata[record.category, record.language].append(record)
    seats = allocation({stratum: len(within) for stratum, within in strata.items()}, size)
    dice = random.Random(seed)  # noqa: S311 — a sample, not a secret
    return [record for stratum in sorted(strata) for record in dice.sample(strata[stratum], seats[stratum])]


def allocation(counts: Mapping[Stratum, int], size: int) -> dict[Stratum, int]:
    """How many to take of each stratum: in proportion, by largest remainder (Hamilton's method), but at least one each.

    Where `size` is smaller than the number of strata, the largest ones get one each.
    """
    total = sum(counts.values())
    if size >= total:
        return dict(counts)
    quotas = {stratum: size * count / total for stratum, count in counts.items()}
    least = 1 if size >= len(counts) else 0
    seats = {stratum: max(least, int(quota)) for stratum, quota in quotas.items()}
    order = sorted(counts)
    while sum(seats.values()) < size:
        seats[_most_lacking([s for s in order if seats[s] < counts[s]], quotas, seats)] += 1
    while sum(seats.values()) > size:
        seats[min((s for s in order if seats[s] > least), key=lambda s: quotas[s] - seats[s])] -= 1
    return seats


def _most_lacking(open_: Sequence[Stratum], quotas: Mapping[Stratum, float], seats: Mapping[Stratum, int]) -> Stratum:
    return max(open_, key=lambda stratum: quotas[stratum] - seats[stratum])
