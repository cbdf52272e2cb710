"""Counts of tickets, snapshots, models and drafts. It changes nothing and shows no ticket's text."""

from collections.abc import Iterable, Mapping
from typing import Any

from ticketing.database import Connection, queries

MOST = 100_000


def status(conn: Connection) -> dict[str, Any]:
    """Counts by name, in the order of the pipeline.

    A value is a number, a version, or a mapping of these. Counting stops at `MOST`; a larger count is shown as
    "100,000 or more".
    """
    source = _numbers(queries.count_source_roles(conn, most=MOST))
    return {
        # A count that stopped at MOST says nothing about the share of new tickets.
        "source_tickets": source if _total(source) < MOST else {"all": _up_to(MOST)},
        "clean_tickets": _numbers(queries.count_clean_tickets(conn, most=MOST)),
        "snapshots": queries.count_snapshots(conn),
        "latest_snapshot": queries.latest_snapshot_id(conn),
        "candidates": _numbers(queries.count_candidates(conn)),
        "champions": {row["name"]: row["version"] for row in queries.champions(conn)},
        "work": _numbers(queries.count_work(conn, most=MOST)),
        "drafts": _numbers(queries.count_drafts(conn, most=MOST)),
        "human_queue": _up_to(queries.count_human_queue(conn, most=MOST)),
        "outbox_unsent": _up_to(queries.count_unsent(conn, most=MOST)),
    }


def _numbers(rows: Iterable[Mapping[str, Any]]) -> dict[str, int | str]:
    return {row["name"]: _up_to(row["number"]) for row in rows if row["number"]}


def _up_to(number: int) -> int | str:
    return number if number < MOST else f"{MOST:,} or more"


def _total(counts: Mapping[str, int | str]) -> int:
    return sum(MOST if isinstance(number, str) else number for number in counts.values())
