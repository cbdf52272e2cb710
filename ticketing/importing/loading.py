"""Stores imported rows as tickets in one transaction, and reports how many were stored and refused.

`files` and `remote` read the rows, and `fields` checks them.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from ticketing.database import Connection, Database, queries
from ticketing.errors import InputError, OutputError
from ticketing.importing.fields import FIELDS, ImportRole, NewTicket, RawRow, RefusedRow, make_ticket
from ticketing.jsonl import JsonObject, writing_jsonl
from ticketing.settings import Settings

PROGRESS_ROWS = 1000
SHOWN_LINES = 5
ANSWERED = "the ticket is already in the history"
FORGOTTEN = "somebody asked for this ticket to be forgotten"


@dataclass(frozen=True, slots=True)
class Refusals:
    """How many rows were refused for one reason, and the line numbers of the first of them."""

    count: int = 0
    first_lines: tuple[int, ...] = ()

    def with_line(self, line_number: int) -> "Refusals":
        """These refusals, and the refusal of one more line."""
        return Refusals(self.count + 1, (*self.first_lines, line_number)[:SHOWN_LINES])


@dataclass(slots=True)
class ImportReport:
    """Counts of the rows of an import. `read` is the sum of new, changed, unchanged, repeated and refused rows."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0  # rows that a later row with the same id has replaced
    answers_dropped: int = 0  # incoming rows whose category or reply was not stored
    times_without_zone: int = 0  # time stamps that state no time zone; they were read in `timezone`
    timezone: str = "UTC"
    refused: dict[str, Refusals] = field(default_factory=dict)  # kind of refusal → refusals
    rejects: Path | None = None  # the reject file; None: no row was refused

    @property
    def refused_count(self) -> int:
        """The number of refused rows."""
        return sum(refusals.count for refusals in self.refused.values())

    def sentence(self) -> str:
        """The report as one line of text."""
        parts = [f"{self.new:,} new", f"{self.changed:,} changed", f"{self.unchanged:,} unchanged"]
        if self.repeated:
            parts.append(f"{self.repeated:,} replaced by a later row with the same id")
        if self.answers_dropped:
            parts.append(
                f"{self.answers_dropped:,} stored without their category or reply, because new tickets have none"
            )
        if self.times_without_zone:
            parts.append(
                f"{self.times_without_zone:,} time stamps without a time zone read as {self.timezone} (--timezone)"
            )
        if self.refused:
            reasons = (_reason_line(kind, refusals) for kind, refusals in sorted(self.refused.items()))
            parts.append(f"{self.refused_count:,} refused: {'; '.join(reasons)}")
        return ", ".join(parts) + (f" (all of them in {self.rejects})" if self.rejects else "")


def default_reject_path(source: Path) -> Path:
    """The default path of the reject file, next to the imported file."""
    return source.with_name(f"{source.name}.rejects.jsonl")


