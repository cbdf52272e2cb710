"""Counts tickets, snapshots, models and drafts. This module changes nothing, and reads no ticket's text."""

from collections.abc import Iterable, Mapping
from typing import Any

from ticketing.database import Connection, queries

MAX_COUNT = 100_000


def status(conn: Connection) -> dict[str, Any]:
    """Counts by name, in the order of the pipeline.

    A value is a count, a version, or a mapping of these. Counting stops at `MAX_COUNT`, and a larger count is given as
    "100,000 or more".
    """
    source = _counts(queries.count_source_roles(conn, most=MAX_COUNT))
    return {
        # If counting stopped at MAX_COUNT, the counts by role say nothing about the share of new tickets.
        "source_tickets": source if _total(source) < MAX_COUNT else {"all": _limited(MAX_COUNT)},
        "clean_tickets": _counts(queries.count_clean_tickets(conn, most=MAX_COUNT)),
        "snapshots": queries.count_snapshots(conn),
        "latest_snapshot": queries.latest_snapshot_id(conn),
        "candidates": _counts(queries.count_candidates(conn)),
        "champions": {row["name"]: row["version"] for row in queries.champions(conn)},
        "work": _counts(queries.count_work(conn, most=MAX_COUNT)),
        "drafts": _counts(queries.count_drafts(conn, most=MAX_COUNT)),
        "human_queue": _limited(queries.count_human_queue(conn, most=MAX_COUNT)),
        "outbox_unsent": _limited(queries.count_unsent(conn, most=MAX_COUNT)),
    }


def _counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, int | str]:
    return {row["name"]: _limited(row["number"]) for row in rows if row["number"]}


def _limited(count: int) -> int | str:
    return count if count < MAX_COUNT else f"{MAX_COUNT:,} or more"


def _total(counts: Mapping[str, int | str]) -> int:
    return sum(MAX_COUNT if isinstance(count, str) else count for count in counts.values())
