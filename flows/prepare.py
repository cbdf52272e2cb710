"""The `prepare` flow: source tickets → scrubbed, cleaned tickets → an immutable snapshot."""

from datetime import datetime
from typing import NamedTuple

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE

from flows import resources
from flows.common import IO_RETRIES
from reports.summaries import prepared_markdown, snapshot_markdown
from ticketing.corpus.preparing import ChunkCounts, prepare_next_chunk
from ticketing.corpus.snapshot import build_snapshot
from ticketing.settings import get_settings
from ticketing.source import count_source

CHUNK_TICKETS = 500


class Prepared(NamedTuple):
    """What a run of `prepare` did."""

    counts: ChunkCounts
    snapshot_id: str | None


@flow(name="prepare")
def prepare(until: datetime | None = None, snapshot: bool = True) -> Prepared:
    """Reads what is new or changed in the source, up to `until`, and, if asked, builds a snapshot of all of it."""
    counts = read_and_scrub(until)
    create_markdown_artifact(prepared_markdown(counts), key="prepare", description="tickets read and scrubbed")
    return Prepared(counts, snapshot_tickets() if snapshot else None)


def read_and_scrub(until: datetime | None) -> ChunkCounts:
    """Goes through the source chunk by chunk; a killed run goes on after the last chunk that was written."""
    logger = get_run_logger()
    progress = create_progress_artifact(0.0, key="prepare-progress", description="source tickets read")
    total = expected(until)
    counts = ChunkCounts()
    while True:
        chunk = scrub_chunk(until)
        if chunk is None:
            break
        counts += chunk
        logger.info("prepare: %d of about %d tickets read, %d scrubbed", counts.read, total, counts.scrubbed)
        update_progress_artifact(progress, min(100.0, 100.0 * counts.read / max(total, 1)))
    update_progress_artifact(progress, 100.0)
    return counts
