"""Placeholders like `<PERSON_1>`: what they look like, how they are put in, and how a text gets its values back.

Which values are personal is `ticketing.privacy.scrubber`; where they are kept is `ticketing.privacy.vault`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ticketing.errors import PrivacyError

# The order settles ties between recognisers: what is checked most strictly comes first.
KINDS = (
    "EMAIL_ADDRESS", "URL", "IBAN_CODE", "CN_ID_CARD", "CREDIT_CARD", "US_SSN", "NATIONAL_ID", "PASSPORT",
    "DRIVER_LICENSE", "VEHICLE_ID", "DEVICE_ID", "IP_ADDRESS", "TRACKING_ID", "ORDER_ID", "BANK_ACCOUNT",
    "LICENSE_PLATE", "DATE_OF_BIRTH", "IM_ID", "USERNAME", "PHONE_NUMBER", "ADDRESS", "PERSON",
)  # fmt: skip
MAX_NUMBER = 9999
PLACEHOLDER = re.compile(rf"<({'|'.join(KINDS)})_([1-9]\d{{0,3}})>", re.ASCII)


class Span(NamedTuple):
    """A piece of personal data: character offsets (end exclusive) and what kind it is."""

    start: int
    end: int
    kind: str


def restore(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced by their values; a placeholder that is not in `values` stays."""
    return PLACEHOLDER.sub(lambda match: values.get(match.group(), match.group()), text)


def foreign_placeholders(text: str, ticket_text: str) -> set[str]:
    """The placeholders in a text, a reply say, that its ticket does not have."""
    return {match.group() for match in PLACEHOLDER.finditer(text)} - {
        match.group() for match in PLACEHOLDER.finditer(ticket_text)
    }


def put_in(texts: Sequence[str], found: Mapping[str, str], known: dict[str, str]) -> list[str]:
    """Replaces every occurrence of the found values in all texts, the longest value first.

    Text that looks like a placeholder already is left alone, and its number is not given away.

    Args:
        texts: the texts of one ticket.
        found: value → kind, in the order in which the values are numbered.
        known: placeholder → value of earlier calls; the new ones are added.

    Raises:
        PrivacyError: the texts hold more values of a kind than there are numbers.
    """
    if not found:
        return list(texts)
    taken = {match.group() for text in texts for match in PLACEHOLDER.finditer(text)}
    short_digits = [value for value in found if value.isdigit() and len(value) <= len(str(MAX_NUMBER))]
    by_value: dict[str, str] = {}
    last: dict[str, int] = {}
    for value, kind in found.items():
        number = last.get(kind, 0) + 1
        # A value must not be readable out of a placeholder's number.
        while f"<{kind}_{number}>" in taken or any(digits in str(number) for digits in short_digits):
            number += 1
        if number > MAX_NUMBER:
            raise PrivacyError(f"One ticket holds more than {MAX_NUMBER} values of kind {kind}: it can't be scrubbed.")
        last[kind] = number
        by_value[value] = f"<{kind}_{number}>"
    longest_first = "|".join(re.escape(value) for value in sorted(by_value, key=lambda value: (-len(value), value)))
    pattern = re.compile(f"({PLACEHOLDER.pattern})|{longest_first}")
    known.update({placeholder: value for value, placeholder in by_value.items()})
    return [pattern.sub(lambda match: match.group(1) or by_value[match.group()], text) for text in texts]


def spans_of(scrubbed: str, values: Mapping[str, str]) -> tuple[Span, ...]:
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
