"""A Presidio recogniser that finds names and postal addresses with a trained model, the name finder.

`models.names.finder` implements the protocol NameFinder.
"""

import re
from collections.abc import Sequence
from typing import Protocol

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from ticketing.privacy.placeholders import Span

SCORE = 0.85
# The model reads only the parts of a text that are not Chinese and contain a word. ticketing.privacy.chinese finds
# Chinese names, and patterns find numbers.
_NOT_HAN = re.compile(r"[^\u3400-\u9fff\uf900-\ufaff]+")
_WORD = re.compile(r"[^\W\d_\u3400-\u9fff]{2}")


class NameFinder(Protocol):
    """A model that finds names (PERSON) and postal addresses (ADDRESS)."""

    version: str

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """The spans of the names and addresses in each text, in the order of the texts."""


class LearntRecogniser(EntityRecognizer):  # type: ignore[misc]
    """Returns the names and addresses that the model found in the last call of `find_in`."""

    def __init__(self, finder: NameFinder) -> None:
        super().__init__(supported_entities=["PERSON", "ADDRESS"], name="LearntRecogniser")
        self._finder = finder
        self._found: dict[str, list[Span]] = {}

    def load(self) -> None:
        """Does nothing, because the model is already loaded."""

    def find_in(self, texts: Sequence[str]) -> None:
        """Runs the model on all texts at once, which is many times faster than one text at a time."""
        pieces = [
            (text, piece.start(), piece.group())
            for text in dict.fromkeys(texts)
            for piece in _NOT_HAN.finditer(text)
            if _WORD.search(piece.group())
        ]
        self._found = {}
        for (text, start, _), spans in zip(pieces, self._finder.find([piece for *_, piece in pieces]), strict=True):
            moved = [Span(start + span.start, start + span.end, span.kind) for span in spans]
            self._found.setdefault(text, []).extend(moved)

    def clear(self) -> None:
        """Drops the texts of the last call, and the findings in them."""
        self._found = {}

    def analyze(
        self, text: str, entities: Sequence[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """The names and addresses found in one of the texts, in no particular order."""
        return [RecognizerResult(span.kind, span.start, span.end, SCORE) for span in self._found.get(text, ())]
