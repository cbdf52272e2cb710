"""Lists all stored texts that must be free of personal data, for the audit.

Places that hold personal data by design are left out: the source, imported tickets, drafts, the outbox, and the vault,
which also has the raw texts of open tickets.
"""

import re
import sqlite3
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from ticketing.database import Database, queries
from ticketing.errors import InputError
from ticketing.settings import Settings

BATCH = 1_000
TEXT_FILES = ("*.log", "*.html", "*.md", "*.txt", "*.json", "*.jsonl", "*.csv")
# Tables that describe Prefect itself. They contain example addresses.
PREFECT_TABLES = frozenset({"block_type", "block_schema", "block_schema_reference", "alembic_version"})
MAX_FILE_BYTES = 200_000_000


class StoredText(NamedTuple):
    """Texts that are stored together, such as those of one row."""

    place: str
    key: str  # identifies the row or file; contains no text of it
    texts: tuple[str, ...]
    ticket_id: str | None = None  # None: the texts do not belong to a ticket


def stored_texts(database: Database, settings: Settings) -> Iterator[StoredText]:
    """Yields all stored texts, one place after the other. They are not all in memory at once.

    Raises:
        DatabaseError: the database can't be read.
        InputError: Prefect's database, or a file, can't be read.
    """
    yield from _rows(database)
    yield from _snapshots(database, settings)
    yield from _prefect(settings.home / "prefect" / "prefect.db")
    for place, folder in (
        ("reports", settings.home / "reports"),
        ("logs", settings.home / "logs"),
        ("Prefect's files", settings.home / "prefect"),
        ("work", settings.home / "work"),
    ):
        yield from _files(place, folder)
    server_log = settings.home / "postgres" / "log"
    if server_log.is_file():
        yield from _lines("logs", server_log)


def _rows(database: Database) -> Iterator[StoredText]:
    with database.begin() as conn, conn.cursor(name="audit") as cursor:
        cursor.itersize = BATCH
        cursor.execute(queries.audited_texts.sql)
        for row in cursor:
            yield StoredText(row["place"], row["key"], tuple(text for text in row["texts"] if text), row["ticket_id"])


def _snapshots(database: Database, settings: Settings) -> Iterator[StoredText]:
    with database.begin() as conn:
        snapshots = list(queries.snapshots(conn))
    for snapshot in snapshots:
        for part in sorted((settings.home / snapshot["path"]).glob("*.parquet")):
            for batch in pq.ParquetFile(part).iter_batches(BATCH):
                for row in batch.to_pylist():
                    texts = tuple(text for text in (row["text"], row["output"]) if text)
                    yield StoredText("snapshots", f"{snapshot['snapshot_id']} {part.name}", texts, row["ticket_id"])


def _prefect(path: Path) -> Iterator[StoredText]:
    """Every text in every table of Prefect's database: parameters, results, states, logs, artifacts, events."""
    if not path.is_file():
        return
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in (name for name in tables if name not in PREFECT_TABLES):
                cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 — a name from the database itself
                names = [column[0] for column in cursor.description]
                for row in cursor:
                    texts = tuple(value for value in row if isinstance(value, str) and value)
                    yield StoredText("Prefect's database", f"{table} ({', '.join(names[:1])} {row[0]})", texts)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise InputError(f"Prefect's database {path} can't be read ({error}): stop the server and try again.") from None


def _files(place: str, folder: Path) -> Iterator[StoredText]:
    for pattern in TEXT_FILES:
        for path in sorted(folder.rglob(pattern)):
            if path.is_file() and path.stat().st_size <= MAX_FILE_BYTES:
                yield from _lines(place, path)


def _lines(place: str, path: Path) -> Iterator[StoredText]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from None
    if path.suffix == ".html":
        # Tags and embedded images are removed, because their letters and digits look like personal numbers.
        text = unescape(re.sub(r"<[^>]*>|data:[\w/+;=,-]{20,}", "\n", text))
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield StoredText(place, f"{path.name}, line {number}", (line,))
