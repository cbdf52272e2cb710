"""Promotions, and a person's word on them, asked for in Prefect's UI.

A run that is served hands over to a run of `approve`, which is suspended until somebody answers and keeps nobody from
starting meanwhile. A run of the command line waits by itself: it has a process of its own, and may have no server that
serves `approve`. What is asked about, the `evaluate` flow says.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

from prefect import flow, get_run_logger, runtime, task
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import FlowPauseTimeout, ObjectNotFound
from prefect.flow_runs import pause_flow_run, suspend_flow_run
from prefect.input import RunInput
from pydantic import BaseModel, Field

from flows.common import IO
from models.context import Context
from models.registry import versions
from models.registry.versions import Promotion
from ticketing.errors import GateFailed, ServiceError
from ticketing.settings import Settings, get_settings

POLL_SECONDS = 5
APPROVE = "approve"


class Proposal(BaseModel):
    """A version that may be promoted on a verdict, in place of the champion that it was judged beside, if any."""

    version: str
    verdict_id: int
    replacing: str | None


class ApprovalForm(RunInput):
    """What is asked for in the UI."""

    approve: bool = Field(False, description="make the candidates that passed champions")
    name: str = Field(description="who decides; it stays in the history", pattern=r"\S", max_length=200)
    reason: str = Field("", description="why; it stays in the history", max_length=2000)


class Approval(NamedTuple):
    """Who said yes, and why."""

    name: str
    reason: str | None


@task(**IO)
def promote(context: Context, proposals: Sequence[Proposal], overrule: bool, by: str, reason: str | None) -> None:
    """Makes champions of versions, all at once.

    Raises:
        ModelError: another champion than they were judged beside is there by now; a person may answer hours later.
    """
    chosen = [Promotion(proposal.version, proposal.verdict_id) for proposal in proposals]
    replacing = {proposal.version: proposal.replacing for proposal in proposals}
    versions.promote(context.database, chosen, by, overrule, reason, replacing)


@flow(name=APPROVE)
def approve(proposals: list[Proposal], sentence: str) -> None:
    """Waits, suspended, until somebody resumes it with a name and a yes; promotes then.

    Args:
        proposals: what passed the gate.
        sentence: what the gate said; shown above the form.

    Raises:
        GateFailed: the person said no; the champion stays. Who resumes it too late is refused by Prefect.
        ModelError: another champion than they were judged beside is there by now.
    """
    get_run_logger().info("gate: %s. Waiting for a person: resume this run in Prefect's UI.", sentence)
    # Everything up to here happens once more when it is resumed.
    answer = suspend_flow_run(wait_for_input=_form(sentence), timeout=get_settings().gate.approval_timeout_seconds)
    approval = _yes(answer, sentence)
    # Prefect can't suspend a run twice.
    get_run_logger().info(
        "%s approves. If this run fails, use 'ticketing models promote'; a retry can't ask again.", approval.name
    )
    with Context(get_settings()) as context:
        promote(context, proposals, False, approval.name, approval.reason)
    get_run_logger().info("promoted by %s: %s", approval.name, ", ".join(p.version for p in proposals))


def is_served() -> bool:
    """Whether this run was started by the process that serves the deployments, which starts one at a time."""
    return runtime.deployment.id is not None


def hand_over(proposals: Sequence[Proposal], sentence: str) -> str:
    """Starts a run of `approve`, and does not wait for it. Returns its name.

    Raises:
        ServiceError: nobody serves `approve`.
    """
    parameters = {"proposals": [one.model_dump() for one in proposals], "sentence": sentence}
    try:
        run = run_deployment(f"{APPROVE}/{APPROVE}", parameters=parameters, timeout=0, as_subflow=False)
    except ObjectNotFound:
        raise ServiceError(
            f"{sentence}. A person is to confirm (gate.human_approval), and nobody serves the flow 'approve' here: "
            "run 'ticketing up', or promote with 'ticketing models promote'."
        ) from None
    return cast(FlowRun, run).name  # only async callers get coroutines


def ask_a_person(sentence: str, settings: Settings) -> Approval:
    """Waits until somebody resumes the run in Prefect's UI, with a name and a yes.

    Args:
        sentence: what the gate said; shown above the form.
        settings: how long to wait.

    Raises:
        GateFailed: the person said no, or nobody answered in time; the champion stays.
    """
    get_run_logger().info("gate: %s. Waiting for a person: resume this run in Prefect's UI.", sentence)
    seconds = settings.gate.approval_timeout_seconds
    try:
        answer = pause_flow_run(wait_for_input=_form(sentence), timeout=seconds, poll_interval=POLL_SECONDS)
    except FlowPauseTimeout:
        raise GateFailed(
            f"{sentence}. Nobody approved of it within {seconds} s (gate.approval_timeout_seconds). The champion "
            "stays; 'ticketing models promote' promotes it later."
        ) from None
    return _yes(answer, sentence)


def _form(sentence: str) -> type[ApprovalForm]:
    return ApprovalForm.with_initial_data(description=f"{sentence}\n\nShall it be promoted?")


def _yes(answer: ApprovalForm, sentence: str) -> Approval:
    if not answer.approve:
        why = f": {answer.reason}" if answer.reason.strip() else ""
        raise GateFailed(f"{sentence}. {answer.name} refused the promotion{why}. The champion stays.")
    return Approval(answer.name.strip(), answer.reason.strip() or None)
