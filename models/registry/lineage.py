"""Reads the origin, verdicts and history of model versions, and compares two versions.

It changes nothing and reads no artefact. `models.registry.versions` makes changes.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from models.registry.versions import find_row, short_names
from ticketing.database import Database, queries
from ticketing.errors import ModelError

Scalar = str | int | float | bool | None


class Lineage(NamedTuple):
    """A version's row, its verdicts, and its history (rows of `ticketing.model_history`), both oldest first."""

    model: dict[str, Any]
    verdicts: list[dict[str, Any]]
    history: list[dict[str, Any]]


class Difference(NamedTuple):
    """A named value in version a and in version b; None if a version does not have it."""

    name: str
    a: Scalar
    b: Scalar


class Comparison(NamedTuple):
    """The differences in the origins of two versions, and all their metrics."""

    origins: list[Difference]
    metrics: list[Difference]


def versions(database: Database) -> list[dict[str, Any]]:
    """Every version with its short name and its newest verdict, the newest version first."""
    names = short_names(database)
    with database.begin() as conn:
        return [row | {"short_name": names.get(row["version"])} for row in queries.list_models(conn)]


def history(database: Database, version: str | None = None) -> list[dict[str, Any]]:
    """The history of one version, or of all, oldest first: rows of `ticketing.model_history` with short names."""
    names = short_names(database)
    with database.begin() as conn:
        rows = list(queries.model_history(conn, version=version))
    return [
        row | {"short_name": names.get(row["version"]), "replaced_name": names.get(row["replaced"])} for row in rows
    ]


def lineage(database: Database, version: str) -> Lineage:
    """The row, the verdicts and the history of one version, given by its long or short name.

    Raises:
        ModelError: there is no such version.
    """
    model = find_row(database, version)
    with database.begin() as conn:
        verdicts = list(queries.verdicts_of(conn, version=model["version"]))
    return Lineage(model, verdicts, history(database, model["version"]))


def compare(database: Database, a: str, b: str) -> Comparison:
    """Compares two versions of the same kind.

    Raises:
        ModelError: there is no such version, or they are of different kinds.
    """
    first, second = lineage(database, a), lineage(database, b)
    if first.model["kind"] != second.model["kind"]:
        raise ModelError(
            f"{a} is a {first.model['kind']} and {b} a {second.model['kind']}: compare two versions of one kind."
        )
    origins = _side_by_side(_origin(first.model), _origin(second.model))
    return Comparison(
        origins=[difference for difference in origins if difference.a != difference.b],
        metrics=_side_by_side(_metrics(first), _metrics(second)),
    )


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Scalar]:
    """Nested values under dotted names. A list is replaced by its number of items, since a list is no `Scalar`."""
    flat: dict[str, Scalar] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flattened(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = f"{len(value)} items" if isinstance(value, list) else value
    return flat


def _origin(model: dict[str, Any]) -> dict[str, Scalar]:
    columns = {name: model[name] for name in ("snapshot_id", "base_model", "code_version")}
    return columns | flattened(model["parameters"])


def _metrics(lineage: Lineage) -> dict[str, Scalar]:
    latest = lineage.verdicts[-1]["metrics"] if lineage.verdicts else {}
    # Only the value of each measurement. The report shows the interval and the signature.
    evaluated = {
        f"evaluation.{metric} ({scope})": measurement["value"]
        for metric, scopes in latest.get("values", {}).items()
        for scope, measurement in scopes.items()
    }
    return flattened(lineage.model["metrics"], "training.") | evaluated


def _side_by_side(a: dict[str, Scalar], b: dict[str, Scalar]) -> list[Difference]:
    return [Difference(name, a.get(name), b.get(name)) for name in sorted({*a, *b})]
