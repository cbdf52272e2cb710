"""Reads tickets from the view `ticketing.source_ticket`, the contract with the help desk, and checks that view.

This module never writes to the source. `ticketing.corpus` remembers how far the source has been read.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from ticketing.database import Connection, queries
from ticketing.errors import SourceMissing
from ticketing.tickets import Ticket

TIMES = ("timestamp with time zone", "timestamp without time zone", "date")
NUMBERS = ("smallint", "integer", "bigint")
# The columns that the view must have, with their types; None: any type that can be cast to text.
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
    """A position in the source, which is sorted by (updated_at, ticket_id).

    It means that this ticket and all tickets before it have been read.
    """

    updated_at: datetime
    ticket_id: str


START = Cursor(datetime(1, 1, 2, tzinfo=UTC), "")
NEVER = datetime(9999, 12, 30, tzinfo=UTC)
MAX_COUNTED_INVALID_ROWS = 1_000
LARGE_TABLE_ROWS = 10_000


def check_source(conn: Connection) -> None:
    """Checks that the view has all columns and can be read. `count_invalid_rows` checks the rows.

    Raises:
        SourceMissing: the view or a column is missing, a column has a wrong type, or the pipeline may not read it.
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
        queries.source_readable(conn)
    except psycopg.errors.InsufficientPrivilege:
        raise SourceMissing(f"The pipeline may not read ticketing.source_ticket: run {GRANT}") from None


def times_without_zone(conn: Connection) -> list[str]:
    """The time columns of the source without a time zone. Their values are read as UTC."""
    return [
        row["name"]
        for row in queries.source_columns(conn)
        if row["name"] in COLUMNS and row["type"] in ("timestamp without time zone", "date")
    ]


def restore_source(conn: Connection) -> None:
    """Creates the view over the imported tickets if there is no view.

    Raises:
        SourceMissing: there is already a view, which may be the operator's own.
    """
    if list(queries.source_columns(conn)):
        raise SourceMissing(
            "There is already a view ticketing.source_ticket, and it was not changed. To replace it, run "
            "DROP VIEW ticketing.source_ticket; and then this command again."
        )
    queries.create_source(conn)


class InvalidRows(NamedTuple):
    """Counts of the source's rows that the operator must correct. Each count stops at `MAX_COUNTED_INVALID_ROWS`."""

    without_time: int  # no finite updated_at: these rows are never read
    without_id: int  # no ticket_id: these rows are never read
    in_future: int  # updated_at is later than now: every run reads these rows again

    @property
    def warnings(self) -> list[str]:
        """One warning for each kind of invalid row, which says what to do."""
        warnings = []
        if self.without_time:
            warnings.append(
                f"{_count_text(self.without_time)} tickets in ticketing.source_ticket have no finite updated_at and "
                "are not read: let the view leave them out or give them a time, as in coalesce(updated_at, created_at)."
            )
        if self.without_id:
            warnings.append(
                f"{_count_text(self.without_id)} tickets in ticketing.source_ticket have no ticket_id and are not "
                "read: let the view leave them out or give them an id."
            )
        if self.in_future:
            warnings.append(
                f"{_count_text(self.in_future)} tickets in ticketing.source_ticket have an updated_at in the future. "
                "They are read as if they had changed now, and compared again in every run: correct their updated_at. "
                "If many of them lie a few hours ahead, the view probably gives local times without a time zone: "
                "convert them in the view with AT TIME ZONE."
            )
        return warnings


def count_invalid_rows(conn: Connection, after: Cursor | None = None) -> InvalidRows:
    """Counts the rows that the operator must correct.

    Args:
        conn: a transaction of the pipeline's role.
        after: where reading begins. Rows without an id are counted only if they have changed since then. None: all
            rows are counted.
    """
    row = queries.source_odd_rows(conn, after_updated_at=(after or START).updated_at, most=MAX_COUNTED_INVALID_ROWS)
    return InvalidRows(**row)


