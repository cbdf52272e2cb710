"""What is known of model versions: where each comes from, what the gate said of it, when it drafted, how two differ.

It only reads, and needs no artefact: the registry changes things.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from models.registry.versions import find_row
from ticketing.database import Database, queries
from ticketing.errors import ModelError

Scalar = str | int | float | bool | None


class Lineage(NamedTuple):
    """One version's row, its verdicts and its history (rows of `ticketing.model_history`), the oldest first."""

    model: dict[str, Any]
    verdicts: list[dict[str, Any]]
    history: list[dict[str, Any]]


class Difference(NamedTuple):
    """One name with its value in either version; None where it has none."""

    name: str
    a: Scalar
    b: Scalar


class Comparison(NamedTuple):
    """Where two versions come from, as far as it differs, and all their numbers."""

    origins: list[Difference]
    metrics: list[Difference]


def versions(database: Database) -> list[dict[str, Any]]:
    """Every version with the gate's last word on it, the newest first."""
    with database.begin() as conn:
        return list(queries.list_models(conn))


def history(database: Database, version: str | None = None) -> list[dict[str, Any]]:
    """Rows of `ticketing.model_history`, the oldest first: of one version, or all."""
    with database.begin() as conn:
        return list(queries.model_history(conn, version=version))


def lineage(database: Database, version: str) -> Lineage:
    """All that is known of one version.

    Raises:
        ModelError: there is no such version.
    """
    model = find_row(database, version)
    with database.begin() as conn:
        verdicts = list(queries.verdicts_of(conn, version=version))
    return Lineage(model, verdicts, history(database, version))


def compare(database: Database, a: str, b: str) -> Comparison:
    """Two versions of one kind, side by side.

    Raises:
        ModelError: there is no such version, or they are of different kinds.
    """
    one, other = lineage(database, a), lineage(database, b)
    if one.model["kind"] != other.model["kind"]:
        raise ModelError(f"{a} is a {one.model['kind']} and {b} a {other.model['kind']}: compare two of one kind.")
    origins = _side_by_side(_origin(one.model), _origin(other.model))
    return Comparison(
        origins=[difference for difference in origins if difference.a != difference.b],
        metrics=_side_by_side(_metrics(one), _metrics(other)),
    )


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Scalar]:
    """Nested values under dotted names; lists are counted, since they are no numbers to compare."""
    found: dict[str, Scalar] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flattened(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = f"{len(value)} items" if isinstance(value, list) else value
    return found


def _origin(model: dict[str, Any]) -> dict[str, Scalar]:
    named = {name: model[name] for name in ("snapshot_id", "base_model", "code_version")}
    return named | flattened(model["parameters"])


def _metrics(one: Lineage) -> dict[str, Scalar]:
    latest = one.verdicts[-1]["metrics"] if one.verdicts else {}
    # Of a measurement the number; its interval and how it came about are in the report.
    measured = {
        f"evaluation.{metric} ({scope})": number["value"]
        for metric, scopes in latest.get("values", {}).items()
        for scope, number in scopes.items()
    }
    return flattened(one.model["metrics"], "training.") | measured


def _side_by_side(a: dict[str, Scalar], b: dict[str, Scalar]) -> list[Difference]:
    return [Difference(name, a.get(name), b.get(name)) for name in sorted({*a, *b})]
