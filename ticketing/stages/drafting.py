"""Clean → classified → proposed → guarded → restored: turns clean tickets into replies that a reviewer can read.

This module does not use the database: `ticketing.drafting` claims tickets and writes drafts back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ticketing.privacy.placeholders import PLACEHOLDER, restore
from ticketing.settings import Settings
from ticketing.stages.guard import ReplyScrubber
from ticketing.stages.proposing import propose, reply_request, why_no_draft
from ticketing.stages.protocols import Classifier, Completion, Generator, Prediction
from ticketing.tickets import CleanTicket

Values = Mapping[str, str]  # the personal values of one ticket: placeholder → value


@dataclass(frozen=True)
class Drafters:
    """The champion models, and the scrubber that checks replies. `generator` is None before the first promotion."""

    classifier: Classifier
    generator: Generator | None
    scrubber: ReplyScrubber


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply to one ticket: `body` has the personal values restored, `placeholder_body` has placeholders."""

    body: str
    placeholder_body: str
    completion: Completion

    def __repr__(self) -> str:
        return f"Reply(body=<{len(self.body)} characters>)"


class Drafted(NamedTuple):
    """The result for one ticket. If `reply` is None, `no_reply` gives the reason."""

    prediction: Prediction
    reply: Reply | None
    no_reply: str | None


class DraftedTickets(NamedTuple):
    """The results for several tickets, in order, and the seconds that the generator took for all of them."""

    tickets: list[Drafted]
    engine_seconds: float


def draft_tickets(
    tickets: Sequence[CleanTicket],
    drafters: Drafters,
    read_values: Callable[[list[int]], list[Values]],
    settings: Settings,
    also_unsure: bool = False,
) -> DraftedTickets:
    """Classifies tickets, and drafts a reply to each ticket that is routed automatically.

    Args:
        tickets: scrubbed and cleaned tickets.
        drafters: the champions.
        read_values: returns the personal values of the tickets at these indices. It is called only for tickets with a
            reply.
        settings: give the instructions of the departments.
        also_unsure: also drafts replies for tickets that the classifier routes to a human.

    Returns:
        one result per ticket, in order. A ticket without a reply is routed to a human.
    """
    predictions = drafters.classifier.predict(tickets)
    reasons = [
        prediction.reason if prediction.route == "human" and not also_unsure
        else why_no_draft(ticket.language, drafters.generator)
        for ticket, prediction in zip(tickets, predictions, strict=True)
    ]  # fmt: skip
    draftable = [i for i, reason in enumerate(reasons) if reason is None]
    replies: dict[int, Reply] = {}
    seconds = 0.0
    if draftable and drafters.generator is not None:
        requests = [reply_request(tickets[i], predictions[i].category, settings) for i in draftable]
        proposals, seconds = propose(requests, drafters.generator, drafters.scrubber)
        for i, proposal in zip(draftable, proposals, strict=True):
            reasons[i] = proposal.refused
        usable = [(i, proposal) for i, proposal in zip(draftable, proposals, strict=True) if proposal.refused is None]
        for (i, proposal), values in zip(usable, read_values([i for i, _ in usable]), strict=True):
            reply = restored(proposal.completion, values)
            if PLACEHOLDER.search(reply.body):
                # Since the ticket was read, it was scrubbed again or forgotten.
                reasons[i] = "the value of a placeholder in the reply is not stored"
            else:
                replies[i] = reply
    return DraftedTickets(
        [
            Drafted(_routed(prediction, reason), replies.get(i), reason)
            for i, (prediction, reason) in enumerate(zip(predictions, reasons, strict=True))
        ],
        seconds,
    )


def restored(completion: Completion, values: Values) -> Reply:
    """The reply with its placeholders replaced by the ticket's personal values."""
    text = completion.text.strip()
    return Reply(restore(text, values), text, completion)


def _routed(prediction: Prediction, no_reply: str | None) -> Prediction:
    if prediction.route == "auto" and no_reply is not None:
        return prediction._replace(route="human", reason=no_reply)
    return prediction
