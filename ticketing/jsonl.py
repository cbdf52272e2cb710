"""Reads and writes JSON Lines files: one JSON object per line. Reading checks the required fields.

Callers check the meaning of the values.
"""

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from ticketing.errors import InputError, OutputError

MAX_LINE_CHARS = 2**26
SHOWN_PROBLEMS = 5
OPTIONAL_TEXTS = ("subject", "language")

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class JsonRow:
    """One line of a file. Lines count from 1. The repr hides the values, because they can contain personal data."""

    line_number: int
    values: JsonObject = field(repr=False)


class LineError(ValueError):
    """A line can't be used. The message gives the reason, and contains no text of the line."""


def read_jsonl(path: Path, required: tuple[str, ...], max_chars: int | None = None) -> Iterator[JsonRow]:
    """The rows of a file, in order. Blank lines are skipped.

    A required `id` is a string or an integer. Every other required field is a string that is not blank. `subject` and
    `language` are optional strings.

    This function checks the whole file before it returns the first row. So an invalid last line is found at once, and
    not after hours of work. The file is read twice and not held in memory.

    Args:
        path: a UTF-8 file, with or without a byte-order mark.
        required: the fields that every row must have.
        max_chars: the maximum length of a string; None: no limit.

    Raises:
        InputError: the file can't be read, has no rows, or has invalid lines. The message lists the first of these.
    """
    rows, problems, invalid = 0, [], 0
    for row in _checked(path, required, max_chars):
        rows += 1
        if isinstance(row, str):
            invalid += 1
            problems += [row] if invalid <= SHOWN_PROBLEMS else []
    if invalid:
        more = f"; and {invalid - SHOWN_PROBLEMS:,} more" if invalid > SHOWN_PROBLEMS else ""
        raise InputError(
            f"{path}: {invalid:,} of {rows:,} lines can't be used: {'; '.join(problems)}{more}. "
            "Correct or remove these lines, and run the command again. Nothing was written."
        )
    if not rows:
        raise InputError(f"{path} has no rows: it needs one JSON object per line, with {' and '.join(required)}.")
    return _rows(path, required, max_chars)


def check_output(target: Path) -> None:
    """Checks, as far as possible in advance, that a file can be written.

    Raises:
        OutputError: something that is not a file has this name, or the folder is missing or not writable.
    """
    folder = target.absolute().parent
    try:
        if target.exists() and not target.is_file():
            raise OutputError(f"{target} is not a file: choose another path for the output.")
        if not folder.is_dir():
            raise OutputError(f"{target} can't be written: there is no folder {folder}.")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:  # the folder or the disk is not writable, or the name is too long
        raise _cant_write(target, error) from None


@contextmanager
def writing_jsonl(target: Path) -> Iterator[Callable[[JsonObject], None]]:
    """Yields a function that writes one object as a line. The target appears only if the block ends without an error.

    Until then, the lines go into a hidden file in the same folder. That file is deleted if the block fails. An older
    file with the target's name stays unchanged until the new file replaces it in one step.

    Raises:
        OutputError: the file can't be written, or the disk is full.
    """
    target = target.resolve()
    check_output(target)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        stream = partial.open("x", encoding="utf-8", newline="\n")
    except OSError as error:
        raise _cant_write(target, error) from None

    def write(values: JsonObject) -> None:
        line = json.dumps(values, ensure_ascii=False, allow_nan=False)
        try:
            stream.write(line + "\n")
        except OSError as error:
            raise _cant_write(target, error) from None

    try:
        yield write
        try:
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
            partial.replace(target)
        except OSError as error:
            raise _cant_write(target, error) from None
    except BaseException:
        # Closing flushes the buffer, which fails again if the disk is full.
        with suppress(OSError):
            stream.close()
        partial.unlink(missing_ok=True)
        raise


