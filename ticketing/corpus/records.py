"""Makes training records from the labelled clean tickets in the database, one record per ticket.

`ticketing.corpus.splitting` assigns the records to parts, and `ticketing.corpus.snapshot` writes the final files.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ticketing.corpus.duplicates import exact_key
from ticketing.database import Database, queries
from ticketing.privacy.placeholders import placeholders_not_in_ticket
from ticketing.settings import Settings
from ticketing.stages.prompts import instruction, neutralise, ticket_input
from ticketing.tickets import CleanTicket

BATCH_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Record:
    """One training example. The classifier reads `text` and `category`; the generator reads the other fields."""

    ticket_id: str
    language: str
    category: str
    text: str
    instruction: str
    input: str
    output: str | None
    group: int


SCHEMA = pa.schema(
    [
        pa.field(f.name, pa.int64() if f.type is int else pa.string(), nullable=f.name == "output")
        for f in fields(Record)
    ]
)


class Columns(NamedTuple):
    """What stays in memory of the tickets: one list per column, with one value per ticket."""

    categories: list[str]
    languages: list[str]
    times: list[datetime | None]


class CorpusReader:
    """Reads the labelled, usable tickets, drops exact duplicates, and writes the other tickets to a spool file on disk.

    `columns`, `duplicates`, `left_out` and `replies_left_out` are complete when `texts` has been read to the end.
    """

    def __init__(self, database: Database, settings: Settings, spool: Path) -> None:
        self.columns = Columns([], [], [])
        self.duplicates: Counter[str] = Counter()
        self.left_out: dict[str, int] = {}
        self.replies_left_out = 0
        self.scrubber_version: str | None = None
        self._database, self._settings, self._spool = database, settings, spool

    def texts(self) -> Iterator[str]:
        """Yields the text of each kept ticket, oldest first, and meanwhile fills the columns and the counts."""
        categories: dict[bytes, str] = {}
        batch: list[Record] = []
        with pq.ParquetWriter(self._spool, SCHEMA) as writer:
            for ticket in self._tickets():
                category = sys.intern(str(ticket.category))
                key = exact_key(ticket.text)
                if key in categories:
                    self.duplicates["same category" if categories[key] == category else "another category"] += 1
                    continue
                categories[key] = category
                self.columns.categories.append(category)
                self.columns.languages.append(sys.intern(ticket.language))
                self.columns.times.append(ticket.created_at)
                batch.append(self._record(ticket, category))
                if len(batch) == BATCH_ROWS:
                    write_rows(writer, batch)
                    batch = []
                yield ticket.text
            write_rows(writer, batch)

    def _tickets(self) -> Iterator[CleanTicket]:
        with self._database.begin() as conn:
            # Only tickets scrubbed by the newest scrubber are used: an older one may have missed personal data.
            self.scrubber_version = queries.newest_scrubber_version(conn)
            parameters = {
                "scrubber_version": self.scrubber_version,
                "leave_out": list(self._settings.corpus.leave_out_categories),
            }
            self.left_out = dict(queries.left_out_tickets(conn, **parameters))
            with conn.cursor(name="corpus") as cursor:
                cursor.itersize = BATCH_ROWS
                cursor.execute(queries.corpus_tickets.sql, parameters)
                for row in cursor:
                    yield CleanTicket(**row)

    def _record(self, ticket: CleanTicket, category: str) -> Record:
        output = ticket.reply
        if output is not None and placeholders_not_in_ticket(output, ticket.text):
            # The reply has a placeholder that the ticket lacks: the generator would learn to invent people and values.
            output = None
            self.replies_left_out += 1
        return Record(
            ticket_id=ticket.ticket_id,
            language=ticket.language,
            category=category,
            text=ticket.text,
            instruction=instruction(category, ticket.language, self._settings),
            input=ticket_input(ticket),
            output=None if output is None else neutralise(output),
            group=0,  # set when the snapshot is written
        )


def read_batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file, BATCH_ROWS at a time, with the given columns (None: all columns)."""
    # With pre_buffer, pyarrow keeps all data in memory until the file is closed.
    with pq.ParquetFile(path, pre_buffer=False) as file:
        yield from file.iter_batches(BATCH_ROWS, columns=columns, use_threads=False)


def write_rows(writer: pq.ParquetWriter, records: Sequence[Record]) -> None:
    """Appends records to an open Parquet file."""
    if records:
        writer.write_batch(pa.RecordBatch.from_pylist([asdict(record) for record in records], schema=SCHEMA))
