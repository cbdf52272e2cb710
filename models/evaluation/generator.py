"""Judges a generator on held-out tickets beside its base model, the nearest training reply and the champion.

The metrics are in `models.evaluation.metrics` and `models.evaluation.reply_checks`, the rules in
`models.evaluation.gate`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from models.evaluation.classifier import CHAMPION, scopes_of
from models.evaluation.measurements import Comparison, Measurement, Measurements, count, mean, share, share_difference
from models.evaluation.metrics import reply_scores, sentence_chrf
from models.evaluation.reply_checks import Answer, ReplyChecker
from models.shared.encoder import Encoder
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.settings import ANY_FAULT, FAULTS
from ticketing.stages.guard import Finder
from ticketing.stages.protocols import Completion

TUNED, BASE, NEAREST, AGENT = "tuned", "base", "nearest", "agent"
Replies = Mapping[str, Sequence[Completion]]
T = TypeVar("T")


@dataclass(frozen=True)
class ReplyExample:
    """One test ticket with what everybody answered, in placeholder form; `chrf` and `faults` are the tuned reply's."""

    category: str
    language: str
    ticket: str
    reference: str
    replies: dict[str, str]
    chrf: float
    faults: tuple[str, ...]


@dataclass(frozen=True)
class GeneratorEvaluation:
    """A generator on test tickets; `systems` has everybody's numbers, the agents' own among them.

    The agents' faults say how often the checks are wrong: their replies are the reference.
    """

    version: str
    snapshot_id: str
    measured: Measurements
    systems: dict[str, dict[tuple[str, str], Measurement]]
    completion_tokens: int
    examples: list[ReplyExample]

    @property
    def numbers(self) -> dict[str, object]:
        """What a verdict keeps: no text."""
        others = {name: Measurements(values).as_dict()["values"] for name, values in self.systems.items()}
        return {**self.measured.as_dict(), "systems": others, "completion_tokens": self.completion_tokens}


def evaluate_generator(
    version: str, snapshot: Snapshot, records: Sequence[Record], replies: Replies, encoder: Encoder,
    champion_seen: frozenset[str] = frozenset(), absent: frozenset[str] = frozenset({CHAMPION}),
    languages: frozenset[str] | None = None,
) -> GeneratorEvaluation:  # fmt: skip
    """Scores everybody's replies, and the tuned ones against the others' on the same tickets.

    Args:
        version: the candidate.
        snapshot: what it was trained on; what agents usually say is learnt from its training part.
        records: the test tickets.
        replies: system → a reply a record, in order; `tuned` first, `champion` where there is one.
        encoder: for likeness in meaning.
        champion_seen: tickets that the champion was trained on; it is not compared on those.
        absent: what there is nothing of to compare with. A champion that is there, but damaged, is not among it.
        languages: those that it would be served in, which a rule on each must find a number of; None: those scored.
    """
    checker = ReplyChecker(snapshot.records("train"))
    checked = {language: checker.checks(language) for language in {record.language for record in records}}
    written = {name: [one.text.strip() for one in said] for name, said in replies.items()}
    agent = [Completion(record.output or "", 0, 0, "stop") for record in records]
    faults = {
        name: [checker.faults(_answer(record, one)) for record, one in zip(records, said, strict=True)]
        for name, said in {**replies, AGENT: agent}.items()
    }
    scopes = {**scopes_of(records), **_by_language_and_category(records)}
    # Others did not learn from these tickets; the champion is shown on those that it has not learnt from either.
    fair = {name: [i for i in places if records[i].ticket_id not in champion_seen] for name, places in scopes.items()}
    able = [checked[record.language] | {ANY_FAULT} for record in records]
    systems = {name: _fault_shares(found, able, fair if name == CHAMPION else scopes) for name, found in faults.items()}
    comparisons = _fault_differences(faults, able, scopes, fair)
    references = [record.output or "" for record in records]
    for name, texts in written.items():
        alike = encoder.similarity(texts, references)
        for scope, places in (fair if name == CHAMPION else scopes).items():
            likeness = mean(_picked(alike, places), f"cosine, {encoder.name}")
            if likeness is not None:
                systems[name]["embedding_similarity", scope] = likeness
    for scope, places in scopes.items():
        language = _only_language(records, places)
        if language is None:
            continue  # BLEU has another tokenizer for each language
        found, compared = _scores(written, references, places, fair[scope], language)
        for (metric, name), value in found.items():
            systems[name][metric, scope] = value
        comparisons |= {(metric, scope, other): one for (metric, other), one in compared.items()}
    return GeneratorEvaluation(
        version=version,
        snapshot_id=snapshot.snapshot_id,
        measured=Measurements(
            systems[TUNED],
            comparisons,
            frozenset() if CHAMPION in replies else absent,
            frozenset(f"language={one}" for one in languages or ()),
        ),
        systems=systems,
        completion_tokens=sum(one.completion_tokens for one in replies[TUNED]),
        examples=_examples(records, written, faults[TUNED]),
    )


