"""Names and postal addresses as a trained model finds them, behind Presidio's interface.

The model is `models.names.finder`; this room knows only that it reads many texts at once.
"""

import re
from collections.abc import Sequence
from typing import Protocol

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from ticketing.privacy.placeholders import Span

SCORE = 0.85
# What has no word in it is numbers, which are the patterns', and what is Chinese is another recogniser's.
_NOT_HAN = re.compile(r"[^\u3400-\u9fff\uf900-\ufaff]+")
_WORD = re.compile(r"[^\W\d_\u3400-\u9fff]{2}")


class NameFinder(Protocol):
    """A model that finds names (PERSON) and postal addresses (ADDRESS)."""

    version: str

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """The names and addresses in each text, in order."""


class LearntRecogniser(EntityRecognizer):  # type: ignore[misc]
    """What the model found in the texts it was last given."""

    def __init__(self, finder: NameFinder) -> None:
        super().__init__(supported_entities=["PERSON", "ADDRESS"], name="LearntRecogniser")
        self._finder = finder
        self._found: dict[str, list[Span]] = {}

    def load(self) -> None:
        """Nothing: the model comes loaded."""

    def read(self, texts: Sequence[str]) -> None:
        """Looks at many texts at once, which is many times as fast as one by one.

        Of a text that is partly Chinese only the other parts are looked at.
        """
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

    def forget(self) -> None:
        """Lets go of the texts."""
        self._found = {}

    def analyze(
        self, text: str, entities: Sequence[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """What was found in a text that was read, in no order."""
        return [RecognizerResult(span.kind, span.start, span.end, SCORE) for span in self._found.get(text, ())]
