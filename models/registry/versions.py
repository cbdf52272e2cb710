"""The registry of model versions: finds their rows in Postgres, and promotes and rolls back versions.

`models.registry.registering` adds versions. `models.registry.artefacts` stores their files.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from models.generator.manifest import check_servable
from models.registry import artefacts
from models.registry.artefacts import StoredArtefact
from ticketing.database import Database, queries, refusals_as
from ticketing.errors import GateFailed, ModelError, NoChampion
from ticketing.settings import Settings

Kind = Literal["classifier", "generator"]


@dataclass(frozen=True)
class ModelVersion:
    """A row of `ticketing.model`, and `path`, the artefact's folder on this machine.

    `short_name` is for people: the kind and a number in the order of creation, such as 'classifier 7'.
    """

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
    short_name: str = ""


class Promotion(NamedTuple):
    """A version to promote, and the verdict that justifies it."""

    version: str
    verdict_id: int


def find(database: Database, version: str, settings: Settings) -> ModelVersion:
    """One version by its long or short name. The artefact is checked.

    Raises:
        ModelError: there is no such version, or its artefact is missing or damaged.
    """
    return _checked(find_row(database, version), settings)


def find_row(database: Database, version: str) -> dict[str, Any]:
    """The row of one version in the database. The artefact is not checked.

    Args:
        database: the pipeline's database.
        version: the long name, or the short name as 'classifier 7' or classifier-7.

    Raises:
        ModelError: there is no such version.
    """
    with database.begin() as conn:
        row: dict[str, Any] | None = queries.find_model(conn, version=version)
    if row is None:
        raise ModelError(f"There is no model {version!r}: see 'ticketing models list'.")
    return row


def champion(database: Database, kind: Kind, settings: Settings) -> ModelVersion:
    """The champion: the version that drafts.

    Raises:
        NoChampion: no version of this kind has been promoted.
        ModelError: the champion's artefact is missing or damaged.
    """
    with database.begin() as conn:
        version = queries.find_champion(conn, kind=kind)
    if version is None:
        raise no_champion(kind)
    return find(database, version, settings)


def short_names(database: Database) -> dict[str, str]:
    """The short name of every version, such as 'classifier 7'."""
    with database.begin() as conn:
        return {row["version"]: row["short_name"] for row in queries.short_names(conn)}


def champion_versions(database: Database) -> Mapping[Kind, str]:
    """The champion of each kind, all read at the same moment. The artefacts are not checked."""
    with database.begin() as conn:
        return {row["name"]: row["version"] for row in queries.champions(conn)}


def no_champion(kind: Kind) -> NoChampion:
    """The error for a run that needs a champion when there is none."""
    return NoChampion(
        f"No {kind} has been promoted yet: run 'ticketing train' and 'ticketing evaluate' "
        "(with --promote to overrule the gate)."
    )


def latest_candidate(database: Database, kind: Kind, settings: Settings) -> ModelVersion | None:
    """The newest candidate; None if there is none.

    Raises:
        ModelError: the candidate's artefact is missing or damaged.
    """
    with database.begin() as conn:
        version = queries.find_latest_candidate(conn, kind=kind)
    return None if version is None else find(database, version, settings)


def promote(
    database: Database, promotions: Sequence[Promotion], by: str, overrule: bool, reason: str | None = None,
    replacing: Mapping[str, str | None] | None = None,
) -> None:  # fmt: skip
    """Makes versions champions, all of them or none.

    Args:
        database: the pipeline's database.
        promotions: the versions, each with its verdict.
        by: who or what promotes.
        overrule: whether versions that failed the gate are promoted too.
        reason: for the history.
        replacing: version → the champion that it was compared with, or None if there was none. A version that is not a
            key may replace any champion.

    Raises:
        DatabaseError: a verdict is missing, or it is negative and `overrule` is false.
        ModelError: the champion is no longer the one in `replacing`. Nothing is promoted.
    """
    expected = replacing or {}
    with database.begin() as conn:
        for promotion in promotions:
            promotion_id = queries.promote_model(
                conn, **promotion._asdict(), promoted_by=by, overrule=overrule, reason=reason
            )
            replaced = queries.replaced_by(conn, promotion_id=promotion_id)
            if replaced is not None and replaced != expected.get(promotion.version, replaced):
                raise ModelError(
                    f"{promotion.version} was compared with {expected[promotion.version] or 'no champion'}, but now "
                    f"{replaced} is champion: nothing was promoted. Run 'ticketing evaluate' again."
                )


def promote_by_hand(
    database: Database, version: str, by: str, overrule: bool, reason: str | None, settings: Settings
) -> ModelVersion:
    """Makes a version champion at a person's request, based on the gate's latest verdict.

    Raises:
        ModelError: there is no such version, or it can't be served, or it was never evaluated. Or the champion has
            changed since the evaluation, and `overrule` is false.
        GateFailed: the verdict is negative, and `overrule` is false.
    """
    model = find(database, version, settings)
    _check_servable(model, settings)
    with database.begin() as conn:
        verdict = queries.find_latest_verdict(conn, version=model.version)
    if verdict is None:
        raise ModelError(
            f"{model.short_name} was never evaluated: run 'ticketing evaluate --{model.kind} "
            f"{_as_argument(model.short_name)}' first."
        )
    if not verdict["passed"] and not overrule:
        raise GateFailed(
            f"{model.short_name} did not pass the gate; the champion stays. 'ticketing models show "
            f"{_as_argument(model.short_name)}' says why, --overrule promotes it anyway."
        )
    check_champion = not overrule and "champion" in verdict["metrics"]
    replacing = {model.version: verdict["metrics"]["champion"]} if check_champion else None
    promote(database, [Promotion(model.version, verdict["verdict_id"])], by, overrule, reason, replacing)
    return model


def rollback(
    database: Database, kind: Kind, by: str, settings: Settings, to: str | None = None, reason: str | None = None
) -> ModelVersion:
    """Makes an earlier champion champion again: the version `to`, by default the previous champion.

    Raises:
        ModelError: there is no earlier champion, or it can't be served. The champion stays.
    """
    to = None if to is None else find_row(database, to)["version"]
    with database.begin() as conn:
        with refusals_as(ModelError, "the champion stays"):
            version = queries.rollback_model(conn, kind=kind, to=to, rolled_back_by=by, reason=reason)
        row = queries.find_model(conn, version=version)
        # The checks are part of the transaction: an unusable version never becomes champion, and other promotions wait.
        model = _checked(row, settings)
        _check_servable(model, settings)
        artefacts.check(StoredArtefact(row["path"], row["artefact_hash"]), settings)
    return model


def _as_argument(short_name: str) -> str:
    """The short name in a form that needs no quotes in a shell."""
    return short_name.replace(" ", "-")


def _check_servable(model: ModelVersion, settings: Settings) -> None:
    """Raises ModelError if drafting would refuse to serve the version."""
    if model.kind == "generator":
        check_servable(model.version, model.path, model.base_model, settings)


def _checked(row: dict[str, Any], settings: Settings) -> ModelVersion:
    if row["pruned_at"] is not None:
        when = f"{row['pruned_at']:%Y-%m-%d}"
        raise ModelError(f"The artefact of {row['version']} was pruned on {when} by {row['pruned_by']}: train again.")
    try:
        path = artefacts.local_copy(StoredArtefact(row["path"], row["artefact_hash"]), settings)
    except ModelError as error:
        raise ModelError(f"{row['version']} can't be used. {error}") from error
    fields = {field.name for field in dataclasses.fields(ModelVersion)} - {"path"}
    return ModelVersion(path=path, **{name: row[name] for name in fields})
