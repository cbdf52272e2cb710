"""Text that knows where its personal data is: spans are right by construction, whatever is put together from it.

What the texts say is `english` and `chinese`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ticketing.privacy.placeholders import Span

FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Personal:
    """A piece of personal data and its kind, in Presidio's naming."""

    value: str
    kind: str


@dataclass(frozen=True)
class Text:
    """A text with the spans of the personal data in it."""

    text: str = ""
    spans: tuple[Span, ...] = ()

    def __add__(self, other: "Text | str") -> "Text":
        if isinstance(other, str):
            return Text(self.text + other, self.spans)
        moved = tuple(Span(s.start + len(self.text), s.end + len(self.text), s.kind) for s in other.spans)
        return Text(self.text + other.text, self.spans + moved)

    def stripped(self) -> "Text":
        """Without white space around it."""
        lead = len(self.text) - len(self.text.lstrip())
        return Text(self.text.strip(), tuple(Span(s.start - lead, s.end - lead, s.kind) for s in self.spans))

    def quoted(self) -> "Text":
        """Each line behind '> '."""
        result = Text()
        for start, end in _lines(self.text):
            result = result + "> " + self.piece(start, end)
        return result

    def piece(self, start: int, end: int) -> "Text":
        """A part; spans that cross its border are left out."""
        inside = [s for s in self.spans if start <= s.start and s.end <= end]
        return Text(self.text[start:end], tuple(Span(s.start - start, s.end - start, s.kind) for s in inside))


def _lines(text: str) -> list[tuple[int, int]]:
    places, start = [], 0
    for line in text.splitlines(keepends=True):
        places.append((start, start + len(line)))
        start += len(line)
    return places


def fill(template: str, values: Mapping[str, Personal | str]) -> Text:
    """The template with its {fields} filled in."""
    result, last = Text(), 0
    for match in FIELD.finditer(template):
        value = values[match.group(1)]
        result = result + template[last : match.start()]
        if isinstance(value, Personal):
            result = result + Text(value.value, (Span(0, len(value.value), value.kind),))
        else:
            result = result + value
        last = match.end()
    return result + template[last:]


def join(parts: list[Text], separator: str) -> Text:
    """The parts that are not empty, with the separator between them."""
    result = Text()
    for part in parts:
        if part.text:
            result = result + (separator if result.text else "") + part
    return result
