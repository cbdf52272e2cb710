"""The queue of new tickets: claimed in chunks with a lease, given back on failure, finished once.

What is drafted for a ticket is `ticketing.stages.protocols`; nothing here knows a model.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ticketing.database import Connection, Database, queries
from ticketing.leases import kept_alive
from ticketing.source import NEVER
from ticketing.stages.protocols import Prediction
from ticketing.tickets import CleanTicket, text_key


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A reply as it is written back; `body` has its personal data restored."""

    body: str
    placeholder_body: str
    generator_version: str
    snapshot_id: str
    prompt_version: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float

    def __repr__(self) -> str:
        return f"DraftRow(body=<{len(self.body)} characters>)"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one claimed ticket: always a routing, and a draft where one could be proposed."""

    ticket: CleanTicket
    prediction: Prediction
    classifier_version: str
    draft: DraftRow | None


def enqueue(conn: Connection, until: datetime | None = None) -> int:
    """Makes work of every new text changed before `until` that has none yet. Returns how many.

    A ticket is new while it has neither category nor reply; when its text changes, it is new again. Pending drafts that
    no reviewer holds are retired where the ticket has another text (superseded) or an answer (expired) by now.
    """
    queries.retire_drafts(conn, ticket_ids=None)
    return int(queries.enqueue_work(conn, until=until or NEVER))


def claim(conn: Connection, worker: str, limit: int, lease_seconds: float, max_attempts: int) -> list[CleanTicket]:
    """Takes up to `limit` tickets, oldest first. A ticket with an answer or another text by now is finished, not given.

    An empty list means that nothing is left to claim. Commit before working on them: until then others skip the rows,
    but a crash would forget the attempt.

    Args:
        worker: a name no other run has, ever; what it still holds is told by it.
        lease_seconds: for so long nobody else takes them; `lease_kept` renews it.
        max_attempts: a ticket whose workers died so often is parked as failed, not given again.
    """
    queries.fail_exhausted_work(conn, max_attempts=max_attempts)
    while True:
        rows = list(queries.claim_work(conn, worker=worker, amount=limit, lease_seconds=lease_seconds))
        gone = [_key(row) | {"worker": worker} for row in rows if row["gone"]]
        if gone:
            queries.finish_work(conn, gone)
        tickets = [_ticket(row) for row in rows if not row["gone"]]
        if tickets or not rows:
            return tickets


def lease_kept(database: Database, worker: str, lease_seconds: float) -> AbstractContextManager[None]:
    """Renews the worker's lease in the background while the block runs."""
    return kept_alive(
        database, lease_seconds, lambda conn: queries.renew_work(conn, worker=worker, lease_seconds=lease_seconds)
    )


def write_back(conn: Connection, worker: str, results: Sequence[Result]) -> list[Result]:
    """Writes routings and drafts of the tickets this worker still holds, and finishes their work.

    All in the caller's transaction. Running it again with the same results writes nothing twice.

    Returns:
        what was written. A ticket whose lease ran out and that another worker took is left to that one. A ticket that
        has another text by now, or was scrubbed again, gets nothing: it is queued again by the next `enqueue`.
    """
    scrubbed_at = {text_key(row): row["scrubbed_at"] for row in queries.lock_own_work(conn, worker=worker)}
    held = [result.ticket for result in results if result.ticket.key in scrubbed_at]
    if held:
        queries.finish_work(conn, [ticket.key._asdict() | {"worker": worker} for ticket in held])
    current = {ticket.key for ticket in held if ticket.scrubbed_at == scrubbed_at[ticket.key]}
    written = [result for result in results if result.ticket.key in current]
    if not written:
        return []
    keys = [result.ticket.key._asdict() for result in written]
    queries.write_routing(
        conn,
        [
            key | {"classifier_version": result.classifier_version} | result.prediction._asdict()
            for key, result in zip(keys, written, strict=True)
        ],
    )
    drafts = [
        key | _draft_columns(result, result.draft)
        for key, result in zip(keys, written, strict=True)
        if result.draft is not None
    ]
    if drafts:
        queries.write_draft(conn, drafts)
    queries.supersede_drafts(
        conn,
        [
            key | {"generator_version": result.draft.generator_version if result.draft else None}
            for key, result in zip(keys, written, strict=True)
        ],
    )
    return written


def give_back(conn: Connection, worker: str, error: str, max_attempts: int) -> None:
    """After a failure: what this worker holds goes back into the queue, or is parked when it failed too often.

    Args:
        error: the kind of the failure; never text of a ticket.
        max_attempts: `draft.max_attempts` of the settings.
    """
    queries.return_work(conn, worker=worker, error=error, max_attempts=max_attempts)


def _key(row: Mapping[str, Any]) -> dict[str, Any]:
    return text_key(row)._asdict()


def _ticket(row: Mapping[str, Any]) -> CleanTicket:
    return CleanTicket(
        ticket_id=row["ticket_id"],
        revision=row["revision"],
        created_at=row["created_at"],
        language=row["language"],
        subject=row["subject"],
        body=row["body"],
        category=None,
        reply=None,
        content_id=row["content_id"],
        scrubbed_at=row["scrubbed_at"],
    )


def _draft_columns(result: Result, draft: DraftRow) -> dict[str, Any]:
    return {
        "language": result.ticket.language,
        "category": result.prediction.category,
        "confidence": result.prediction.confidence,
        "classifier_version": result.classifier_version,
        **asdict(draft),
    }