def without_personal_data(examples: Sequence[ReplyExample], finder: Finder) -> list[ReplyExample]:
    """The examples, with what a model made up or remembered taken out of its replies, as it would be from a ticket."""
    # Together with its ticket, so that what is made up gets a placeholder that the ticket does not have.
    found = finder.scrub([(one.ticket, *one.replies.values()) for one in examples])
    return [
        replace(one, replies=dict(zip(one.replies, scrubbed.texts[1:], strict=True)))
        for one, scrubbed in zip(examples, found, strict=True)
    ]


def _by_language_and_category(records: Sequence[Record]) -> dict[str, list[int]]:
    """The places of each category's records by language, where a category has several."""
    languages: dict[str, set[str]] = {}
    for record in records:
        languages.setdefault(record.category, set()).add(record.language)
    scopes: dict[str, list[int]] = {}
    for place, record in enumerate(records):
        if len(languages[record.category]) > 1:
            scopes.setdefault(pair_scope(record.language, record.category), []).append(place)
    return scopes


def pair_scope(language: str, category: str) -> str:
    """The name of the scope of a category in one language, of those that are in several; no rule can ask for it."""
    return f"{language}: {category}"


def _scores(
    written: Mapping[str, Sequence[str]], references: Sequence[str], places: Sequence[int], fair: Sequence[int],
    language: str,
) -> tuple[dict[tuple[str, str], Measurement], dict[tuple[str, str], Comparison]]:  # fmt: skip
    others = {name: _picked(texts, places) for name, texts in written.items() if name != CHAMPION}
    scored = reply_scores(others, _picked(references, places), language)
    values, comparisons = scored.values, scored.comparisons
    if CHAMPION in written and fair:
        both = {name: _picked(written[name], fair) for name in (TUNED, CHAMPION)}
        against = reply_scores(both, _picked(references, fair), language)
        comparisons |= against.comparisons
        values |= {key: value for key, value in against.values.items() if key[1] == CHAMPION}
    return values, comparisons


def _fault_shares(
    faults: Sequence[Sequence[str]], able: Sequence[frozenset[str]], scopes: Mapping[str, Sequence[int]]
) -> dict[tuple[str, str], Measurement]:
    """Shares of each fault among the replies in which the checker can see it, where there are such."""
    shares: dict[tuple[str, str], Measurement] = {}
    for scope, places in scopes.items():
        shares["replies", scope] = count(len(places))
        for fault in (*FAULTS, ANY_FAULT):
            seen = [i for i in places if fault in able[i]]
            one = share(sum(_has(faults[i], fault) for i in seen), len(seen))
            if one is not None:
                shares[fault, scope] = one
    return shares


def _fault_differences(
    faults: Mapping[str, Sequence[Sequence[str]]], able: Sequence[frozenset[str]],
    scopes: Mapping[str, Sequence[int]], fair: Mapping[str, Sequence[int]],
) -> dict[tuple[str, str, str], Comparison]:  # fmt: skip
    differences: dict[tuple[str, str, str], Comparison] = {}
    for other in faults.keys() - {TUNED, AGENT}:
        for scope, places in (fair if other == CHAMPION else scopes).items():
            for fault in (*FAULTS, ANY_FAULT):
                seen = [i for i in places if fault in able[i]]
                ours, theirs = ([_has(faults[name][i], fault) for i in seen] for name in (TUNED, other))
                one = share_difference(ours, theirs)
                if one is not None:
                    differences[fault, scope, other] = one
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


def _answer(record: Record, said: Completion) -> Answer:
    return Answer(
        said.text.strip(), said.finish_reason, record.input, record.output or "", record.language, record.category,
        record.instruction,
    )  # fmt: skip


def _only_language(records: Sequence[Record], places: Sequence[int]) -> str | None:
    languages = {records[i].language for i in places}
    return languages.pop() if len(languages) == 1 else None


def _picked(values: Sequence[T], places: Sequence[int]) -> list[T]:
    return [values[i] for i in places]
