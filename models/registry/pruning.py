"""Deletes the artefacts of versions that no rollback needs; the rows and history of these versions stay.

A function of the database decides which versions a rollback needs and refuses to prune them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from models.registry import artefacts
from models.registry.artefacts import StoredArtefact
from ticketing.database import Connection, Database, queries, refusals_as
from ticketing.errors import ModelError
from ticketing.settings import Settings


class PruningPlan(NamedTuple):
    """The versions to prune, and the bytes that this frees, including the remains of an interrupted pruning."""

    versions: tuple[str, ...]
    bytes: int


def plan(database: Database, keep: int, settings: Settings) -> PruningPlan:
    """The versions that can be pruned if the last `keep` champions of each kind stay.

    The champion, the version that a rollback would promote, and candidates newer than the champion always stay.

    Raises:
        ModelError: the store can't be reached.
    """
    with database.begin() as conn:
        versions = tuple(row["version"] for row in queries.prunable_models(conn, keep=keep))
        unused = _unused(conn, versions)
    return PruningPlan(versions, sum(artefacts.size(artefact, settings) for artefact in unused))


def prune(database: Database, versions: Sequence[str], by: str, settings: Settings) -> int:
    """Prunes all given versions or none, and removes the artefacts that no other version uses. Returns the bytes freed.

    One transaction marks all versions as pruned. If the process is killed then, the next call removes the artefacts.

    Raises:
        ModelError: a version has become the champion, or the version that a rollback would promote.
        OutputError: an artefact can't be removed; the next call tries again.
    """
    with database.begin() as conn, refusals_as(ModelError, "nothing was pruned"):
        for version in versions:
            queries.prune_model(conn, version=version, pruned_by=by)
    with database.begin() as conn:
        unused = _unused(conn)
    return sum(_remove(database, artefact, settings) for artefact in unused)


def _remove(database: Database, artefact: StoredArtefact, settings: Settings) -> int:
    with database.begin() as conn:
        # Another process may register the same content now: the lock makes the second one wait and check again.
        queries.lock_artefact(conn, artefact_hash=artefact.artefact_hash)
        if artefact not in _unused(conn):
            return 0
        freed = artefacts.size(artefact, settings)
        artefacts.remove(artefact, settings)
    return freed


def _unused(conn: Connection, pruning: Sequence[str] = ()) -> list[StoredArtefact]:
    return [StoredArtefact(**row) for row in queries.unused_artefacts(conn, pruning=list(pruning))]
