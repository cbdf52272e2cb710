"""A person's word on a promotion, asked for in Prefect's UI: the run pauses until the form there is filled in.

Whether to ask at all, and what is promoted then, the `evaluate` flow says.
"""

from typing import NamedTuple

from prefect import get_run_logger
from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from pydantic import Field

from ticketing.errors import GateFailed
from ticketing.settings import Settings

POLL_SECONDS = 5


class ApprovalForm(RunInput):
    """What is asked for in the UI."""

    approve: bool = Field(False, description="make the candidates that passed champions")
    name: str = Field(description="who decides; it stays in the history", pattern=r"\S", max_length=200)
    reason: str = Field("", description="why; it stays in the history", max_length=2000)


class Approval(NamedTuple):
    """Who said yes, and why."""

    name: str
    reason: str | None


def ask_a_person(sentence: str, settings: Settings) -> Approval:
    """Waits until somebody resumes the run in Prefect's UI, with a name and a yes.

    It pauses the run and does not suspend it: Prefect suspends neither what the command line runs nor a flow within a
    flow, and a suspended run would evaluate everything again.

    Args:
        sentence: what the gate said; shown above the form.
        settings: how long to wait.

    Raises:
        GateFailed: the person said no, or nobody answered in time; the champion stays.
    """
    get_run_logger().info("gate: %s. Waiting for a person: resume this run in Prefect's UI.", sentence)
    form = ApprovalForm.with_initial_data(description=f"{sentence}\n\nShall it be promoted?")
    seconds = settings.gate.approval_timeout_seconds
    try:
        answer = pause_flow_run(wait_for_input=form, timeout=seconds, poll_interval=POLL_SECONDS)
    except FlowPauseTimeout:
        raise GateFailed(
            f"{sentence}. Nobody approved of it within {seconds} s (gate.approval_timeout_seconds). The champion "
            "stays; 'ticketing models promote' promotes it later."
        ) from None
    if not answer.approve:
        why = f": {answer.reason}" if answer.reason.strip() else ""
        raise GateFailed(f"{sentence}. {answer.name} refused the promotion{why}. The champion stays.")
    return Approval(answer.name.strip(), answer.reason.strip() or None)
