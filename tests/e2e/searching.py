"""Searches all files and tables of a home for given values; the leak tests use it.

A search of raw bytes would miss most values, because formats such as compressed Parquet hide their texts. So each file
is read in its own format: Parquet, SQLite, safetensors headers, zip archives, compressed files. The tables of Postgres
are read with SQL.
"""

import base64
import binascii
import bz2
import gzip
import html
import io
import json
import lzma
import re
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import psycopg
import pyarrow.parquet as pq

from ticketing.database import Database

# Postgres' files are searched with SQL instead, and the vault's key is not text.
SKIPPED = ("postgres", "vault.key")
# Columns that hold personal data by design: imported tickets, the texts of tickets that wait for a draft, and drafts as
# reviewers see them.
PERSONAL_DATA_COLUMNS = frozenset(
    {
        "ticketing.imported_ticket, subject", "ticketing.imported_ticket, body", "ticketing.imported_ticket, reply",
        "ticketing.draft, body", "ticketing.draft, final_body", "ticketing.outbox, body",
        "vault.ticket_text, subject", "vault.ticket_text, body",
    }
)  # fmt: skip
UNPACKERS = (
    (gzip.decompress, (OSError, EOFError, zlib.error)),
    (zlib.decompress, (zlib.error,)),
    (bz2.decompress, (OSError, ValueError)),
    (lzma.decompress, (lzma.LZMAError,)),
)
BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
MAX_DEPTH = 3


class Leak(NamedTuple):
    """A value that was found, and the file or column that contains it."""

    value: str
    place: str


def leaks(home: Path, database: Database, values: Iterable[str]) -> list[Leak]:
    """The values that occur in a file of the home, or in a column that must not hold personal data."""
    return [*leaks_in(texts_of_files(home), values), *leaks_in(texts_of_tables(database), values)]


def leaks_in(texts: Iterable[tuple[str, str]], values: Iterable[str]) -> list[Leak]:
    """The values that occur in (place, text) pairs, in upper or lower case."""
    wanted = {value.casefold(): value for value in values}
    assert wanted, "no values to search for"
    assert all(len(value) >= 5 for value in wanted), "a value of fewer than 5 characters is found by chance"
    pattern = _pattern(wanted)
    found = {Leak(wanted[match.group()], place) for place, text in texts for match in pattern.finditer(text.casefold())}
    return sorted(found)


def texts_of_files(home: Path) -> Iterator[tuple[str, str]]:
    """Every text in every file under a folder, as (place, text)."""
    for path in sorted(home.rglob("*")):
        place = path.relative_to(home)
        if path.is_file() and (place.parts[0] not in SKIPPED or place.parts == ("postgres", "log")):
            yield from texts_of_file(path, str(place))


def texts_of_file(path: Path, place: str) -> Iterator[tuple[str, str]]:
    """Every text in a file, read in the file's own format, as (place, text)."""
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(b"PAR1"):
        yield from _parquet(path, place)
    elif start.startswith(b"SQLite format 3"):
        yield from _sqlite(path, place)
    elif path.suffix == ".safetensors":
        yield place, _safetensors_header(path)
    elif not path.name.endswith(("-wal", "-shm")):  # SQLite reads these files together with the database
        yield from _texts_in_bytes(path.read_bytes(), place)


def texts_of_tables(database: Database) -> Iterator[tuple[str, str]]:
    """Every value in the schemas ticketing and vault, except in `PERSONAL_DATA_COLUMNS`, as (place, text)."""
    with database.begin(role=None) as conn:
        tables = conn.execute(
            "SELECT schemaname AS schema, tablename AS name FROM pg_tables WHERE schemaname IN ('ticketing', 'vault')"
        ).fetchall()
        for table in tables:
            query = psycopg.sql.SQL("SELECT * FROM {}.{}").format(
                psycopg.sql.Identifier(table["schema"]), psycopg.sql.Identifier(table["name"])
            )
            for row in conn.execute(query):
                for place, text in _texts_in_row(row, f"{table['schema']}.{table['name']}"):
                    if place not in PERSONAL_DATA_COLUMNS:
                        yield place, text


def _pattern(values: Iterable[str]) -> re.Pattern[str]:
    """Matches any of the values.

    A value without letters also occurs by chance within hashes and times. It matches only if neither a letter nor a
    digit touches it.
    """
    with_letters = sorted(value for value in values if re.search(r"[^\W\d]|@", value))
    digits = sorted(value for value in values if value not in with_letters)
    parts = [_prefix_tree(with_letters)] if with_letters else []
    parts += [rf"(?<![0-9a-z]){_prefix_tree(digits)}(?![0-9a-z])"] if digits else []
    return re.compile("|".join(parts))


def _prefix_tree(values: Iterable[str]) -> str:
    """The sorted values as a prefix tree, a hundred times as fast as a thousand alternatives."""
    branches = []
    for first, group in groupby(values, key=lambda value: value[:1]):
        rests = [value[1:] for value in group]
        longer = [rest for rest in rests if rest]
        rest = _prefix_tree(longer) if longer else ""
        branches.append(re.escape(first) + (f"(?:{rest})?" if len(longer) < len(rests) and longer else rest))
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def _parquet(path: Path, place: str) -> Iterator[tuple[str, str]]:
    with pq.ParquetFile(path) as file:
        for value in (file.schema_arrow.metadata or {}).values():
            yield from _texts_in_bytes(value, place)
        for batch in file.iter_batches():
            for row in batch.to_pylist():
                yield from _texts_in_row(row, place)


def _sqlite(path: Path, place: str) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            cursor = connection.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor:
                yield from _texts_in_row(dict(zip(names, row, strict=True)), f"{place}, {table}")


def _safetensors_header(path: Path) -> str:
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        return file.read(size).decode()


def _texts_in_row(row: dict, place: str) -> Iterator[tuple[str, str]]:
    for name, value in row.items():
        if isinstance(value, bytes | bytearray | memoryview):
            yield from _texts_in_bytes(bytes(value), f"{place}, {name}")
        elif isinstance(value, str):
            yield from _decoded_texts(value, f"{place}, {name}")
        elif value is not None:
            yield f"{place}, {name}", json.dumps(value, ensure_ascii=False, default=_as_text)


def _as_text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _texts_in_bytes(data: bytes, place: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    if depth > MAX_DEPTH:
        return
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from _texts_in_bytes(archive.read(name), f"{place}, {name}", depth + 1)
    for unpack, errors in UNPACKERS:
        try:
            yield from _texts_in_bytes(unpack(data), place, depth + 1)
        except errors:
            continue
    yield from _decoded_texts(data.decode(errors="replace"), place, depth)


def _decoded_texts(text: str, place: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    yield place, text
    if "&" in text:
        yield place, html.unescape(text)
    if "\\u" in text:
        yield place, ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)
    if depth > MAX_DEPTH:
        return
    for match in BASE64.finditer(text):
        run = match.group()
        try:
            decoded = base64.b64decode(run + "=" * (-len(run) % 4))
        except binascii.Error:
            continue
        yield from _texts_in_bytes(decoded, place, depth + 1)
