"""What a reviewer does with a draft: list, claim, approve, edit, reject, give back.

The rules are kept by SQL functions and triggers in the database, for psql as well; here they only get a Python face.
"""

from typing import Any

from ticketing.database import Connection, queries, refusals_as
from ticketing.errors import ReviewError


def set_actor(conn: Connection, name: str) -> None:
    """Who acts in the rest of this transaction, for the trail.

    It is heeded only where the login may act for others (the pipeline's); else the login itself is who acts.

    Raises:
        ReviewError: the name is empty.
    """
    if not name.strip():
        raise ReviewError("A decision needs a name: say who decides with --as or TICKETING_REVIEWER.")
    queries.set_actor(conn, name=name.strip())


def list_pending(conn: Connection, limit: int, category: str | None = None) -> list[dict[str, Any]]:
    """Pending drafts beside their tickets, oldest first: rows of the view `ticketing.review_queue`."""
    return list(queries.pending_drafts(conn, amount=limit, category=category))


def show(conn: Connection, draft_id: int) -> dict[str, Any]:
    """One pending draft beside its ticket.

    Raises:
        ReviewError: there is no such draft, or it is not pending any more.
    """
    row: dict[str, Any] | None = queries.pending_draft(conn, draft_id=draft_id)
    if row is None:
        raise ReviewError(f"Draft {draft_id} is not waiting for a decision: see 'ticketing review list'.")
    return row


def claim(conn: Connection, draft_id: int | None = None) -> dict[str, Any] | None:
    """Takes the oldest draft nobody holds, or the given one: a row of `ticketing.draft`. None: none is waiting.

    Raises:
        ReviewError: the given one does not exist, is decided, or is in another reviewer's hands.
    """
    with refusals_as(ReviewError):
        row: dict[str, Any] | None = queries.claim_draft(conn, draft_id=draft_id)
        return row


def release(conn: Connection, draft_id: int) -> None:
    """Gives a draft back to the others.

    Raises:
        ReviewError: as for `claim`.
    """
    with refusals_as(ReviewError):
        queries.release_draft(conn, draft_id=draft_id)


def approve(conn: Connection, draft_id: int) -> None:
    """Approves a draft as it stands; its text goes into the outbox, once.

    Raises:
        ReviewError: as for `claim`, or a reply to this revision of the ticket was approved already.
    """
    with refusals_as(ReviewError):
        queries.approve_draft(conn, draft_id=draft_id)


def edit(conn: Connection, draft_id: int, body: str) -> None:
    """Approves a draft with the reviewer's own words; they go into the outbox, once.

    Raises:
        ReviewError: as for `approve`, or the words are empty.
    """
    with refusals_as(ReviewError):
        queries.edit_draft(conn, draft_id=draft_id, body=body)


def reject(conn: Connection, draft_id: int, reason: str) -> None:
    """Rejects a draft with a reason, which is kept in the trail.

    Raises:
        ReviewError: as for `claim`, or the reason is empty.
    """
    with refusals_as(ReviewError):
        queries.reject_draft(conn, draft_id=draft_id, reason=reason)
