"""The flow `prepare`: source tickets → scrubbed and cleaned tickets → an immutable snapshot.

`ticketing.corpus` does the work of the steps.
"""

from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact

from flows.common import NO_RETRY, RETRY_DATABASE
from models.context import Context
from reports.markdown import counts_markdown
from ticketing.corpus import preparing
from ticketing.corpus.preparing import ChunkCounts
from ticketing.corpus.snapshot import build_snapshot
from ticketing.privacy import forgetting
from ticketing.settings import get_settings
from ticketing.source import check_source

CHUNK_TICKETS = 500


class Prepared(NamedTuple):
    """The counts of a run, and the id of the snapshot that it built, or None if no snapshot was requested."""

    counts: ChunkCounts
    snapshot_id: str | None


@flow(name="prepare")
def prepare(until: datetime | None = None, snapshot: bool = True) -> Prepared:
    """Scrubs and cleans tickets that came or changed before `until`, and builds a snapshot of all labelled tickets."""
    with Context(get_settings()) as context:
        return prepare_tickets(context, until, snapshot)


def prepare_tickets(context: Context, until: datetime | None = None, snapshot: bool = True) -> Prepared:
    """The steps of the flow `prepare`, for use within another flow."""
    logger = get_run_logger()
    total = start(context, until)
    progress = create_progress_artifact(0.0, key="prepare-progress", description="source tickets read")
    assert isinstance(progress, UUID)  # noqa: S101 — narrows the type: only async callers get a coroutine
    counts = ChunkCounts()
    while (chunk := scrub_chunk(context, until)) is not None:
        counts += chunk
        logger.info(
            "prepare: %d of at most %d new or changed tickets read, %d scrubbed", counts.read, total, counts.scrubbed
        )
        update_progress_artifact(progress, min(100.0, 100.0 * counts.read / max(total, 1)))
    update_progress_artifact(progress, 100.0)
    expired = expire_values(context)
    if expired:
        logger.info("prepare: deleted %d values from the vault, because their tickets' retention time is over", expired)
    create_markdown_artifact(counts_markdown("Tickets", asdict(counts)), key="prepare")
    return Prepared(counts, snapshot_tickets(context) if snapshot else None)


@task(**RETRY_DATABASE)
def start(context: Context, until: datetime | None) -> int:
    """Checks the source, sets the cursor and warns of rows to correct. Returns the number of rows to read."""
    with context.database.begin() as conn:
        check_source(conn)
    beginning = preparing.start_reading(context.database, context.scrubber, until)
    for warning in beginning.invalid_rows.warnings:
        get_run_logger().warning("prepare: %s", warning)
    return beginning.rows


@task(**RETRY_DATABASE)
def scrub_chunk(context: Context, until: datetime | None) -> ChunkCounts | None:
    """Scrubs and cleans the next chunk; None at the end. After a kill, the next run resumes after the last chunk."""
    return preparing.prepare_next_chunk(
        context.database, context.scrubber, context.vault, context.settings, CHUNK_TICKETS, until
    )


@task(**RETRY_DATABASE)
def expire_values(context: Context) -> int:
    """Deletes values from the vault whose retention time is over. Returns the number of deleted values."""
    return forgetting.expire_values(context.database, context.settings)


@task(**NO_RETRY)
def snapshot_tickets(context: Context) -> str:
    """Splits the labelled tickets into parts and stores them as a snapshot. Returns the snapshot's id."""
    snapshot = build_snapshot(context.database, context.settings)
    fields = {name: value for name, value in snapshot.manifest.items() if isinstance(value, int | float | str | dict)}
    create_markdown_artifact(counts_markdown(f"Snapshot {snapshot.snapshot_id}", fields), key="snapshot")
    get_run_logger().info("prepare: snapshot %s", snapshot.snapshot_id)
    return snapshot.snapshot_id
