"""Evaluates a generator on test tickets against its base model, the nearest training reply and the champion.

`models.evaluation.metrics` and `models.evaluation.reply_checks` score replies; `models.evaluation.gate` applies rules.
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
from ticketing.settings import ANY_FAULT, FAULTS
from ticketing.stages.guard import ReplyScrubber
from ticketing.stages.protocols import Completion

TUNED, BASE, NEAREST, AGENT = "tuned", "base", "nearest", "agent"
Replies = Mapping[str, Sequence[Completion]]
T = TypeVar("T")


@dataclass(frozen=True)
class ReplyExample:
    """A test ticket with the reply of each system, in placeholder form; `chrf` and `faults` are the tuned reply's."""

    category: str
    language: str
    ticket: str
    reference: str
    replies: dict[str, str]
    chrf: float
    faults: tuple[str, ...]


@dataclass(frozen=True)
class GeneratorEvaluation:
    """The evaluation of a generator; `systems` has the numbers of every system, and those of the agents.

    The agents' replies are the reference, so the faults found in them show how often the checks are wrong.
    `training_replies` is the size of the sample that the checks learn from, `training_replies_of` that of the snapshot.
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
    def numbers(self) -> dict[str, object]:
        """The numbers that are stored with the verdict; no text."""
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
        snapshot: the candidate's training corpus; the checks learn from its replies what agents usually write.
        records: the test tickets.
        replies: system → one reply a record, in order; `tuned` first, `champion` if there is one.
        encoder: for the similarity in meaning.
        champion_training_ids: tickets that the champion was trained on; it is not compared on those.
        missing_systems: contains `CHAMPION` if there is no champion. A champion that can't be served is not missing:
            the rules against it fail.
        languages: the languages that the candidate would be served in, each of which must have numbers; None: only the
            languages of the records are judged.
    """
    training = training_replies(snapshot)
    checker = ReplyChecker(training.records)
    checked = {language: checker.checks(language) for language in {record.language for record in records}}
    written = {name: [reply.text.strip() for reply in completions] for name, completions in replies.items()}
    agent = [Completion(record.output or "", 0, 0, "stop") for record in records]
    faults = {
        name: [checker.faults(_answer(record, reply)) for record, reply in zip(records, completions, strict=True)]
        for name, completions in {**replies, AGENT: agent}.items()
    }
    scopes = {**scopes_of(records), **_by_language_and_category(records)}
    # Only the champion may have seen some of these tickets in training.
    unseen = {
        scope: [i for i in rows if records[i].ticket_id not in champion_training_ids] for scope, rows in scopes.items()
    }
    detectable = [checked[record.language] | {ANY_FAULT} for record in records]
    systems = {
        name: _fault_shares(found, detectable, unseen if name == CHAMPION else scopes) for name, found in faults.items()
    }
    comparisons = _fault_differences(faults, detectable, scopes, unseen)
    references = [record.output or "" for record in records]
    for name, texts in written.items():
        cosines = encoder.similarity(texts, references)
        for scope, rows in (unseen if name == CHAMPION else scopes).items():
            similarity = mean(_picked(cosines, rows), f"cosine, {encoder.name}")
            if similarity is not None:
                systems[name]["embedding_similarity", scope] = similarity
    for scope, rows in scopes.items():
        language = _only_language(records, rows)
        if language is None:
            continue  # BLEU has another tokenizer for each language
        found, compared = _scores(written, references, rows, unseen[scope], language)
        for (metric, name), value in found.items():
            systems[name][metric, scope] = value
        comparisons |= {(metric, scope, other): comparison for (metric, other), comparison in compared.items()}
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
        examples=_examples(records, written, faults[TUNED]),
        training_replies=len(training.records),
        training_replies_of=training.available,
    )


