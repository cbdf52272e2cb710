"""Produces the replies for a blind study, of the nearest-reply baseline and of a served generator.

`ticketing.study.studies` stores the replies. `models.evaluation.study_analysis` analyses the ratings.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from models.evaluation.nearest_reply import nearest_replies
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.stages.guard import ReplyScrubber
from ticketing.stages.proposing import Request, propose
from ticketing.stages.protocols import Generator
from ticketing.study.studies import Reply


def records_of(snapshot: Snapshot, ticket_ids: Iterable[str]) -> list[Record]:
    """The test tickets with these ids, in the snapshot's order."""
    wanted = set(ticket_ids)
    return [record for record in snapshot.iterate("test") if record.ticket_id in wanted]


def retrieved_replies(snapshot: Snapshot, records: Sequence[Record]) -> list[Reply]:
    """For each record, the nearest reply and the ids of all training tickets that have this reply."""
    nearest = [
        (record.language, body) for record, body in zip(records, nearest_replies(snapshot, records), strict=True)
    ]
    wanted = set(nearest)
    source_ticket_ids: dict[tuple[str, str], list[str]] = defaultdict(list)
    for record in snapshot.iterate("train"):
        if record.output and (record.language, record.output) in wanted:
            source_ticket_ids[record.language, record.output].append(record.ticket_id)
    return [
        Reply(record.ticket_id, body, tuple(source_ticket_ids[language, body]))
        for record, (language, body) in zip(records, nearest, strict=True)
    ]


def generated_replies(generator: Generator, records: Sequence[Record], finder: ReplyScrubber) -> list[Reply]:
    """A generator's replies as reviewers would see them, in placeholder form.

    A reply that the guard refuses twice becomes empty: reviewers would not see it, so raters should not see it either.
    """
    requests = [Request(record.text, record.instruction, record.input) for record in records]
    return [
        Reply(record.ticket_id, "" if proposal.refused else proposal.completion.text.strip())
        for record, proposal in zip(records, propose(requests, generator, finder).proposals, strict=True)
    ]
