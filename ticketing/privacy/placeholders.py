"""Replaces personal values by placeholders such as `<PERSON_1>`, and restores the values.

`ticketing.privacy.scrubber` decides which values are personal. `ticketing.privacy.vault` stores them.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ticketing.errors import PrivacyError
from ticketing.privacy.normalising import normalise

# If two recognisers find different kinds with equal scores, the earlier kind in this list wins. The kinds with the
# strictest checks come first.
KINDS = (
    "EMAIL_ADDRESS", "URL", "IBAN_CODE", "CN_ID_CARD", "CREDIT_CARD", "US_SSN", "NATIONAL_ID", "PASSPORT",
    "DRIVER_LICENSE", "VEHICLE_ID", "DEVICE_ID", "IP_ADDRESS", "TRACKING_ID", "ORDER_ID", "BANK_ACCOUNT",
    "LICENSE_PLATE", "DATE_OF_BIRTH", "IM_ID", "USERNAME", "PHONE_NUMBER", "ADDRESS", "PERSON",
)  # fmt: skip
MAX_NUMBER = 9999
_KINDS = "|".join(KINDS)
PLACEHOLDER = re.compile(rf"<({_KINDS})_([1-9]\d{{0,3}})([b-z]?)>", re.ASCII)
_SPLIT = re.compile(rf"(<(?:{_KINDS})_[1-9]\d{{0,3}}[b-z]?>)", re.ASCII)
# A second spelling of the value of <PHONE_NUMBER_1> becomes <PHONE_NUMBER_1b>. So a model can tell that both are the
# same number, and each spelling is restored exactly.
VARIANT_LETTERS = ("", *"bcdefghijklmnopqrstuvwxyz")
# Phone numbers are compared by their last digits, because a country code or a leading zero may be missing.
COMPARED_DIGITS = 9


class Span(NamedTuple):
    """A piece of personal data: its character offsets (end exclusive) and its kind."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Scrubbed:
    """The scrubbed texts of one ticket.

    `spans` are the positions of the values in the original texts. `values` maps placeholders to values.
    """

    texts: tuple[str, ...]
    spans: tuple[tuple[Span, ...], ...]
    values: dict[str, str]

    def __repr__(self) -> str:
        return f"Scrubbed(<{len(self.texts)} texts, {len(self.values)} values>)"


def restore(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced by their values. Placeholders that are not in `values` stay."""
    return PLACEHOLDER.sub(lambda match: values.get(match.group(), match.group()), text)


def placeholders_not_in_ticket(text: str, ticket_text: str) -> set[str]:
    """The placeholders in a text, such as a reply, that do not occur in its ticket."""
    return {match.group() for match in PLACEHOLDER.finditer(text)} - {
        match.group() for match in PLACEHOLDER.finditer(ticket_text)
    }


def insert_placeholders(texts: Sequence[str], found: Mapping[str, str], known: dict[str, str]) -> list[str]:
    """Replaces every occurrence of the found values in all texts, the longest value first.

    A placeholder that is already in a text stays unchanged, and no value gets the same placeholder.

    Args:
        texts: the texts of one ticket.
        found: value → kind, in the order of numbering. Different spellings of one value share a number.
        known: placeholder → value, from earlier calls. This function adds the new placeholders.

    Raises:
        PrivacyError: the texts hold more than MAX_NUMBER values of one kind.
    """
    if not found:
        return list(texts)
    placeholders = dict(_new_placeholders(texts, found, known))
    longest_first = sorted(placeholders, key=lambda value: (-len(value), value))
    scrubbed = []
    for text in texts:
        pieces = _SPLIT.split(text)  # pieces of text and placeholders alternate
        for value in longest_first:
            if value in text:
                pieces = _replaced(pieces, value, placeholders[value])
        scrubbed.append("".join(pieces))
    used = set(_SPLIT.findall("\n".join(scrubbed)))
    # If a value occurs only within longer values, its placeholder is not in the texts.
    known.update({placeholder: value for value, placeholder in placeholders.items() if placeholder in used})
    return scrubbed


def _replaced(pieces: Sequence[str], value: str, placeholder: str) -> list[str]:
    """Replaces a value in the pieces of text, which have even indices. The placeholders, at odd indices, stay."""
    replaced: list[str] = []
    for index, piece in enumerate(pieces):
        if index % 2:
            replaced.append(piece)
            continue
        first, *rest = piece.split(value)
        replaced.append(first)
        for part in rest:
            replaced += [placeholder, part]
    return replaced


def _new_placeholders(
    texts: Sequence[str], found: Mapping[str, str], known: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yields each found value with a new placeholder, which neither the texts nor the known placeholders contain."""
    taken = {match.group() for text in texts for match in PLACEHOLDER.finditer(text)} | set(known)
    # The number of a placeholder must not contain a short number that is itself personal data.
    short_digits = [value for value in found if value.isdigit() and len(value) <= len(str(MAX_NUMBER))]
    numbers: dict[tuple[str, str], int] = {}
    for name, value in known.items():
        match = PLACEHOLDER.fullmatch(name)
        if match:
            numbers.setdefault((match.group(1), spelling_key(value, match.group(1))), int(match.group(2)))
    last_number: dict[str, int] = {}
    for value, kind in found.items():
        key = kind, spelling_key(value, kind)
        placeholder = _free_variant(kind, numbers.get(key), taken)
        if placeholder is None:
            number = last_number.get(kind, 0) + 1
            while f"<{kind}_{number}>" in taken or any(digits in str(number) for digits in short_digits):
                number += 1
            if number > MAX_NUMBER:
                raise PrivacyError(
                    f"One ticket holds more than {MAX_NUMBER} values of the kind {kind}: it can't be scrubbed."
                )
            last_number[kind] = numbers[key] = number
            placeholder = f"<{kind}_{number}>"
        taken.add(placeholder)
        yield value, placeholder


def _free_variant(kind: str, number: int | None, taken: set[str]) -> str | None:
    """A free placeholder for another spelling of a known value. None: the value is new, or all variants are taken."""
    names = (f"<{kind}_{number}{letter}>" for letter in VARIANT_LETTERS) if number is not None else ()
    return next((name for name in names if name not in taken), None)


def spelling_key(value: str, kind: str) -> str:
    """A key that all spellings of a value share: it ignores case, width, punctuation and number format."""
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
    """The spans of the values in the original text, computed from the scrubbed text."""
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
    """Whether a value is part of a placeholder's kind, in upper or lower case, such as 'Order' in `<ORDER_ID_1>`."""
    return any(value.upper() in f"<{kind}_" for kind in KINDS)
