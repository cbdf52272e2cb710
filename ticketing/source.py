"""Reads tickets through the contract, the view `ticketing.source_ticket`, whatever tables stand behind it.

It never writes there, and how far has been read is remembered by `ticketing.corpus`.
"""

from datetime import UTC, datetime
from typing import NamedTuple

import psycopg

from ticketing.database import Connection, queries
from ticketing.errors import SourceMissing
from ticketing.tickets import Ticket

TIMES = ("timestamp with time zone", "timestamp without time zone", "date")
NUMBERS = ("smallint", "integer", "bigint")
# What the contract asks for; None: any type that has a text form.
COLUMNS: dict[str, tuple[str, ...] | None] = {
    "ticket_id": None,
    "revision": NUMBERS,
    "created_at": TIMES,
    "updated_at": TIMES,
    "language": None,
    "subject": None,
    "body": None,
    "category": None,
    "reply": None,
    "replied_at": TIMES,
}
GRANT = "GRANT SELECT ON ticketing.source_ticket TO ticketing_pipeline, ticketing_reviewer;"


class Cursor(NamedTuple):
    """A place in the source: everything up to and with this ticket has been read."""

    updated_at: datetime
    ticket_id: str


START = Cursor(datetime(1, 1, 2, tzinfo=UTC), "")
NEVER = datetime(9999, 12, 30, tzinfo=UTC)


def check_source(conn: Connection) -> None:
    """Does nothing if every ticket of the source can be read.

    Raises:
        SourceMissing: the view is not there, lacks columns, has some of a wrong type, may not be read, or holds tickets
            without id or time of change, which would silently be left out.
    """
    found = {row["name"]: row["type"] for row in queries.source_columns(conn)}
    if not found:
        raise SourceMissing(
            "There is no view ticketing.source_ticket: create it over your own tables, or run 'ticketing db "
            "restore-source', which creates it over the imported tickets."
        )
    missing = [column for column in COLUMNS if column not in found]
    if missing:
        raise SourceMissing(
            f"The view ticketing.source_ticket lacks {', '.join(missing)}: create it anew with all of "
            f"{', '.join(COLUMNS)}."
        )
    wrong = [
        f"{column} is {found[column]}, not {types[0]}"
        for column, types in COLUMNS.items()
        if types is not None and found[column] not in types
    ]
    if wrong:
        raise SourceMissing(f"In the view ticketing.source_ticket {'; '.join(wrong)}: cast it in the view.")
    try:
        unreadable = queries.source_unreadable(conn)
    except psycopg.errors.InsufficientPrivilege:
        raise SourceMissing(f"The pipeline may not read ticketing.source_ticket: run {GRANT}") from None
    if unreadable:
        raise SourceMissing(
            f"{unreadable} tickets in ticketing.source_ticket have no ticket_id or no (finite) updated_at, and would "
            "never be read: let the view leave them out, or give them one, as in coalesce(updated_at, created_at)."
        )


def times_without_zone(conn: Connection) -> list[str]:
    """The columns of the source that have no time zone; their values are read as UTC."""
    return [
        row["name"]
        for row in queries.source_columns(conn)
        if row["name"] in COLUMNS and row["type"] in ("timestamp without time zone", "date")
    ]


def restore_source(conn: Connection) -> None:
    """Creates the view over the imported tickets where there is none.

    Raises:
        SourceMissing: there is a view already; it may be somebody's own.
    """
    if list(queries.source_columns(conn)):
        raise SourceMissing(
            "There is a view ticketing.source_ticket already, and it was not changed. If it shall go: "
            "DROP VIEW ticketing.source_ticket; and run this again."
        )
    queries.create_source(conn)


def read_source(conn: Connection, after: Cursor | None, limit: int, until: datetime | None = None) -> list[Ticket]:
    """The next tickets after a place (None: from the start), oldest change first, changed before `until`.

    A whole source is read in constant memory by going on after the last ticket until nothing comes. Where a view gives
    a ticket twice (a join gone wide), a page holds its last row only; so a page can be shorter than `limit`.
    """
    after = after or START
    rows = queries.source_page(
        conn, after_updated_at=after.updated_at, after_ticket_id=after.ticket_id, until=until or NEVER, page=limit
    )
    page: dict[str, Ticket] = {}
    for row in rows:
        page.pop(row["ticket_id"], None)  # so that the last ticket of the page is also the last place
        page[row["ticket_id"]] = Ticket(**row)
    return list(page.values())


def count_source(conn: Connection, after: Cursor | None, until: datetime | None = None) -> int:
    """How many rows are still to be read after a place."""
    after = after or START
    return int(
        queries.source_count(
            conn, after_updated_at=after.updated_at, after_ticket_id=after.ticket_id, until=until or NEVER
        )
    )
