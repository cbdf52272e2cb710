"""Stores imported rows as tickets, all of them or none, and reports what was taken and what was refused.

Reading rows is `files` and `remote`, checking them `fields`; scrubbing comes later, in `ticketing.corpus`.
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
    category or a reply, which were not stored. `zoneless` counts the time stamps without a time zone, which were read
    as of `timezone`. `rejects` is the reject file, if one was needed.
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
        """How many rows were refused in all."""
        return sum(refusals.count for refusals in self.refused.values())

    def sentence(self) -> str:
        """The report in one line, for people."""
        parts = [f"{self.new:,} new", f"{self.changed:,} changed", f"{self.unchanged:,} unchanged"]
        if self.repeated:
            parts.append(f"{self.repeated:,} replaced by a later row with the same id")
        if self.left_aside:
            parts.append(f"{self.left_aside:,} with a category or reply, which new tickets don't keep")
        if self.zoneless:
            parts.append(f"{self.zoneless:,} time stamps without a time zone read as {self.timezone} (--timezone)")
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

    A time stamp without a time zone is read as of `importing.timezone`.

    Args:
        database: where to.
        rows: from `read_file` or `read_remote`; taken one by one.
        role: `history` needs a category and keeps the reply; `incoming` keeps neither.
        settings: the limit of a body's length, and the time zone.
        reject_path: where refused rows are listed.
        progress: told the number of rows read, every thousand and at the end.

    Raises:
        InputError: the rows can't be read on, or ticketing.source_ticket is a view of your own that would not show
            them.
        OutputError: the reject file can't be written, or something else is in its place.
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
    """Stores the tickets of the sample shop, historical and new; the same sample again changes nothing.

    Raises:
        InputError: tickets are there that are not this sample's; nothing was written.
        DatabaseError: the database failed.
    """
    # Only the demo needs the generator and its texts.
    from ticketing.sample import generate_tickets

    rows: dict[ImportRole, list[RawRow]] = {"history": [], "incoming": []}
    for place, sample in enumerate(generate_tickets(seed, history=history, incoming=incoming), start=1):
        rows[sample.role].append(RawRow(place, {name: getattr(sample.ticket, name) for name in FIELDS}))
    _check_only_sample(database, rows, settings)
    first, second = (
        import_tickets(database, chosen, role, settings, settings.home / f"sample-{role}.rejects.jsonl")
        for role, chosen in rows.items()
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
    made = [make_ticket(row, role, settings.corpus, UTC) for role, chosen in rows.items() for row in chosen]
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
            f"{foreign['example']!r}: the demo would overwrite or mix them. Nothing was written. Give it a home of its "
            "own: TICKETING_HOME=demo-home ticketing demo."
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
        refuse(RefusedRow(row["line"], FORGOTTEN, f"{FORGOTTEN}: it is not taken again", ("ticket_id",)))
    report.unchanged = queries.drop_unchanged_import_rows(conn)
    report.changed = queries.update_imported_tickets(conn)
    report.new = queries.insert_imported_tickets(conn)


def _check_view(conn: Connection) -> None:
    if not queries.source_is_default(conn):
        raise InputError(
            "ticketing.source_ticket is missing or reads tables of your own: an imported ticket would never be read, "
            "so nothing was imported. Add the tickets to your own tables, or run DROP VIEW IF EXISTS "
            "ticketing.source_ticket; in psql and then 'ticketing db restore-source'."
        )


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
