"""The flow `retrain`: runs the steps of `prepare`, `train` and `evaluate`."""

from prefect import flow

from flows.evaluate import Outcome, evaluate_candidates
from flows.prepare import prepare_tickets
from flows.train import train_candidates
from models.context import Context
from ticketing.settings import get_settings


@flow(name="retrain")
def retrain() -> Outcome:
    """Builds a snapshot, trains candidates and evaluates them.

    Raises:
        GateFailed: the gate rejected a candidate. The champion stays.
    """
    with Context(get_settings()) as context:
        prepared = prepare_tickets(context)
        candidates = train_candidates(context, prepared.snapshot_id)
        return evaluate_candidates(context, candidates.classifier, candidates.generator)
