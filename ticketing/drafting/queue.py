"""The queue of new tickets: workers claim chunks with a lease, return them on failure, and finish each ticket once.

It calls no model: `ticketing.stages` makes the drafts that are written back here.
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
    """The columns of a draft that come from its reply. `body` has its personal data restored."""

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
    """The result for one claimed ticket: a routing, and a draft if there is a reply."""

    ticket: CleanTicket
    prediction: Prediction
    classifier_version: str
    draft: DraftRow | None


def enqueue(conn: Connection, until: datetime | None = None) -> int:
    """Queues every new ticket that changed before `until` and is not queued yet. Returns the number of tickets.

    A ticket is new while it has neither category nor reply, and again after its text has changed. Pending drafts that
    no reviewer has claimed are retired if the ticket's text has changed (superseded) or it is answered (expired).
    """
    queries.retire_drafts(conn, ticket_ids=None)
    return int(queries.enqueue_work(conn, until=until or NEVER))


def claim(conn: Connection, worker: str, limit: int, lease_seconds: float, max_attempts: int) -> list[CleanTicket]:
    """Claims up to `limit` tickets, oldest first. Answered tickets, or those with a new text, are only finished.

    An empty list means that nothing is left to claim. Commit before working on the tickets: other workers skip the
    locked rows even before the commit, but a crash would lose the count of the attempt.

    Args:
        conn: a transaction of the pipeline's role.
        worker: a name that no other run ever has; it identifies the claims of this run.
        limit: the most tickets to claim.
        lease_seconds: for this time no other worker can claim the tickets; `lease_kept` renews the lease.
        max_attempts: a ticket whose workers have died this often is parked as failed.
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
    """Writes routings and drafts of the tickets that this worker still holds, and finishes their work.

    Everything happens in the caller's transaction, and is idempotent.

    Returns:
        the results that were written. Nothing is written for a ticket that another worker has taken over after the
        lease ran out, or whose text has changed or was scrubbed again; the next `enqueue` queues such a text again.
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
    """Returns this worker's tickets to the queue after a failure; parks those that failed too often.

    Args:
        conn: a transaction of the pipeline's role.
        worker: the name that the tickets were claimed under.
        error: the kind of the failure; never a ticket's text.
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