def index_advice(conn: Connection) -> str | None:
    """Advice to create an index; None if EXPLAIN shows that reading a page scans no large table."""
    last = last_position(conn, NEVER)
    if last is None:
        return None
    # The page begins a day before the last row, so that there are rows to scan.
    start = Cursor(max(last.updated_at - timedelta(days=1), START.updated_at), "")
    [row] = conn.execute(
        "EXPLAIN (FORMAT JSON, VERBOSE) " + queries.source_page.sql,
        _page_parameters(start, Cursor(NEVER, ""), None) | {"page": 500},
    ).fetchall()
    scanned = _scanned_tables(row["QUERY PLAN"][0]["Plan"])
    large = list(queries.large_tables(conn, names=sorted(scanned), rows=LARGE_TABLE_ROWS))
    if not large:
        return None
    table = large[0]["name"]
    return (
        f"Every page of the source scans all {large[0]['number']:,} rows of {table}: run CREATE INDEX ON {table} "
        "(updated_at, (ticket_id::text)), with the columns of that table behind these columns of the view "
        "ticketing.source_ticket, then ANALYZE."
    )


def _scanned_tables(plan: Mapping[str, Any]) -> set[str]:
    tables = set().union(*(_scanned_tables(child) for child in plan.get("Plans", ())))
    return tables | {f"{plan['Schema']}.{plan['Relation Name']}"} if plan["Node Type"] == "Seq Scan" else tables


def _count_text(count: int) -> str:
    return f"{count:,}{' or more' if count == MAX_COUNTED_INVALID_ROWS else ''}"


def read_source(
    conn: Connection, after: Cursor | None, upto: Cursor | None, limit: int | None, scrubbed_by: str | None = None
) -> list[Ticket]:
    """Reads the next page of tickets between two positions, sorted by (updated_at, ticket_id).

    To read a whole source in constant memory, call this function again with the position of the last ticket, until it
    returns no ticket. Forgotten tickets are left out. If the view returns a ticket twice (because of a join), the page
    holds only the last of the two rows. So a page can be shorter than `limit`.

    Args:
        conn: a transaction of the pipeline's role.
        after: the page begins after this position; None: at the start.
        upto: the page ends at this position at the latest; None: at the end of the source.
        limit: the maximum number of rows to read; None: no limit.
        scrubbed_by: a scrubber version. Tickets whose present content it has already scrubbed are left out.
    """
    rows = queries.source_page(
        conn, **_page_parameters(after or START, upto or Cursor(NEVER, ""), scrubbed_by), page=limit
    )
    page: dict[str, Ticket] = {}
    for row in rows:
        page.pop(row["ticket_id"], None)  # so that the page ends with the ticket at the last position
        page[row["ticket_id"]] = Ticket(**row)
    return list(page.values())


def count_source(conn: Connection, after: Cursor | None, upto: Cursor | None = None) -> int:
    """Counts the rows between two positions, whether or not they have changed."""
    after, upto = after or START, upto or Cursor(NEVER, "")
    return int(
        queries.source_count(
            conn,
            after_updated_at=after.updated_at,
            after_ticket_id=after.ticket_id,
            upto_updated_at=upto.updated_at,
            upto_ticket_id=upto.ticket_id,
        )
    )


def last_position(conn: Connection, until: datetime) -> Cursor | None:
    """The position of the last row changed before `until`; None if there is no such row."""
    row = queries.source_last(conn, until=until)
    return Cursor(row["updated_at"], row["ticket_id"]) if row else None


def _page_parameters(after: Cursor, upto: Cursor, scrubbed_by: str | None) -> dict[str, Any]:
    return {
        "after_updated_at": after.updated_at,
        "after_ticket_id": after.ticket_id,
        "upto_updated_at": upto.updated_at,
        "upto_ticket_id": upto.ticket_id,
        "scrubber_version": scrubbed_by,
    }
