"""Placeholders like `<PERSON_1>`: what they look like, how they are put in, and how a text gets its values back.

Another spelling of the value behind `<PHONE_NUMBER_1>` is `<PHONE_NUMBER_1b>`: one entity to a model, and yet restored
to the letter.

Which values are personal is `ticketing.privacy.scrubber`; where they are kept is `ticketing.privacy.vault`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ticketing.errors import PrivacyError
from ticketing.privacy.normalising import normalise

# The order settles ties between recognisers: what is checked most strictly comes first.
KINDS = (
    "EMAIL_ADDRESS", "URL", "IBAN_CODE", "CN_ID_CARD", "CREDIT_CARD", "US_SSN", "NATIONAL_ID", "PASSPORT",
    "DRIVER_LICENSE", "VEHICLE_ID", "DEVICE_ID", "IP_ADDRESS", "TRACKING_ID", "ORDER_ID", "BANK_ACCOUNT",
    "LICENSE_PLATE", "DATE_OF_BIRTH", "IM_ID", "USERNAME", "PHONE_NUMBER", "ADDRESS", "PERSON",
)  # fmt: skip
MAX_NUMBER = 9999
_KINDS = "|".join(KINDS)
PLACEHOLDER = re.compile(rf"<({_KINDS})_([1-9]\d{{0,3}})([b-z]?)>", re.ASCII)
_SPLIT = re.compile(rf"(<(?:{_KINDS})_[1-9]\d{{0,3}}[b-z]?>)", re.ASCII)
VARIANT_LETTERS = ("", *"bcdefghijklmnopqrstuvwxyz")
# Numbers are written with and without a country's code or a leading zero, which are in front.
COMPARED_DIGITS = 9


class Span(NamedTuple):
    """A piece of personal data: character offsets (end exclusive) and what kind it is."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Scrubbed:
    """One ticket's texts after scrubbing; `values` (placeholder → value) holds what was taken out."""

    texts: tuple[str, ...]
    spans: tuple[tuple[Span, ...], ...]
    values: dict[str, str]

    def __repr__(self) -> str:
        return f"Scrubbed(<{len(self.texts)} texts, {len(self.values)} values>)"


def restore(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced by their values; a placeholder that is not in `values` stays."""
    return PLACEHOLDER.sub(lambda match: values.get(match.group(), match.group()), text)


def foreign_placeholders(text: str, ticket_text: str) -> set[str]:
    """The placeholders in a text, a reply say, that its ticket does not have."""
    return {match.group() for match in PLACEHOLDER.finditer(text)} - {
        match.group() for match in PLACEHOLDER.finditer(ticket_text)
    }


def insert_placeholders(texts: Sequence[str], found: Mapping[str, str], known: dict[str, str]) -> list[str]:
    """Replaces every occurrence of the found values in all texts, the longest value first.

    Text that looks like a placeholder already is left alone, and its number is not given away.

    Args:
        texts: the texts of one ticket.
        found: value → kind, in the order in which the values are numbered; spellings of one value share a number.
        known: placeholder → value of earlier calls; the new ones are added.

    Raises:
        PrivacyError: the texts hold more values of a kind than there are numbers.
    """
    if not found:
        return list(texts)
    by_value = dict(_numbered(texts, found, known))
    longest_first = sorted(by_value, key=lambda value: (-len(value), value))
    scrubbed = []
    for text in texts:
        pieces = _SPLIT.split(text)  # every second one is a placeholder
        for value in longest_first:
            if value in text:
                pieces = _replaced(pieces, value, by_value[value])
        scrubbed.append("".join(pieces))
    left = set(_SPLIT.findall("\n".join(scrubbed)))
    # A value that stands only within longer ones has left no placeholder.
    known.update({placeholder: value for value, placeholder in by_value.items() if placeholder in left})
    return scrubbed


def _replaced(pieces: Sequence[str], value: str, placeholder: str) -> list[str]:
    """The pieces with a value cut out of those that are text: placeholders stay at the odd places."""
    after: list[str] = []
    for place, piece in enumerate(pieces):
        if place % 2:
            after.append(piece)
            continue
        first, *rest = piece.split(value)
        after.append(first)
        for part in rest:
            after += [placeholder, part]
    return after


def _numbered(texts: Sequence[str], found: Mapping[str, str], known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each found value with a placeholder that neither the texts nor earlier values have."""
    taken = {match.group() for text in texts for match in PLACEHOLDER.finditer(text)} | set(known)
    # A value must not be readable out of a placeholder's number.
    short_digits = [value for value in found if value.isdigit() and len(value) <= len(str(MAX_NUMBER))]
    numbers: dict[tuple[str, str], int] = {}
    for name, value in known.items():
        match = PLACEHOLDER.fullmatch(name)
        if match:
            numbers.setdefault((match.group(1), spelling_key(value, match.group(1))), int(match.group(2)))
    last: dict[str, int] = {}
    for value, kind in found.items():
        key = kind, spelling_key(value, kind)
        placeholder = _free_variant(kind, numbers.get(key), taken)
        if placeholder is None:
            number = last.get(kind, 0) + 1
            while f"<{kind}_{number}>" in taken or any(digits in str(number) for digits in short_digits):
                number += 1
            if number > MAX_NUMBER:
                raise PrivacyError(
                    f"One ticket holds more than {MAX_NUMBER} values of kind {kind}: it can't be scrubbed."
                )
            last[kind] = numbers[key] = number
            placeholder = f"<{kind}_{number}>"
        taken.add(placeholder)
        yield value, placeholder


def _free_variant(kind: str, number: int | None, taken: set[str]) -> str | None:
    """A placeholder for one more spelling of a value; None where there is none left, or no such value."""
    names = (f"<{kind}_{number}{mark}>" for mark in VARIANT_LETTERS) if number is not None else ()
    return next((name for name in names if name not in taken), None)


def spelling_key(value: str, kind: str) -> str:
    """The same for two spellings of one value: in case, width, punctuation, and the ways to write a number."""
    plain = unicodedata.normalize("NFKC", normalise(value).text).casefold()
    if kind == "EMAIL_ADDRESS":
        plain = re.sub(r"\W+(?:at|艾特)\W+", "@", plain)
        return re.sub(r"\W+dot\W+", ".", plain)
    if kind == "URL":
        return plain
    kept = "".join(character for character in plain if character.isalnum())
    if kind == "PHONE_NUMBER":
        kept = re.sub(r"\D", "", kept)[-COMPARED_DIGITS:]
    return kept or value


def original_spans(scrubbed: str, values: Mapping[str, str]) -> tuple[Span, ...]:
    """Where the values of a scrubbed text were in the text it was made from."""
    spans = []
    shift = 0
    for match in PLACEHOLDER.finditer(scrubbed):
        value = values.get(match.group())
        if value is not None:
            start = match.start() + shift
            spans.append(Span(start, start + len(value), match.group(1)))
            shift += len(value) - len(match.group())
    return tuple(spans)


def is_part_of_placeholder(value: str) -> bool:
    """Whether a value is among the words of the placeholders, in any case: 'Order', in `<ORDER_ID_1>`, is no name."""
    return any(value.upper() in f"<{kind}_" for kind in KINDS)
