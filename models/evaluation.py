"""Judges candidates on held-out tickets: the classifier, and the generator beside its two baselines.

What the numbers mean is `models.metrics`, what they lead to `models.gate`.
"""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from transformers import AutoTokenizer

from models.base import resolve
from models.classifier import TrainedClassifier
from models.engine import Engine
from models.gate import Verdict, rule
from models.metrics import (
    ClassificationMetrics,
    ReplyMetrics,
    classification_metrics,
    coverage_accuracy_curve,
    expected_calibration_error,
    reply_metrics,
)
from models.retrieval import NearestReply
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.drafting.drafter import Completion
from ticketing.drafting.prompts import messages
from ticketing.errors import CorpusError
from ticketing.settings import GateSettings, Settings
from ticketing.tickets import CleanTicket

SYSTEMS = ("tuned", "base", "nearest")


@dataclass(frozen=True)
class Selective:
    """What the classifier does by itself in one language, or in all of them."""

    count: int
    accuracy: float
    coverage: float
    selective_accuracy: float | None  # None: it routes nothing itself


@dataclass(frozen=True)
class ClassifierEvaluation:
    """A classifier on the test part of a snapshot."""

    version: str
    snapshot_id: str
    metrics: ClassificationMetrics
    overall: Selective
    languages: dict[str, Selective]
    expected_calibration_error: float
    curve_coverage: list[float]
    curve_accuracy: list[float]


@dataclass(frozen=True)
class ReplyExample:
    """One test ticket with what everybody answered, in placeholder form."""

    category: str
    ticket: str
    reference: str
    replies: dict[str, str]


@dataclass(frozen=True)
class GeneratorEvaluation:
    """A generator on test tickets: system → language → scores, beside the base model and the nearest training reply."""

    version: str
    snapshot_id: str
    scores: dict[str, dict[str, ReplyMetrics]]
    cut_off: float  # share of the tuned replies that hit the token limit
    seconds: float
    completion_tokens: int
    examples: list[ReplyExample]


def evaluate_classifier(classifier: TrainedClassifier, snapshot: Snapshot) -> ClassifierEvaluation:
    """Accuracy on all test tickets, and on those that it would route itself."""
    records = snapshot.records("test")
    said = classifier.predict([_as_ticket(record) for record in records])
    true, predicted = [record.category for record in records], [one.category for one in said]
    right = [a == b for a, b in zip(true, predicted, strict=True)]
    itself = [one.route == "auto" for one in said]
    confidences = [one.confidence for one in said]
    coverage, accuracy = coverage_accuracy_curve(confidences, right)
    by_language = {
        language: [i for i, record in enumerate(records) if record.language == language]
        for language in sorted({record.language for record in records})
    }
    return ClassifierEvaluation(
        version=classifier.version,
        snapshot_id=snapshot.snapshot_id,
        metrics=classification_metrics(true, predicted),
        overall=_selective(right, itself),
        languages={
            language: _selective([right[i] for i in places], [itself[i] for i in places])
            for language, places in by_language.items()
        },
        expected_calibration_error=expected_calibration_error(confidences, right),
        curve_coverage=coverage,
        curve_accuracy=accuracy,
    )


def judge_classifier(evaluation: ClassifierEvaluation, gate: GateSettings) -> Verdict:
    """The gate's word on a classifier."""
    overall = evaluation.overall
    return Verdict(
        (
            rule("accuracy on the tickets it routes itself", overall.selective_accuracy, ">=", gate.accuracy),
            rule("coverage", overall.coverage, ">=", gate.min_coverage),
        )
    )


def test_records(snapshot: Snapshot, languages: frozenset[str] | None, most: int) -> list[Record]:
    """The test tickets whose replies are scored: at most `most`, the same ones for the same snapshot."""
    able = [
        record
        for record in snapshot.records("test")
        if record.output and (languages is None or record.language in languages)
    ]
    able.sort(key=lambda record: record.ticket_id)
    random.Random(snapshot.snapshot_id).shuffle(able)  # noqa: S311 — an order, not a secret
    return able[:most]


def evaluate_generator(
    engine: Engine, version: str, languages: frozenset[str] | None, snapshot: Snapshot, settings: Settings
) -> GeneratorEvaluation:
    """BLEU and chrF of what the engine serves, of its bare base model, and of the nearest training reply.

    Raises:
        CorpusError: no test ticket has a reply in a language that the generator writes.
        EngineError: the engine failed.
    """
    records = test_records(snapshot, languages, settings.gate.max_test_replies)
    if not records:
        raise CorpusError("No test ticket has a reply to compare with: import more answered tickets and prepare again.")
    conversations = [messages(record.instruction, record.input) for record in records]
    started = time.monotonic()
    tuned = engine.chat(conversations)
    seconds = time.monotonic() - started
    base = engine.chat(conversations, use_adapter=False, max_tokens=_longest_reply(engine, records))
    nearest = NearestReply(snapshot.records("train")).replies(
        [record.input for record in records], [record.language for record in records]
    )
    replies = {"tuned": _texts(tuned), "base": _texts(base), "nearest": nearest}
    counts = Counter(record.language for record in records)
    return GeneratorEvaluation(
        version=version,
        snapshot_id=snapshot.snapshot_id,
        scores={system: {lang: _score(replies[system], records, lang) for lang in counts} for system in SYSTEMS},
        cut_off=sum(one.finish_reason == "length" for one in tuned) / len(tuned),
        seconds=seconds,
        completion_tokens=sum(one.completion_tokens for one in tuned),
        examples=[
            ReplyExample(r.category, r.input, r.output or "", {system: replies[system][i] for system in SYSTEMS})
            for i, r in enumerate(records)
        ],
    )


def judge_generator(evaluation: GeneratorEvaluation) -> Verdict:
    """The gate's word on a generator: in every language it writes, better than both baselines."""
    scores = evaluation.scores
    return Verdict(
        tuple(
            rule(
                f"BLEU in {language!r} against the {named}",
                scores["tuned"][language].bleu.value,
                ">",
                scores[baseline][language].bleu.value,
            )
            for language in sorted(scores["tuned"])
            for baseline, named in (("base", "base model"), ("nearest", "nearest training reply"))
        )
    )


def _selective(right: Sequence[bool], itself: Sequence[bool]) -> Selective:
    routed = [correct for correct, chosen in zip(right, itself, strict=True) if chosen]
    return Selective(
        count=len(right),
        accuracy=sum(right) / len(right),
        coverage=len(routed) / len(right),
        selective_accuracy=sum(routed) / len(routed) if routed else None,
    )


def _score(replies: Sequence[str], records: Sequence[Record], language: str) -> ReplyMetrics:
    places = [i for i, record in enumerate(records) if record.language == language]
    return reply_metrics([replies[i] for i in places], [records[i].output or "" for i in places], language)


def _longest_reply(engine: Engine, records: Sequence[Record]) -> int:
    # The base model rambles on to any limit, which takes longer than all the rest; agents need no more than this.
    tokenizer = AutoTokenizer.from_pretrained(resolve(engine.base, engine.settings))
    longest = max(len(tokenizer(record.output).input_ids) for record in records)
    return min(longest, engine.settings.engine.max_reply_tokens)


def _texts(completions: Sequence[Completion]) -> list[str]:
    return [completion.text.strip() for completion in completions]


def _as_ticket(record: Record) -> CleanTicket:
    # A record's text is subject and body already joined as `CleanTicket.text` joins them.
    return CleanTicket(
        ticket_id=record.ticket_id, revision=1, created_at=None, language=record.language, subject="", body=record.text,
        category=None, reply=None,
    )  # fmt: skip