def check_file(path: Path) -> None:
    """Checks that the file exists and is not empty.

    Raises:
        InputError: the file is missing, is empty, or can't be read.
    """
    try:
        if not path.is_file():
            raise InputError(f"{path} is not a file." if path.exists() else f"There is no file {path}.")
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty.")
    except OSError as error:  # the name is too long, or this user may not enter a folder of the path
        raise InputError(f"{path} can't be read: {error.strerror}.") from None


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Opens a UTF-8 file. Invalid bytes become lone surrogates, so that one bad line does not hide the others.

    Raises:
        InputError: there is no such file, it is empty, or it can't be read.
    """
    check_file(path)
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            yield stream
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from None


def next_line(stream: TextIO, path: Path, line_number: int) -> str:
    """The next line of a file; "" at the end.

    Raises:
        InputError: the line is too long for a text file.
    """
    line = stream.readline(MAX_LINE_CHARS)
    if len(line) == MAX_LINE_CHARS and not line.endswith(("\n", "\r")):
        raise InputError(
            f"{path}: line {line_number:,} is longer than {MAX_LINE_CHARS:,} characters. Is this a text file?"
        )
    return line


def json_lines(path: Path) -> Iterator[tuple[int, JsonObject | LineError]]:
    """Yields every line that is not blank: the line number, from 1, and the JSON object or the reason why it is none.

    Raises:
        InputError: the file can't be read.
    """
    with open_text(path) as stream:
        number = 1
        while line := next_line(stream, path, number):
            if line.strip():
                try:
                    yield number, parse_object(line)
                except LineError as error:
                    yield number, error
            number += 1


def is_unicode(text: str) -> bool:
    """Whether a text has no lone surrogates. They stand for invalid UTF-8, or for one half of a \\u escape pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def parse_object(line: str) -> JsonObject:
    """The JSON object of one line.

    Raises:
        LineError: the line is not a JSON object. The message contains no text of the line.
    """
    if not is_unicode(line):
        raise LineError("broken UTF-8")
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise LineError(f"not JSON ({error.msg} at column {error.colno})") from None
    except (ValueError, RecursionError) as error:
        # The line has a number with thousands of digits, or thousands of nested brackets.
        raise LineError(f"not usable JSON ({type(error).__name__})") from None
    if not isinstance(values, dict):
        raise LineError("not a JSON object")
    return values


def _rows(path: Path, required: tuple[str, ...], max_chars: int | None) -> Iterator[JsonRow]:
    for row in _checked(path, required, max_chars):
        if isinstance(row, str):
            raise InputError(f"{path} was changed while it was read: {row}. Nothing was written.")
        yield row


def _checked(path: Path, required: tuple[str, ...], max_chars: int | None) -> Iterator[JsonRow | str]:
    for number, values in json_lines(path):
        try:
            if isinstance(values, LineError):
                raise values
            _check_fields(values, required, max_chars)
        except LineError as error:
            yield f"line {number}: {error}"
        else:
            yield JsonRow(number, values)


def _check_fields(values: JsonObject, required: tuple[str, ...], max_chars: int | None) -> None:
    for name in required:
        value = values.get(name)
        if name == "id" and isinstance(value, int) and not isinstance(value, bool):
            continue
        if value is None or (isinstance(value, str) and not value.strip()):
            raise LineError(f"'{name}' is missing or empty")
        _check_text(name, value, max_chars)
    for name in OPTIONAL_TEXTS:
        if values.get(name) is not None:
            _check_text(name, values[name], max_chars)


def _check_text(name: str, value: object, max_chars: int | None) -> None:
    if not isinstance(value, str):
        raise LineError(f"'{name}' is not a text")
    if not is_unicode(value):
        raise LineError(f"'{name}' holds half of a \\u escape pair")
    if max_chars is not None and len(value) > max_chars:
        raise LineError(f"'{name}' is too long ({len(value):,} characters; the limit is {max_chars:,})")


def _cant_write(target: Path, error: OSError) -> OutputError:
    return OutputError(f"{target} can't be written: {error.strerror}. Free some space, or choose another path.")