def without_personal_data(examples: Sequence[ReplyExample], finder: ReplyScrubber) -> list[ReplyExample]:
    """The examples with scrubbed replies, since a model may have invented or memorised personal data."""
    # Each reply is scrubbed together with its ticket: an invented value gets a placeholder that the ticket lacks.
    found = finder.scrub([(example.ticket, *example.replies.values()) for example in examples])
    return [
        replace(example, replies=dict(zip(example.replies, scrubbed.texts[1:], strict=True)))
        for example, scrubbed in zip(examples, found, strict=True)
    ]


def _by_language_and_category(records: Sequence[Record]) -> dict[str, list[int]]:
    """The row numbers of each pair of language and category, for categories that occur in several languages."""
    languages: dict[str, set[str]] = {}
    for record in records:
        languages.setdefault(record.category, set()).add(record.language)
    scopes: dict[str, list[int]] = {}
    for row, record in enumerate(records):
        if len(languages[record.category]) > 1:
            scopes.setdefault(pair_scope(record.language, record.category), []).append(row)
    return scopes


def pair_scope(language: str, category: str) -> str:
    """The name of the scope of a category in one language. Only the report uses it; no rule can name it."""
    return f"{language}: {category}"


def _scores(
    written: Mapping[str, Sequence[str]], references: Sequence[str], rows: Sequence[int], unseen: Sequence[int],
    language: str,
) -> tuple[dict[tuple[str, str], Measurement], dict[tuple[str, str], Comparison]]:  # fmt: skip
    others = {name: _picked(texts, rows) for name, texts in written.items() if name != CHAMPION}
    scored = reply_scores(others, _picked(references, rows), language)
    values, comparisons = scored.values, scored.comparisons
    if CHAMPION in written and unseen:
        both = {name: _picked(written[name], unseen) for name in (TUNED, CHAMPION)}
        against = reply_scores(both, _picked(references, unseen), language)
        comparisons |= against.comparisons
        values |= {key: value for key, value in against.values.items() if key[1] == CHAMPION}
    return values, comparisons


def _fault_shares(
    faults: Sequence[Sequence[str]], detectable: Sequence[frozenset[str]], scopes: Mapping[str, Sequence[int]]
) -> dict[tuple[str, str], Measurement]:
    """The share of each fault among the replies in whose language it can be detected."""
    shares: dict[tuple[str, str], Measurement] = {}
    for scope, rows in scopes.items():
        shares["replies", scope] = count(len(rows))
        for fault in (*FAULTS, ANY_FAULT):
            checked = [i for i in rows if fault in detectable[i]]
            found = share(sum(_has(faults[i], fault) for i in checked), len(checked))
            if found is not None:
                shares[fault, scope] = found
    return shares


def _fault_differences(
    faults: Mapping[str, Sequence[Sequence[str]]], detectable: Sequence[frozenset[str]],
    scopes: Mapping[str, Sequence[int]], unseen: Mapping[str, Sequence[int]],
) -> dict[tuple[str, str, str], Comparison]:  # fmt: skip
    differences: dict[tuple[str, str, str], Comparison] = {}
    for other in faults.keys() - {TUNED, AGENT}:
        for scope, rows in (unseen if other == CHAMPION else scopes).items():
            for fault in (*FAULTS, ANY_FAULT):
                checked = [i for i in rows if fault in detectable[i]]
                ours, theirs = ([_has(faults[name][i], fault) for i in checked] for name in (TUNED, other))
                found = share_difference(ours, theirs)
                if found is not None:
                    differences[fault, scope, other] = found
    return differences


def _has(faults: Sequence[str], fault: str) -> bool:
    return bool(faults) if fault == ANY_FAULT else fault in faults


def _examples(
    records: Sequence[Record], written: Mapping[str, Sequence[str]], faults: Sequence[Sequence[str]]
) -> list[ReplyExample]:
    examples = []
    for i, record in enumerate(records):
        reference = record.output or ""
        [chrf] = sentence_chrf([written[TUNED][i]], [reference], record.language)
        replies = {name: texts[i] for name, texts in written.items()}
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


def _picked(values: Sequence[T], rows: Sequence[int]) -> list[T]:
    return [values[i] for i in rows]
