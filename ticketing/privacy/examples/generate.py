"""Generates the made-up texts from a seed. The sentences and words are in the other modules of this package."""

import random
import re
import string
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ticketing.privacy.examples import impersonal, sentences, things
from ticketing.privacy.examples.people import People
from ticketing.privacy.placeholders import Span

PERSONAL = {
    "title": "PERSON",
    "road": "ADDRESS",
    "name": "PERSON",
    "first": "PERSON",
    "last": "PERSON",
    "address": "ADDRESS",
    "street": "ADDRESS",
    "crossing": "ADDRESS",
    "unit": "ADDRESS",
    "postcode": "ADDRESS",
}
# The share of texts that are already scrubbed: they contain placeholders instead of names and addresses.
SCRUBBED = 0.12
SCRUBBED_KINDS = {"order": "ORDER_ID", "email": "EMAIL_ADDRESS", "phone": "PHONE_NUMBER", "iban": "IBAN_CODE"}
# HASTY is the share of texts with typing errors. MISTYPED_WORDS is the share of mistyped words in these texts.
HASTY, MISTYPED_WORDS = 0.3, 0.15
# What stands between two sentences.
JOINTS = (" ", " ", " ", "\n", "\n\n", " - ", "  ", ", ")


class Example(NamedTuple):
    """A text with the spans of its names and addresses."""

    text: str
    spans: tuple[Span, ...]


def generate_examples(seed: int, count: int, words: Sequence[str]) -> Iterator[Example]:
    """Yields `count` texts of one to five sentences. Within a process, the same seed gives the same texts.

    Args:
        seed: the seed of the random choices.
        count: the number of texts.
        words: ordinary words of all kinds. They teach the name finder that a rare word need not be a name.
    """
    rng = random.Random(seed)  # noqa: S311 — made-up texts, no secrets
    people = People(rng)
    names = people.known_names()
    ordinary = [word for word in words if word.casefold() not in names]
    for _ in range(count):
        yield _text(rng, people, ordinary)


def _text(rng: random.Random, people: People, words: Sequence[str]) -> Example:
    text = ""
    spans: list[Span] = []
    scrubbed, hasty = rng.random() < SCRUBBED, rng.random() < HASTY
    count = rng.choices((1, 2, 3, 5), (0.55, 0.25, 0.13, 0.07))[0]
    for number in range(count):
        if number:
            text += rng.choice(JOINTS)
        pattern = rng.choice(
            rng.choices(
                (sentences.WITH_PEOPLE, sentences.WITH_ADDRESSES, impersonal.WITH_NEITHER, sentences.OF_ANY_WORDS),
                (4, 4, 4, 3),
            )[0]
        )
        filled = _filled(rng, people, pattern, words, scrubbed, hasty)
        spans += [Span(span.start + len(text), span.end + len(text), span.kind) for span in filled.spans]
        text += filled.text
    chance = rng.random()
    if chance < 0.08 and len(text.lower()) == len(text):
        text = text.lower()
    if rng.random() < 0.08:
        return _quoted(text, spans, rng.choice((">", "> ", "* ", "- ", "?? ", "| ", "\t")))
    return Example(text, tuple(spans))


def _quoted(text: str, spans: Sequence[Span], mark: str) -> Example:
    """The text with a mark before each line, as mail programs quote mail."""

    def moved_offset(offset: int) -> int:
        return offset + len(mark) * (text.count("\n", 0, offset) + 1)

    moved = tuple(Span(moved_offset(span.start), moved_offset(span.end - 1) + 1, span.kind) for span in spans)
    return Example(mark + text.replace("\n", f"\n{mark}"), moved)


def _filled(
    rng: random.Random, people: People, pattern: str, words: Sequence[str], scrubbed: bool, hasty: bool
) -> Example:
    text = ""
    spans: list[Span] = []
    for before, field, _, _ in string.Formatter().parse(pattern):
        text += _mistyped(rng, before) if hasty else before
        if field is None:
            continue
        kind = PERSONAL.get("last" if field == "last_only" else field)
        placeholder_kind = (kind or SCRUBBED_KINDS.get(field)) if scrubbed else None
        if placeholder_kind:
            text += f"<{placeholder_kind}_{rng.choice((1, 1, 1, 2, 2, 3, 4))}>"
            continue
        value = _value(rng, people, field, words)
        if hasty and field in ("words", "product", "amount", "date", "measure"):
            value = _mistyped(rng, value)
        if kind is not None:
            if kind == "PERSON" and spans and spans[-1].kind == kind and text[spans[-1].end :] == " ":
                # A title and a family name, such as 'Mrs. Miller', fill two fields but form one span.
                first = spans.pop()
                spans.append(Span(first.start, len(text) + len(value), kind))
            else:
                spans.append(Span(len(text), len(text) + len(value), kind))
        text += value
    return Example(text, tuple(spans))


def _mistyped(rng: random.Random, text: str) -> str:
    """The text with typing errors in some words. They teach the name finder that an unknown word need not be a name."""

    def mistyped_word(match: re.Match[str]) -> str:
        letters = match.group()
        if rng.random() >= MISTYPED_WORDS:
            return letters
        i = rng.randrange(1, len(letters) - 1)
        return rng.choice(
            (
                letters[:i] + letters[i + 1] + letters[i] + letters[i + 2 :],
                letters[:i] + letters[i + 1 :],
                letters[:i] + letters[i] + letters[i:],
                letters[:i] + rng.choice(string.ascii_lowercase) + letters[i:],
            )
        )

    return re.sub(r"[a-zA-Z]{3,}", mistyped_word, text)


