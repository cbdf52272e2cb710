"""The queue of new tickets. Workers claim tickets with a lease, give them back on failure, and finish each ticket once.

This module calls no model: `ticketing.stages` makes the drafts that are written back here.
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
    """The columns of a draft that come from the reply. In `body`, the personal data is restored."""

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
    """The result for one claimed ticket: the routing, and the draft if there is a reply."""

    ticket: CleanTicket
    prediction: Prediction
    classifier_version: str
    draft: DraftRow | None


def enqueue(conn: Connection, until: datetime | None = None) -> int:
    """Queues every new ticket that changed before `until` and is not queued yet. Returns how many were queued.

    A ticket is new if it has neither a category nor a reply, and no outcome for its present text. This function also
    retires pending drafts that no reviewer has claimed: if the ticket's text has changed, the draft is superseded; if
    the ticket is answered, the draft is expired.
    """
    queries.retire_drafts(conn, ticket_ids=None)
    return int(queries.enqueue_work(conn, until=until or NEVER))


def claim(conn: Connection, worker: str, limit: int, lease_seconds: float, max_attempts: int) -> list[CleanTicket]:
    """Claims up to `limit` tickets, oldest first. An empty list means that nothing is left to claim.

    Queued tickets that are meanwhile answered, or have a new text, are not returned: their work is marked as done.
    Commit before working on the tickets: after a crash without commit, the attempt would not be counted.

    Args:
        conn: a transaction of the pipeline's role.
        worker: a name that no other run ever has. It identifies the claims of this run.
        limit: the maximum number of tickets to claim.
        lease_seconds: for this time no other worker can claim the tickets. `lease_kept_alive` renews the lease.
        max_attempts: a ticket whose workers have died this often is marked as failed.
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


def lease_kept_alive(database: Database, worker: str, lease_seconds: float) -> AbstractContextManager[None]:
    """Renews the worker's lease in the background while the block runs."""
    return kept_alive(
        database, lease_seconds, lambda conn: queries.renew_work(conn, worker=worker, lease_seconds=lease_seconds)
    )


def write_back(conn: Connection, worker: str, results: Sequence[Result]) -> list[Result]:
    """Writes routings and drafts of the tickets that this worker still holds, and marks the tickets' work as done.

    Everything happens in the caller's transaction. Calling it twice has the same effect as calling it once.

    Returns:
        the results that were written. Nothing is written for a ticket that another worker has taken over after the
        lease expired. Nothing is written either if the ticket's text has changed or was scrubbed again; then the next
        `enqueue` queues the ticket again.
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
    """Gives this worker's tickets back to the queue after a failure. After too many attempts, marks them as failed.

    Args:
        conn: a transaction of the pipeline's role.
        worker: the name under which the tickets were claimed.
        error: the kind of the failure; never a ticket's text.
        max_attempts: the setting `draft.max_attempts`.
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
