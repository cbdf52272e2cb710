"""One claimed chunk of new tickets from end to end: classify, route, propose, restore, write back.

The flow says how often; the queue knows who holds what; the models come in through the drafter's protocols.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ticketing.database import Database, Role
from ticketing.drafting import queue
from ticketing.drafting.drafter import Classifier, Generator, Prediction, propose, why_no_draft
from ticketing.drafting.guard import Finder
from ticketing.drafting.prompts import PROMPT_VERSION
from ticketing.privacy.placeholders import PLACEHOLDER, restore
from ticketing.privacy.vault import Vault
from ticketing.settings import Settings
from ticketing.tickets import CleanTicket


class ChunkOutcome(NamedTuple):
    """What came of one chunk, in tickets; `seconds` is from claim to write-back, `engine_seconds` in the generator."""

    claimed: int = 0
    drafted: int = 0
    to_human: int = 0
    lost: int = 0  # taken over by another worker while this one was too slow
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


@dataclass(frozen=True)
class Drafters:
    """The champions that a run drafts with, and what checks replies; `generator` is None where none was promoted."""

    classifier: Classifier
    generator: Generator | None
    finder: Finder


def draft_chunk(
    database: Database, vault: Vault, settings: Settings, worker: str, drafters: Drafters, limit: int
) -> ChunkOutcome | None:
    """Claims up to `limit` tickets and brings each to a draft or to a human. None: nothing was left to claim.

    Killed at any point it has written nothing: its lease runs out, and another run claims the same tickets.

    Raises:
        TicketingError: the chunk failed; its tickets are back in the queue, or parked after too many attempts.
    """
    started, lease = time.monotonic(), settings.draft.lease_seconds
    with database.begin() as conn:
        tickets = queue.claim(conn, worker, limit, lease, settings.draft.max_attempts)
    if not tickets:
        return None
    try:
        with queue.lease_kept(database, worker, lease):
            results, seconds = _results(database, vault, settings, drafters, tickets)
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


def _results(
    database: Database, vault: Vault, settings: Settings, drafters: Drafters, tickets: Sequence[CleanTicket]
) -> tuple[list[queue.Result], float]:
    predictions = [
        _checked(ticket, said, drafters.generator)
        for ticket, said in zip(tickets, drafters.classifier.predict(tickets), strict=True)
    ]
    drafts: dict[int, queue.DraftRow] = {}
    chosen = [i for i, said in enumerate(predictions) if said.route == "auto"]
    seconds = 0.0
    if chosen and drafters.generator is not None:
        started = time.monotonic()
        proposals = propose(
            [tickets[i] for i in chosen],
            [predictions[i].category for i in chosen],
            drafters.generator,
            drafters.finder,
            settings,
        )
        seconds = time.monotonic() - started
        with database.begin(Role.WRITEBACK) as conn:
            values = vault.read(conn, [(tickets[i].ticket_id, tickets[i].revision) for i in chosen])
        for i, proposal in zip(chosen, proposals, strict=True):
            if proposal.refused is not None:
                predictions[i] = predictions[i]._replace(route="human", reason=proposal.refused)
                continue
            text = proposal.completion.text.strip()
            body = restore(text, values.get((tickets[i].ticket_id, tickets[i].revision), {}))
            if PLACEHOLDER.search(body):
                # The ticket was scrubbed anew, or forgotten, since it was claimed.
                predictions[i] = predictions[i]._replace(route="human", reason="its personal data can't be restored")
                continue
            drafts[i] = queue.DraftRow(
                body=body,
                placeholder_body=text,
                generator_version=drafters.generator.version,
                snapshot_id=drafters.generator.snapshot_id,
                prompt_version=PROMPT_VERSION,
                prompt_tokens=proposal.completion.prompt_tokens,
                completion_tokens=proposal.completion.completion_tokens,
                seconds=seconds / len(chosen),
            )
    results = [
        queue.Result(ticket, predictions[i], drafters.classifier.version, drafts.get(i))
        for i, ticket in enumerate(tickets)
    ]
    return results, seconds


def _checked(ticket: CleanTicket, said: Prediction, generator: Generator | None) -> Prediction:
    reason = why_no_draft(ticket.language, generator) if said.route == "auto" else None
    return said._replace(route="human", reason=reason) if reason else said