def import_tickets(
    database: Database,
    rows: Iterable[RawRow | RefusedRow],
    role: ImportRole,
    settings: Settings,
    reject_path: Path,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Stores rows as tickets in one transaction. An import that is killed or fails has stored nothing.

    The import is idempotent. A stored ticket with the same content stays unchanged. If several rows have the same id,
    the last row counts. A ticket whose content has changed gets a new revision: the stored revision plus one, or the
    row's revision if that is greater. An incoming row with the id of a historical ticket is refused, so that the
    historical ticket keeps its category and reply.

    The reject file holds the line number, the reason and the wrong fields of each refused row, but no values. It is
    written before the tickets are committed. If no row is refused, an older reject file is removed.

    Time stamps without a time zone are read in the zone `importing.timezone`.

    Args:
        database: where the tickets are stored.
        rows: the rows from `read_file` or `read_remote`. They are read one by one.
        role: `history` rows need a category, and their replies are stored. Of `incoming` rows, neither is stored.
        settings: give the maximum length of a text, and the time zone.
        reject_path: the file for refused rows.
        progress: called with the number of rows read so far, every thousand rows and at the end.

    Raises:
        InputError: a row can't be read, or ticketing.source_ticket is the operator's own view, which would not show the
            tickets.
        OutputError: the reject file can't be written, or its path belongs to another file.
        DatabaseError: the database failed.
    """
    _check_reject_path(reject_path)
    report = ImportReport(timezone=settings.importing.timezone)
    with database.begin() as conn, ExitStack() as rejects:
        _check_view(conn)
        write: Callable[[JsonObject], None] | None = None

        def refuse(row: RefusedRow) -> None:
            nonlocal write
            if write is None:
                write = rejects.enter_context(writing_jsonl(reject_path))
                report.rejects = reject_path
            write({"line": row.line_number, "reason": row.reason, "fields": list(row.fields)})
            report.refused[row.kind] = report.refused.get(row.kind, Refusals()).with_line(row.line_number)

        _stage(conn, _checked(rows, role, settings, report, refuse, progress))
        _merge(conn, role, report, refuse)
    if report.rejects is None:
        reject_path.unlink(missing_ok=True)
    return report


def load_sample(database: Database, seed: int, history: int, incoming: int, settings: Settings) -> ImportReport:
    """Stores the historical and new tickets of the sample shop. A second call changes nothing.

    Raises:
        InputError: the database has tickets that do not belong to this sample. Nothing was written.
        DatabaseError: the database failed.
    """
    # Imported here, because only the demo needs the sample's texts.
    from ticketing.sample import generate_tickets

    rows: dict[ImportRole, list[RawRow]] = {"history": [], "incoming": []}
    for number, sample in enumerate(generate_tickets(seed, history=history, incoming=incoming), start=1):
        rows[sample.role].append(RawRow(number, {name: getattr(sample.ticket, name) for name in FIELDS}))
    _check_only_sample(database, rows, settings)
    history_report, incoming_report = (
        import_tickets(database, role_rows, role, settings, settings.home / f"sample-{role}.rejects.jsonl")
        for role, role_rows in rows.items()
    )
    return ImportReport(
        read=history_report.read + incoming_report.read,
        new=history_report.new + incoming_report.new,
        changed=history_report.changed + incoming_report.changed,
        unchanged=history_report.unchanged + incoming_report.unchanged,
        refused=history_report.refused | incoming_report.refused,
        rejects=history_report.rejects or incoming_report.rejects,
    )


def _check_only_sample(database: Database, rows: Mapping[ImportRole, Sequence[RawRow]], settings: Settings) -> None:
    made = [make_ticket(row, role, settings.corpus, UTC) for role, role_rows in rows.items() for row in role_rows]
    tickets = [ticket for ticket in made if isinstance(ticket, NewTicket)]
    with database.begin() as conn:
        _check_view(conn)
        other_tickets = queries.foreign_imported_tickets(
            conn,
            ticket_ids=[ticket.ticket_id for ticket in tickets],
            hashes=[ticket.content_hash for ticket in tickets],
        )
    if other_tickets["number"]:
        raise InputError(
            f"There are {other_tickets['number']:,} tickets in {settings.home} that are not this sample's, such as "
            f"{other_tickets['example']!r}: the demo would overwrite them or mix its own tickets with them. "
            "Nothing was written. Run the demo in another home: TICKETING_HOME=demo-home ticketing demo."
        )


def _checked(
    rows: Iterable[RawRow | RefusedRow],
    role: ImportRole,
    settings: Settings,
    report: ImportReport,
    refuse: Callable[[RefusedRow], None],
    progress: Callable[[int], None] | None,
) -> Iterator[NewTicket]:
    zone = ZoneInfo(settings.importing.timezone)
    for row in rows:
        report.read += 1
        ticket = make_ticket(row, role, settings.corpus, zone) if isinstance(row, RawRow) else row
        if isinstance(ticket, RefusedRow):
            refuse(ticket)
        else:
            report.answers_dropped += ticket.answer_dropped
            report.times_without_zone += ticket.times_without_zone
            yield ticket
        if progress and report.read % PROGRESS_ROWS == 0:
            progress(report.read)
    if progress:
        progress(report.read)


def _stage(conn: Connection, tickets: Iterator[NewTicket]) -> None:
    queries.create_import_row(conn)
    with conn.cursor() as cursor, cursor.copy(queries.copy_import_row.sql) as copy:
        for ticket in tickets:
            copy.write_row(
                (
                    ticket.line_number,
                    ticket.ticket_id,
                    ticket.revision,
                    ticket.created_at,
                    ticket.language,
                    ticket.subject,
                    ticket.body,
                    ticket.category,
                    ticket.reply,
                    ticket.replied_at,
                    ticket.content_hash,
                )
            )


def _merge(conn: Connection, role: ImportRole, report: ImportReport, refuse: Callable[[RefusedRow], None]) -> None:
    queries.begin_import_merge(conn)
    report.repeated = queries.drop_repeated_import_rows(conn)
    if role == "incoming":
        for row in sorted(queries.drop_answered_import_rows(conn), key=lambda row: row["line"]):
            refuse(RefusedRow(row["line"], ANSWERED, f"{ANSWERED}: import it with --role history", ("ticket_id",)))
    for row in sorted(queries.drop_forgotten_import_rows(conn), key=lambda row: row["line"]):
        refuse(RefusedRow(row["line"], FORGOTTEN, f"{FORGOTTEN}: it is not imported again", ("ticket_id",)))
    report.unchanged = queries.drop_unchanged_import_rows(conn)
    report.changed = queries.update_imported_tickets(conn)
    report.new = queries.insert_imported_tickets(conn)


def _check_view(conn: Connection) -> None:
    if not queries.source_is_default(conn):
        raise InputError(
            "ticketing.source_ticket is missing or reads your own tables: imported tickets would never be read, "
            "so nothing was imported. Add the tickets to your own tables, or run DROP VIEW IF EXISTS "
            "ticketing.source_ticket; in psql and then 'ticketing db restore-source'."
        )


def _check_reject_path(path: Path) -> None:
    # A mistyped --rejects must not overwrite another file, least of all the imported one.
    try:
        with path.open("rb") as stream:
            if set(json.loads(stream.readline(10_000))) == {"line", "reason", "fields"}:
                return
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError, RecursionError):
        pass
    raise OutputError(f"{path} already exists and is not a reject file: choose another path with --rejects.")


def _reason_line(kind: str, refusals: Refusals) -> str:
    lines = ", ".join(map(str, refusals.first_lines)) + (", …" if refusals.count > len(refusals.first_lines) else "")
    return (
        f"{refusals.count:,} {kind} (line {lines})"
        if refusals.count == 1
        else f"{refusals.count:,} {kind} (lines {lines})"
    )
