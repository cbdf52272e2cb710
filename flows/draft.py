"""The `draft` flow: claim a chunk of new tickets, draft, write back; until none is left."""

import os
import socket
import uuid
from datetime import datetime

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from flows.common import IO, PLAIN
from models.context import Context
from reports.markdown import counts_markdown
from ticketing.drafting import queue
from ticketing.drafting.chunk import ChunkOutcome, draft_chunk
from ticketing.settings import get_settings


@flow(name="draft")
def draft(until: datetime | None = None, limit: int | None = None) -> ChunkOutcome:
    """Drafts for the new tickets that came in before `until`, at most about `limit` of them.

    Any number of these runs may go on at the same time: each ticket is claimed by one.
    """
    with Context(get_settings()) as context:
        return draft_new_tickets(context, until, limit)


def draft_new_tickets(context: Context, until: datetime | None = None, limit: int | None = None) -> ChunkOutcome:
    """The steps of the `draft` flow, in a run that is under way."""
    logger = get_run_logger()
    # The name is unique to the run, so that its claims can be told from those of a killed run.
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
        logger.info("draft: %d claimed, %d drafted, %d to a human", done.claimed, done.drafted, done.to_human)
    create_markdown_artifact(counts_markdown("Drafted", done._asdict()), key="draft")
    return done


@task(**IO)
def enqueue(context: Context, until: datetime | None) -> int:
    """Queues every new ticket that has no work yet."""
    with context.database.begin() as conn:
        return queue.enqueue(conn, until)


@task(**PLAIN)
def draft_next_chunk(context: Context, worker: str, size: int) -> ChunkOutcome | None:
    """One chunk from claim to write-back, drafted by the champions of the moment."""
    return draft_chunk(context.database, context.vault, context.settings, worker, context.champions.drafters(), size)
