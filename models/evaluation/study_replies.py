"""What the systems of a blind study answer to its tickets: the nearest training reply, and a served generator.

Storing it is `ticketing.study.studies`; what raters make of it is `models.evaluation.study_analysis`.
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
    return [record for record in snapshot.records("test") if record.ticket_id in wanted]


def retrieved_replies(snapshot: Snapshot, records: Sequence[Record]) -> list[Reply]:
    """The reply to the nearest training ticket, with the tickets that it is the reply of."""
    told_in: dict[tuple[str, str], list[str]] = defaultdict(list)
    for record in snapshot.records("train"):
        if record.output:
            told_in[record.language, record.output].append(record.ticket_id)
    return [
        Reply(record.ticket_id, body, tuple(told_in[record.language, body]))
        for record, body in zip(records, nearest_replies(snapshot, records), strict=True)
    ]


def generated_replies(generator: Generator, records: Sequence[Record], finder: Finder) -> list[Reply]:
    """What a generator answers, as it comes: not asked again, as the drafter does where its guard refuses a reply.

    A telephone number or a name that the model made up is taken out, as it would be from a ticket.
    """
    completions = generator.complete([messages(record.instruction, record.input) for record in records])
    # Together with its ticket, so that what is made up gets a placeholder that the ticket does not have.
    scrubbed = finder.scrub(
        [(record.text, completion.text.strip()) for record, completion in zip(records, completions, strict=True)]
    )
    return [Reply(record.ticket_id, one.texts[1]) for record, one in zip(records, scrubbed, strict=True)]
