"""The replies in a blind study: the nearest training reply, and those of a served generator.

Storing them is `ticketing.study.studies`; the analysis of the ratings is `models.evaluation.study_analysis`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from models.evaluation.nearest_reply import nearest_replies
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.stages.guard import Finder
from ticketing.stages.prompts import messages
from ticketing.stages.protocols import Generator
from ticketing.study.studies import Reply


def records_of(snapshot: Snapshot, ticket_ids: Iterable[str]) -> list[Record]:
    """The test tickets with these ids, in the snapshot's order."""
    wanted = set(ticket_ids)
    return [record for record in snapshot.iterate("test") if record.ticket_id in wanted]


def retrieved_replies(snapshot: Snapshot, records: Sequence[Record]) -> list[Reply]:
    """The reply to the nearest training ticket of each record, with the ids of all training tickets that have it."""
    found = [(record.language, body) for record, body in zip(records, nearest_replies(snapshot, records), strict=True)]
    wanted = set(found)
    sources: dict[tuple[str, str], list[str]] = defaultdict(list)
    for record in snapshot.iterate("train"):
        if record.output and (record.language, record.output) in wanted:
            sources[record.language, record.output].append(record.ticket_id)
    return [
        Reply(record.ticket_id, body, tuple(sources[language, body]))
        for record, (language, body) in zip(records, found, strict=True)
    ]


def generated_replies(generator: Generator, records: Sequence[Record], finder: Finder) -> list[Reply]:
    """The first completion of a generator for each record; the drafter would ask again when its guard refuses one.

    A telephone number or a name that the model made up is replaced by a placeholder, as in a ticket.
    """
    completions = generator.complete([messages(record.instruction, record.input) for record in records])
    # Each reply is scrubbed together with its ticket: an invented value gets a placeholder that the ticket lacks.
    scrubbed = finder.scrub(
        [(record.text, completion.text.strip()) for record, completion in zip(records, completions, strict=True)]
    )
    return [Reply(record.ticket_id, pair.texts[1]) for record, pair in zip(records, scrubbed, strict=True)]
