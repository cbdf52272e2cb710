"""Exports a rater's items as a sheet, a CSV file with one row per item, and imports the filled-in sheet.

The SQL functions that `ticketing.study.studies` calls decide which ratings are valid.
"""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TextIO

from ticketing.database import Connection, Database, queries
from ticketing.errors import InputError, OutputError, StudyError
from ticketing.jsonl import is_unicode, open_text
from ticketing.reviewing import set_actor
from ticketing.spreadsheets import delimiter_of, plain_cell, safe_cell
from ticketing.study import studies as study

LABELS = "ABCD"
TIE = "tie"
MAX_CELL_CHARS = 2**24


@dataclass(frozen=True)
class RefusedRow:
    """A refused row: the line on which it begins, and the reason. It contains no text of the row."""

    line_number: int
    reason: str


@dataclass
class ImportedRatings:
    """The counts of an imported sheet. `read` is the sum of the other counts."""

    read: int = 0
    new: int = 0
    unchanged: int = 0
    unrated: int = 0
    refused: list[RefusedRow] = field(default_factory=list)

    def sentence(self) -> str:
        """The counts as one line of text."""
        parts = [f"{self.new:,} new ratings", f"{self.unchanged:,} unchanged", f"{self.unrated:,} rows not rated yet"]
        return ", ".join([*parts, f"{len(self.refused):,} refused"] if self.refused else parts)


@dataclass(frozen=True)
class RatedRow:
    """A row that a rater has filled in."""

    item_id: int
    scores: dict[str, int]
    preferred: str | None
    comment: str


class _InvalidRow(Exception):
    """The row can't be used. The message gives the reason."""


def export_sheet(database: Database, study_id: int, rater: str, path: Path) -> int:
    """Writes a rater's items to a sheet, in the rater's order. A rater without items gets items first.

    Returns:
        the number of items.

    Raises:
        StudyError: there is no such study, or it is not open.
        OutputError: the file exists already, or it can't be written.
    """
    rater = rater.strip()
    if study.find(database, study_id).state != "open":
        raise StudyError(f"Study {study_id} is not open: there is nothing to rate.")
    study.assign(database, study_id, rater)
    with database.begin() as conn:
        rows = list(queries.study_sheet(conn, study_id=study_id, rater=rater))
    try:
        # Mode x never overwrites a filled-in sheet. Excel recognises UTF-8 only by the byte-order mark.
        stream = path.open("x", encoding="utf-8-sig", newline="")
    except FileExistsError:
        raise OutputError(f"{path} exists already: choose another path, so that no rating is overwritten.") from None
    except OSError as error:
        raise OutputError(f"{path} can't be written: {error.strerror}.") from None
    try:
        with stream:
            write_sheet(stream, rater, [(row["item_id"], row["ticket"], row["replies"]) for row in rows])
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OutputError(f"{path} can't be written: {error.strerror}. No part of it was kept.") from None
    return len(rows)


def write_sheet(stream: TextIO, rater: str, items: Sequence[tuple[int, str, Sequence[str]]]) -> None:
    """Writes items as CSV: item id, rater, ticket, the replies in the order of their labels, and cells to fill in."""
    labels = LABELS[: max((len(replies) for _, _, replies in items), default=0)]
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(header(labels))
    for item_id, ticket, replies in items:
        texts = [safe_cell(text) for text in (rater, ticket, *replies)]
        writer.writerow([item_id, *texts, *[""] * (len(labels) + 2)])


def header(labels: str) -> list[str]:
    """The columns of a sheet."""
    return [
        "item", "rater", "ticket", *(f"reply_{label}" for label in labels), *(f"score_{label}" for label in labels),
        "preferred", "comment",
    ]  # fmt: skip


