"""Clean → proposed → guarded: asks the generator for replies, and refuses the replies that the guard finds unsafe.

`ticketing.stages.drafting` decides which tickets get a reply.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

from ticketing.settings import Settings
from ticketing.stages.guard import ReplyCheck, ReplyScrubber, why_unsafe
from ticketing.stages.prompts import instruction, messages, ticket_input
from ticketing.stages.protocols import Completion, Generator
from ticketing.tickets import CleanTicket


class Request(NamedTuple):
    """A request for one reply: the clean ticket, the instruction, and the ticket as the generator reads it."""

    ticket_text: str
    instruction: str
    input: str


class Proposal(NamedTuple):
    """A reply in placeholder form. `refused` is the reason why the reply must not be shown; None if it may be shown."""

    completion: Completion
    refused: str | None


class Proposed(NamedTuple):
    """One proposal per request, in order, and the seconds that the generator alone took for all of them."""

    proposals: list[Proposal]
    engine_seconds: float


def reply_request(ticket: CleanTicket, category: str, settings: Settings) -> Request:
    """The request to write a department's reply to a ticket."""
    return Request(ticket.text, instruction(category, ticket.language, settings), ticket_input(ticket))


def why_no_draft(language: str, generator: Generator | None) -> str | None:
    """The reason why no reply can be proposed in this language; None if one can."""
    if generator is None:
        return "no reply generator has been promoted"
    if generator.languages is not None and language not in generator.languages:
        return f"the generator does not write language {language!r}"
    return None


def propose(requests: Sequence[Request], generator: Generator, scrubber: ReplyScrubber) -> Proposed:
    """Asks for one reply per request. If the guard finds a reply unsafe, one other reply is sampled instead.

    Args:
        requests: requests in the generator's languages only.
        generator: writes the replies.
        scrubber: finds personal data in the replies.
    """
    completions, seconds = _generate(requests, generator, again=False)
    unsafe = _guard(requests, completions, scrubber)
    retry_indices = [i for i, reason in enumerate(unsafe) if reason is not None]
    if retry_indices:
        retry_requests = [requests[i] for i in retry_indices]
        retry_completions, retry_seconds = _generate(retry_requests, generator, again=True)
        seconds += retry_seconds
        reasons = _guard(retry_requests, retry_completions, scrubber)
        for i, completion, reason in zip(retry_indices, retry_completions, reasons, strict=True):
            completions[i], unsafe[i] = completion, reason
    proposals = [
        Proposal(completion, why_unusable(completion) or reason)
        for completion, reason in zip(completions, unsafe, strict=True)
    ]
    return Proposed(proposals, seconds)


def why_unusable(completion: Completion) -> str | None:
    """The reason why a completion is not a complete reply; None if it is one."""
    if completion.finish_reason == "error":
        return "the ticket is too long for the model"
    if completion.finish_reason == "length":
        return "the reply was cut off"
    if not completion.text.strip():
        return "the reply was empty"
    return None


def _generate(requests: Sequence[Request], generator: Generator, again: bool) -> tuple[list[Completion], float]:
    started = time.monotonic()
    conversations = [messages(request.instruction, request.input) for request in requests]
    return list(generator.complete(conversations, again)), time.monotonic() - started


def _guard(requests: Sequence[Request], completions: Sequence[Completion], scrubber: ReplyScrubber) -> list[str | None]:
    return why_unsafe(
        [
            ReplyCheck(completion.text, request.ticket_text, request.instruction)
            for request, completion in zip(requests, completions, strict=True)
        ],
        scrubber,
    )
