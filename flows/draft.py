"""The `draft` flow: claim a chunk of new tickets, classify, route, write replies, write back; until none is left."""

import os
import socket
import uuid
from datetime import datetime

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from flows import resources
from flows.champions import Champions
from flows.common import IO, PLAIN
from reports.summaries import counts_markdown
from ticketing.drafting import queue
from ticketing.drafting.chunk import ChunkOutcome, Drafters, draft_chunk
from ticketing.settings import get_settings


@flow(name="draft")
def draft(until: datetime | None = None, limit: int | None = None) -> ChunkOutcome:
    """Drafts for the new tickets that came in before `until`, at most about `limit` of them.

    Any number of these runs may go on at the same time: each ticket is claimed by one.
    """
    logger = get_run_logger()
    # One name a run, so that what it holds can be told from what a killed run of the same machine held.
    worker = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    logger.info("draft: %d new tickets queued", enqueue(until))
    done = ChunkOutcome()
    with Champions() as champions:
        while limit is None or done.claimed < limit:
            size = get_settings().draft.chunk_size
            size = size if limit is None else min(size, limit - done.claimed)
            outcome = draft_next_chunk(champions.drafters(), worker, size)
            if outcome is None:
                break
            done = done.plus(outcome)
            logger.info("draft: %d claimed, %d drafted, %d to a human", done.claimed, done.drafted, done.to_human)
    create_markdown_artifact(counts_markdown("Drafted", done._asdict()), key="draft")
    return done


@task(**IO)
def enqueue(until: datetime | None) -> int:
    """Makes work of every new ticket that has none yet."""
    with resources.database().begin() as conn:
        return queue.enqueue(conn, until)


@task(**PLAIN)
def draft_next_chunk(drafters: Drafters, worker: str, size: int) -> ChunkOutcome | None:
    """One chunk from claim to write-back."""
    return draft_chunk(resources.database(), resources.vault(), get_settings(), worker, drafters, size)
