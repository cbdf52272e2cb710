"""Text together with the spans of its personal data. Every operation keeps the spans correct."""

import re
from collections.abc import Callable, Mapping
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
    """A text, and the spans of the personal data in it."""

    text: str = ""
    spans: tuple[Span, ...] = ()

    def __add__(self, other: "Text | str") -> "Text":
        if isinstance(other, str):
            return Text(self.text + other, self.spans)
        length = len(self.text)
        moved_spans = tuple(Span(span.start + length, span.end + length, span.kind) for span in other.spans)
        return Text(self.text + other.text, self.spans + moved_spans)

    def stripped(self) -> "Text":
        """The text without white space around it."""
        removed = len(self.text) - len(self.text.lstrip())
        spans = tuple(Span(span.start - removed, span.end - removed, span.kind) for span in self.spans)
        return Text(self.text.strip(), spans)

    def quoted(self) -> "Text":
        """The text with '> ' before each line."""
        result = Text()
        for start, end in _lines(self.text):
            result = result + "> " + self.piece(start, end)
        return result

    def rewritten(self, change: Callable[[str], str]) -> "Text":
        """The text with `change` applied between the personal data, which stays unchanged."""
        result, last = Text(), 0
        for span in sorted(self.spans, key=lambda span: span.start):
            result = result + change(self.text[last : span.start]) + self.piece(span.start, span.end)
            last = span.end
        return result + change(self.text[last:])

    def piece(self, start: int, end: int) -> "Text":
        """The text between two offsets. Spans that are only partly in it are left out."""
        inside = [span for span in self.spans if start <= span.start and span.end <= end]
        spans = tuple(Span(span.start - start, span.end - start, span.kind) for span in inside)
        return Text(self.text[start:end], spans)


def _lines(text: str) -> list[tuple[int, int]]:
    """The start and end of each line."""
    offsets, start = [], 0
    for line in text.splitlines(keepends=True):
        offsets.append((start, start + len(line)))
        start += len(line)
    return offsets


def fill(template: str, values: Mapping[str, Personal | str]) -> Text:
    """The template with its {fields} replaced by their values."""
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
    """Joins the parts that are not empty, with the separator between them."""
    result = Text()
    for part in parts:
        if part.text:
            result = result + (separator if result.text else "") + part
    return result
