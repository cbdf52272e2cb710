"""The protocols of the classifier and the generator that the stages call, and the types that both return.

The package `models` implements the protocols. So the stages import no model library.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from ticketing.stages.prompts import Message
from ticketing.tickets import CleanTicket

Route = Literal["auto", "human"]


class Prediction(NamedTuple):
    """The classifier's result for one ticket."""

    category: str
    confidence: float
    threshold: float | None  # None: no threshold reaches the required accuracy in this language
    route: Route
    reason: str | None  # why the ticket goes to a human; None: it is routed automatically
    second_category: str | None = None
    second_confidence: float | None = None
    in_scope: float | None = None  # the conformal p-value of the hypothesis that the ticket is in scope
    out_of_scope: bool = False


class Completion(NamedTuple):
    """The text with which the engine continues one conversation."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str  # 'stop': the model ended the text; 'length': it was cut off; 'error': the prompt is too long


class Classifier(Protocol):
    """Predicts the category of tickets, and whether to route them automatically or to a human."""

    @property
    def version(self) -> str:
        """The model version."""
        ...

    def predict(self, tickets: Sequence[CleanTicket]) -> list[Prediction]:
        """One prediction per ticket, in order."""
        ...


class Generator(Protocol):
    """Writes replies."""

    @property
    def version(self) -> str:
        """The model version."""
        ...

    @property
    def snapshot_id(self) -> str:
        """The snapshot that the model was trained on."""
        ...

    @property
    def languages(self) -> frozenset[str] | None:
        """The languages in which the model drafts; None: all languages."""
        ...

    def complete(self, conversations: Sequence[list[Message]], again: bool = False) -> list[Completion]:
        """One completion per conversation, in order. With `again`, the model samples, to give a different reply."""
        ...
