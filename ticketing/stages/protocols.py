"""What the stages need from the models, as protocols: a classifier, a generator, and what they return.

The models themselves live in `models`; nothing here imports a model library.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from ticketing.stages.prompts import Message
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
