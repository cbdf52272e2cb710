"""The flow `evaluate`: candidates → scores on held-out tickets → the gate's verdicts → promotion, or a failed run.

`models.evaluation.judging` judges the candidates. `reports` writes the report.
"""

from typing import NamedTuple

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from flows import approval
from flows.approval import Approval, Proposal
from flows.common import NO_RETRY, RETRY_DATABASE
from models.context import Context
from models.evaluation.judging import JudgedCandidate, judge_version
from models.registry import versions
from models.registry.versions import Kind
from reports.round import write_report
from ticketing.errors import GateFailed, InputError, ModelError
from ticketing.settings import get_settings

GATE = "the gate"  # the default for `by`: the gate promotes, not a person


class Outcome(NamedTuple):
    """The result of a run."""

    promoted: tuple[str, ...]  # the versions that are champions now
    overruled: tuple[str, ...]  # the versions that the gate rejected and a person promoted
    sentence: str  # the result for people


@flow(name="evaluate")
def evaluate(
    classifier: str | None = None, generator: str | None = None, overrule: bool = False, by: str = GATE
) -> Outcome:
    """Judges the named versions, by default the newest candidates, and promotes those that pass.

    With the setting `gate.human_approval`, a person approves each promotion first. With `overrule`, the person named in
    `by` also promotes candidates that failed, without a further approval.

    Raises:
        GateFailed: a candidate failed, and `overrule` is false. The champion stays.
        InputError: `overrule` is set and `by` names no person.
    """
    with Context(get_settings()) as context:
        return evaluate_candidates(context, classifier, generator, overrule, by)


def evaluate_candidates(
    context: Context, classifier: str | None, generator: str | None, overrule: bool = False, by: str = GATE
) -> Outcome:
    """The steps of the flow `evaluate`, for use within another flow."""
    if overrule and by == GATE:
        raise InputError(
            "Only a person can overrule the gate: give the person's name in 'by'. The name is stored in the history."
        )
    candidates = [*find_candidate(context, "classifier", classifier), *find_candidate(context, "generator", generator)]
    if not candidates:
        raise ModelError("There is no candidate to evaluate: run 'ticketing train' first.")
    judged = [judge_candidate(context, version) for version in candidates]
    report(context, judged)
    chosen = [candidate for candidate in judged if candidate.verdict.passed or overrule]
    waiting_run = promote_or_ask(context, chosen, overrule, by)
    outcome = _outcome(judged, chosen, overrule, waiting_run)
    get_run_logger().info("gate: %s", outcome.sentence)
    if len(chosen) < len(judged):
        raise GateFailed(f"{outcome.sentence}. The champion stays; 'ticketing evaluate --promote' overrules the gate.")
    return outcome


@task(**RETRY_DATABASE)
def find_candidate(context: Context, kind: Kind, version: str | None) -> list[str]:
    """A list with the given version, by default with the newest candidate of the kind; empty if there is none."""
    if version is not None:
        return [versions.find(context.database, version, context.settings).version]
    candidate = versions.latest_candidate(context.database, kind, context.settings)
    return [candidate.version] if candidate else []


@task(**NO_RETRY)
def judge_candidate(context: Context, version: str) -> JudgedCandidate:
    """Scores a candidate on held-out tickets, compares it with the champion and the baselines, and applies the gate."""
    return judge_version(context, version)


@task(**NO_RETRY)
def report(context: Context, judged: list[JudgedCandidate]) -> None:
    """Writes the report, and stores a Markdown version as an artifact of the run in Prefect."""
    written = write_report(judged, context.settings)
    for line in written.headlines:
        get_run_logger().info("%s", line)
    get_run_logger().info("report: %s", written.path)
    create_markdown_artifact(written.markdown, key="evaluation", description=written.subtitle)


def promote_or_ask(context: Context, chosen: list[JudgedCandidate], overrule: bool, by: str) -> str | None:
    """Promotes the chosen candidates. If the settings require it, a person approves first.

    Returns:
        The name of the run that waits for a person; None if no run waits.
    """
    if not chosen:
        return None
    proposals = [Proposal(version=c.version, verdict_id=c.verdict_id, replacing=c.champion) for c in chosen]
    approved = Approval(by, None)
    if context.settings.gate.human_approval and not overrule:
        sentence = "; ".join(f"{candidate.name}: {candidate.verdict.sentence}" for candidate in chosen)
        if approval.is_served():
            return approval.hand_over(proposals, sentence)
        approved = approval.ask_a_person(sentence, context.settings)
    approval.promote(context, proposals, overrule, approved.name, approved.reason)
    return None


def _outcome(
    judged: list[JudgedCandidate], chosen: list[JudgedCandidate], overrule: bool, waiting_run: str | None
) -> Outcome:
    def result(candidate: JudgedCandidate) -> str:
        if not candidate.verdict.passed:
            return "failed but was promoted by a person" if overrule else "failed"
        return f"passed and waits for a person (run {waiting_run})" if waiting_run else "passed and is now the champion"

    return Outcome(
        promoted=() if waiting_run else tuple(candidate.version for candidate in chosen),
        overruled=tuple(candidate.version for candidate in judged if overrule and not candidate.verdict.passed),
        sentence="; ".join(f"{c.name} {result(c)}: {c.verdict.sentence}" for c in judged),
    )