def _words(rng: random.Random, words: Sequence[str]) -> str:
    chosen = [rng.choice(words) for _ in range(rng.choice((1, 1, 2, 3, 4)))]
    chance = rng.random()
    if chance < 0.16:
        chosen = [_invented_word(rng, words) for _ in chosen]
    elif chance < 0.33:
        chosen = [word.capitalize() for word in chosen]
    return " ".join(chosen)


def _phrase(rng: random.Random, words: Sequence[str]) -> str:
    """A random sequence of function words and other words. Names stand beside it, as they can stand beside any word."""
    chosen = [rng.choice(things.SMALL_WORDS if rng.random() < 0.6 else words) for _ in range(rng.randrange(1, 6))]
    if rng.random() < 0.25:
        chosen[0] = chosen[0].capitalize()
    if rng.random() < 0.15:
        mark = rng.choice(things.QUOTES)
        index = rng.randrange(len(chosen))
        chosen[index] = f"{mark[0]}{chosen[index]}{mark[1]}"
    return " ".join(chosen) + rng.choice(things.STOPS)


def _invented_word(rng: random.Random, words: Sequence[str]) -> str:
    """An invented word: a word with the end of another word, or the beginning of a word with another ending."""
    word = rng.choice(words)
    if rng.random() < 0.5:
        return word + rng.choice(words)[-4:]
    return word[: rng.randrange(3, 8)] + rng.choice(things.ENDINGS)


def _product(rng: random.Random, people: People, words: Sequence[str]) -> str:
    """The name of a product. Tickets mention more products than people, and any word can be a product's name."""
    product = rng.choice(things.PRODUCTS)
    chance = rng.random()
    if chance < 0.3:
        return product
    if chance < 0.5:
        product = rng.choice(words)
    other_word = _invented_word(rng, words) if rng.random() < 0.4 else rng.choice(words)
    if chance > 0.95:
        return f"{_company(rng, people)} {product}"
    if chance > 0.9:
        return f"{other_word} {product}".title()
    return f"{other_word} {product}" if chance < 0.85 else f"{product} {other_word}"


def _value(rng: random.Random, people: People, field: str, words: Sequence[str]) -> str:
    """The text that fills a field of a sentence."""
    match field:
        case "words":
            return _words(rng, words)
        case "phrase":
            return _phrase(rng, words)
        case "product":
            return _product(rng, people, words)
        case "name":
            return people.full_name()
        case "first":
            return people.first_name()
        case "last" | "last_only":
            return people.last_name()
        case "title":
            return people.title()
        case "address":
            return people.address()
        case "street":
            return people.street()
        case "road":
            return people.road()
        case "crossing":
            return people.crossing()
        case "unit":
            return people.unit()
        case "postcode":
            return people.postcode()
        case "place":
            return people.place()
        case "country":
            return people.country()
        case _:
            return _impersonal_value(rng, people, field)


def _company(rng: random.Random, people: People) -> str:
    chance = rng.random()
    if chance < 0.25:
        return rng.choice(things.COMPANIES)
    if chance < 0.55:
        return str(people.faker().company())
    coined = "".join(rng.choices(things.COINED, k=rng.choice((1, 2, 2, 3)))) + rng.choice(things.COINED_ENDS)
    return coined[0].upper() + coined[1:]


def _impersonal_value(rng: random.Random, people: People, field: str) -> str:
    faker = people.faker_of_well_covered_country()
    match field:
        case "company":
            return _company(rng, people)
        case "job":
            return str(faker.job()) if rng.random() < 0.5 else rng.choice(("nurse", "teacher", "driver", "Lawyer"))
        case "rule":
            return rng.choice(things.RULES)
        case "weekday":
            return rng.choice(things.WEEKDAYS)
        case "month":
            return rng.choice(things.MONTHS)
        case "year":
            return str(rng.randrange(1950, 2027))
        case "age":
            return str(rng.randrange(18, 95))
        case "short":
            return str(rng.randrange(2, 9999))
        case "date":
            date = str(faker.date(rng.choice(things.DATES)))
            return date.lower() if rng.random() < 0.2 else date
        case "measure":
            number = rng.choice((rng.choice(things.NUMBERS), str(rng.randrange(1, 500))))
            return f"{number} {rng.choice(things.MEASURES)}"
        case "amount":
            number = f"{rng.randrange(1, 2000)}.{rng.randrange(100):02d}"
            if rng.random() < 0.5:
                return f"{number} {rng.choice(things.CURRENCIES)}"
            return f"{rng.choice(('$', '€', '£', ''))}{number}"
        case "order":
            return rng.choice(("#", "", "ORD-", "A")) + str(rng.randrange(10**5, 10**9))
        case "code":
            return "".join(rng.choices(string.ascii_uppercase + string.digits, k=rng.randrange(4, 9)))
        case "email":
            return str(faker.ascii_email())
        case "phone":
            return str(faker.phone_number())
        case "iban":
            return str(faker.iban())
        case "card":
            return str(faker.credit_card_number())
    raise KeyError(field)
