"""Processes one chunk of new tickets: claims the tickets, drafts replies, and writes the drafts back.

`ticketing.stages` turns a ticket into a draft. The flow decides how many chunks are processed.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

from ticketing.database import Database, Role
from ticketing.drafting import queue
from ticketing.privacy.vault import Vault
from ticketing.settings import Settings
from ticketing.stages.drafting import Drafters, Reply, Values, draft_tickets
from ticketing.stages.prompts import PROMPT_VERSION
from ticketing.stages.protocols import Generator
from ticketing.tickets import CleanTicket


class ChunkOutcome(NamedTuple):
    """What happened to the tickets of one chunk, or of several chunks.

    `seconds` is the time from the claim to the write-back. `engine_seconds` is the time of the generator alone.
    """

    claimed: int = 0
    drafted: int = 0
    to_human: int = 0
    lost: int = 0  # not written: another worker has taken over the ticket, or the ticket's text has changed
    completion_tokens: int = 0
    engine_seconds: float = 0.0
    seconds: float = 0.0

    def plus(self, other: "ChunkOutcome") -> "ChunkOutcome":
        """The sum of two outcomes."""
        return ChunkOutcome._make(a + b for a, b in zip(self, other, strict=True))

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        return f"{self.claimed} tickets: {self.drafted} drafted, {self.to_human} to a human, in {self.seconds:.1f} s"


def draft_chunk(
    database: Database, vault: Vault, settings: Settings, worker: str, drafters: Drafters, limit: int
) -> ChunkOutcome | None:
    """Claims up to `limit` tickets. Drafts a reply to each ticket, or routes the ticket to a human.

    A killed run has written nothing. After its lease has expired, another run claims the same tickets.

    Returns:
        the outcome; None if no ticket was left in the queue.

    Raises:
        TicketingError: the chunk failed. The tickets are back in the queue, or marked as failed after too many
            attempts.
    """
    started, lease = time.monotonic(), settings.draft.lease_seconds
    with database.begin() as conn:
        tickets = queue.claim(conn, worker, limit, lease, settings.draft.max_attempts)
    if not tickets:
        return None
    try:
        with queue.lease_kept_alive(database, worker, lease):
            results, seconds = _draft(database, vault, settings, drafters, tickets)
    except Exception as error:
        with database.begin() as conn:
            queue.give_back(conn, worker, type(error).__name__, settings.draft.max_attempts)
        raise
    with database.begin() as conn:
        written = queue.write_back(conn, worker, results)
    drafts = [result.draft for result in written if result.draft]
    return ChunkOutcome(
        claimed=len(tickets),
        drafted=len(drafts),
        to_human=len(written) - len(drafts),
        lost=len(results) - len(written),
        completion_tokens=sum(draft.completion_tokens for draft in drafts),
        engine_seconds=seconds,
        seconds=time.monotonic() - started,
    )


def _draft(
    database: Database, vault: Vault, settings: Settings, drafters: Drafters, tickets: Sequence[CleanTicket]
) -> tuple[list[queue.Result], float]:
    def read_values(indices: list[int]) -> list[Values]:
        keys = [tickets[i].key for i in indices]
        with database.begin(Role.WRITEBACK) as conn:
            values = vault.read(conn, keys)
        return [values.get(key, {}) for key in keys]

    drafted = draft_tickets(tickets, drafters, read_values, settings)
    replies = sum(outcome.reply is not None for outcome in drafted.tickets)
    results = [
        queue.Result(
            ticket,
            outcome.prediction,
            drafters.classifier.version,
            None
            if outcome.reply is None
            else _draft_row(outcome.reply, drafters.generator, drafted.engine_seconds / replies),
        )
        for ticket, outcome in zip(tickets, drafted.tickets, strict=True)
    ]
    return results, drafted.engine_seconds


def _draft_row(reply: Reply, generator: Generator | None, seconds: float) -> queue.DraftRow:
    assert generator is not None  # noqa: S101 — it wrote the reply
    return queue.DraftRow(
        body=reply.body,
        placeholder_body=reply.placeholder_body,
        generator_version=generator.version,
        snapshot_id=generator.snapshot_id,
        prompt_version=PROMPT_VERSION,
        prompt_tokens=reply.completion.prompt_tokens,
        completion_tokens=reply.completion.completion_tokens,
        seconds=seconds,
    )
