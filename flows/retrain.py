"""The `retrain` flow: a new snapshot, new candidates, and the gate's word on them."""

from prefect import flow

from flows.evaluate import Outcome, evaluate
from flows.prepare import prepare
from flows.train import train


@flow(name="retrain")
def retrain() -> Outcome:
    """Ends failed when the gate says no; the champion then stays."""
    prepared = prepare()
    candidates = train(prepared.snapshot_id)
    return evaluate(candidates.classifier, candidates.generator)
