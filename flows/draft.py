"""The flow `draft`: claims new tickets chunk by chunk, drafts replies and writes the drafts back.

`ticketing.drafting.chunk` drafts one chunk.
"""

import os
import socket
import uuid
from datetime import datetime

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from flows.common import NO_RETRY, RETRY_DATABASE
from models.context import Context
from reports.markdown import counts_markdown
from ticketing.drafting import queue
from ticketing.drafting.chunk import ChunkOutcome, draft_chunk
from ticketing.settings import get_settings


@flow(name="draft")
def draft(until: datetime | None = None, limit: int | None = None) -> ChunkOutcome:
    """Drafts replies to the new tickets that arrived before `until`, to at most `limit` tickets.

    Several runs may draft at the same time, because only one run can claim a ticket.
    """
    with Context(get_settings()) as context:
        return draft_new_tickets(context, until, limit)


def draft_new_tickets(context: Context, until: datetime | None = None, limit: int | None = None) -> ChunkOutcome:
    """The steps of the flow `draft`, for use within another flow."""
    logger = get_run_logger()
    # A unique name per run, so that the claims of a killed run never look like this run's claims.
    worker = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    logger.info("draft: %d new tickets queued", enqueue(context, until))
    done = ChunkOutcome()
    while limit is None or done.claimed < limit:
        size = context.settings.draft.chunk_size
        size = size if limit is None else min(size, limit - done.claimed)
        outcome = draft_next_chunk(context, worker, size)
        if outcome is None:
            break
        done = done.plus(outcome)
        logger.info(
            "draft: %d tickets claimed, %d drafted, %d left to a human", done.claimed, done.drafted, done.to_human
        )
    create_markdown_artifact(counts_markdown("Drafted", done._asdict()), key="draft")
    return done


@task(**RETRY_DATABASE)
def enqueue(context: Context, until: datetime | None) -> int:
    """Queues every new ticket that is not queued yet. Returns how many tickets it queued."""
    with context.database.begin() as conn:
        return queue.enqueue(conn, until)


@task(**NO_RETRY)
def draft_next_chunk(context: Context, worker: str, size: int) -> ChunkOutcome | None:
    """Claims, drafts and writes back one chunk with the current champions; None if no ticket is left to claim."""
    return draft_chunk(context.database, context.vault, context.settings, worker, context.champions.drafters(), size)
