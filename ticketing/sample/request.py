"""Writes a customer's ticket in one of several forms, and records which details the ticket mentions.

`english` and `chinese` have the texts. `noise` adds typing mistakes and quoted mail.
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

# How many of a hundred tickets have each form. There are only half as many Chinese tickets as English ones, so fewer of
# them have a form that is hard to classify.
FORMS = {
    "en": {"plain": 28, "two topics": 33, "one line": 9, "thread": 11, "two requests": 7, "follow-up": 6, "rant": 6},
    "zh": {"plain": 39, "two topics": 21, "one line": 9, "thread": 12, "two requests": 7, "follow-up": 6, "rant": 6},
}
ONE_LINE, TWO_TOPICS, THREAD, RANT = "one line", "two topics", "thread", "rant"
# Probabilities that a ticket has a feature.
SOLVED_MATTER_PROBABILITY = 0.45
AGE_PROBABILITY = 0.88
CONTACT_PROBABILITY = 0.35
COLLOQUIAL_PROBABILITY = 0.3
TYPOS_PROBABILITY = 0.3
EMOJI_PROBABILITY = 0.12


@dataclass(frozen=True)
class Request:
    """A customer's ticket, and what the human agent must know to answer it."""

    subject: Text
    body: Text
    customer_name_mentioned: bool
    mentioned_fields: frozenset[str]
    decision: str
    other_intent: Intent | None  # the intent of a second request, which another department answers