def import_sheet(database: Database, study_id: int, rater: str, path: Path) -> ImportedRatings:
    """Stores the ratings of a filled-in sheet under a rater's name. Invalid rows are refused; all others are stored.

    Importing the same file again changes nothing. Rows without score, preference and comment are skipped.

    Raises:
        InputError: the file can't be read, or it is not a sheet.
        StudyError: there is no such study, or it is not open.
    """
    rater = rater.strip()
    if study.find(database, study_id).state != "open":
        raise StudyError(f"Study {study_id} is not open: it accepts no ratings.")
    done = ImportedRatings()
    with open_text(path) as stream, database.begin() as conn:
        set_actor(conn, rater)
        for line_number, cells in read_sheet(stream, path):
            done.read += 1
            try:
                row = None if isinstance(cells, str) else parse_row(cells, rater)
                if isinstance(cells, str):
                    raise _InvalidRow(cells)
                if row is None:
                    done.unrated += 1
                elif _store_rating(conn, study_id, row):
                    done.new += 1
                else:
                    done.unchanged += 1
            except (_InvalidRow, StudyError) as error:
                done.refused.append(RefusedRow(line_number, str(error).removesuffix("; nothing changed.")))
    return done


def read_sheet(stream: TextIO, path: Path) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Yields the rows of a sheet, each with the number of the line on which it begins.

    For an unreadable row it yields the reason instead of the cells.

    Raises:
        InputError: the file is not a sheet.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_CHARS))
    first = stream.readline()
    try:
        delimiter = delimiter_of(first)
    except csv.Error as error:
        raise InputError(f"{path}, line 1: this is no CSV ({error}). Nothing was stored.") from None
    reader = csv.reader(chain([first], stream), delimiter=delimiter, strict=True)
    try:
        columns = [cell.strip() for cell in next(reader)]
        missing = {"item", "rater", "preferred", "comment", "score_A", "score_B"} - set(columns)
        if missing or len(set(columns)) < len(columns):
            raise InputError(
                f"{path} is not a sheet of 'ticketing study export': it lacks the columns {', '.join(sorted(missing))}."
                if missing
                else f"{path} has two columns with the same name."
            )
        while True:
            line_number = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            if not cells:
                continue
            if not all(map(is_unicode, cells)):
                yield line_number, "broken UTF-8 (save the file as 'CSV UTF-8')"
            elif len(cells) != len(columns):
                yield line_number, f"{len(cells)} columns where the header has {len(columns)}"
            else:
                yield line_number, dict(zip(columns, map(plain_cell, cells), strict=True))
    except csv.Error as error:
        # After an unclosed quote, a CSV reader takes the rest of the file for one cell. So no later row can be read.
        raise InputError(f"{path}, line {reader.line_num}: this is not CSV ({error}). Nothing was stored.") from None


def parse_row(cells: dict[str, str], rater: str) -> RatedRow | None:
    """Reads the rating from a row; None if no cell is filled in."""
    scores = {name.removeprefix("score_"): cell.strip() for name, cell in cells.items() if name.startswith("score_")}
    preferred, comment = cells["preferred"].strip(), cells["comment"]
    if not any((*scores.values(), preferred, comment.strip())):
        return None
    item = cells["item"].strip()
    if not (item.isascii() and item.isdigit() and len(item) < 18):
        raise _InvalidRow("item is not an item id")
    # The labels of a shared item differ between raters. Under a wrong rater's name, scores would go to wrong systems.
    if cells["rater"].strip() != rater:
        raise _InvalidRow("the row belongs to another rater")
    for label, score in scores.items():
        if score not in ("1", "2", "3", "4", "5"):
            raise _InvalidRow(f"score_{label} is not 1, 2, 3, 4 or 5")
    if preferred.casefold() != TIE and preferred.upper() not in scores:
        raise _InvalidRow(f"preferred is not {', '.join(scores)} or {TIE}")
    if "\0" in comment:
        raise _InvalidRow("comment contains a zero byte")
    return RatedRow(
        item_id=int(item),
        scores={label: int(score) for label, score in scores.items()},
        preferred=None if preferred.casefold() == TIE else preferred.upper(),
        comment=comment,
    )


def _store_rating(conn: Connection, study_id: int, row: RatedRow) -> bool:
    # Each row has its own savepoint: if the database refuses one row, the others stay.
    with conn.transaction():
        return study.rate(conn, study_id, row.item_id, row.scores, row.preferred, row.comment)
