"""The `evaluate` flow: candidates → scores on held-out tickets → the gate's verdicts → promotion, or a failed run."""

from dataclasses import asdict
from typing import NamedTuple

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from flows import resources
from flows.common import IO, PLAIN
from models import evaluation, registry
from models.classifier import TrainedClassifier
from models.gate import Verdict
from models.registry import ModelVersion, Promotion
from models.serving import serve_generator
from reports.evaluation import classifier_sections, generator_sections
from reports.page import Section, VerdictLine, headlines, html_page, markdown_page, write_page
from ticketing.corpus.snapshot import find_snapshot
from ticketing.errors import GateFailed, ModelError
from ticketing.settings import get_settings


class Judged(NamedTuple):
    """A candidate, what the gate said of it, and what the report says."""

    version: str
    verdict: Verdict
    verdict_id: int
    sections: list[Section]


class Outcome(NamedTuple):
    """What became of the candidates of one run."""

    promoted: tuple[str, ...]
    overruled: tuple[str, ...]
    sentence: str


@flow(name="evaluate")
def evaluate(
    classifier: str | None = None, generator: str | None = None, overrule: bool = False, by: str = "the gate"
) -> Outcome:
    """Judges the named versions, or the newest candidates, and promotes those that pass.

    With `overrule` a person (`by`) promotes what failed as well.

    Raises:
        GateFailed: a candidate failed and was not overruled; its champion stays.
    """
    judged = [judge_classifier(version) for version in candidates("classifier", classifier)]
    judged += [judge_generator(version) for version in candidates("generator", generator)]
    if not judged:
        raise ModelError("There is no candidate to evaluate: run 'ticketing train' first.")
    report(judged)
    promote(judged, overrule, by)
    failed = [one for one in judged if not one.verdict.passed]
    outcome = Outcome(
        promoted=tuple(one.version for one in judged if one.verdict.passed or overrule),
        overruled=tuple(one.version for one in failed if overrule),
        sentence="; ".join(f"{one.version} {_word(one, overrule)}: {one.verdict.sentence}" for one in judged),
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
    """Scores a classifier on the test part of the snapshot it was trained on, and asks the gate."""
    settings = get_settings()
    model = registry.find(resources.database(), version, settings)
    snapshot = find_snapshot(resources.database(), settings, model.snapshot_id)
    scored = evaluation.evaluate_classifier(TrainedClassifier.load(version, model.path, settings), snapshot)
    verdict = evaluation.judge_classifier(scored, settings.gate)
    verdict_id = registry.record_verdict(resources.database(), version, verdict, _numbers(asdict(scored)))
    return Judged(version, verdict, verdict_id, classifier_sections(scored, settings.gate.accuracy))


@task(**PLAIN)
def judge_generator(version: str) -> Judged:
    """Scores a generator as vLLM serves it, beside its baselines, and asks the gate."""
    settings = get_settings()
    model = registry.find(resources.database(), version, settings)
    snapshot = find_snapshot(resources.database(), settings, model.snapshot_id)
    with serve_generator(model, settings) as served:
        scored = evaluation.evaluate_generator(served.engine, version, served.languages, snapshot, settings)
    verdict = evaluation.judge_generator(scored)
    verdict_id = registry.record_verdict(resources.database(), version, verdict, _numbers(asdict(scored)))
    return Judged(version, verdict, verdict_id, generator_sections(scored))


@task(**PLAIN)
def report(judged: list[Judged]) -> None:
    """Writes the report page, and its Markdown twin as an artifact of the run."""
    settings = get_settings()
    verdicts = [VerdictLine(one.version, one.verdict.passed, one.verdict.sentence) for one in judged]
    sections = [section for one in judged for section in one.sections]
    title, subtitle = "Evaluation", f"Candidates on held-out tickets: {', '.join(one.version for one in judged)}"
    path = settings.home / "reports" / "evaluation.html"
    write_page(path, html_page(title, subtitle, verdicts, sections))
    for line in headlines(sections):
        get_run_logger().info("%s", line)
    get_run_logger().info("report: %s", path)
    markdown = markdown_page(title, subtitle, verdicts, sections)
    write_page(path.with_suffix(".md"), markdown)
    create_markdown_artifact(markdown, key="evaluation", description=subtitle)


@task(**IO)
def promote(judged: list[Judged], overrule: bool, by: str) -> None:
    """Makes champions of the versions that passed, or that a person wants in spite of the gate; all at once."""
    chosen = [Promotion(one.version, one.verdict_id) for one in judged if one.verdict.passed or overrule]
    registry.promote(resources.database(), chosen, by, overrule)


def _word(one: Judged, overrule: bool) -> str:
    if one.verdict.passed:
        return "passed and is champion"
    return "failed but was promoted by a person" if overrule else "failed"


def _numbers(scored: dict[str, object]) -> dict[str, object]:
    # Texts stay in the report; the verdict keeps numbers.
    return {name: value for name, value in scored.items() if name != "examples"}
