"""Generates the sample shop's tickets: historical tickets with categories and replies, and new tickets without them.

`request` writes what the customer sends, and `reply` writes the human agent's answer. `intents` has the shop's policy.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from ticketing.privacy.placeholders import Span
from ticketing.sample import chinese, english
from ticketing.sample.details import make_days, make_values
from ticketing.sample.intents import INTENTS
from ticketing.sample.reply import write_reply
from ticketing.sample.request import Writer
from ticketing.tickets import Ticket

END_OF_HISTORY = datetime(2026, 10, 31, tzinfo=UTC)
HISTORY_DAYS = 730
INCOMING_DAYS = 5
CATEGORIES = {intent.category for intent in INTENTS}
FREQUENCIES = [intent.frequency for intent in INTENTS]
CHINESE_SHARE = 0.35
WRONG_LABEL_EVERY = 200  # one historical ticket in so many has a wrong category
SENT_AGAIN_SHARE = 0.03  # the customer sends the previous ticket again

Role = Literal["history", "incoming"]


@dataclass(frozen=True)
class SampleTicket:
    """A made-up ticket with its correct category and decision, and the spans of the personal data in each field.

    `true_category` is the department that is responsible; the category of a few tickets differs from it. `decision` is
    the intent and the policy's case, such as 'refund_missing/after_14_days', or the intent and the question that the
    human agent must ask first.
    """

    role: Role
    ticket: Ticket
    true_category: str
    decision: str
    spans: dict[str, tuple[Span, ...]]


def generate_tickets(seed: int = 0, history: int = 3000, incoming: int = 300) -> Iterator[SampleTicket]:
    """Yields `history` answered tickets from the time before `END_OF_HISTORY`, then `incoming` new tickets.

    The same arguments give the same tickets. A ticket can mention two matters. Its category is the department for the
    matter that the customer asks about. If the customer asks about both, the more urgent matter decides.
    """
    rng = random.Random(f"{seed}:{history}:{incoming}")  # noqa: S311 — made-up tickets, no secrets
    previous: SampleTicket | None = None
    for index in range(history + incoming):
        role: Role = "history" if index < history else "incoming"
        if role == "history":
            created = END_OF_HISTORY - timedelta(days=HISTORY_DAYS * (history - index - rng.random()) / history)
        else:
            created = END_OF_HISTORY + timedelta(days=INCOMING_DAYS * (index - history + rng.random()) / incoming)
        if previous and previous.role == role and rng.random() < SENT_AGAIN_SHARE:
            sample = _sent_again(rng, previous, f"T{index + 1:06d}")
        else:
            sample = _new_ticket(rng, f"T{index + 1:06d}", role, created)
        if role == "history" and index % WRONG_LABEL_EVERY == WRONG_LABEL_EVERY // 2:
            wrong_categories = sorted(CATEGORIES - {sample.true_category})
            sample = replace(sample, ticket=replace(sample.ticket, category=rng.choice(wrong_categories)))
        previous = sample
        yield sample


def _new_ticket(rng: random.Random, ticket_id: str, role: Role, created: datetime) -> SampleTicket:
    language = "zh" if rng.random() < CHINESE_SHARE else "en"
    texts = chinese if language == "zh" else english
    intent = rng.choices(INTENTS, FREQUENCIES)[0]
    days = make_days(rng, intent)
    values = make_values(rng, language, created, days)
    request = Writer(rng, texts, intent, values, days).write()
    reply = write_reply(rng, texts, intent, values, request) if role == "history" else None
    replied = created + timedelta(hours=rng.uniform(1, 40)) if reply else None
    ticket = Ticket(
        ticket_id=ticket_id,
        revision=1,
        created_at=created,
        updated_at=replied or created,
        language=language,
        subject=request.subject.text,
        body=request.body.text,
        category=intent.category if role == "history" else None,
        reply=reply.text if reply else None,
        replied_at=replied,
    )
    spans = {"subject": request.subject.spans, "body": request.body.spans, "reply": reply.spans if reply else ()}
    return SampleTicket(role, ticket, intent.category, request.decision, spans)


def _sent_again(rng: random.Random, first: SampleTicket, ticket_id: str) -> SampleTicket:
    """The first ticket, sent again some hours later with an additional first line."""
    ticket = first.ticket
    texts = chinese if ticket.language == "zh" else english
    line = rng.choice(texts.phrases.FIRST_LINES_SENT_AGAIN) + "\n"
    created = ticket.updated_at + timedelta(hours=rng.uniform(1, 20))
    replied = created + timedelta(hours=2) if ticket.reply else None
    again = replace(
        ticket, ticket_id=ticket_id, created_at=created, updated_at=replied or created, body=line + ticket.body,
        category=first.true_category if ticket.category else None, replied_at=replied,
    )  # fmt: skip
    moved_spans = tuple(Span(span.start + len(line), span.end + len(line), span.kind) for span in first.spans["body"])
    return replace(first, ticket=again, spans={**first.spans, "body": moved_spans})
