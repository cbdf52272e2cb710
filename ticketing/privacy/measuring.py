"""Measures recall and precision of a recogniser of personal data on labelled texts.

It counts characters, but only letters and digits, because spaces and punctuation reveal nothing.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ticketing.privacy.placeholders import Span

ALL = "all"
Recogniser = Callable[[Sequence[str]], Sequence[Sequence[Span]]]  # texts → the spans found in each text


class LabelledText(NamedTuple):
    """A text with the spans of its personal data."""

    text: str
    language: str
    spans: tuple[Span, ...]


class Score(NamedTuple):
    """The scores for one kind of personal data in one language. `ALL` stands for all kinds or all languages.

    Recall is the share of the true characters of this kind that any finding covers. Precision is the share of the
    characters found as this kind that are personal data of any kind. So neither counts confusion between kinds. Recall
    and precision are None if there are no such characters.
    """

    language: str
    kind: str
    entities: int  # true entities
    fully_found: int  # true entities of which every letter and digit was found
    precision: float | None
    recall: float | None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall."""
        return self._f(1.0)

    @property
    def f2(self) -> float | None:
        """F-beta with beta 2. It weights recall higher, because a leak is worse than a word replaced in error."""
        return self._f(2.0)

    def _f(self, beta: float) -> float | None:
        """F-beta. Source: C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7."""
        if self.precision is None or self.recall is None:
            return None
        weight = beta * beta
        divisor = weight * self.precision + self.recall
        return (1 + weight) * self.precision * self.recall / divisor if divisor else 0.0


class RecogniserScores(NamedTuple):
    """The scores and the speed of a recogniser."""

    scores: list[Score]
    texts_per_second: float
    share_with_findings: float  # the share of the texts in which the recogniser found anything


def measure(labelled: Sequence[LabelledText], recognise: Recogniser) -> RecogniserScores:
    """Runs a recogniser on the texts, and scores its findings. Without texts, there are no scores."""
    started = time.perf_counter()
    found = recognise([example.text for example in labelled])
    seconds = time.perf_counter() - started
    with_findings = sum(bool(spans) for spans in found)
    return RecogniserScores(
        score(labelled, found), len(labelled) / seconds if labelled else 0.0, with_findings / max(1, len(labelled))
    )


def score(labelled: Sequence[LabelledText], found: Sequence[Sequence[Span]]) -> list[Score]:
    """The scores per language and kind, then per language, then per kind, then overall."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for example, spans in zip(labelled, found, strict=True):
        for name, kind, count in _counts(example, spans):
            for language in (example.language, ALL):
                for counted_kind in (kind, ALL):
                    counts[language, counted_kind, name] += count
    keys = sorted(
        {(language, kind) for language, kind, _ in counts}, key=lambda key: (key[0] == ALL, key[1] == ALL, *key)
    )
    return [_score(language, kind, counts) for language, kind in keys]


def _counts(example: LabelledText, found: Iterable[Span]) -> Iterator[tuple[str, str, int]]:
    """Yields what is counted, the kind for which it is counted, and the count."""
    letters = {offset for offset, character in enumerate(example.text) if character.isalnum()}
    found_letters: set[int] = set()
    true_letters: set[int] = set()
    for span in example.spans:
        true_letters |= letters & set(range(span.start, span.end))
    for span in found:
        # A character that was found twice counts once.
        newly_found = letters & set(range(span.start, span.end)) - found_letters
        found_letters |= newly_found
        yield "found", span.kind, len(newly_found)
        yield "true by found kind", span.kind, len(newly_found & true_letters)
    for span in example.spans:
        entity = letters & set(range(span.start, span.end))
        yield "entities", span.kind, 1
        yield "fully found", span.kind, int(entity <= found_letters)
        yield "true", span.kind, len(entity)
        yield "found by true kind", span.kind, len(entity & found_letters)


def _score(language: str, kind: str, counts: Counter[tuple[str, str, str]]) -> Score:
    def share(part: str, whole: str) -> float | None:
        divisor = counts[language, kind, whole]
        return counts[language, kind, part] / divisor if divisor else None

    return Score(
        language,
        kind,
        entities=counts[language, kind, "entities"],
        fully_found=counts[language, kind, "fully found"],
        precision=share("true by found kind", "found"),
        recall=share("found by true kind", "true"),
    )
