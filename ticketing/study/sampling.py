"""Draws the test tickets of a study, stratified by category and language.

Storing the study is in `ticketing.study.studies`.
"""

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.corpus.splitting import TRAINING_PARTS
from ticketing.errors import CorpusError

Stratum = tuple[str, str]


@dataclass(frozen=True)
class Sample:
    """The tickets of a study in random order, and the ids of the shared ones, which every rater gets."""

    records: tuple[Record, ...]
    shared: frozenset[str]


def eligible_records(
    snapshot: Snapshot, others: Iterable[Snapshot], languages: Iterable[frozenset[str] | None]
) -> list[Record]:
    """The test tickets that every system can answer and that no model was trained on.

    Args:
        snapshot: the snapshot with the test tickets.
        others: other snapshots that models of the study were trained on; tickets in their training and validation parts
            are excluded.
        languages: for each model the languages that it writes; None: any.
    """
    model_languages = [chosen for chosen in languages if chosen is not None]
    retrieval_languages = {record.language for record in snapshot.iterate("train") if record.output}
    eligible = [
        record
        for record in snapshot.iterate("test")
        if record.output
        and record.output.strip()
        and record.language in retrieval_languages
        and all(record.language in chosen for chosen in model_languages)
    ]
    # The training parts may be a hundred times as large as the test part, so only what both have is kept in memory.
    ids, texts = {record.ticket_id for record in eligible}, {record.text for record in eligible}
    known_ids, known_texts = set[str](), set[str]()
    for other in others:
        for part in TRAINING_PARTS:
            for record in other.iterate(part):
                known_ids.update({record.ticket_id} & ids)
                known_texts.update({record.text} & texts)
    return [r for r in eligible if r.ticket_id not in known_ids and r.text not in known_texts]


def draw(records: Collection[Record], size: int, overlap: float, seed: int) -> Sample:
    """A stratified sample of at most `size` records; a stratified part of it, the share `overlap`, goes to every rater.

    Raises:
        CorpusError: there are no records.
    """
    if not records:
        raise CorpusError(
            "No test ticket can be answered by every system: the study needs answered tickets in a language that all "
            "of its models write. Import more answered tickets, prepare and train again."
        )
    chosen = stratified(records, size, seed)
    shared = stratified(chosen, round(overlap * len(chosen)), seed + 1)
    # In random order, so that an item's number reveals neither its category nor its time.
    random.Random(seed).shuffle(chosen)  # noqa: S311 — an order, not a secret
    return Sample(tuple(chosen), frozenset(record.ticket_id for record in shared))


def stratified(records: Iterable[Record], size: int, seed: int) -> list[Record]:
    """At most `size` records, drawn within each category and language; the same seed draws the same records."""
    strata: dict[Stratum, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.ticket_id):
        strata[record.category, record.language].append(record)
    seats = allocation({stratum: len(members) for stratum, members in strata.items()}, size)
    rng = random.Random(seed)  # noqa: S311 — a sample, not a secret
    return [record for stratum in sorted(strata) for record in rng.sample(strata[stratum], seats[stratum])]


def allocation(counts: Mapping[Stratum, int], size: int) -> dict[Stratum, int]:
    """How many to draw from each stratum: in proportion, by largest remainder (Hamilton's method), at least one each.

    If `size` is smaller than the number of strata, the largest strata get one each.
    """
    total = sum(counts.values())
    if size >= total:
        return dict(counts)
    quotas = {stratum: size * count / total for stratum, count in counts.items()}
    minimum = 1 if size >= len(counts) else 0
    seats = {stratum: max(minimum, int(quota)) for stratum, quota in quotas.items()}
    order = sorted(counts)
    while sum(seats.values()) < size:
        seats[_most_lacking([s for s in order if seats[s] < counts[s]], quotas, seats)] += 1
    while sum(seats.values()) > size:
        seats[min((s for s in order if seats[s] > minimum), key=lambda s: quotas[s] - seats[s])] -= 1
    return seats


def _most_lacking(open_: Sequence[Stratum], quotas: Mapping[Stratum, float], seats: Mapping[Stratum, int]) -> Stratum:
    return max(open_, key=lambda stratum: quotas[stratum] - seats[stratum])
