"""Chunk by chunk from the source into `clean_ticket` and the vault, scrubbing only what is new or changed.

How a text is scrubbed and cleaned is `ticketing.stages.texts`; the flow loops over the chunks.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ticketing.database import Connection, Database, queries
from ticketing.privacy.scrubber import Scrubber
from ticketing.privacy.vault import Vault
from ticketing.settings import Settings
from ticketing.source import START, Cursor, read_source
from ticketing.stages.cleaning import normalise
from ticketing.stages.texts import CleanTexts, RawTexts, clean_texts
from ticketing.tickets import Ticket, content_hash

CURSOR = "prepare"
# A transaction that was open for a while commits rows with an older updated_at than others that were read before it.
# Unchanged tickets cost a hash, so a run begins so much earlier than the last one ended.
OVERLAP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ChunkCounts:
    """What became of a chunk's tickets, or, added up, of a run's."""

    read: int = 0
    unchanged: int = 0
    scrubbed: int = 0
    unfit: Mapping[str, int] = field(default_factory=dict)  # reason → how many of the scrubbed ones

    def __add__(self, other: "ChunkCounts") -> "ChunkCounts":
        return ChunkCounts(
            self.read + other.read,
            self.unchanged + other.unchanged,
            self.scrubbed + other.scrubbed,
            dict(Counter(self.unfit) + Counter(other.unfit)),
        )


@dataclass(frozen=True, slots=True)
class _Prepared:
    row: dict[str, Any]
    values: Mapping[str, str]


def start_reading(database: Database, scrubber: Scrubber) -> Cursor:
    """Sets the cursor to where a run begins, and returns it: a little before the last one ended, or at the very
    beginning when the scrubber is another one, since then every ticket is scrubbed anew.
    """
    with database.begin() as conn:
        cursor = _read_cursor(conn, scrubber)
        if cursor != START:
            cursor = Cursor(max(cursor.updated_at - OVERLAP, START.updated_at), "")
        _set_cursor(conn, scrubber, cursor)
        return cursor


def prepare_next_chunk(
    database: Database, scrubber: Scrubber, vault: Vault, settings: Settings, limit: int, until: datetime | None = None
) -> ChunkCounts | None:
    """Prepares the next tickets after the cursor and moves it, both in one transaction; None when nothing is left.

    Killed at any point it leaves either all of a chunk or nothing of it. When another run was faster with the same
    chunk, its work stands, and the counts are zero.
    """
    with database.begin() as conn:
        cursor = _read_cursor(conn, scrubber)
        if cursor == START:
            _set_cursor(conn, scrubber, cursor)
        tickets = read_source(conn, cursor, limit, until)
        changed = _changed(conn, scrubber, tickets)
    if not tickets:
        return None
    prepared = _prepare(changed, scrubber, settings)
    last = tickets[-1]
    with database.begin() as conn:
        moved = queries.move_cursor(
            conn,
            name=CURSOR,
            scrubber_version=scrubber.version,
            from_updated_at=cursor.updated_at,
            from_ticket_id=cursor.ticket_id,
            updated_at=last.updated_at,
            ticket_id=last.ticket_id,
        )
        if moved is None:
            return ChunkCounts()
        return _write(conn, vault, len(tickets), prepared)


def _read_cursor(conn: Connection, scrubber: Scrubber) -> Cursor:
    row = queries.read_cursor(conn, name=CURSOR)
    if row is None or row["scrubber_version"] != scrubber.version:
        return START
    return Cursor(row["updated_at"], row["ticket_id"])


def _set_cursor(conn: Connection, scrubber: Scrubber, cursor: Cursor) -> None:
    queries.begin_cursor(
        conn,
        name=CURSOR,
        scrubber_version=scrubber.version,
        updated_at=cursor.updated_at,
        ticket_id=cursor.ticket_id,
    )


def _hash(ticket: Ticket) -> str:
    return content_hash(ticket.subject, ticket.body, ticket.category, ticket.reply, ticket.language)


def _changed(conn: Connection, scrubber: Scrubber, tickets: Iterable[Ticket]) -> list[Ticket]:
    # A view may give a ticket twice; what came last is what counts.
    newest = {ticket.ticket_id: ticket for ticket in tickets}
    for row in queries.forgotten_tickets(conn, ticket_ids=list(newest)):
        del newest[row["ticket_id"]]
    known = {
        row["ticket_id"]: (row["revision"], row["content_hash"], row["scrubber_version"])
        for row in queries.scrubbed_already(conn, ticket_ids=list(newest))
    }
    return [
        ticket
        for ticket in newest.values()
        if known.get(ticket.ticket_id) != (ticket.revision, _hash(ticket), scrubber.version)
    ]


def _prepare(tickets: Sequence[Ticket], scrubber: Scrubber, settings: Settings) -> list[_Prepared]:
    """In the order of ticket ids: two runs that write the same tickets then wait for each other, and don't deadlock."""
    ordered = sorted(tickets, key=lambda ticket: ticket.ticket_id)
    cleaned = clean_texts(
        [RawTexts(ticket.subject, ticket.body, ticket.reply, ticket.language) for ticket in ordered],
        scrubber,
        settings.corpus.max_body_chars,
    )
    return [
        _Prepared(_row(ticket, texts, scrubber), texts.values) for ticket, texts in zip(ordered, cleaned, strict=True)
    ]


def _row(ticket: Ticket, texts: CleanTexts, scrubber: Scrubber) -> dict[str, Any]:
    return {
        "ticket_id": ticket.ticket_id,
        "revision": ticket.revision,
        "content_hash": _hash(ticket),
        "scrubber_version": scrubber.version,
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "category": normalise(ticket.category or "") or None,
        "language": texts.language,
        "subject": texts.subject,
        "body": texts.body,
        "reply": texts.reply,
        "unfit": texts.unfit,
    }


def _write(conn: Connection, vault: Vault, read: int, prepared: Sequence[_Prepared]) -> ChunkCounts:
    unfit: Counter[str] = Counter()
    for one in prepared:
        row = one.row
        if queries.write_clean_ticket(conn, **row) is None:
            continue
        vault.store(conn, row["ticket_id"], row["revision"], one.values)
        if row["unfit"] is not None:
            unfit[row["unfit"]] += 1
    return ChunkCounts(read, read - len(prepared), len(prepared), dict(unfit))
