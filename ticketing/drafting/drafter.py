"""From scrubbed tickets to proposed replies: what the models must offer, and what a reply must keep to.

It takes both through protocols and knows neither model library nor database.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from ticketing.drafting.guard import Checked, Finder, why_unsafe
from ticketing.drafting.prompts import Message, instruction, messages, ticket_input
from ticketing.settings import Settings
from ticketing.tickets import CleanTicket

Route = Literal["auto", "human"]


class Prediction(NamedTuple):
    """What the classifier says of one ticket."""

    category: str
    confidence: float
    threshold: float | None  # None: no threshold is good enough in this language
    route: Route
    reason: str | None  # why a human; None on auto
    second_category: str | None = None
    second_confidence: float | None = None
    in_scope: float | None = None  # share of validation tickets as unlike the training tickets as this one
    out_of_scope: bool = False


class Completion(NamedTuple):
    """What the engine wrote for one conversation."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str  # 'stop': the model ended it; 'length': cut off; 'error': the prompt was too long


class Classifier(Protocol):
    """Sorts tickets into categories, and says when it is not sure."""

    @property
    def version(self) -> str:
        """The model version."""
        ...

    def predict(self, tickets: Sequence[CleanTicket]) -> list[Prediction]:
        """One prediction a ticket, in order."""
        ...


class Generator(Protocol):
    """Writes replies."""

    @property
    def version(self) -> str:
        """The model version."""
        ...

    @property
    def snapshot_id(self) -> str:
        """The snapshot it was trained on."""
        ...

    @property
    def languages(self) -> frozenset[str] | None:
        """The languages it drafts in; None: any."""
        ...

    def complete(self, conversations: Sequence[list[Message]], again: bool = False) -> list[Completion]:
        """One completion a conversation, in order; `again` asks for other words than the first time."""
        ...


class Proposal(NamedTuple):
    """A reply in placeholder form, or why there is none."""

    completion: Completion
    refused: str | None
    unsafe: bool = False  # refused by the guard


def why_no_draft(language: str, generator: Generator | None) -> str | None:
    """Why no reply can be proposed in this language; None when one can."""
    if generator is None:
        return "no reply generator has been promoted"
    if generator.languages is not None and language not in generator.languages:
        return f"no generator for language {language!r}"
    return None


def propose(
    tickets: Sequence[CleanTicket],
    categories: Sequence[str],
    generator: Generator,
    finder: Finder,
    settings: Settings,
) -> list[Proposal]:
    """One proposal a ticket, in order; the tickets are in languages that the generator drafts in.

    A reply that the guard refuses is written anew, once, with other words likely.
    """
    conversations = [
        messages(instruction(category, ticket.language, settings), ticket_input(ticket))
        for ticket, category in zip(tickets, categories, strict=True)
    ]
    proposals = _checked(tickets, conversations, generator.complete(conversations), finder)
    again = [i for i, proposal in enumerate(proposals) if proposal.unsafe]
    if again:
        second = generator.complete([conversations[i] for i in again], again=True)
        chosen = _checked([tickets[i] for i in again], [conversations[i] for i in again], second, finder)
        for i, proposal in zip(again, chosen, strict=True):
            proposals[i] = proposal
    return proposals


def _checked(
    tickets: Sequence[CleanTicket],
    conversations: Sequence[list[Message]],
    completions: Sequence[Completion],
    finder: Finder,
) -> list[Proposal]:
    unsafe = why_unsafe(
        [
            Checked(completion.text, ticket.text, conversation[0]["content"])
            for ticket, conversation, completion in zip(tickets, conversations, completions, strict=True)
        ],
        finder,
    )
    return [
        Proposal(completion, why_unusable(completion) or reason, reason is not None)
        for completion, reason in zip(completions, unsafe, strict=True)
    ]


def why_unusable(completion: Completion) -> str | None:
    """Why there is no reply to show; None when there is one."""
    if completion.finish_reason == "error":
        return "the ticket is too long for the model"
    if completion.finish_reason == "length":
        return "the reply was cut off"
    if not completion.text.strip():
        return "the reply was empty"
    return None
