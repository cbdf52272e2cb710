"""Evaluates a generator on test tickets against its base model, the nearest-reply baseline and the champion.

The nearest-reply baseline (`models.evaluation.nearest_reply`) answers with the reply to the most similar training
ticket. `models.evaluation.metrics` and `models.evaluation.reply_checks` score replies. `models.evaluation.gate` applies
rules to the measurements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from models.evaluation.classifier import CHAMPION, scopes_of
from models.evaluation.measurements import Comparison, Measurement, Measurements, count, mean, share, share_difference
from models.evaluation.metrics import reply_scores, sentence_chrf
from models.evaluation.reply_checks import Answer, ReplyChecker
from models.evaluation.training_replies import training_replies
from models.shared.encoder import Encoder
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.gate_settings import ANY_FAULT, FAULTS
from ticketing.stages.guard import ReplyScrubber
from ticketing.stages.protocols import Completion

TUNED, BASE, NEAREST, AGENT = "tuned", "base", "nearest", "agent"  # names of systems
Replies = Mapping[str, Sequence[Completion]]  # system → one reply per record, in order
T = TypeVar("T")


@dataclass(frozen=True)
class ReplyExample:
    """A test ticket with the reply of each system, in placeholder form.

    `reference` is the human agent's reply. `chrf` and `faults` describe the reply of the tuned model.
    """

    category: str
    language: str
    ticket: str
    reference: str
    replies: dict[str, str]
    chrf: float
    faults: tuple[str, ...]


@dataclass(frozen=True)
class GeneratorEvaluation:
    """The evaluation of a generator.

    `systems` has the metrics of every system, and those of the human agents. The agents' replies are the references, so
    faults found in them show how often the checks are wrong. The checks learn from a sample of `training_replies`
    replies. The snapshot has `training_replies_of` of them.
    """

    version: str
    snapshot_id: str
    measured: Measurements
    systems: dict[str, dict[tuple[str, str], Measurement]]
    completion_tokens: int
    examples: list[ReplyExample]
    training_replies: int
    training_replies_of: int

    @property
    def stored_metrics(self) -> dict[str, object]:
        """The metrics that are stored with the verdict. They contain no text of tickets or replies."""
        return {
            **self.measured.as_dict(),
            "systems": {name: Measurements(values).as_dict()["values"] for name, values in self.systems.items()},
            "completion_tokens": self.completion_tokens,
            "training_replies": self.training_replies,
            "training_replies_of": self.training_replies_of,
        }


def evaluate_generator(
    version: str, snapshot: Snapshot, records: Sequence[Record], replies: Replies, encoder: Encoder,
    champion_training_ids: frozenset[str] = frozenset(), missing_systems: frozenset[str] = frozenset({CHAMPION}),
    languages: frozenset[str] | None = None,
) -> GeneratorEvaluation:  # fmt: skip
    """Scores the replies of all systems, and compares the tuned model with each other system on the same tickets.

    Args:
        version: the candidate.
        snapshot: the candidate's snapshot. The checks learn from its training replies what human agents usually write.
        records: the test tickets.
        replies: system → one reply per record, in order. `tuned` comes first; `champion` is there if it can be served.
        encoder: measures how similar the meaning of two texts is.
        champion_training_ids: the tickets that the champion was trained on. The champion is not compared on them.
        missing_systems: contains `CHAMPION` if there is no champion. A champion that can't be served is not among the
            missing systems, so that the rules against it fail.
        languages: the languages that the candidate would write, each of which must have measurements. With None, only
            the languages of the records are judged.
    """
    training = training_replies(snapshot)
    checker = ReplyChecker(training.records)
    checks_of = {language: checker.checks(language) for language in {record.language for record in records}}
    texts_of = {name: [reply.text.strip() for reply in completions] for name, completions in replies.items()}
    agent = [Completion(record.output or "", 0, 0, "stop") for record in records]
    faults = {
        name: [checker.faults(_answer(record, reply)) for record, reply in zip(records, completions, strict=True)]
        for name, completions in {**replies, AGENT: agent}.items()
    }
    scopes = {**scopes_of(records), **_by_language_and_category(records)}
    # The champion may have been trained on some of these tickets, unlike the other systems.
    champion_scopes = {
        scope: [i for i in rows if records[i].ticket_id not in champion_training_ids] for scope, rows in scopes.items()
    }
    detectable = [checks_of[record.language] | {ANY_FAULT} for record in records]
    systems = {
        name: _fault_shares(found, detectable, champion_scopes if name == CHAMPION else scopes)
        for name, found in faults.items()
    }
    comparisons = _fault_differences(faults, detectable, scopes, champion_scopes)
    references = [record.output or "" for record in records]
    for name, texts in texts_of.items():
        cosines = encoder.similarity(texts, references)
        for scope, rows in (champion_scopes if name == CHAMPION else scopes).items():
            similarity = mean(_select(cosines, rows), f"cosine, {encoder.name}")
            if similarity is not None:
                systems[name]["embedding_similarity", scope] = similarity
    for scope, rows in scopes.items():
        language = _only_language(records, rows)
        if language is None:
            continue  # BLEU's tokenizer depends on the language
        values, differences = _scores(texts_of, references, rows, champion_scopes[scope], language)
        for (metric, name), value in values.items():
            systems[name][metric, scope] = value
        comparisons |= {(metric, scope, other): difference for (metric, other), difference in differences.items()}
    return GeneratorEvaluation(
        version=version,
        snapshot_id=snapshot.snapshot_id,
        measured=Measurements(
            systems[TUNED],
            comparisons,
            frozenset() if CHAMPION in replies else missing_systems,
            frozenset(f"language={language}" for language in languages or ()),
        ),
        systems=systems,
        completion_tokens=sum(reply.completion_tokens for reply in replies[TUNED]),
        examples=_examples(records, texts_of, faults[TUNED]),
        training_replies=len(training.records),
        training_replies_of=training.available,
    )


def without_personal_data(examples: Sequence[ReplyExample], finder: ReplyScrubber) -> list[ReplyExample]:
    """The examples with scrubbed replies, because a model may have invented or memorised personal data."""
    # A reply is scrubbed together with its ticket, so that an invented value gets a placeholder that the ticket lacks.
    results = finder.scrub([(example.ticket, *example.replies.values()) for example in examples])
    return [
        replace(example, replies=dict(zip(example.replies, scrubbed.texts[1:], strict=True)))
        for example, scrubbed in zip(examples, results, strict=True)
    ]


def _by_language_and_category(records: Sequence[Record]) -> dict[str, list[int]]:
    """The row indices of each pair of language and category, for categories that occur in several languages."""
    languages: dict[str, set[str]] = {}
    for record in records:
        languages.setdefault(record.category, set()).add(record.language)
    scopes: dict[str, list[int]] = {}
    for row, record in enumerate(records):
        if len(languages[record.category]) > 1:
            scopes.setdefault(pair_scope(record.language, record.category), []).append(row)
    return scopes


def pair_scope(language: str, category: str) -> str:
    """The name of the scope of a category in one language. Only the report uses such scopes; rules can't name them."""
    return f"{language}: {category}"


