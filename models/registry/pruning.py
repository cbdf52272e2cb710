"""Takes away the artefacts of versions that nobody goes back to; what is known of these versions stays for ever.

Which ones a rollback needs the database says, and refuses to give them up.
"""

from collections.abc import Sequence
from typing import NamedTuple

from models.registry import artefacts
from models.registry.artefacts import StoredArtefact
from ticketing.database import Connection, Database, queries, refusals_as
from ticketing.errors import ModelError
from ticketing.settings import Settings


class PruningPlan(NamedTuple):
    """The versions to prune, and the bytes that this and what an interrupted pruning left behind takes up."""

    versions: tuple[str, ...]
    bytes: int


def plan(database: Database, keep: int, settings: Settings) -> PruningPlan:
    """What can go when the last `keep` champions of each kind stay; and with them the champion, what a rollback goes
    to, and candidates newer than the champion.

    Raises:
        ModelError: the store can't be reached.
    """
    with database.begin() as conn:
        versions = tuple(row["version"] for row in queries.prunable_models(conn, keep=keep))
        unused = _unused(conn, versions)
    return PruningPlan(versions, sum(artefacts.size(at, settings) for at in unused))


def prune(database: Database, versions: Sequence[str], by: str, settings: Settings) -> int:
    """Prunes versions, all or none, and removes the artefacts that no other version uses. Returns the bytes freed.

    Killed on the way, it has marked them all, and the next call removes what is left.

    Raises:
        ModelError: one of them has become the champion, or what a rollback goes to.
        OutputError: an artefact can't be removed; the next call tries again.
    """
    with database.begin() as conn, refusals_as(ModelError, "nothing was pruned"):
        for version in versions:
            queries.prune_model(conn, version=version, pruned_by=by)
    with database.begin() as conn:
        unused = _unused(conn)
    return sum(_remove(database, at, settings) for at in unused)


def _remove(database: Database, at: StoredArtefact, settings: Settings) -> int:
    with database.begin() as conn:
        # Somebody may register the same content just now: who comes second waits, and then sees.
        queries.lock_artefact(conn, artefact_hash=at.artefact_hash)
        if at not in _unused(conn):
            return 0
        freed = artefacts.size(at, settings)
        artefacts.remove(at, settings)
    return freed


def _unused(conn: Connection, pruning: Sequence[str] = ()) -> list[StoredArtefact]:
    return [StoredArtefact(**row) for row in queries.unused_artefacts(conn, pruning=list(pruning))]
