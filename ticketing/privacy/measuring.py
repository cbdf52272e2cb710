"""How much personal data is found in texts where it is known, and how much of what is found is none.

Characters are counted, letters and digits only: where exactly a comma belongs to is nobody's secret.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ticketing.privacy.placeholders import Span

ALL = "all"
Find = Callable[[Sequence[str]], Sequence[Sequence[Span]]]


class LabelledText(NamedTuple):
    """A text whose personal data is known."""

    text: str
    language: str
    spans: tuple[Span, ...]


class Score(NamedTuple):
    """How well one kind is found in one language; `ALL` stands for every one of them.

    `recall`: characters of the kind that were found, as any kind. `precision`: characters found as the kind that are
    personal, of any kind. `whole`: entities of which nothing was left. None: there is nothing to divide by.
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
        """The same with recall counting twice as much: a leak is worse than a word too many."""
        return self._f(2.0)

    def _f(self, beta: float) -> float | None:
        """F-beta. Source: C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7."""
        if self.precision is None or self.recall is None:
            return None
        weight = beta * beta
        divisor = weight * self.precision + self.recall
        return (1 + weight) * self.precision * self.recall / divisor if divisor else 0.0


class FinderScores(NamedTuple):
    """The scores of one finder, and its speed; `changed` is the share of texts in which it found anything."""

    scores: list[Score]
    texts_a_second: float
    changed: float


def measure(labelled: Sequence[LabelledText], find: Find) -> FinderScores:
    """Lets a finder look through the texts, and scores what it found. An empty sequence has no scores."""
    started = time.perf_counter()
    found = find([one.text for one in labelled])
    seconds = time.perf_counter() - started
    changed = sum(bool(spans) for spans in found)
    return FinderScores(
        score(labelled, found), len(labelled) / seconds if labelled else 0.0, changed / max(1, len(labelled))
    )


def score(labelled: Sequence[LabelledText], found: Sequence[Sequence[Span]]) -> list[Score]:
    """One score for each kind and language, each language, each kind, and all together, in this order."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for one, spans in zip(labelled, found, strict=True):
        for name, kind, number in _counted(one, spans):
            for language in (one.language, ALL):
                for of in (kind, ALL):
                    counts[language, of, name] += number
    keys = sorted(
        {(language, kind) for language, kind, _ in counts}, key=lambda key: (key[0] == ALL, key[1] == ALL, *key)
    )
    return [_score(language, kind, counts) for language, kind in keys]


def _counted(one: LabelledText, found: Iterable[Span]) -> Iterator[tuple[str, str, int]]:
    letters = {place for place, character in enumerate(one.text) if character.isalnum()}
    covered: set[int] = set()
    true: set[int] = set()
    for span in one.spans:
        true |= letters & set(range(span.start, span.end))
    for span in found:
        # Two findings of one stretch are one.
        places = letters & set(range(span.start, span.end)) - covered
        covered |= places
        yield "found", span.kind, len(places)
        yield "found and true", span.kind, len(places & true)
    for span in one.spans:
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
