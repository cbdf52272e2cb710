"""A reviewer's actions on drafts: list, claim, approve, edit, reject, release.

SQL functions and triggers in the database enforce the rules of the review, for users of psql as well.
"""

from typing import Any

from ticketing.database import Connection, queries, refusals_as
from ticketing.errors import ReviewError


def set_actor(conn: Connection, name: str) -> None:
    """Sets the name under which the audit trail records all actions in the rest of this transaction.

    The database uses the name only if the login may act for others, as the pipeline's login may. For any other login,
    the trail records the login itself.

    Raises:
        ReviewError: the name is empty.
    """
    if not name.strip():
        raise ReviewError("A decision needs a name: say who decides with --as or TICKETING_REVIEWER.")
    queries.set_actor(conn, name=name.strip())


def list_pending(conn: Connection, limit: int, category: str | None = None) -> list[dict[str, Any]]:
    """Pending drafts with their tickets, oldest first: rows of the view `ticketing.review_queue`."""
    return list(queries.pending_drafts(conn, amount=limit, category=category))


def show(conn: Connection, draft_id: int) -> dict[str, Any]:
    """One pending draft with its ticket.

    Raises:
        ReviewError: there is no such draft, or it is no longer pending.
    """
    row: dict[str, Any] | None = queries.pending_draft(conn, draft_id=draft_id)
    if row is None:
        raise ReviewError(f"Draft {draft_id} is not waiting for a decision: see 'ticketing review list'.")
    return row


def claim(conn: Connection, draft_id: int | None = None) -> dict[str, Any] | None:
    """Claims the given draft, or else the oldest unclaimed draft.

    Returns:
        the draft's row in `ticketing.draft`; None if there is no unclaimed draft.

    Raises:
        ReviewError: the given draft does not exist, is already decided, or is claimed by another reviewer.
    """
    with refusals_as(ReviewError):
        row: dict[str, Any] | None = queries.claim_draft(conn, draft_id=draft_id)
        return row


def release(conn: Connection, draft_id: int) -> None:
    """Gives up the claim on a draft, so that other reviewers can claim it.

    Raises:
        ReviewError: as for `claim`.
    """
    with refusals_as(ReviewError):
        queries.release_draft(conn, draft_id=draft_id)


def approve(conn: Connection, draft_id: int) -> None:
    """Approves a draft unchanged. The draft's text goes into the outbox exactly once.

    Raises:
        ReviewError: as for `claim`, or a reply to this revision of the ticket is already approved.
    """
    with refusals_as(ReviewError):
        queries.approve_draft(conn, draft_id=draft_id)


def edit(conn: Connection, draft_id: int, body: str) -> None:
    """Approves a draft with a text that the reviewer has edited. This text goes into the outbox exactly once.

    Raises:
        ReviewError: as for `approve`, or the text is empty.
    """
    with refusals_as(ReviewError):
        queries.edit_draft(conn, draft_id=draft_id, body=body)


def reject(conn: Connection, draft_id: int, reason: str) -> None:
    """Rejects a draft. The audit trail records the reason.

    Raises:
        ReviewError: as for `claim`, or the reason is empty.
    """
    with refusals_as(ReviewError):
        queries.reject_draft(conn, draft_id=draft_id, reason=reason)
