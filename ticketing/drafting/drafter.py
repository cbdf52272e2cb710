"""From scrubbed tickets to proposed replies: what the models must offer, and what a reply must keep to.

It takes both through protocols and knows neither model library nor database.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from ticketing.drafting.prompts import Message, instruction, messages, ticket_input
from ticketing.privacy.placeholders import foreign_placeholders
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

    def complete(self, conversations: Sequence[list[Message]]) -> list[Completion]:
        """One completion a conversation, in order."""
        ...


class Proposal(NamedTuple):
    """A reply in placeholder form, or why there is none."""

    completion: Completion
    refused: str | None


def why_no_draft(language: str, generator: Generator | None) -> str | None:
    """Why no reply can be proposed in this language; None when one can."""
    if generator is None:
        return "no reply generator has been promoted"
    if generator.languages is not None and language not in generator.languages:
        return f"no generator for language {language!r}"
    return None


def propose(
    tickets: Sequence[CleanTicket], categories: Sequence[str], generator: Generator, settings: Settings
) -> list[Proposal]:
    """One proposal a ticket, in order; the tickets are in languages that the generator drafts in."""
    conversations = [
        messages(instruction(category, ticket.language, settings), ticket_input(ticket))
        for ticket, category in zip(tickets, categories, strict=True)
    ]
    completions = generator.complete(conversations)
    return [
        Proposal(completion, why_refused(completion, ticket))
        for ticket, completion in zip(tickets, completions, strict=True)
    ]


def why_refused(completion: Completion, ticket: CleanTicket) -> str | None:
    """Why a reply is not shown to a reviewer; None when it is.

    A placeholder that is not in the ticket stands for nobody: it was learnt from another customer's ticket.
    """
    if completion.finish_reason == "error":
        return "the ticket is too long for the model"
    if completion.finish_reason == "length":
        return "the reply was cut off"
    if not completion.text.strip():
        return "the reply was empty"
    foreign = foreign_placeholders(completion.text, f"{ticket.subject}\n{ticket.body}")
    if foreign:
        return f"the reply names {', '.join(sorted(foreign))}, which the ticket does not"
    return None
