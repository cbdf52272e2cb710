"""The deployments: which flow runs when. It starts no server."""

from prefect import serve
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment

from flows.draft import draft
from flows.evaluate import evaluate
from flows.nightly import nightly
from flows.prepare import prepare
from flows.retrain import retrain
from flows.train import train
from ticketing.settings import PrefectSettings


def deployments(settings: PrefectSettings) -> list[RunnerDeployment]:
    """`nightly` and `retrain` on their schedules, and every flow to be run by hand from the UI."""
    scheduled = [(nightly, settings.nightly_cron), (retrain, settings.retrain_cron)]
    return [
        flow.to_deployment(flow.name, schedule=CronSchedule(cron=cron, timezone=settings.timezone), tags=["ticketing"])
        for flow, cron in scheduled
    ] + [flow.to_deployment(flow.name, tags=["ticketing"]) for flow in (prepare, train, evaluate, draft)]


def serve_deployments(settings: PrefectSettings) -> None:
    """Serves them until interrupted, one run at a time: two trainings at once would only starve each other."""
    serve(*deployments(settings), limit=1, print_starting_message=False)
