"""Judges a candidate: scores it on held-out tickets, compares it with the champion, and applies the gate's rules.

`reports` writes the report. `models.registry.versions` promotes.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from models.classifier.model import TrainedClassifier
from models.context import Context
from models.engine.serving import serve_generator
from models.evaluation.classifier import CHAMPION, ClassifierEvaluation, Rival, evaluate_classifier
from models.evaluation.gate import Verdict, judge, rules_of
from models.evaluation.generator import GeneratorEvaluation, evaluate_generator, without_personal_data
from models.evaluation.scored_replies import look_up_replies, scored_records, write_base_replies, write_replies
from models.evaluation.study_analysis import study_measurement, with_study
from models.evaluation.verdicts import record_verdict
from models.generator.manifest import check_servable
from models.registry import versions
from models.registry.versions import ModelVersion
from models.shared.encoder import Encoder
from models.shared.hardware import cost_since
from ticketing.corpus.snapshot import Snapshot, find_snapshot
from ticketing.corpus.splitting import TRAINING_PARTS
from ticketing.errors import CorpusError, ModelError
from ticketing.stages.protocols import Completion

logger = logging.getLogger("ticketing")


@dataclass(frozen=True)
class JudgedCandidate:
    """A candidate with its scores and the gate's verdict.

    `stored_metrics` is what the verdict stores. `champion` is the version that the candidate would replace, or None if
    there is no champion. `languages` are the languages that a generator writes; None means any.
    """

    model: ModelVersion
    evaluation: ClassifierEvaluation | GeneratorEvaluation
    verdict: Verdict
    verdict_id: int
    stored_metrics: dict[str, object]
    champion: str | None
    languages: frozenset[str] | None = None

    @property
    def version(self) -> str:
        """The name of the candidate's version."""
        return self.model.version

    @property
    def name(self) -> str:
        """The candidate's name for people, such as 'classifier 7'."""
        return self.model.short_name


class ChampionComparison(NamedTuple):
    """The champion that a candidate is compared with, as it was when judging began.

    `champion` is None if no comparison is possible: there is no champion, it is damaged, or it is the candidate itself.
    `training_ticket_ids` are the tickets that the champion was trained on. `missing_systems` contains `CHAMPION` if the
    gate should skip the rules that compare with the champion. With a damaged champion it is empty, so that these rules
    fail.
    """

    version: str | None
    champion: ModelVersion | None = None
    training_ticket_ids: frozenset[str] = frozenset()
    missing_systems: frozenset[str] = frozenset()


def judge_version(context: Context, version: str) -> JudgedCandidate:
    """Scores a version on the test part of its snapshot, applies the gate's rules, and stores the verdict.

    Raises:
        ModelError: there is no such version, or it can't be loaded.
        CorpusError: the version's snapshot is missing, or has no tickets to measure on.
        EngineError: the inference engine failed.
    """
    model = versions.find(context.database, version, context.settings)
    return _judge_classifier(context, model) if model.kind == "classifier" else _judge_generator(context, model)


def compare_with_champion(context: Context, model: ModelVersion) -> ChampionComparison:
    """The champion that a candidate is compared with."""
    version = versions.champion_versions(context.database).get(model.kind)
    if version is None or version == model.version:
        return ChampionComparison(version, missing_systems=frozenset({CHAMPION}))
    try:
        champion = versions.find(context.database, version, context.settings)
        if model.kind == "generator":
            check_servable(champion.version, champion.path, champion.base_model, context.settings)
        return ChampionComparison(version, champion, training_ticket_ids(context, champion))
    except (ModelError, CorpusError) as error:
        # Without a comparison, the rules against the champion fail. A person can overrule the gate.
        logger.warning("the candidate can't be compared with the champion: %s", error)
        return ChampionComparison(version)


def training_ticket_ids(context: Context, model: ModelVersion) -> frozenset[str]:
    """The ids of the tickets that a model was trained on, or that its thresholds were chosen with."""
    snapshot = _snapshot(context, model)
    return frozenset(record.ticket_id for part in TRAINING_PARTS for record in snapshot.iterate(part))


def _judge_classifier(context: Context, model: ModelVersion) -> JudgedCandidate:
    started, settings = time.monotonic(), context.settings
    comparison = compare_with_champion(context, model)
    rival = None
    if comparison.champion is not None:
        champion = TrainedClassifier.load(comparison.champion.version, comparison.champion.path, settings)
        rival = Rival(champion, comparison.training_ticket_ids)
    logger.info("evaluate: %s classifies the test tickets", model.short_name)
    candidate = TrainedClassifier.load(model.version, model.path, settings)
    evaluation = evaluate_classifier(candidate, _snapshot(context, model), rival, comparison.missing_systems)
    return _apply_gate(context, model, evaluation, started, comparison.version)


def _judge_generator(context: Context, model: ModelVersion) -> JudgedCandidate:
    started, settings = time.monotonic(), context.settings
    snapshot = _snapshot(context, model)
    comparison = compare_with_champion(context, model)
    replies: dict[str, Sequence[Completion]] = {}
    with serve_generator(model, settings) as served:
        languages = served.languages
        records = scored_records(snapshot, languages, settings.gate, comparison.training_ticket_ids)
        logger.info("evaluate: %s writes %d replies", model.short_name, len(records))
        replies["tuned"] = write_replies(served, records)
        logger.info("evaluate: the base model writes %d replies", len(records))
        replies["base"] = write_base_replies(served, records)
    replies["nearest"] = look_up_replies(snapshot, records)
    if comparison.champion is not None:
        with serve_generator(comparison.champion, settings) as served:
            logger.info("evaluate: the champion writes %d replies", len(records))
            replies["champion"] = write_replies(served, records)
    logger.info("evaluate: computing the scores of the replies")
    evaluation = evaluate_generator(
        model.version, snapshot, records, replies, Encoder.load(settings), comparison.training_ticket_ids,
        comparison.missing_systems, languages,
    )  # fmt: skip
    evaluation = replace(
        evaluation,
        measured=with_study(evaluation.measured, study_measurement(context.database, model.version)),
        examples=without_personal_data(evaluation.examples, context.scrubber),
    )
    return _apply_gate(context, model, evaluation, started, comparison.version, languages)


def _apply_gate(
    context: Context,
    model: ModelVersion,
    evaluation: ClassifierEvaluation | GeneratorEvaluation,
    started: float,
    champion: str | None,
    languages: frozenset[str] | None = None,
) -> JudgedCandidate:
    metrics = {**evaluation.stored_metrics, "champion": champion, **cost_since(started)}
    verdict = judge(rules_of(context.settings.gate, model.kind), evaluation.measured)
    verdict_id = record_verdict(context.database, model, verdict, metrics, evaluation.measured.signatures())
    return JudgedCandidate(model, evaluation, verdict, verdict_id, metrics, champion, languages)


def _snapshot(context: Context, model: ModelVersion) -> Snapshot:
    return find_snapshot(context.database, context.settings, model.snapshot_id)
