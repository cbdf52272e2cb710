"""Measures recall and precision of a finder of personal data on labelled texts.

It counts characters, and of these only letters and digits: spaces and punctuation reveal nothing.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ticketing.privacy.placeholders import Span

ALL = "all"
Find = Callable[[Sequence[str]], Sequence[Sequence[Span]]]


class LabelledText(NamedTuple):
    """A text with the spans of its personal data."""

    text: str
    language: str
    spans: tuple[Span, ...]


class Score(NamedTuple):
    """The scores for one kind in one language; `ALL` stands for all kinds or all languages.

    `recall`: the share of the kind's characters that were found, as any kind. `precision`: the share of the
    characters found as this kind that are personal data of any kind. `whole`: the number of entities that were found
    completely. None: the divisor is 0.
    """

    language: str
    kind: str
    entities: int
    whole: int
    precision: float | None
    recall: float | None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall."""
        return self._f(1.0)

    @property
    def f2(self) -> float | None:
        """F-beta with beta 2, which weights recall higher: a leak is worse than replacing a word too many."""
        return self._f(2.0)

    def _f(self, beta: float) -> float | None:
        """F-beta. Source: C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7."""
        if self.precision is None or self.recall is None:
            return None
        weight = beta * beta
        divisor = weight * self.precision + self.recall
        return (1 + weight) * self.precision * self.recall / divisor if divisor else 0.0


class FinderScores(NamedTuple):
    """A finder's scores and speed; `changed` is the share of texts in which it found anything."""

    scores: list[Score]
    texts_a_second: float
    changed: float


def measure(labelled: Sequence[LabelledText], find: Find) -> FinderScores:
    """Runs a finder on the texts and scores what it found; without texts it returns no scores."""
    started = time.perf_counter()
    found = find([example.text for example in labelled])
    seconds = time.perf_counter() - started
    changed = sum(bool(spans) for spans in found)
    return FinderScores(
        score(labelled, found), len(labelled) / seconds if labelled else 0.0, changed / max(1, len(labelled))
    )


def score(labelled: Sequence[LabelledText], found: Sequence[Sequence[Span]]) -> list[Score]:
    """Scores by kind and language, then by language, then by kind, then overall."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for example, spans in zip(labelled, found, strict=True):
        for name, kind, number in _counts(example, spans):
            for language in (example.language, ALL):
                for counted_kind in (kind, ALL):
                    counts[language, counted_kind, name] += number
    keys = sorted(
        {(language, kind) for language, kind, _ in counts}, key=lambda key: (key[0] == ALL, key[1] == ALL, *key)
    )
    return [_score(language, kind, counts) for language, kind in keys]


def _counts(example: LabelledText, found: Iterable[Span]) -> Iterator[tuple[str, str, int]]:
    letters = {place for place, character in enumerate(example.text) if character.isalnum()}
    covered: set[int] = set()
    true: set[int] = set()
    for span in example.spans:
        true |= letters & set(range(span.start, span.end))
    for span in found:
        # A character that was found twice counts once.
        places = letters & set(range(span.start, span.end)) - covered
        covered |= places
        yield "found", span.kind, len(places)
        yield "found and true", span.kind, len(places & true)
    for span in example.spans:
        places = letters & set(range(span.start, span.end))
        yield "entities", span.kind, 1
        yield "whole", span.kind, int(places <= covered)
        yield "true", span.kind, len(places)
        yield "true and found", span.kind, len(places & covered)


def _score(language: str, kind: str, counts: Counter[tuple[str, str, str]]) -> Score:
    def share(part: str, of: str) -> float | None:
        whole = counts[language, kind, of]
        return counts[language, kind, part] / whole if whole else None

    return Score(
        language,
        kind,
        counts[language, kind, "entities"],
        counts[language, kind, "whole"],
        share("found and true", "found"),
        share("true and found", "true"),
    )
