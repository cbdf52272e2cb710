"""Reads the rows of CSV, JSON Lines and Parquet files one by one, in constant memory.

A row that can't be read becomes a `RefusedRow`, and reading continues with the next row. `fields` checks the values.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from ticketing.errors import InputError
from ticketing.importing.fields import FIELDS, REQUIRED, ImportRole, RawRow, RefusedRow, choose_columns
from ticketing.jsonl import LineError, check_file, is_unicode, json_lines, next_line, open_text
from ticketing.spreadsheets import delimiter_of

# This limit is far above the length of any ticket, so that the refusal of a huge body states its real length. It is low
# enough that a missing quote, after which the rest of the file is one field, can't fill the memory.
MAX_FIELD_CHARS = 2**24
BATCH_ROWS = 1000
SAMPLED_ROWS = 1000

Rows = Iterator[RawRow | RefusedRow]
Reader = Callable[[Path, Mapping[str, str], ImportRole], Rows]


def read_file(path: Path, mapping: Mapping[str, str] | None = None, role: ImportRole = "history") -> Rows:
    """Yields the rows of a file, which are read lazily.

    The line number of a row counts from 1. In CSV and JSON Lines it is the number of the row's first line in the file,
    and in Parquet it is the number of the row.

    Args:
        path: .csv (comma, semicolon or tab, detected from the header), .tsv, .jsonl, .ndjson or .parquet.
        mapping: field → column, for fields whose column has another name.
        role: "history" or "incoming"; it determines which columns are required.

    Raises:
        InputError: the file is missing, of an unknown kind, empty, or lacks a column. Errors in the content are raised
            when the first row is read.
    """
    reader = READERS.get(path.suffix.lower())
    check_file(path)
    if reader is None:
        raise InputError(f"{path}: files of the kind {path.suffix!r} can't be read, only {', '.join(READERS)}.")
    return reader(path, mapping or {}, role)


class _Lines:
    """Gives csv.reader the lines of a file. Counts the lines, and the quotes of the current row."""

    def __init__(self, stream: TextIO, path: Path) -> None:
        self.number = 0
        self.quotes = 0
        self._stream = stream
        self._path = path

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next_line(self._stream, self._path, self.number + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.quotes += line.count('"')
        return line

    def skip_quoted(self) -> None:
        """Skips the rest of a quoted field after an error, so that its lines are not read as rows."""
        while self.quotes % 2 and next(self, None) is not None:
            pass


def _read_csv(path: Path, mapping: Mapping[str, str], role: ImportRole) -> Rows:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD_CHARS))
    with open_text(path) as stream:
        lines = _Lines(stream, path)
        reader, header = _csv_header(lines, path)
        columns = choose_columns(str(path), header, mapping, role)
        positions = {name: header.index(column) for name, column in columns.items()}
        rows = 0
        while True:
            start, lines.quotes = lines.number + 1, 0
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                lines.skip_quoted()
                rows += 1
                yield _misquoted(start, lines.number, error)
                continue
            if not cells:
                continue
            rows += 1
            if not all(map(is_unicode, cells)):
                yield RefusedRow(start, "broken UTF-8", "broken UTF-8 (save the file as UTF-8)")
            elif len(cells) != len(header):
                reason = f"{len(cells)} columns where the header has {len(header)}"
                yield RefusedRow(start, "wrong number of columns", reason)
            else:
                yield RawRow(start, {name: cells[position] for name, position in positions.items()})
    if not rows:
        raise InputError(f"{path} has a header, but no rows.")


def _csv_header(lines: _Lines, path: Path) -> tuple[Iterator[list[str]], list[str]]:
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise InputError(f"{path} is empty.")
    if not is_unicode(first) or "\0" in first:
        raise InputError(f"{path}: the first line is not UTF-8. Save the file as 'CSV UTF-8'.")
    try:
        reader = csv.reader(chain([first], lines), delimiter=delimiter_of(first), strict=True)
        return reader, [column.strip() for column in next(reader)]
    except csv.Error as error:
        raise InputError(f"{path}: the first line is not a CSV header: {error}.") from None


def _misquoted(start: int, end: int, error: csv.Error) -> RefusedRow:
    lines = f"line {start}" if start == end else f"lines {start} to {end}"
    if "field limit" in str(error):
        reason = (
            f"a field of more than {MAX_FIELD_CHARS:,} characters in {lines}: is there a missing or a surplus quote?"
        )
        return RefusedRow(start, "field too long", reason)
    return RefusedRow(start, "wrong quotes", f"wrong quotes in {lines}: {error}")


def _read_jsonl(path: Path, mapping: Mapping[str, str], role: ImportRole) -> Rows:
    keys = _jsonl_keys(path, mapping, role)
    rows = 0
    for number, row in json_lines(path):
        rows += 1
        if isinstance(row, LineError):
            kind = str(row).partition(" (")[0]
            yield RefusedRow(number, kind, str(row))
        else:
            yield RawRow(number, {name: row[key] for name, key in keys.items() if key in row})
    if not rows:
        raise InputError(f"{path} has no rows.")


def _jsonl_keys(path: Path, mapping: Mapping[str, str], role: ImportRole) -> dict[str, str]:
    # A row may lack a key, but a key that none of the first rows has is a mistake in the mapping.
    keys: dict[str, None] = {}
    for _, row in islice(json_lines(path), SAMPLED_ROWS):
        if not isinstance(row, LineError):
            keys.update(dict.fromkeys(row))
    if keys:
        needed = {name: mapping.get(name, name) for name in (*mapping, *REQUIRED[role])}
        choose_columns(f"{path} (its first {SAMPLED_ROWS:,} rows)", list(keys), needed, role)
    return {name: mapping.get(name, name) for name in FIELDS}


def _read_parquet(path: Path, mapping: Mapping[str, str], role: ImportRole) -> Rows:
    try:
        with pq.ParquetFile(path) as file:
            fields = choose_columns(str(path), file.schema_arrow.names, mapping, role)
            if not file.metadata.num_rows:
                raise InputError(f"{path} has columns, but no rows.")
            start = 1
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=sorted(set(fields.values()))):
                columns = {name: _plain_times(batch.column(column)) for name, column in fields.items()}
                for index in range(batch.num_rows):
                    yield _parquet_row(start + index, columns, index)
                start += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path} can't be read as Parquet ({type(error).__name__}): it is damaged, or not a Parquet file."
        ) from None


def _parquet_row(number: int, columns: Mapping[str, Any], index: int) -> RawRow | RefusedRow:
    values: dict[str, object] = {}
    for name, column in columns.items():
        try:
            values[name] = column[index].as_py()
        except UnicodeDecodeError:
            return RefusedRow(number, "broken UTF-8", "broken UTF-8", (name,))
        except (ValueError, OverflowError):
            return RefusedRow(number, f"{name} is out of range", f"{name} is out of range", (name,))
    return RawRow(number, values)


def _plain_times(column: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    # Python's datetime has no nanoseconds, and this machine may not know the name of the time zone. So the times are
    # converted to microseconds in UTC.
    if not pa.types.is_timestamp(column.type):
        return column
    return column.cast(pa.timestamp("us", tz=column.type.tz and "UTC"), safe=False)


READERS: dict[str, Reader] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".parquet": _read_parquet,
}
