"""The `train` flow: one snapshot → a classifier candidate and, where there are replies, a generator candidate."""

from typing import NamedTuple

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact

from flows import resources
from flows.common import PLAIN
from models.classifier import training as classifier_training
from models.generator import training as generator
from models.registry import versions as registry
from reports.summaries import counts_markdown
from ticketing.corpus.snapshot import find_snapshot
from ticketing.settings import get_settings


class Candidates(NamedTuple):
    """The versions that a run of `train` made."""

    classifier: str
    generator: str | None
    generator_skipped: str | None  # why there is no generator


@flow(name="train")
def train(snapshot_id: str | None = None) -> Candidates:
    """Trains both models from one snapshot, the newest if none is named."""
    snapshot = find_snapshot(resources.database(), get_settings(), snapshot_id)
    skipped = generator.why_no_generator(snapshot, get_settings())
    candidates = Candidates(
        classifier=train_classifier(snapshot.snapshot_id),
        generator=None if skipped else train_generator(snapshot.snapshot_id),
        generator_skipped=skipped,
    )
    create_markdown_artifact(counts_markdown("Candidates", candidates._asdict()), key="train")
    return candidates


@task(**PLAIN)
def train_classifier(snapshot_id: str) -> str:
    """Fine-tunes the BERT classifier and registers it. Returns its version."""
    settings = get_settings()
    snapshot = find_snapshot(resources.database(), settings, snapshot_id)
    with registry.workspace(settings) as artefact:
        metrics = classifier_training.train_classifier(snapshot, settings, artefact)
        return registry.register(resources.database(), "classifier", snapshot_id, artefact, metrics, settings).version


@task(**PLAIN)
def train_generator(snapshot_id: str) -> str:
    """Trains the QLoRA adapter and registers it. Returns its version."""
    settings = get_settings()
    snapshot = find_snapshot(resources.database(), settings, snapshot_id)
    with registry.workspace(settings) as artefact:
        metrics = generator.train_generator(snapshot, settings, artefact)
        return registry.register(resources.database(), "generator", snapshot_id, artefact, metrics, settings).version
