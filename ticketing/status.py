"""What is where: tickets, snapshots, models, drafts, as numbers. It changes nothing and shows no ticket."""

from collections.abc import Iterable, Mapping
from typing import Any

from ticketing.database import Connection, queries


def status(conn: Connection) -> dict[str, Any]:
    """Counts by name, in the order of the pipeline; a value is a number, a version, or a mapping of those."""
    return {
        "source_tickets": _numbers(queries.count_source_roles(conn)),
        "clean_tickets": _numbers(queries.count_clean_tickets(conn)),
        "snapshots": queries.count_snapshots(conn),
        "latest_snapshot": queries.latest_snapshot_id(conn),
        "candidates": _numbers(queries.count_candidates(conn)),
        "champions": {row["name"]: row["version"] for row in queries.champions(conn)},
        "work": _numbers(queries.count_work(conn)),
        "drafts": _numbers(queries.count_drafts(conn)),
        "human_queue": queries.count_human_queue(conn),
        "outbox_unsent": queries.count_unsent(conn),
    }


def _numbers(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    return {row["name"]: row["number"] for row in rows}
