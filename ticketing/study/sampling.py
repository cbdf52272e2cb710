"""Draws the test tickets of a study, stratified by category and language.

`ticketing.study.studies` stores the study.
"""

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.corpus.splitting import TRAINING_PARTS
from ticketing.errors import CorpusError

Stratum = tuple[str, str]


@dataclass(frozen=True)
class Sample:
    """The tickets of a study in random order, and the ids of the shared tickets, which every rater gets."""

    records: tuple[Record, ...]
    shared: frozenset[str]


def eligible_records(
    snapshot: Snapshot, others: Iterable[Snapshot], languages: Iterable[frozenset[str] | None]
) -> list[Record]:
    """The test tickets that every system of the study can answer, and on which no model of the study was trained.

    Args:
        snapshot: the snapshot with the test tickets.
        others: the other snapshots on which models of the study were trained. Tickets in their training and validation
            parts are excluded.
        languages: for each model the languages in which it writes; None: all languages.
    """
    model_languages = [limited for limited in languages if limited is not None]
    # The nearest-reply baseline can answer only in the languages of the training replies.
    retrieval_languages = {record.language for record in snapshot.iterate("train") if record.output}
    eligible = [
        record
        for record in snapshot.iterate("test")
        if record.output
        and record.output.strip()
        and record.language in retrieval_languages
        and all(record.language in limited for limited in model_languages)
    ]
    # The training parts may be a hundred times as large as the test part. So keep in memory only what both have.
    ids, texts = {record.ticket_id for record in eligible}, {record.text for record in eligible}
    training_ids, training_texts = set[str](), set[str]()
    for other in others:
        for part in TRAINING_PARTS:
            for record in other.iterate(part):
                training_ids.update({record.ticket_id} & ids)
                training_texts.update({record.text} & texts)
    return [r for r in eligible if r.ticket_id not in training_ids and r.text not in training_texts]


def draw(records: Collection[Record], size: int, overlap: float, seed: int) -> Sample:
    """Draws a stratified sample of at most `size` records. The share `overlap` of them, again stratified, is shared.

    Raises:
        CorpusError: there are no records.
    """
    if not records:
        raise CorpusError(
            "No test ticket can be answered by every system: the study needs answered tickets in a language in which "
            "all its models write. Import more answered tickets, prepare and train again."
        )
    chosen = stratified(records, size, seed)
    shared = stratified(chosen, round(overlap * len(chosen)), seed + 1)
    # The order is random, so that the id of an item reveals neither the ticket's category nor its time.
    random.Random(seed).shuffle(chosen)  # noqa: S311 — an order, not a secret
    return Sample(tuple(chosen), frozenset(record.ticket_id for record in shared))


def stratified(records: Iterable[Record], size: int, seed: int) -> list[Record]:
    """At most `size` records, drawn within each category and language; the same seed draws the same records."""
    strata: dict[Stratum, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.ticket_id):
        strata[record.category, record.language].append(record)
    sizes = allocation({stratum: len(members) for stratum, members in strata.items()}, size)
    rng = random.Random(seed)  # noqa: S311 — a sample, not a secret
    return [record for stratum in sorted(strata) for record in rng.sample(strata[stratum], sizes[stratum])]


def allocation(counts: Mapping[Stratum, int], size: int) -> dict[Stratum, int]:
    """How many records to draw from each stratum: in proportion, by the largest remainder method (Hamilton).

    Each stratum gets at least one. If `size` is smaller than the number of strata, the largest strata get one each.
    """
    total = sum(counts.values())
    if size >= total:
        return dict(counts)
    quotas = {stratum: size * count / total for stratum, count in counts.items()}
    minimum = 1 if size >= len(counts) else 0
    drawn = {stratum: max(minimum, int(quota)) for stratum, quota in quotas.items()}
    order = sorted(counts)

    def missing(stratum: Stratum) -> float:
        return quotas[stratum] - drawn[stratum]

    while sum(drawn.values()) < size:
        drawn[max((stratum for stratum in order if drawn[stratum] < counts[stratum]), key=missing)] += 1
    while sum(drawn.values()) > size:
        drawn[min((stratum for stratum in order if drawn[stratum] > minimum), key=missing)] -= 1
    return drawn
