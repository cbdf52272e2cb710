"""Deletes the artefacts of versions that no rollback needs. The rows and the history of these versions stay.

A function in the database knows which versions a rollback needs, and refuses to prune them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from models.registry import artefacts
from models.registry.artefacts import StoredArtefact
from ticketing.database import Connection, Database, queries, refusals_as
from ticketing.errors import ModelError
from ticketing.settings import Settings


class PruningPlan(NamedTuple):
    """What a pruning would do."""

    versions: tuple[str, ...]  # the versions to prune
    bytes: int  # the bytes to free, including artefacts that an interrupted pruning left


def plan(database: Database, keep: int, settings: Settings) -> PruningPlan:
    """Plans to prune all versions except the last `keep` champions of each kind and those that always stay.

    These versions always stay: the champion, the version that a rollback would promote, and candidates newer than the
    champion. Without a champion, all candidates stay.

    Raises:
        ModelError: the store can't be reached.
    """
    with database.begin() as conn:
        versions = tuple(row["version"] for row in queries.prunable_models(conn, keep=keep))
        unused = _unused(conn, versions)
    return PruningPlan(versions, sum(artefacts.size(artefact, settings) for artefact in unused))


def prune(database: Database, versions: Sequence[str], by: str, settings: Settings) -> int:
    """Prunes all given versions or none, and removes the artefacts that no other version uses. Returns the freed bytes.

    One transaction marks all versions as pruned. If the process is killed after it, the next call removes the
    artefacts.

    Raises:
        ModelError: a version has become the champion, or the version that a rollback would promote.
        OutputError: an artefact can't be removed. The next call tries again.
    """
    with database.begin() as conn, refusals_as(ModelError, "nothing was pruned"):
        for version in versions:
            queries.prune_model(conn, version=version, pruned_by=by)
    with database.begin() as conn:
        unused = _unused(conn)
    return sum(_remove(database, artefact, settings) for artefact in unused)


def _remove(database: Database, artefact: StoredArtefact, settings: Settings) -> int:
    with database.begin() as conn:
        # Another process may be registering the same content: the lock makes one process wait for the other.
        queries.lock_artefact(conn, artefact_hash=artefact.artefact_hash)
        if artefact not in _unused(conn):
            return 0
        freed = artefacts.size(artefact, settings)
        artefacts.remove(artefact, settings)
    return freed


def _unused(conn: Connection, pruning: Sequence[str] = ()) -> list[StoredArtefact]:
    """The artefacts that no version needs once the versions `pruning` are pruned."""
    return [StoredArtefact(**row) for row in queries.unused_artefacts(conn, pruning=list(pruning))]