def _scores(
    texts_of: Mapping[str, Sequence[str]], references: Sequence[str], rows: Sequence[int],
    champion_rows: Sequence[int], language: str,
) -> tuple[dict[tuple[str, str], Measurement], dict[tuple[str, str], Comparison]]:  # fmt: skip
    """BLEU and chrF in one scope. The champion is scored and compared only on `champion_rows`."""
    texts_without_champion = {name: _select(texts, rows) for name, texts in texts_of.items() if name != CHAMPION}
    scores = reply_scores(texts_without_champion, _select(references, rows), language)
    values, comparisons = scores.values, scores.comparisons
    if CHAMPION in texts_of and champion_rows:
        both = {name: _select(texts_of[name], champion_rows) for name in (TUNED, CHAMPION)}
        champion_scores = reply_scores(both, _select(references, champion_rows), language)
        comparisons |= champion_scores.comparisons
        values |= {key: value for key, value in champion_scores.values.items() if key[1] == CHAMPION}
    return values, comparisons


def _fault_shares(
    faults: Sequence[Sequence[str]], detectable: Sequence[frozenset[str]], scopes: Mapping[str, Sequence[int]]
) -> dict[tuple[str, str], Measurement]:
    """The share of replies with each fault, among the replies in languages in which the fault can be detected."""
    shares: dict[tuple[str, str], Measurement] = {}
    for scope, rows in scopes.items():
        shares["replies", scope] = count(len(rows))
        for fault in (*FAULTS, ANY_FAULT):
            checked = [i for i in rows if fault in detectable[i]]
            fault_share = share(sum(_has(faults[i], fault) for i in checked), len(checked))
            if fault_share is not None:
                shares[fault, scope] = fault_share
    return shares


def _fault_differences(
    faults: Mapping[str, Sequence[Sequence[str]]], detectable: Sequence[frozenset[str]],
    scopes: Mapping[str, Sequence[int]], champion_scopes: Mapping[str, Sequence[int]],
) -> dict[tuple[str, str, str], Comparison]:  # fmt: skip
    """For each fault, the share of the tuned model's replies with it minus the share of each other system's."""
    differences: dict[tuple[str, str, str], Comparison] = {}
    for other in faults.keys() - {TUNED, AGENT}:
        for scope, rows in (champion_scopes if other == CHAMPION else scopes).items():
            for fault in (*FAULTS, ANY_FAULT):
                checked = [i for i in rows if fault in detectable[i]]
                ours, theirs = ([_has(faults[name][i], fault) for i in checked] for name in (TUNED, other))
                difference = share_difference(ours, theirs)
                if difference is not None:
                    differences[fault, scope, other] = difference
    return differences


def _has(faults: Sequence[str], fault: str) -> bool:
    return bool(faults) if fault == ANY_FAULT else fault in faults


def _examples(
    records: Sequence[Record], texts_of: Mapping[str, Sequence[str]], faults: Sequence[Sequence[str]]
) -> list[ReplyExample]:
    examples = []
    for i, record in enumerate(records):
        reference = record.output or ""
        [chrf] = sentence_chrf([texts_of[TUNED][i]], [reference], record.language)
        replies = {name: texts[i] for name, texts in texts_of.items()}
        examples.append(
            ReplyExample(
                record.category, record.language, record.input, reference, replies, chrf, tuple(faults[i])
            )
        )  # fmt: skip
    return examples


def _answer(record: Record, reply: Completion) -> Answer:
    return Answer(
        reply.text.strip(), reply.finish_reason, record.input, record.output or "", record.language, record.category,
        record.instruction,
    )  # fmt: skip


def _only_language(records: Sequence[Record], rows: Sequence[int]) -> str | None:
    languages = {records[i].language for i in rows}
    return languages.pop() if len(languages) == 1 else None


def _select(values: Sequence[T], rows: Sequence[int]) -> list[T]:
    return [values[i] for i in rows]
