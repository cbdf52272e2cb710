"""Stores imported rows as tickets, all of them or none, and reports what was taken and what was refused.

Reading rows is `files` and `remote`, checking them `fields`; scrubbing comes later, in `ticketing.corpus`.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ticketing.database import Connection, Database, queries
from ticketing.errors import OutputError
from ticketing.importing.fields import FIELDS, ImportRole, NewTicket, RawRow, RefusedRow, make_ticket
from ticketing.jsonl import JsonObject, writing_jsonl
from ticketing.settings import Settings

PROGRESS_ROWS = 1000
SHOWN_LINES = 5
ANSWERED = "the ticket is in the history already"
FORGOTTEN = "somebody asked for this ticket to be forgotten"


@dataclass(frozen=True, slots=True)
class Refusals:
    """How many rows were refused for one reason, and the first lines of them."""

    count: int = 0
    first_lines: tuple[int, ...] = ()

    def and_line(self, line_number: int) -> "Refusals":
        """These and one more."""
        return Refusals(self.count + 1, (*self.first_lines, line_number)[:SHOWN_LINES])


@dataclass(slots=True)
class ImportReport:
    """What became of every row: `read` is the sum of `new`, `changed`, `unchanged`, `repeated` and all refused.

    `repeated` rows were followed by another with the same id; `left_aside` counts the incoming rows that had a
    category or a reply, which were not stored. `rejects` is the reject file, if one was needed.
    """

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0
    left_aside: int = 0
    refused: dict[str, Refusals] = field(default_factory=dict)
    rejects: Path | None = None

    @property
    def refused_count(self) -> int:
        """How many rows were refused in all."""
        return sum(refusals.count for refusals in self.refused.values())

    def sentence(self) -> str:
        """The report in one line, for people."""
        parts = [f"{self.new:,} new", f"{self.changed:,} changed", f"{self.unchanged:,} unchanged"]
        if self.repeated:
            parts.append(f"{self.repeated:,} replaced by a later row with the same id")
        if self.left_aside:
            parts.append(f"{self.left_aside:,} with a category or reply, which new tickets don't keep")
        if self.refused:
            reasons = (_reason_line(kind, refusals) for kind, refusals in sorted(self.refused.items()))
            parts.append(f"{self.refused_count:,} refused: {'; '.join(reasons)}")
        return ", ".join(parts) + (f" (all of them in {self.rejects})" if self.rejects else "")


def default_reject_path(source: Path) -> Path:
    """Where the refused rows of a file are listed if nothing else is said: beside it."""
    return source.with_name(f"{source.name}.rejects.jsonl")


def import_tickets(
    database: Database,
    rows: Iterable[RawRow | RefusedRow],
    role: ImportRole,
    settings: Settings,
    reject_path: Path,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Stores rows as tickets in one transaction; killed or failed, nothing of it is there, and it can be run again.

    A ticket that is stored with the same content is left as it is; one with other content becomes a new revision
    (one more than the stored, or the row's if that is greater), and of several rows with one id the last counts: so a
    second run of the same import changes nothing. An incoming row never takes category and reply away from a
    historical ticket: it is refused.

    The reject file holds line number, reason and fields of each refused row, never its values. It appears before the
    tickets do; an older one is removed when nothing is refused.

    Args:
        database: where to.
        rows: from `read_file` or `read_remote`; taken one by one.
        role: `history` needs a category and keeps the reply; `incoming` keeps neither.
        settings: for the limit of a body's length.
        reject_path: where refused rows are listed.
        progress: told the number of rows read, every thousand and at the end.

    Raises:
        InputError: the rows can't be read on.
        OutputError: the reject file can't be written, or something else is in its place.
        DatabaseError: the database failed.
    """
    _check_reject_path(reject_path)
    report = ImportReport()
    with database.begin() as conn, ExitStack() as rejects:
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
    """Stores the tickets of the sample shop, historical and new.

    Raises:
        DatabaseError: the database failed.
    """
    # Only the demo needs the generator and its texts.
    from ticketing.sample import generate_tickets

    tickets = list(generate_tickets(seed, history=history, incoming=incoming))
    reports = []
    roles: tuple[ImportRole, ...] = ("history", "incoming")
    for role in roles:
        chosen = [sample.ticket for sample in tickets if sample.role == role]
        rows = (
            RawRow(place, {name: getattr(ticket, name) for name in FIELDS})
            for place, ticket in enumerate(chosen, start=1)
        )
        reports.append(import_tickets(database, rows, role, settings, settings.home / f"sample-{role}.rejects.jsonl"))
    first, second = reports
    return ImportReport(
        read=first.read + second.read,
        new=first.new + second.new,
        changed=first.changed + second.changed,
        unchanged=first.unchanged + second.unchanged,
        refused=first.refused | second.refused,
        rejects=first.rejects or second.rejects,
    )


def _checked(
    rows: Iterable[RawRow | RefusedRow],
    role: ImportRole,
    settings: Settings,
    report: ImportReport,
    refuse: Callable[[RefusedRow], None],
    progress: Callable[[int], None] | None,
) -> Iterator[NewTicket]:
    for row in rows:
        report.read += 1
        ticket = make_ticket(row, role, settings.corpus) if isinstance(row, RawRow) else row
        if isinstance(ticket, RefusedRow):
            refuse(ticket)
        else:
            report.left_aside += ticket.left_aside
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
        refuse(RefusedRow(row["line"], FORGOTTEN, f"{FORGOTTEN}: it is not taken again", ("ticket_id",)))
    report.unchanged = queries.drop_unchanged_import_rows(conn)
    report.changed = queries.update_imported_tickets(conn)
    report.new = queries.insert_imported_tickets(conn)


def _check_reject_path(path: Path) -> None:
    # A mistyped --rejects must not cost anybody a file, least of all the one that is imported.
    try:
        with path.open("rb") as stream:
            if set(json.loads(stream.readline(10_000))) == {"line", "reason", "fields"}:
                return
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError, RecursionError):
        pass
    raise OutputError(
        f"{path} is there already and is no list of refused rows: choose another place for it (--rejects)."
    )


def _reason_line(kind: str, refusals: Refusals) -> str:
    lines = ", ".join(map(str, refusals.first_lines)) + (", …" if refusals.count > len(refusals.first_lines) else "")
    return (
        f"{refusals.count:,} {kind} (line {lines})"
        if refusals.count == 1
        else f"{refusals.count:,} {kind} (lines {lines})"
    )
