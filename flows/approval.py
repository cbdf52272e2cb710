"""Promotes candidates. If the settings require it, a person first approves the promotion in Prefect's UI.

The flow `evaluate` decides which candidates are proposed.
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

from flows.common import RETRY_DATABASE
from models.context import Context
from models.registry import versions
from models.registry.versions import Promotion
from ticketing.errors import GateFailed, ServiceError
from ticketing.settings import Settings, get_settings

POLL_SECONDS = 5
APPROVE = "approve"


class Proposal(BaseModel):
    """A version to promote, the gate's verdict on it, and the champion that it replaces, or None if there is none."""

    version: str
    verdict_id: int
    replacing: str | None


class ApprovalForm(RunInput):
    """The form in Prefect's UI with which a person approves or refuses a promotion."""

    approve: bool = Field(False, description="yes: the candidates that passed become champions")
    name: str = Field(
        description="the name of the person who decides; stored in the history", pattern=r"\S", max_length=200
    )
    reason: str = Field("", description="the reason; stored in the history", max_length=2000)


class Approval(NamedTuple):
    """The person who approved a promotion, and the reason."""

    name: str
    reason: str | None


@task(**RETRY_DATABASE)
def promote(context: Context, proposals: Sequence[Proposal], overrule: bool, by: str, reason: str | None) -> None:
    """Promotes versions to champions in one transaction.

    Raises:
        ModelError: the champion has changed since a version was compared with it, while a person was deciding.
    """
    promotions = [Promotion(proposal.version, proposal.verdict_id) for proposal in proposals]
    replacing = {proposal.version: proposal.replacing for proposal in proposals}
    versions.promote(context.database, promotions, by, overrule, reason, replacing)


@flow(name=APPROVE)
def approve(proposals: list[Proposal], sentence: str) -> None:
    """Waits until a person fills in the form, and promotes the proposals if the person approves.

    The run is suspended while it waits. A suspended run occupies no process, so other served runs can start meanwhile.

    Args:
        proposals: the versions that passed the gate.
        sentence: the gate's verdict, shown above the form.

    Raises:
        GateFailed: the person refused. The champion stays. After the timeout, Prefect accepts no answer.
        ModelError: the champion has changed since a version was compared with it.
    """
    get_run_logger().info("gate: %s. Waiting for a person: resume this run in Prefect's UI.", sentence)
    # When a person resumes the run, Prefect runs the flow again from its start.
    answer = suspend_flow_run(wait_for_input=_form(sentence), timeout=get_settings().gate.approval_timeout_seconds)
    approval = _approval(answer, sentence)
    # Prefect can't suspend a run twice, so a retry can't ask the person again.
    get_run_logger().info(
        "%s approved. If this run fails now, promote with 'ticketing models promote': a retry can't ask again.",
        approval.name,
    )
    with Context(get_settings()) as context:
        promote(context, proposals, False, approval.name, approval.reason)
    get_run_logger().info("promoted by %s: %s", approval.name, ", ".join(p.version for p in proposals))


def is_served() -> bool:
    """Whether the process that serves the deployments started this run. That process runs one flow at a time."""
    return runtime.deployment.id is not None


def hand_over(proposals: Sequence[Proposal], sentence: str) -> str:
    """Starts a run of `approve` without waiting for it. Returns the run's name.

    Raises:
        ServiceError: no process serves `approve`.
    """
    parameters = {"proposals": [proposal.model_dump() for proposal in proposals], "sentence": sentence}
    try:
        run = run_deployment(f"{APPROVE}/{APPROVE}", parameters=parameters, timeout=0, as_subflow=False)
    except ObjectNotFound:
        raise ServiceError(
            f"{sentence}. A person must approve (gate.human_approval), but no process serves the flow 'approve': "
            "run 'ticketing up', or promote with 'ticketing models promote'."
        ) from None
    return cast(FlowRun, run).name  # only async callers get a coroutine


def ask_a_person(sentence: str, settings: Settings) -> Approval:
    """Pauses this run until a person fills in the form in Prefect's UI. Returns the approval.

    Runs from the command line use this instead of `approve`. They have their own process, which may wait, and there may
    be no process that serves `approve`.

    Args:
        sentence: the gate's verdict, shown above the form.
        settings: they say how long to wait.

    Raises:
        GateFailed: the person refused, or nobody answered in time. The champion stays.
    """
    get_run_logger().info("gate: %s. Waiting for a person: resume this run in Prefect's UI.", sentence)
    seconds = settings.gate.approval_timeout_seconds
    try:
        answer = pause_flow_run(wait_for_input=_form(sentence), timeout=seconds, poll_interval=POLL_SECONDS)
    except FlowPauseTimeout:
        raise GateFailed(
            f"{sentence}. Nobody approved the promotion within {seconds} s (gate.approval_timeout_seconds). The "
            "champion stays; 'ticketing models promote' promotes the candidate later."
        ) from None
    return _approval(answer, sentence)


def _form(sentence: str) -> type[ApprovalForm]:
    return ApprovalForm.with_initial_data(description=f"{sentence}\n\nPromote the candidates?")


def _approval(answer: ApprovalForm, sentence: str) -> Approval:
    if not answer.approve:
        reason = f": {answer.reason}" if answer.reason.strip() else ""
        raise GateFailed(f"{sentence}. {answer.name} refused the promotion{reason}. The champion stays.")
    return Approval(answer.name.strip(), answer.reason.strip() or None)