class Writer:
    """Writes one ticket of an intent."""

    def __init__(self, rng: random.Random, texts: ModuleType, intent: Intent, values: Values, days: int) -> None:
        self._rng, self._texts, self._values = rng, texts.phrases, values
        self._wordings: dict[str, Wording] = texts.WORDINGS
        self._language: str = self._texts.LANGUAGE
        self._intent, self._wording = intent, self._wordings[intent.name]
        # For tickets that mention two matters: the matter of another department.
        self._other_intent = rng.choice([other for other in INTENTS if other.category != intent.category])
        self._other_wording = self._wordings[self._other_intent.name]
        forms = FORMS[self._language]
        self._form = rng.choices(list(forms), list(forms.values()))[0]
        self._case = self._choose_case(days)

    def write(self) -> Request:
        """Writes the ticket."""
        rng = self._rng
        paragraphs = self._paragraphs()
        subject = self._subject(paragraphs)
        fields = frozenset(FIELD.findall("\n".join([subject, *paragraphs])))
        body = join([fill(paragraph, self._values) for paragraph in paragraphs], rng.choice(("\n\n", "\n\n", "\n")))
        if rng.random() < COLLOQUIAL_PROBABILITY:
            body = noise.colloquial(rng, body, self._language)
        elif self._language == "en" and rng.random() < TYPOS_PROBABILITY:
            body = noise.with_typos(rng, body, rng.choice((0.01, 0.03)))
        # A name in the signature or the quoted mail does not count, because cleaning removes both.
        customer_name_mentioned = any(span.kind == "PERSON" for span in body.spans)
        body = self._with_signature_and_quoted_mail(body)
        return Request(
            subject=fill(subject, self._values),
            body=body.stripped(),
            customer_name_mentioned=customer_name_mentioned,
            mentioned_fields=fields,
            decision=self._decision(fields),
            other_intent=self._other_intent if self._form == "two requests" else None,
        )

    def _choose_case(self, days: int) -> str:
        cases = self._intent.cases
        if self._intent.limit_days:
            return cases[0] if days <= self._intent.limit_days else cases[1]
        other_case_probability = {ONE_LINE: 0.0, TWO_TOPICS: 0.25}.get(self._form, 0.45)
        return self._rng.choice(cases[1:]) if self._rng.random() < other_case_probability else cases[0]

    def _decision(self, mentioned_fields: frozenset[str]) -> str:
        if self._intent.order_number == "needed" and "order" not in mentioned_fields:
            decision = CHECK_ORDER_NUMBER if "wrong" in mentioned_fields else ASK_ORDER_NUMBER
        elif self._intent.limit_days and "age" not in mentioned_fields:
            decision = ASK_DATE
        else:
            decision = self._case
        return f"{self._intent.name}/{decision}"

    def _paragraphs(self) -> list[str]:
        rng = self._rng
        if self._form == ONE_LINE:
            line = rng.choice(self._wording.one_line_tickets)
            return [line + (noise.emoji(rng, self._language) if rng.random() < EMOJI_PROBABILITY else "")]
        greeting, closing = rng.choice(self._texts.GREETINGS), rng.choice(self._texts.CLOSINGS)
        middle = {
            "plain": self._plain, TWO_TOPICS: self._two_topics, THREAD: self._thread,
            "two requests": self._two_requests, "follow-up": self._follow_up, RANT: self._rant,
        }[self._form]()  # fmt: skip
        if rng.random() < CONTACT_PROBABILITY:
            middle[-1] = self._joined([middle[-1], contact(rng, self._language)])
        if rng.random() < EMOJI_PROBABILITY:
            middle[-1] += noise.emoji(rng, self._language)
        order_sentence = self._order_sentence()
        if order_sentence and rng.random() < 0.15:
            return [greeting, *middle, _put(rng.choice(self._texts.POSTSCRIPTS), detail=order_sentence), closing]
        if order_sentence:
            # The sentence comes before or after the rest. If the intent needs no order, it never comes first.
            first = self._intent.order_number != "none" and rng.random() < 0.7
            middle[0] = self._joined([order_sentence, middle[0]] if first else [middle[0], order_sentence])
        return [greeting, *middle, closing]

    def _order_sentence(self) -> str:
        """A sentence with the order number: right, wrong, corrected or said to be unknown. Empty: no sentence."""
        rng, texts = self._rng, self._texts
        draw = rng.random()
        if self._intent.order_number == "none":
            # A ticket with two matters may mention the order of the other matter.
            other_has_order = self._form in (TWO_TOPICS, THREAD) and self._other_intent.order_number == "needed"
            return str(rng.choice(texts.WITH_ORDER)) if other_has_order and draw < 0.6 else ""
        if self._intent.order_number == "useful":
            return str(rng.choice(texts.WITH_ORDER)) if draw < 0.35 else ""
        for cumulative_probability, sentences in (
            (0.74, texts.WITH_ORDER),
            (0.8, texts.WRONG_ORDER),
            (0.84, texts.CORRECTED_ORDER),
            (0.93, texts.WITHOUT_ORDER),
        ):
            if draw < cumulative_probability:
                return str(rng.choice(sentences))
        return ""

    def _subject(self, paragraphs: Sequence[str]) -> str:
        rng = self._rng
        if rng.random() < (0.6 if self._form == ONE_LINE else 0.15):
            return ""
        # If a ticket has two matters, a subject about one of them would give away the category.
        has_one_matter = self._form in ("plain", ONE_LINE, RANT, "follow-up")
        mentions_order = "order" in FIELD.findall("\n".join(paragraphs))
        subjects = [
            subject
            for subject in (self._wording.subjects if has_one_matter else self._texts.NEUTRAL_SUBJECTS)
            if mentions_order or "{order}" not in subject
        ]
        return str(rng.choice(subjects))

    def _evidence(self) -> list[str]:
        """The sentence that shows which case applies, if there is one."""
        if self._intent.limit_days:
            return [self._rng.choice(self._wording.age_sentences)] if self._rng.random() < AGE_PROBABILITY else []
        if self._case == self._intent.cases[0]:
            return []
        return [self._rng.choice((self._wording.case_sentences or {})[self._case])]

    def _request(self, story_probability: float = 1.0) -> str:
        """The story (with this probability), the evidence and the request."""
        story = [self._rng.choice(self._wording.stories)] if self._rng.random() < story_probability else []
        return self._joined([*story, *self._evidence(), self._rng.choice(self._wording.requests)])

    def _joined(self, sentences: Sequence[str]) -> str:
        return str(self._texts.SENTENCE_SEPARATOR).join(sentence for sentence in sentences if sentence)

    def _with_fillers(self, sentences: list[str], counts: Sequence[int] = (0, 0, 0, 1, 1, 2)) -> str:
        """The sentences, with some irrelevant sentences between them."""
        for filler in self._rng.sample(self._texts.FILLERS, self._rng.choice(counts)):
            sentences.insert(self._rng.randrange(len(sentences) + 1), filler)
        return self._joined(sentences)

    def _other_already_solved(self) -> str:
        """A sentence that says that the other matter is solved."""
        return str(self._rng.choice(self._other_wording.already_solved))

    def _plain(self) -> list[str]:
        sentences = [self._request(story_probability=0.8)]
        if self._rng.random() < SOLVED_MATTER_PROBABILITY:
            sentences.insert(self._rng.randrange(2), self._other_already_solved())
        return [self._with_fillers(sentences)]

    def _two_topics(self) -> list[str]:
        template = self._rng.choice(self._texts.TWO_TOPICS)
        topic = self._rng.choice(self._wording.topics)
        other = self._rng.choice(self._other_wording.topics)
        sentence = _put(template, topic=topic, other=other)
        sentences = [sentence[:1].upper() + sentence[1:], *self._evidence()]
        if self._rng.random() < SOLVED_MATTER_PROBABILITY:
            sentences.insert(self._rng.randrange(len(sentences) + 1), self._other_already_solved())
        return [self._with_fillers(sentences)]

    def _two_requests(self) -> list[str]:
        other = self._rng.choice(self._other_wording.topics)
        template = self._rng.choice(self._texts.TWO_REQUESTS)
        return [_put(template, ask=self._request(story_probability=0.5), other=other)]

    def _thread(self) -> list[str]:
        if self._rng.random() < 0.4:
            update = _put(self._rng.choice(self._texts.STILL_OPEN_UPDATES), settled=self._other_already_solved())
            return [self._with_fillers([self._request()]), update]
        other = self._other_wording
        earlier = self._joined([self._rng.choice(other.stories), self._rng.choice(other.requests)])
        request = self._request(story_probability=0.7)
        template = self._rng.choice(self._texts.NEW_REQUEST_UPDATES)
        return [earlier, _put(template, settled=self._other_already_solved(), request=request)]

    def _follow_up(self) -> list[str]:
        return [self._joined([self._rng.choice(self._texts.FOLLOW_UPS), self._request()])]

    def _rant(self) -> list[str]:
        rng = self._rng
        rant = rng.sample(self._texts.RANT_SENTENCES, rng.randrange(6, 21))
        request = self._joined([rng.choice(self._texts.RANT_INTRODUCTIONS), self._request(story_probability=0.0)])
        first = [rng.choice(self._wording.stories), request]
        if rng.random() < SOLVED_MATTER_PROBABILITY:
            rant.insert(rng.randrange(len(rant)), self._other_already_solved())
        if rng.random() < 0.4:
            rant.append(request)
        half = len(rant) // 2
        return [self._joined(first), self._joined(rant[:half]), self._joined(rant[half:])]

    def _with_signature_and_quoted_mail(self, body: Text) -> Text:
        """The body, in some tickets followed by a signature or by quoted mail. Cleaning removes both."""
        rng = self._rng
        parts = [body]
        if self._form != ONE_LINE and rng.random() < 0.15:
            parts.append(noise.signature(rng, self._values, self._language))
        if self._form == "follow-up":
            wording = self._wordings[rng.choice([self._intent, self._other_intent]).name]
            earlier = fill(self._joined([rng.choice(wording.stories), rng.choice(wording.requests)]), self._values)
            answer = rng.choice(self._texts.SHOP_QUESTIONS)
            parts.append(noise.quoted_mail(rng, self._values, self._language, earlier, answer))
        elif self._form != ONE_LINE and rng.random() < 0.08:
            parts.append(noise.quoted_mail(rng, self._values, self._language, body.piece(0, 200)))
        return join(parts, "\n\n")


def _put(template: str, **parts: str) -> str:
    """Replaces some fields of the template by parts, which are templates as well. The other fields stay."""
    for name, part in parts.items():
        template = template.replace(f"{{{name}}}", part)
    return template
