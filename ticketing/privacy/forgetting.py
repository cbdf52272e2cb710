"""Finds the tickets of a person, and removes what the pipeline stores of these tickets.

The help desk's own tables, the snapshots and the models are not changed. The snapshots and models with such a ticket
are only listed.
"""

from collections.abc import Iterable
from typing import NamedTuple

import pyarrow.parquet as pq

from ticketing.database import Database, Role, queries
from ticketing.errors import PrivacyError
from ticketing.privacy.placeholders import PLACEHOLDER, spelling_key
from ticketing.privacy.vault import Vault
from ticketing.settings import Settings

# A shorter value occurs in many tickets by chance.
MIN_VALUE_CHARS = 4
BATCH = 1_000


class Forgotten(NamedTuple):
    """How many rows were removed for one ticket, or for several tickets."""

    vault_values: int = 0
    clean_tickets: int = 0
    drafts: int = 0
    imported_tickets: int = 0

    def plus(self, other: "Forgotten") -> "Forgotten":
        """The sum of both counts."""
        return Forgotten._make(a + b for a, b in zip(self, other, strict=True))


class AffectedSnapshot(NamedTuple):
    """A snapshot that still holds forgotten tickets in scrubbed form, and the models that were trained on it."""

    snapshot_id: str
    tickets: int  # how many forgotten tickets it holds
    models: tuple[str, ...]


def tickets_with_value(database: Database, vault: Vault, value: str) -> list[str]:
    """The ids of the tickets that contain a value, such as an e-mail address, a full name or an order number.

    The vault is searched for all spellings of the value. The source, the raw texts and the drafts are searched only for
    the given spelling.

    Raises:
        PrivacyError: the value is too short to identify a person, or the vault can't be read.
    """
    value = value.strip()
    if len(value) < MIN_VALUE_CHARS and value.isascii():
        raise PrivacyError(
            f"A value of {len(value)} characters occurs in too many tickets: give an e-mail address, a telephone "
            "number, a full name or an order number, or name the tickets with --ticket."
        )
    found = set()
    with database.begin(Role.WRITEBACK) as conn, conn.cursor(name="vault") as cursor:
        cursor.itersize = BATCH
        cursor.execute(queries.vault_entries_of_sample.sql, {"share": 1.0})
        for row in cursor:
            placeholder = PLACEHOLDER.fullmatch(row["placeholder"])
            kind = placeholder.group(1) if placeholder else ""
            if spelling_key(vault.value(row), kind) == spelling_key(value, kind):
                found.add(row["ticket_id"])
        found.update(row["ticket_id"] for row in queries.waiting_texts_that_say(conn, value=value))
    with database.begin() as conn:
        found.update(row["ticket_id"] for row in queries.tickets_that_say(conn, value=value))
    return sorted(found)


def expire_values(database: Database, settings: Settings) -> int:
    """Removes the values and raw texts of tickets that have not changed for `privacy.retention_days`.

    Returns:
        how many values were removed.
    """
    with database.begin() as conn:
        queries.expire_ticket_texts(conn, days=settings.privacy.retention_days)
        return int(queries.expire_vault_entries(conn, days=settings.privacy.retention_days))


def forget_tickets(database: Database, ticket_ids: Iterable[str]) -> Forgotten:
    """Removes the tickets from the vault, raw texts, clean tickets, drafts, the outbox and imported tickets.

    The ids are stored, even if the pipeline has no such ticket, so that the tickets are never read from the source
    again.
    """
    total = Forgotten()
    for ticket_id in ticket_ids:
        with database.begin() as conn:
            total = total.plus(Forgotten(**queries.forget_ticket(conn, ticket_id=ticket_id)))
    return total


def affected_snapshots(database: Database, settings: Settings, ticket_ids: Iterable[str]) -> list[AffectedSnapshot]:
    """The snapshots that hold any of the tickets, and the models that were trained on them."""
    wanted = set(ticket_ids)
    found = []
    with database.begin() as conn:
        for row in queries.snapshots(conn):
            ids: set[str] = set()
            for part in sorted((settings.home / row["path"]).glob("*.parquet")):
                ids |= wanted & set(pq.read_table(part, columns=["ticket_id"]).column("ticket_id").to_pylist())
            if ids:
                trained = queries.models_of_snapshots(conn, snapshot_ids=[row["snapshot_id"]])
                models = tuple(f"{model['version']} ({model['state']})" for model in trained)
                found.append(AffectedSnapshot(row["snapshot_id"], len(ids), models))
    return found
