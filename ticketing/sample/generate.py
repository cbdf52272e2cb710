"""Puts the sample shop's tickets together: history with categories and replies, and new tickets, from a seed.

The texts are in `english` and `chinese`, the customers in `people`.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Literal

from ticketing.privacy.placeholders import Span
from ticketing.sample import chinese, english, noise
from ticketing.sample.intents import Intent
from ticketing.sample.people import contact, make_person
from ticketing.sample.text import Personal, Text, fill, join
from ticketing.tickets import Ticket

END_OF_HISTORY = datetime(2026, 10, 31, tzinfo=UTC)
HISTORY_DAYS = 730
INCOMING_DAYS = 5
CATEGORIES = {intent.category for intent in english.INTENTS}
CHINESE_SHARE = 0.35
WRONG_LABEL_EVERY = 200
NEAR_DUPLICATES = 0.03
SETTLED_MENTIONED = 0.45
TWO_TOPICS = 0.28
# The commonest wording of a slot is the house style; the others are what agents also write.
WORDINGS = (0.8, 0.15, 0.05)
# name, name in Chinese, price, months of warranty, what for, the same in Chinese
PRODUCTS = (
    ("steel kettle", "电热水壶 Pro", 39.9, 24, "kitchens up to ten people", "十人以下的厨房"),
    ("desk lamp", "LED台灯", 54.5, 24, "reading and desk work", "阅读和办公"),
    ("hiking backpack", "双肩包", 89.0, 12, "day trips and light rain", "短途旅行和小雨"),
    ("wireless headphones", "无线耳机 Max", 129.0, 24, "travel and calls", "旅行和通话"),
    ("robot vacuum", "吸尘器 S5", 219.0, 36, "floors and short carpets", "地板和短毛地毯"),
    ("smoothie blender", "搅拌机", 74.9, 24, "smoothies and soups", "果汁和浓汤"),
    ("cordless drill", "电钻", 149.0, 36, "wood, brick and thin steel", "木材、砖墙和薄钢板"),
    ("office chair", "办公椅", 189.0, 60, "people up to 120 kilograms", "120公斤以内的使用者"),
    ("shower speaker", "蓝牙音箱 Mini", 59.0, 12, "rooms up to 20 square metres", "20平方米以内的房间"),
    ("baby monitor", "婴儿监视器", 99.0, 24, "distances up to 200 metres", "200米以内的距离"),
    ("camping tent", "帐篷", 259.0, 24, "three seasons and two people", "三季双人使用"),
    ("sports watch", "运动手表", 179.0, 24, "swimming, but not diving", "游泳，但不适合潜水"),
)


@dataclass(frozen=True)
class SampleTicket:
    """A made-up ticket, the category it really belongs to, and where its personal data is: field → spans."""

    role: Literal["history", "incoming"]
    ticket: Ticket
    true_category: str
    spans: dict[str, tuple[Span, ...]]


def generate_tickets(seed: int = 0, history: int = 3000, incoming: int = 300) -> Iterator[SampleTicket]:
    """The sample shop's tickets: `history` answered ones up to `END_OF_HISTORY`, then `incoming` new ones.

    The same seed and numbers give the same tickets. Of a ticket that mentions two matters, the category is that of what
    it asks for; the other is mentioned as settled.
    """
    rng = random.Random(f"{seed}:{history}:{incoming}")  # noqa: S311 — made-up tickets, no secrets
    last: SampleTicket | None = None
    for number in range(history + incoming):
        role: Literal["history", "incoming"] = "history" if number < history else "incoming"
        if role == "history":
            created = END_OF_HISTORY - timedelta(days=HISTORY_DAYS * (history - number - rng.random()) / history)
        else:
            created = END_OF_HISTORY + timedelta(days=INCOMING_DAYS * (number - history + rng.random()) / incoming)
        if last and last.role == role and rng.random() < NEAR_DUPLICATES:
            one = _sent_again(rng, last, f"T{number + 1:06d}")
        else:
            one = _ticket(rng, f"T{number + 1:06d}", role, created)
        if role == "history" and number % WRONG_LABEL_EVERY == WRONG_LABEL_EVERY // 2:
            wrong = sorted(CATEGORIES - {one.true_category})
            one = replace(one, ticket=replace(one.ticket, category=rng.choice(wrong)))
        last = one
        yield one


def _ticket(
    rng: random.Random, ticket_id: str, role: Literal["history", "incoming"], created: datetime
) -> SampleTicket:
    language = "zh" if rng.random() < CHINESE_SHARE else "en"
    texts = chinese if language == "zh" else english
    intent: Intent = rng.choice(texts.INTENTS)
    days = _days(rng, intent)
    values = _values(rng, language, created, days)
    subject, body = _request(rng, texts, intent, values, language)
    reply = _reply(rng, texts, intent, values, days, body) if role == "history" else None
    replied = created + timedelta(hours=rng.uniform(1, 40)) if reply else None
    ticket = Ticket(
        ticket_id=ticket_id,
        revision=1,
        created_at=created,
        updated_at=replied or created,
        language=language,
        subject=subject.text,
        body=body.text,
        category=intent.category if role == "history" else None,
        reply=reply.text if reply else None,
        replied_at=replied,
    )
    spans = {"subject": subject.spans, "body": body.spans, "reply": reply.spans if reply else ()}
    return SampleTicket(role, ticket, intent.category, spans)


def _days(rng: random.Random, intent: Intent) -> int:
    """How many days ago the order was: on either side of the intent's limit, but not so near that it is unclear."""
    if not intent.days:
        return rng.randrange(3, 60)
    margin = max(1, intent.days // 10)
    if rng.random() < 0.5:
        return rng.randrange(1, intent.days - margin + 1)
    return rng.randrange(intent.days + margin, 2 * intent.days + margin + 1)


def _values(rng: random.Random, language: str, created: datetime, days: int) -> dict[str, Personal | str]:
    name, name_zh, price, warranty, use, use_zh = rng.choice(PRODUCTS)
    price = round(price * rng.choice((0.8, 0.9, 1.0, 1.0, 1.1)), 2)
    ordered, later = (created - timedelta(days=days)).date(), (created - timedelta(days=max(1, days // 3))).date()
    zh = language == "zh"
    return {
        **make_person(rng, language),
        "product": (name if rng.random() < 0.3 else name_zh) if zh else name,
        "amount": f"{price:.2f}元" if zh else f"{price:.2f} EUR",
        "date": _date(ordered, language),
        "date2": _date(later, language),
        "days": str(days),
        "count": str(rng.randrange(2, 9)),
        "warranty": str(warranty),
        "use": use,
        "use_zh": use_zh,
    }


def _date(day: date, language: str) -> str:
    return f"{day.month}月{day.day}日" if language == "zh" else f"{day.day} {day:%B}"


def _request(
    rng: random.Random, texts: ModuleType, intent: Intent, values: dict[str, Personal | str], language: str
) -> tuple[Text, Text]:
    gap = "" if language == "zh" else " "
    sentences = [rng.choice(texts.OPENINGS), rng.choice(intent.problems), rng.choice(intent.asks)]
    others = [other for other in texts.INTENTS if other.category != intent.category]
    if rng.random() < TWO_TOPICS:
        values = {**values, "topic": intent.topic, "other": rng.choice(others).topic}
        sentences[1:] = [rng.choice(texts.TWO_TOPICS)]
    elif rng.random() < 0.25:  # only what is asked, without the story
        sentences.pop(1)
    elif rng.random() < SETTLED_MENTIONED:
        sentences.insert(rng.randrange(len(sentences) + 1), rng.choice(rng.choice(others).settled))
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        sentences.insert(rng.randrange(len(sentences) + 1), rng.choice(texts.FILLERS))
    if rng.random() < 0.4:
        sentences.append(contact(rng, values, language))  # type: ignore[arg-type]
    paragraph = join([fill(sentence, values) for sentence in sentences], gap)
    closing = fill(rng.choice(texts.CLOSINGS), values)
    body = join([fill(rng.choice(texts.GREETINGS), values), paragraph, closing], "\n\n" if rng.random() < 0.6 else "\n")
    if language == "en" and rng.random() < 0.35:
        body = noise.with_typos(rng, body, rng.choice((0.01, 0.03)))
    if rng.random() < 0.15:
        body = join([body, noise.signature(rng, values, language)], "\n\n")
    if rng.random() < 0.1:
        body = join([body, noise.quoted_mail(rng, values, language, paragraph)], "\n\n")
    # A subject that names the matter would give away which of two it is.
    subjects = intent.subjects if "topic" not in values else ("{order}", "{product}")
    subject = fill(rng.choice(subjects), values) if rng.random() < 0.85 else Text()
    return subject, body.stripped()


def _reply(
    rng: random.Random, texts: ModuleType, intent: Intent, values: dict[str, Personal | str], days: int, body: Text
) -> Text:
    def wording(variants: Sequence[str]) -> Text:
        weights = WORDINGS[: len(variants)]
        return fill(rng.choices(variants, weights)[0], {**values, "team": texts.TEAMS[intent.category]})

    named = any(span.kind == "PERSON" for span in body.spans)
    holds = "always" if "always" in intent.policy else ("within" if days <= intent.days else "after")
    gap = "" if texts is chinese else " "
    sentences = [
        wording(intent.acknowledgement),
        wording(texts.CASES),
        wording(intent.policy[holds]),
        wording(intent.next_step),
    ]
    greeting = wording(texts.REPLY_GREETINGS if named else texts.REPLY_GREETINGS_NO_NAME)
    return join([greeting, join(sentences, gap), wording(texts.REPLY_CLOSINGS)], "\n\n")


def _sent_again(rng: random.Random, first: SampleTicket, ticket_id: str) -> SampleTicket:
    """The same ticket, sent once more some hours later with a line before it."""
    ticket = first.ticket
    texts = chinese if ticket.language == "zh" else english
    line = rng.choice(texts.NEAR_DUPLICATE) + "\n"
    created = ticket.updated_at + timedelta(hours=rng.uniform(1, 20))
    replied = created + timedelta(hours=2) if ticket.reply else None
    again = replace(
        ticket, ticket_id=ticket_id, created_at=created, updated_at=replied or created, body=line + ticket.body,
        category=first.true_category if ticket.category else None, replied_at=replied,
    )  # fmt: skip
    moved = tuple(Span(s.start + len(line), s.end + len(line), s.kind) for s in first.spans["body"])
    return SampleTicket(first.role, again, first.true_category, {**first.spans, "body": moved})
