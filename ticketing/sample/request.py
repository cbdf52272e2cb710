"""Writes a customer's ticket in one of several forms, and records which details it contains.

`english` and `chinese` have the texts; `noise` adds typing mistakes and quoted mail.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from ticketing.sample import noise
from ticketing.sample.details import Values
from ticketing.sample.intents import ASK_DATE, ASK_ORDER_NUMBER, CHECK_ORDER_NUMBER, INTENTS, Intent, Wording
from ticketing.sample.people import contact
from ticketing.sample.text import FIELD, Text, fill, join

# The number of tickets of each form per hundred tickets. There are half as many Chinese tickets, so fewer of them have a
# hard form.
FORMS = {
    "en": {"plain": 28, "two topics": 33, "one line": 9, "thread": 11, "two requests": 7, "follow-up": 6, "rant": 6},
    "zh": {"plain": 39, "two topics": 21, "one line": 9, "thread": 12, "two requests": 7, "follow-up": 6, "rant": 6},
}
ONE_LINE, TWO_TOPICS, THREAD, RANT = "one line", "two topics", "thread", "rant"
SETTLED_MENTIONED = 0.45
SINCE_TOLD = 0.88
CONTACT_LEFT = 0.35
COLLOQUIAL = 0.3
WITH_TYPOS = 0.3
EMOJI = 0.12


@dataclass(frozen=True)
class Request:
    """A customer's ticket.

    `named`: whether it contains the customer's name. `told`: the fields that it contains. `passed_on`: the intent of a
    second request, which another department answers.
    """

    subject: Text
    body: Text
    named: bool
    told: frozenset[str]
    decision: str
    passed_on: Intent | None


class Writer:
    """Writes one ticket of an intent."""

    def __init__(self, rng: random.Random, texts: ModuleType, intent: Intent, values: Values, days: int) -> None:
        self._rng, self._texts, self._values = rng, texts.phrases, values
        self._wordings: dict[str, Wording] = texts.WORDINGS
        self._language: str = self._texts.LANGUAGE
        self._intent, self._own = intent, self._wordings[intent.name]
        # Another department's matter, for tickets that mention two.
        self._other = rng.choice([one for one in INTENTS if one.category != intent.category])
        forms = FORMS[self._language]
        self._form = rng.choices(list(forms), list(forms.values()))[0]
        self._case = self._choose_case(days)

    def write(self) -> Request:
        """The ticket."""
        rng = self._rng
        paragraphs = self._paragraphs()
        subject = self._subject(paragraphs)
        told = frozenset(FIELD.findall("\n".join([subject, *paragraphs])))
        body = join([fill(one, self._values) for one in paragraphs], rng.choice(("\n\n", "\n\n", "\n")))
        if rng.random() < COLLOQUIAL:
            body = noise.colloquial(rng, body, self._language)
        elif self._language == "en" and rng.random() < WITH_TYPOS:
            body = noise.with_typos(rng, body, rng.choice((0.01, 0.03)))
        # Checked before the tail is added: cleaning cuts off signatures and quoted mail.
        named = any(span.kind == "PERSON" for span in body.spans)
        body = self._with_tail(body)
        passed_on = self._other if self._form == "two requests" else None
        return Request(fill(subject, self._values), body.stripped(), named, told, self._decision(told), passed_on)

    def _choose_case(self, days: int) -> str:
        cases = self._intent.cases
        if self._intent.days:
            return cases[0] if days <= self._intent.days else cases[1]
        told = {ONE_LINE: 0.0, TWO_TOPICS: 0.25}.get(self._form, 0.45)
        return self._rng.choice(cases[1:]) if self._rng.random() < told else cases[0]

    def _decision(self, told: frozenset[str]) -> str:
        if self._intent.order == "needed" and "order" not in told:
            decision = CHECK_ORDER_NUMBER if "wrong" in told else ASK_ORDER_NUMBER
        elif self._intent.days and "age" not in told:
            decision = ASK_DATE
        else:
            decision = self._case
        return f"{self._intent.name}/{decision}"

    def _paragraphs(self) -> list[str]:
        rng = self._rng
        if self._form == ONE_LINE:
            return [rng.choice(self._own.shorts) + (noise.emoji(rng, self._language) if rng.random() < EMOJI else "")]
        greeting, closing = rng.choice(self._texts.GREETINGS), rng.choice(self._texts.CLOSINGS)
        middle = {
            "plain": self._plain, TWO_TOPICS: self._two_topics, THREAD: self._thread,
            "two requests": self._two_requests, "follow-up": self._follow_up, RANT: self._rant,
        }[self._form]()  # fmt: skip
        if rng.random() < CONTACT_LEFT:
            middle[-1] = self._joined([middle[-1], contact(rng, self._language)])
        if rng.random() < EMOJI:
            middle[-1] += noise.emoji(rng, self._language)
        detail = self._detail()
        if detail and rng.random() < 0.15:
            return [greeting, *middle, _put(rng.choice(self._texts.CHANGED), detail=detail), closing]
        if detail:
            # Before or after the rest; an order that is only mentioned does not come first.
            first = self._intent.order != "none" and rng.random() < 0.7
            middle[0] = self._joined([detail, middle[0]] if first else [middle[0], detail])
        return [greeting, *middle, closing]

    def _detail(self) -> str:
        """How the ticket names its order: correctly, wrongly, or not at all."""
        rng, texts = self._rng, self._texts
        chance = rng.random()
        if self._intent.order == "none":
            # A ticket with two matters may name the order of the other matter.
            other = self._form in (TWO_TOPICS, THREAD) and self._other.order == "needed"
            return str(rng.choice(texts.WITH_ORDER)) if other and chance < 0.6 else ""
        if self._intent.order == "useful":
            return str(rng.choice(texts.WITH_ORDER)) if chance < 0.35 else ""
        for share, lines in ((0.74, texts.WITH_ORDER), (0.8, texts.WRONG_ORDER), (0.84, texts.MIXED_UP),
                             (0.93, texts.WITHOUT_ORDER)):  # fmt: skip
            if chance < share:
                return str(rng.choice(lines))
        return ""

    def _subject(self, paragraphs: Sequence[str]) -> str:
        rng = self._rng
        if rng.random() < (0.6 if self._form == ONE_LINE else 0.15):
            return ""
        # In a ticket with two matters, a subject that names one would give away the category.
        own = self._form in ("plain", ONE_LINE, RANT, "follow-up")
        named = {"order"} & set(FIELD.findall("\n".join(paragraphs)))
        subjects = [
            one
            for one in (self._own.subjects if own else self._texts.NEUTRAL_SUBJECTS)
            if named or "{order}" not in one
        ]
        return str(rng.choice(subjects))

    def _evidence(self) -> list[str]:
        """The sentence that makes the case apply: how long ago it happened, or the sentence for that case."""
        if self._intent.days:
            return [self._rng.choice(self._own.since)] if self._rng.random() < SINCE_TOLD else []
        return [self._rng.choice((self._own.telling or {})[self._case])] if self._case != self._intent.cases[0] else []

    def _request(self, story: float = 1.0) -> str:
        """Story, evidence and question; `story` is the probability that the story is included."""
        own = [self._rng.choice(self._own.stories)] if self._rng.random() < story else []
        return self._joined([*own, *self._evidence(), self._rng.choice(self._own.asks)])

    def _joined(self, sentences: Sequence[str]) -> str:
        return str(self._texts.GAP).join(one for one in sentences if one)

    def _filled(self, sentences: list[str], counts: Sequence[int] = (0, 0, 0, 1, 1, 2)) -> str:
        """The sentences, with some irrelevant sentences between them."""
        for filler in self._rng.sample(self._texts.FILLERS, self._rng.choice(counts)):
            sentences.insert(self._rng.randrange(len(sentences) + 1), filler)
        return self._joined(sentences)

    def _settled(self) -> str:
        return str(self._rng.choice(self._wordings[self._other.name].settled))

    def _plain(self) -> list[str]:
        sentences = [self._request(story=0.8)]
        if self._rng.random() < SETTLED_MENTIONED:
            sentences.insert(self._rng.randrange(2), self._settled())
        return [self._filled(sentences)]

    def _two_topics(self) -> list[str]:
        frame = self._rng.choice(self._texts.TWO_TOPICS)
        topic, other = (self._rng.choice(one.topics) for one in (self._own, self._wordings[self._other.name]))
        sentence = _put(frame, topic=topic, other=other)
        sentences = [sentence[:1].upper() + sentence[1:], *self._evidence()]
        if self._rng.random() < SETTLED_MENTIONED:
            sentences.insert(self._rng.randrange(len(sentences) + 1), self._settled())
        return [self._filled(sentences)]

    def _two_requests(self) -> list[str]:
        other = self._rng.choice(self._wordings[self._other.name].topics)
        return [_put(self._rng.choice(self._texts.TWO_REQUESTS), ask=self._request(story=0.5), other=other)]

    def _thread(self) -> list[str]:
        if self._rng.random() < 0.4:
            update = _put(self._rng.choice(self._texts.STILL_OPEN), settled=self._settled())
            return [self._filled([self._request()]), update]
        first = self._wordings[self._other.name]
        before = self._joined([self._rng.choice(first.stories), self._rng.choice(first.asks)])
        request = self._request(story=0.7)
        return [before, _put(self._rng.choice(self._texts.NOW_ANOTHER), settled=self._settled(), request=request)]

    def _follow_up(self) -> list[str]:
        return [self._joined([self._rng.choice(self._texts.FOLLOW_UPS), self._request()])]

    def _rant(self) -> list[str]:
        rng = self._rng
        anger = rng.sample(self._texts.RANT, rng.randrange(6, 21))
        ask = self._joined([rng.choice(self._texts.RANT_ASK), self._request(story=0.0)])
        first = [rng.choice(self._own.stories), ask]
        if rng.random() < SETTLED_MENTIONED:
            anger.insert(rng.randrange(len(anger)), self._settled())
        if rng.random() < 0.4:
            anger.append(ask)
        half = len(anger) // 2
        return [self._joined(first), self._joined(anger[:half]), self._joined(anger[half:])]

    def _with_tail(self, body: Text) -> Text:
        """The body with a signature and quoted mail, which cleaning removes."""
        rng = self._rng
        tail = [body]
        if self._form != ONE_LINE and rng.random() < 0.15:
            tail.append(noise.signature(rng, self._values, self._language))
        if self._form == "follow-up":
            before = self._wordings[rng.choice([self._intent, self._other]).name]
            earlier = fill(self._joined([rng.choice(before.stories), rng.choice(before.asks)]), self._values)
            answer = rng.choice(self._texts.QUESTIONS_BACK)
            tail.append(noise.quoted_mail(rng, self._values, self._language, earlier, answer))
        elif self._form != ONE_LINE and rng.random() < 0.08:
            tail.append(noise.quoted_mail(rng, self._values, self._language, body.piece(0, 200)))
        return join(tail, "\n\n")


def _put(template: str, **parts: str) -> str:
    """The template with some fields replaced by parts, which are templates as well; its other fields stay."""
    for name, part in parts.items():
        template = template.replace(f"{{{name}}}", part)
    return template
