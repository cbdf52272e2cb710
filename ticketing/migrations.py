"""Applies the migrations in `sql/migrations/` to a database, and dumps the resulting schema.

The table `ticketing.migration` records the applied migrations.
"""

import hashlib
import os
import re
import subprocess
from importlib.resources import files
from typing import NamedTuple

import psycopg

from ticketing.database import Connection, Database, Role, queries
from ticketing.embedded import client_program
from ticketing.errors import DatabaseError

DUMP_HEADER = (
    "-- The whole schema, as the migrations leave it. Made by 'ticketing db schema': change the migrations, not this.\n"
)
# A migration waits no longer than this for a lock, because every later session waits behind the migration.
LOCK_TIMEOUT_SECONDS = 10
# The lines that can differ between two dumps of the same schema: versions, and the random key of \restrict.
DUMP_NOISE = re.compile(r"^(-- Dumped (from|by) .*|\\(un)?restrict .*)\n", re.MULTILINE)


class Migration(NamedTuple):
    """One file of `sql/migrations/`."""

    name: str
    sql: str
    checksum: str  # SHA-256 as hex


def migrations() -> list[Migration]:
    """All migrations of this version of the code, in order."""
    found = sorted(
        (file for file in (files("sql") / "migrations").iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    return [_read(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8")) for file in found]


def upgrade(database: Database) -> list[str]:
    """Applies the missing migrations, each in its own transaction. Returns the names of these migrations.

    A second call applies nothing. Several processes may upgrade at the same time.

    Raises:
        DatabaseError: the file of an applied migration has changed, the database is newer than the code, another
            session holds a lock on a table, or the login lacks a right.
    """
    applied: list[str] = []
    while (name := _apply_next(database)) is not None:
        applied.append(name)
    return applied


def check_schema(database: Database) -> None:
    """Checks that the schema is up to date.

    Raises:
        DatabaseError: a migration is missing, has changed since it was applied, or is newer than the code.
    """
    with database.begin(role=None) as conn:
        upgraded = queries.has_migrations(conn)
    if not upgraded:
        raise DatabaseError(f"The database {database.libpq_uri()} has no schema yet: run 'ticketing db upgrade'.")
    with database.begin(Role.PIPELINE) as conn:
        missing = _missing(conn)
    if missing:
        raise DatabaseError(
            f"The database's schema is too old, {missing[0].name} is missing: run 'ticketing db upgrade'."
        )


def dump_schema(database: Database) -> str:
    """The database schemas `ticketing` and `vault` as SQL. Equal schemas give equal texts.

    Raises:
        DatabaseError: pg_dump is not installed, or it failed.
    """
    program = client_program("pg_dump")
    if program is None:
        raise DatabaseError("There is no pg_dump: install Postgres' client programs, or 'ticketing[embedded]'.")
    done = subprocess.run(
        [program, "--schema-only", "--no-owner", "--schema=ticketing", "--schema=vault", database.libpq_uri()],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PGPASSWORD": database.password or "", "PGTZ": "UTC"},
    )
    if done.returncode != 0:
        raise DatabaseError(f"pg_dump failed on {database.libpq_uri()}: {done.stderr.strip().splitlines()[0]}")
    return DUMP_HEADER + re.sub(r"\n{3,}", "\n\n", DUMP_NOISE.sub("", done.stdout)).strip() + "\n"


def _apply_next(database: Database) -> str | None:
    """Applies the first missing migration, and returns its name; None if no migration is missing.

    A lock makes other upgrades wait until the transaction ends.
    """
    with database.begin(role=None) as conn:
        queries.lock_migrations(conn)
        try:
            if not queries.has_migrations(conn):
                queries.create_migrations(conn)
            missing = _missing(conn)
            if not missing:
                return None
            # This limit must not apply to lock_migrations above: there, a second upgrade waits for the first to end.
            queries.limit_lock_wait(conn, milliseconds=int(LOCK_TIMEOUT_SECONDS * 1000))
            conn.execute(missing[0].sql.encode())
            queries.record_migration(conn, name=missing[0].name, checksum=missing[0].checksum)
        except psycopg.errors.LockNotAvailable:
            raise DatabaseError(
                f"The migration {missing[0].name} was not applied: it waited {LOCK_TIMEOUT_SECONDS} seconds for a lock "
                f"that another session holds ({_lock_holders(database)}). Let that session end, then run 'ticketing db "
                "upgrade' again."
            ) from None
        except psycopg.errors.InsufficientPrivilege:
            raise DatabaseError(
                f"The login {conn.info.user!r} may not upgrade the database: it must own the schemas ticketing and "
                "vault or be allowed to create them (GRANT CREATE ON DATABASE), and it needs CREATEROLE unless the "
                f"roles {', '.join(Role)} exist already."
            ) from None
    return missing[0].name


def _lock_holders(database: Database) -> str:
    with database.begin(role=None) as conn:
        holders = [f"{row['name']}, process {row['pid']}, on {row['relation']}" for row in queries.lock_holders(conn)]
    return "; ".join(holders) or "it has already ended"


def _missing(conn: Connection) -> list[Migration]:
    known = {migration.name: migration for migration in migrations()}
    applied = {row["name"]: row["checksum"] for row in queries.applied_migrations(conn)}
    for name, checksum in applied.items():
        if name not in known:
            raise DatabaseError(
                f"The database is newer than this version of ticketing: it has the migration {name}. Upgrade ticketing."
            )
        if known[name].checksum != checksum:
            raise DatabaseError(
                f"The migration {name} has changed since it was applied to this database. An applied migration must "
                "never change: go back to the version of ticketing that applied it, or use a new database."
            )
    return [migration for name, migration in known.items() if name not in applied]


def _read(name: str, sql: str) -> Migration:
    # read_text normalises line breaks. So a checkout with other line breaks has the same checksum.
    return Migration(name, sql, hashlib.sha256(sql.encode()).hexdigest())
