"""The deployments: which flows can run, and when. `flows.server` starts the Prefect server."""

from prefect import serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Schedule

from flows.approval import APPROVE, approve
from flows.draft import draft
from flows.evaluate import evaluate
from flows.name_finder import name_finder
from flows.nightly import nightly
from flows.prepare import prepare
from flows.retrain import retrain
from flows.study import study
from flows.train import train
from ticketing.settings import PrefectSettings

TAGS = ["ticketing"]


def deployments(settings: PrefectSettings) -> list[RunnerDeployment]:
    """One deployment for each flow. `nightly` and `retrain` have schedules; people start the others in Prefect's UI."""

    def schedule(cron: str) -> Schedule:
        return Cron(cron, timezone=settings.timezone)

    created = [
        nightly.to_deployment("nightly", schedule=schedule(settings.nightly_cron), tags=TAGS),
        retrain.to_deployment("retrain", schedule=schedule(settings.retrain_cron), tags=TAGS),
        prepare.to_deployment("prepare", tags=TAGS),
        train.to_deployment("train", tags=TAGS),
        evaluate.to_deployment("evaluate", tags=TAGS),
        approve.to_deployment(APPROVE, tags=TAGS),
        draft.to_deployment("draft", tags=TAGS),
        name_finder.to_deployment("name-finder", tags=TAGS),
        study.to_deployment("study", tags=TAGS),
    ]
    # The check only narrows the type: async callers would get coroutines.
    return [deployment for deployment in created if isinstance(deployment, RunnerDeployment)]


def serve_deployments(settings: PrefectSettings) -> None:
    """Serves the deployments until interrupted, one run at a time: two trainings would slow each other down."""
    serve(*deployments(settings), limit=1, print_starting_message=False)
