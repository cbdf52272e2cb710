"""The `evaluate` flow: candidates → scores on held-out tickets → the gate's verdicts → promotion, or a failed run."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from flows import approval, resources
from flows.approval import Approval, Proposal
from flows.common import IO, PLAIN
from models.classifier.model import TrainedClassifier
from models.engine.serving import serve_generator
from models.evaluation.classifier import CHAMPION, ClassifierEvaluation, Rival, evaluate_classifier
from models.evaluation.gate import Verdict, judge, rules_of
from models.evaluation.generator import GeneratorEvaluation, evaluate_generator, without_personal_data
from models.evaluation.scored_replies import look_up_replies, scored_records, write_base_replies, write_replies
from models.evaluation.study_analysis import study_measurement, with_study
from models.generator.manifest import check_servable
from models.registry import versions as registry
from models.registry.versions import ModelVersion
from models.shared.encoder import Encoder
from models.shared.hardware import cost_since
from reports.evaluation import classifier_sections, verdict_section
from reports.lineage import lineage_section
from reports.page import Section, VerdictLine, headlines, html_page, markdown_page, write_page
from reports.replies import generator_sections
from reports.words import classifier_in_words, generator_in_words
from ticketing.corpus.snapshot import Snapshot, find_snapshot
from ticketing.corpus.splitting import Part
from ticketing.errors import CorpusError, GateFailed, InputError, ModelError
from ticketing.settings import get_settings
from ticketing.stages.protocols import Completion

GATE = "the gate"
SEEN: tuple[Part, ...] = ("train", "validation")


class Judged(NamedTuple):
    """A candidate, what the gate said of it, and what the report says."""

    version: str
    verdict: Verdict
    verdict_id: int
    words: str
    asked: Section
    sections: list[Section]
    lineage: Section
    champion: str | None  # that it would take the place of


class Outcome(NamedTuple):
    """What became of the candidates of one run."""

    promoted: tuple[str, ...]
    overruled: tuple[str, ...]
    sentence: str


class Beside(NamedTuple):
    """The champion of the moment at which judging began, and what can be compared with it.

    `champion` is None where it can't be compared with: there is none, it is damaged, or it is the candidate itself.
    `seen` is what it has learnt from, `absent` what there is nothing of to compare with.
    """

    version: str | None
    champion: ModelVersion | None = None
    seen: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()


@flow(name="evaluate")
def evaluate(
    classifier: str | None = None, generator: str | None = None, overrule: bool = False, by: str = GATE
) -> Outcome:
    """Judges the named versions, or the newest candidates, and promotes those that pass, or asks a person to.

    With `overrule` a person (`by`) promotes what failed as well.

    Raises:
        GateFailed: a candidate failed and was not overruled; its champion stays.
        InputError: the gate is to be overruled, and by nobody.
    """
    if overrule and by == GATE:
        raise InputError("The gate does not overrule itself: say in 'by' who does. The name stays in the history.")
    judged = [judge_classifier(version) for version in candidates("classifier", classifier)]
    judged += [judge_generator(version) for version in candidates("generator", generator)]
    if not judged:
        raise ModelError("There is no candidate to evaluate: run 'ticketing train' first.")
    report(judged)
    chosen = [one for one in judged if one.verdict.passed or overrule]
    waits = promote_or_ask(chosen, overrule, by)
    failed = [one for one in judged if not one.verdict.passed]
    outcome = Outcome(
        promoted=() if waits else tuple(one.version for one in chosen),
        overruled=tuple(one.version for one in failed if overrule),
        sentence="; ".join(f"{one.version} {_word(one, overrule, waits)}: {one.verdict.sentence}" for one in judged),
    )
    get_run_logger().info("gate: %s", outcome.sentence)
    if failed and not overrule:
        raise GateFailed(f"{outcome.sentence}. The champion stays; 'ticketing evaluate --promote' overrules the gate.")
    return outcome


@task(**IO)
def candidates(kind: registry.Kind, version: str | None) -> list[str]:
    """The version asked for, or the newest candidate of a kind; an empty list when there is none."""
    found: ModelVersion | None
    if version is not None:
        found = registry.find(resources.database(), version, get_settings())
    else:
        found = registry.latest_candidate(resources.database(), kind, get_settings())
    return [found.version] if found else []


@task(**PLAIN)
def judge_classifier(version: str) -> Judged:
    """Scores a classifier on the test part of the snapshot it was trained on, beside the champion; asks the gate."""
    started = time.monotonic()
    settings = get_settings()
    model = registry.find(resources.database(), version, settings)
    beside = champion_beside(model)
    rival = None
    if beside.champion is not None:
        champion = TrainedClassifier.load(beside.champion.version, beside.champion.path, settings)
        rival = Rival(champion, beside.seen)
    candidate = TrainedClassifier.load(version, model.path, settings)
    scored = evaluate_classifier(candidate, snapshot_of(model), rival, beside.absent)
    sections = classifier_sections(scored, model, settings.gate.accuracy)
    return judged(model, scored, started, classifier_in_words(scored), sections, beside.version)


@task(**PLAIN)
def judge_generator(version: str) -> Judged:
    """Scores a generator as vLLM serves it, beside its baselines and the champion, and asks the gate."""
    started = time.monotonic()
    settings = get_settings()
    model = registry.find(resources.database(), version, settings)
    snapshot = snapshot_of(model)
    beside = champion_beside(model)
    replies: dict[str, Sequence[Completion]] = {}
    with serve_generator(model, settings) as served:
        languages = served.languages
        records = scored_records(snapshot, languages, settings.gate, beside.seen)
        replies["tuned"] = write_replies(served, records)
        replies["base"] = write_base_replies(served, records)
    replies["nearest"] = look_up_replies(snapshot, records)
    if beside.champion is not None:
        with serve_generator(beside.champion, settings) as served:
            replies["champion"] = write_replies(served, records)
    encoder = Encoder.load(settings)
    scored = evaluate_generator(version, snapshot, records, replies, encoder, beside.seen, beside.absent, languages)
    scored = replace(
        scored,
        measured=with_study(scored.measured, study_measurement(resources.database(), version)),
        examples=without_personal_data(scored.examples, resources.scrubber()),
    )
    words, sections = generator_in_words(scored, languages), generator_sections(scored, model)
    return judged(model, scored, started, words, sections, beside.version)


def champion_beside(model: ModelVersion) -> Beside:
    """The champion that a candidate is compared with."""
    version = registry.champion_versions(resources.database()).get(model.kind)
    if version is None or version == model.version:
        return Beside(version, absent=frozenset({CHAMPION}))
    try:
        champion = registry.find(resources.database(), version, get_settings())
        if model.kind == "generator":
            check_servable(champion.version, champion.path, champion.base_model, get_settings())
        return Beside(version, champion, seen_by(champion))
    except (ModelError, CorpusError) as error:
        # The rules that compare with it then fail for want of a number, and a person can overrule them.
        get_run_logger().warning("the champion can't be compared with: %s", error)
        return Beside(version)


def snapshot_of(model: ModelVersion) -> Snapshot:
    """What a model was trained on."""
    return find_snapshot(resources.database(), get_settings(), model.snapshot_id)


def seen_by(model: ModelVersion) -> frozenset[str]:
    """The tickets that a model was trained on or chosen by."""
    snapshot = snapshot_of(model)
    return frozenset(record.ticket_id for part in SEEN for record in snapshot.records(part))


def judged(
    model: ModelVersion, scored: ClassifierEvaluation | GeneratorEvaluation, started: float, words: str,
    sections: list[Section], champion: str | None,
) -> Judged:  # fmt: skip
    """Asks the gate, stores the verdict, and puts together what the report says."""
    numbers = {**scored.numbers, "champion": champion, **cost_since(started)}
    verdict = judge(rules_of(get_settings().gate, model.kind), scored.measured)
    verdict_id = registry.record_verdict(resources.database(), model, verdict, numbers, scored.measured.signatures())
    asked = verdict_section(model.version, verdict, scored.measured)
    return Judged(
        version=model.version,
        verdict=verdict,
        verdict_id=verdict_id,
        words=words,
        asked=asked,
        sections=sections,
        lineage=lineage_section(model, numbers),
        champion=champion,
    )


@task(**PLAIN)
def report(judged: list[Judged]) -> None:
    """Writes the report page, and its Markdown twin as an artifact of the run."""
    settings = get_settings()
    verdicts = [VerdictLine(one.version, one.verdict.passed, one.words, one.verdict.sentence) for one in judged]
    # What the gate asked of each comes first, where each comes from last: the page is opened for the verdict.
    sections = [one.asked for one in judged]
    sections += [section for one in judged for section in one.sections]
    sections += [one.lineage for one in judged]
    approval = ", once a person has said yes" if settings.gate.human_approval else ""
    title = "Evaluation"
    subtitle = (
        f"Candidates on held-out tickets, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. What passes works on the next tickets"
        f"{approval}; 'ticketing models rollback KIND' takes it back."
    )
    page = html_page(title, subtitle, verdicts, sections)
    markdown = markdown_page(title, subtitle, verdicts, sections)
    folder = settings.home / "reports"
    # One a run, which stays, and the newest under a name that one can keep open.
    for name in (f"evaluation-{judged[0].verdict_id}", "evaluation"):
        write_page(folder / f"{name}.html", page)
        write_page(folder / f"{name}.md", markdown)
    for line in headlines(sections):
        get_run_logger().info("%s", line)
    get_run_logger().info("report: %s", folder / "evaluation.html")
    create_markdown_artifact(markdown, key="evaluation", description=subtitle)


def promote_or_ask(chosen: list[Judged], overrule: bool, by: str) -> str | None:
    """Promotes what was chosen, or has a person say so first, where the settings want that; who overrules has decided.

    Returns:
        The name of the run that waits for a person; None when all is done.
    """
    if not chosen:
        return None
    proposals = [Proposal(version=one.version, verdict_id=one.verdict_id, replacing=one.champion) for one in chosen]
    approved = Approval(by, None)
    if get_settings().gate.human_approval and not overrule:
        sentence = "; ".join(f"{one.version}: {one.verdict.sentence}" for one in chosen)
        if approval.is_served():
            return approval.hand_over(proposals, sentence)
        approved = approval.ask_a_person(sentence, get_settings())
    approval.promote(proposals, overrule, approved.name, approved.reason)
    return None


def _word(one: Judged, overrule: bool, waits: str | None) -> str:
    if one.verdict.passed:
        return f"passed and waits for a person (run {waits})" if waits else "passed and is champion"
    return "failed but was promoted by a person" if overrule else "failed"
