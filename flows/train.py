"""The flow `train`: one snapshot → a classifier candidate and, if there are enough replies, a generator candidate.

`models.classifier` and `models.generator` train the models.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact

from flows.common import NO_RETRY
from models.classifier import training as classifier_training
from models.context import Context
from models.generator import training as generator_training
from models.registry import registering
from models.registry.versions import Kind
from reports.markdown import counts_markdown
from ticketing.corpus.snapshot import Snapshot, find_snapshot
from ticketing.settings import Settings, get_settings

Train = Callable[[Snapshot, Settings, Path], dict[str, Any]]


class Candidates(NamedTuple):
    """The versions that a run registered. `generator` is None if the snapshot has too few replies for a generator."""

    classifier: str
    generator: str | None
    generator_skipped: str | None  # why there is no generator


@flow(name="train")
def train(snapshot_id: str | None = None) -> Candidates:
    """Trains both models on one snapshot, by default the newest."""
    with Context(get_settings()) as context:
        return train_candidates(context, snapshot_id)


def train_candidates(context: Context, snapshot_id: str | None = None) -> Candidates:
    """The steps of the flow `train`, for use within another flow."""
    snapshot = find_snapshot(context.database, context.settings, snapshot_id)
    skipped = generator_training.why_no_generator(snapshot, context.settings)
    candidates = Candidates(
        classifier=train_classifier(context, snapshot.snapshot_id),
        generator=None if skipped else train_generator(context, snapshot.snapshot_id),
        generator_skipped=skipped,
    )
    create_markdown_artifact(counts_markdown("Candidates", candidates._asdict()), key="train")
    return candidates


@task(**NO_RETRY)
def train_classifier(context: Context, snapshot_id: str) -> str:
    """Fine-tunes the BERT classifier and registers it. Returns its version."""
    return _train(context, "classifier", snapshot_id, classifier_training.train_classifier)


@task(**NO_RETRY)
def train_generator(context: Context, snapshot_id: str) -> str:
    """Trains the QLoRA adapter and registers it. Returns its version."""
    return _train(context, "generator", snapshot_id, generator_training.train_generator)


def _train(context: Context, kind: Kind, snapshot_id: str, train: Train) -> str:
    # If an earlier run trained this artefact but could not register it, it is registered now instead of trained again.
    model = registering.register_kept(context.database, kind, snapshot_id, context.settings)
    if model is None:
        snapshot = find_snapshot(context.database, context.settings, snapshot_id)
        with registering.workspace(context.settings) as artefact:
            metrics = train(snapshot, context.settings, artefact)
            model = registering.register(context.database, kind, snapshot_id, artefact, metrics, context.settings)
    return model.version
