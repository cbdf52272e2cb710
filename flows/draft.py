"""The `draft` flow: claim a chunk of new tickets, classify, route, write replies, write back; until none is left."""

import os
import socket
import uuid
from contextlib import ExitStack
from datetime import datetime

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from flows import resources
from flows.common import IO, PLAIN
from models import registry
from models.classifier import TrainedClassifier
from models.serving import serve_generator
from reports.summaries import counts_markdown
from ticketing.drafting import queue
from ticketing.drafting.chunk import ChunkOutcome, Drafters, draft_chunk
from ticketing.errors import NoChampion
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
    with ExitStack() as stack:
        drafters = load_champions(stack)
        while limit is None or done.claimed < limit:
            size = get_settings().draft.chunk_size
            outcome = draft_next_chunk(drafters, worker, size if limit is None else min(size, limit - done.claimed))
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


def load_champions(stack: ExitStack) -> Drafters:
    """The champions, loaded; the engine stops when the stack closes."""
    settings = get_settings()
    database = resources.database()
    best = registry.champion(database, "classifier", settings)
    classifier = TrainedClassifier.load(best.version, best.path, settings)
    try:
        writer = registry.champion(database, "generator", settings)
    except NoChampion:
        return Drafters(classifier, None, resources.scrubber())
    return Drafters(classifier, stack.enter_context(serve_generator(writer, settings)), resources.scrubber())


@task(**PLAIN)
def draft_next_chunk(drafters: Drafters, worker: str, size: int) -> ChunkOutcome | None:
    """One chunk from claim to write-back."""
    return draft_chunk(resources.database(), resources.vault(), get_settings(), worker, drafters, size)
