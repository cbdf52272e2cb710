"""Stores imported rows as tickets in one transaction, and reports how many were stored and refused.

It neither reads nor checks rows: `files` and `remote` read them, and `fields` checks them.
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
    """The number of rows refused for one reason, and the line numbers of the first ones."""

    count: int = 0
    first_lines: tuple[int, ...] = ()

    def and_line(self, line_number: int) -> "Refusals":
        """These refusals and one more."""
        return Refusals(self.count + 1, (*self.first_lines, line_number)[:SHOWN_LINES])


@dataclass(slots=True)
class ImportReport:
    """Counts of the rows of an import: `read` is the sum of `new`, `changed`, `unchanged`, `repeated` and all refused.

    `repeated` rows were followed by another row with the same id. `left_aside` counts the incoming rows whose category
    or reply was not stored. `zoneless` counts the time stamps without a time zone, which were read in `timezone`.
    `rejects` is the reject file, if any row was refused.
    """

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0
    left_aside: int = 0
    zoneless: int = 0
    timezone: str = "UTC"
    refused: dict[str, Refusals] = field(default_factory=dict)
    rejects: Path | None = None

    @property
    def refused_count(self) -> int:
        """The number of refused rows."""
        return sum(refusals.count for refusals in self.refused.values())

    def sentence(self) -> str:
        """The report in one line, for people."""
        parts = [f"{self.new:,} new", f"{self.changed:,} changed", f"{self.unchanged:,} unchanged"]
        if self.repeated:
            parts.append(f"{self.repeated:,} replaced by a later row with the same id")
        if self.left_aside:
            parts.append(f"{self.left_aside:,} stored without their category or reply, because new tickets have none")
        if self.zoneless:
            parts.append(f"{self.zoneless:,} time stamps without a time zone read as {self.timezone} (--timezone)")
        if self.refused:
            reasons = (_reason_line(kind, refusals) for kind, refusals in sorted(self.refused.items()))
            parts.append(f"{self.refused_count:,} refused: {'; '.join(reasons)}")
        return ", ".join(parts) + (f" (all of them in {self.rejects})" if self.rejects else "")


def default_reject_path(source: Path) -> Path:
    """The default reject file: next to the imported file."""
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

    The import is idempotent: a stored ticket with the same content stays unchanged, and of several rows with one id the
    last one counts. A ticket whose content differs becomes a new revision: the stored revision plus one, or the row's
    revision if that is greater. An incoming row with the id of a historical ticket is refused, so that the ticket keeps
    its category and reply.

    The reject file holds line number, reason and fields of each refused row, never its values. It appears before the
    tickets are committed. If no row is refused, an older reject file is removed.

    A time stamp without a time zone is read in `importing.timezone`.

    Args:
        database: where the tickets are stored.
        rows: from `read_file` or `read_remote`; read one by one.
        role: `history` needs a category and keeps the reply; `incoming` keeps neither.
        settings: give the limit of a body's length, and the time zone.
        reject_path: the file for refused rows.
        progress: called with the number of rows read, every thousand rows and at the end.

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
            report.refused[row.kind] = report.refused.get(row.kind, Refusals()).and_line(row.line_number)

        _stage(conn, _checked(rows, role, settings, report, refuse, progress))
        _merge(conn, role, report, refuse)
    if report.rejects is None:
        reject_path.unlink(missing_ok=True)
    return report


def load_sample(database: Database, seed: int, history: int, incoming: int, settings: Settings) -> ImportReport:
    """Stores the historical and new tickets of the sample shop. It is idempotent.

    Raises:
        InputError: the database has tickets that are not this sample's; nothing was written.
        DatabaseError: the database failed.
    """
    # Only the demo needs the generator and its texts.
    from ticketing.sample import generate_tickets

    rows: dict[ImportRole, list[RawRow]] = {"history": [], "incoming": []}
    for place, sample in enumerate(generate_tickets(seed, history=history, incoming=incoming), start=1):
        rows[sample.role].append(RawRow(place, {name: getattr(sample.ticket, name) for name in FIELDS}))
    _check_only_sample(database, rows, settings)
    first, second = (
        import_tickets(database, role_rows, role, settings, settings.home / f"sample-{role}.rejects.jsonl")
        for role, role_rows in rows.items()
    )
    return ImportReport(
        read=first.read + second.read,
        new=first.new + second.new,
        changed=first.changed + second.changed,
        unchanged=first.unchanged + second.unchanged,
        refused=first.refused | second.refused,
        rejects=first.rejects or second.rejects,
    )


def _check_only_sample(database: Database, rows: Mapping[ImportRole, Sequence[RawRow]], settings: Settings) -> None:
    made = [make_ticket(row, role, settings.corpus, UTC) for role, role_rows in rows.items() for row in role_rows]
    tickets = [ticket for ticket in made if isinstance(ticket, NewTicket)]
    with database.begin() as conn:
        _check_view(conn)
        foreign = queries.foreign_imported_tickets(
            conn,
            ticket_ids=[ticket.ticket_id for ticket in tickets],
            hashes=[ticket.content_hash for ticket in tickets],
        )
    if foreign["number"]:
        raise InputError(
            f"There are {foreign['number']:,} tickets in {settings.home} that are not this sample's, such as "
            f"{foreign['example']!r}: the demo would overwrite them or mix with them. Nothing was written. Run it in "
            "another home: TICKETING_HOME=demo-home ticketing demo."
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
            report.left_aside += ticket.left_aside
            report.zoneless += ticket.zoneless
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
    raise OutputError(f"{path} already exists and is no list of refused rows: choose another path with --rejects.")


def _reason_line(kind: str, refusals: Refusals) -> str:
    lines = ", ".join(map(str, refusals.first_lines)) + (", …" if refusals.count > len(refusals.first_lines) else "")
    return (
        f"{refusals.count:,} {kind} (line {lines})"
        if refusals.count == 1
        else f"{refusals.count:,} {kind} (lines {lines})"
    )
