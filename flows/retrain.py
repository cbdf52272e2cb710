"""The `retrain` flow: a new snapshot, new candidates, and the gate's verdict on them."""

from prefect import flow

from flows.evaluate import Outcome, evaluate_candidates
from flows.prepare import prepare_tickets
from flows.train import train_candidates
from models.context import Context
from ticketing.settings import get_settings


@flow(name="retrain")
def retrain() -> Outcome:
    """Fails when the gate says no; the champion then stays."""
    with Context(get_settings()) as context:
        prepared = prepare_tickets(context)
        candidates = train_candidates(context, prepared.snapshot_id)
        return evaluate_candidates(context, candidates.classifier, candidates.generator)
