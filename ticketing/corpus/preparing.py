"""Reads new and changed tickets from the source in chunks, and writes them to `clean_ticket` and the vault.

Several runs can read the source at the same time, because each run claims ranges of the source with a lease.
`ticketing.stages.texts` scrubs and cleans the texts, and the flow loops over the chunks.
"""

import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ticketing.database import Connection, Database, queries
from ticketing.errors import CorpusError, DatabaseError
from ticketing.leases import kept_alive
from ticketing.privacy.scrubber import Scrubber
from ticketing.privacy.vault import Vault
from ticketing.settings import Settings
from ticketing.source import (
    NEVER,
    START,
    Cursor,
    InvalidRows,
    count_invalid_rows,
    count_source,
    last_position,
    read_source,
)
from ticketing.stages.cleaning import normalise
from ticketing.stages.texts import CleanTexts, RawTexts, clean_texts
from ticketing.tickets import TextKey, Ticket, content_hash, content_id

CURSOR = "prepare"
# Rows dated in the future have their own cursor, which every run resets. So they never move the cursor CURSOR.
FUTURE = "prepare, dated in the future"
# A long transaction can commit rows whose updated_at is before the position that was read last. So each run begins this
# much before that position. The query leaves out the tickets that have not changed.
OVERLAP = timedelta(hours=1)
LEASE_SECONDS = 60.0
WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ChunkCounts:
    """Counts of the new and changed tickets of a chunk. The sum over a run's chunks gives the counts of the run."""

    read: int = 0
    scrubbed: int = 0  # scrubbed and written; fewer than `read` if another run has written some of them
    unfit: Mapping[str, int] = field(default_factory=dict)  # why tickets are excluded → number of such tickets

    def __add__(self, other: "ChunkCounts") -> "ChunkCounts":
        return ChunkCounts(
            self.read + other.read,
            self.scrubbed + other.scrubbed,
            dict(Counter(self.unfit) + Counter(other.unfit)),
        )


class Beginning(NamedTuple):
    """Where a run begins to read the source."""

    position: Cursor
    rows: int  # how many rows lie between the position and the end of the run, changed or not
    invalid_rows: InvalidRows


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A claimed range of the source, and the tickets in it that are new or changed."""

    claim: str
    read_at: datetime
    tickets: Sequence[Ticket]


@dataclass(frozen=True, slots=True)
class _Prepared:
    raw: Ticket
    key: TextKey
    row: dict[str, Any]
    values: Mapping[str, str]


def start_reading(database: Database, scrubber: Scrubber, until: datetime | None = None) -> Beginning:
    """Sets the cursor to the position where this run begins, and reports how much there is to read.

    A run begins OVERLAP before the last position. If the scrubber version has changed, the run begins at the start of
    the source, because every ticket must be scrubbed again. While other runs are reading, this run joins them: it
    begins at the present cursor.
    """
    with database.begin() as conn:
        queries.ensure_cursor(conn, name=CURSOR)
        row = queries.lock_cursor(conn, name=CURSOR)
        now = queries.clock(conn)
        joins = False
        if row["scrubber_version"] != scrubber.version:
            position = START
            queries.drop_ranges_of_other_scrubbers(conn, scrubber_version=scrubber.version)
        elif joins := bool(queries.count_live_ranges(conn)):
            position = Cursor(row["updated_at"], row["ticket_id"])
        else:
            position = Cursor(max(min(row["updated_at"], now) - OVERLAP, START.updated_at), "")
        _set_cursor(conn, CURSOR, scrubber, position)
        if not joins:
            _set_cursor(conn, FUTURE, scrubber, START)
        return Beginning(position, count_source(conn, position, _end(until, now)), count_invalid_rows(conn, position))


def prepare_next_chunk(
    database: Database, scrubber: Scrubber, vault: Vault, settings: Settings, limit: int, until: datetime | None = None
) -> ChunkCounts | None:
    """Claims the next range of the source, and writes the new and changed tickets in it in one transaction.

    A killed run has written either the whole chunk or nothing. In the second case its lease expires, and another run
    takes over the range. A run that has lost its range to another run writes nothing and returns zero counts.

    Args:
        database: holds the source and the clean tickets.
        scrubber: replaces personal data.
        vault: stores the personal values.
        settings: give the maximum length of a text.
        limit: the maximum number of tickets in a chunk.
        until: rows changed at or after this time are left for a later run. Rows dated in the future are read
            nevertheless, as if they had changed now, because their date must be wrong.

    Returns:
        the counts of the chunk; None if nothing is left to read and no other run is still reading.

    Raises:
        CorpusError: another run with another scrubber version has begun to read the source.
    """
    while (chunk := _claim(database, scrubber, limit, until)) is None:
        with database.begin() as conn:
            if not queries.count_live_ranges(conn):
                return None
        time.sleep(WAIT_SECONDS)  # The steps after `prepare` need the tickets of the other runs, too.
    try:
        with kept_alive(
            database,
            LEASE_SECONDS,
            lambda conn: queries.renew_range(conn, claim=chunk.claim, lease_seconds=LEASE_SECONDS),
        ):
            prepared = _prepare(chunk, scrubber, settings)
        with database.begin() as conn:
            if queries.finish_range(conn, claim=chunk.claim) is None:
                return ChunkCounts()
            return _write(conn, vault, len(chunk.tickets), prepared)
    except Exception:
        with suppress(DatabaseError), database.begin() as conn:
            queries.give_back_range(conn, claim=chunk.claim)
        raise


def _claim(database: Database, scrubber: Scrubber, limit: int, until: datetime | None) -> _Chunk | None:
    """Claims a chunk: the range of a dead run, or the next rows after the cursor, or the next rows dated in the future.

    The lock on the cursor's row lets only one run claim at a time. A claim moves the cursor, but never beyond the
    database's present time. Returns None if nothing is left, or if other runs are reading all that is left.
    """
    claim = uuid.uuid4().hex
    with database.begin() as conn:
        row = queries.lock_cursor(conn, name=CURSOR)
        now: datetime = queries.clock(conn)
        if row is None or row["scrubber_version"] != scrubber.version:
            raise CorpusError(
                "Another run has begun to read the source with another scrubber (other privacy settings, or another "
                "version of the code). Let that run finish, then run 'ticketing prepare' again."
            )
        dead = queries.take_over_range(conn, claim=claim, lease_seconds=LEASE_SECONDS)
        if dead is not None:
            after = Cursor(dead["after_updated_at"], dead["after_ticket_id"])
            upto = Cursor(dead["upto_updated_at"], dead["upto_ticket_id"])
            return _Chunk(claim, now, read_source(conn, after, upto, None, scrubber.version))
        after, end = Cursor(row["updated_at"], row["ticket_id"]), _end(until, now)
        tickets = read_source(conn, after, end, limit, scrubber.version)
        if tickets:
            _set_cursor(conn, CURSOR, scrubber, _position(tickets[-1]))
        else:
            last = last_position(conn, end.updated_at)
            _set_cursor(conn, CURSOR, scrubber, max(after, last) if last else after)
            future = queries.lock_cursor(conn, name=FUTURE)
            after = max(Cursor(future["updated_at"], future["ticket_id"]), Cursor(now, ""))
            tickets = read_source(conn, after, Cursor(NEVER, ""), limit, scrubber.version)
            if not tickets:
                return None
            _set_cursor(conn, FUTURE, scrubber, _position(tickets[-1]))
        upto = _position(tickets[-1])
        queries.add_range(
            conn,
            scrubber_version=scrubber.version,
            after_updated_at=after.updated_at,
            after_ticket_id=after.ticket_id,
            upto_updated_at=upto.updated_at,
            upto_ticket_id=upto.ticket_id,
            claim=claim,
            lease_seconds=LEASE_SECONDS,
        )
        return _Chunk(claim, now, tickets)


def _end(until: datetime | None, now: datetime) -> Cursor:
    if until is not None and until.tzinfo is None:
        until = until.replace(tzinfo=UTC)  # The database reads times without a zone as UTC, too.
    return Cursor(min(until or now, now), "")


def _position(ticket: Ticket) -> Cursor:
    return Cursor(ticket.updated_at, ticket.ticket_id)


def _set_cursor(conn: Connection, name: str, scrubber: Scrubber, cursor: Cursor) -> None:
    queries.set_cursor(
        conn,
        name=name,
        scrubber_version=scrubber.version,
        updated_at=cursor.updated_at,
        ticket_id=cursor.ticket_id,
    )


def _prepare(chunk: _Chunk, scrubber: Scrubber, settings: Settings) -> list[_Prepared]:
    """Scrubs and cleans a chunk. Sorting by ticket id prevents a deadlock of two runs that write the same tickets."""
    ordered = sorted(chunk.tickets, key=lambda ticket: ticket.ticket_id)
    cleaned = clean_texts(
        [RawTexts(ticket.subject, ticket.body, ticket.reply, ticket.language) for ticket in ordered],
        scrubber,
        settings.corpus.max_body_chars,
    )
    prepared = []
    for ticket, texts in zip(ordered, cleaned, strict=True):
        key = TextKey(ticket.ticket_id, ticket.revision, content_id(ticket))
        row = key._asdict() | _columns(ticket, texts) | {"scrubber_version": scrubber.version, "read_at": chunk.read_at}
        prepared.append(_Prepared(ticket, key, row, texts.values))
    return prepared


def _columns(ticket: Ticket, texts: CleanTexts) -> dict[str, Any]:
    category = normalise(ticket.category or "") or None
    # If the reply of an answered ticket can't be kept, the ticket gets an empty reply: a ticket with neither reply nor
    # category would count as new.
    answered = ticket.reply is not None and category is None
    return {
        # The query source_page computes the same hash, so that it can leave out tickets that have not changed.
        "content_hash": content_hash(ticket.subject, ticket.body, ticket.category, ticket.reply, ticket.language),
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "category": category,
        "language": texts.language,
        "subject": texts.subject,
        "body": texts.body,
        "reply": texts.reply or ("" if answered else None),
        "unfit": texts.unfit,
    }


def _write(conn: Connection, vault: Vault, read: int, prepared: Sequence[_Prepared]) -> ChunkCounts:
    written = [ticket for ticket in prepared if queries.write_clean_ticket(conn, **ticket.row) is not None]
    if not written:
        return ChunkCounts(read)
    ticket_ids = [ticket.key.ticket_id for ticket in written]
    queries.retire_drafts(conn, ticket_ids=ticket_ids)
    queries.forget_ticket_texts(conn, ticket_ids=ticket_ids)
    for ticket in written:
        vault.store(conn, ticket.key, ticket.values)
    waiting = [ticket for ticket in written if ticket.row["category"] is None and ticket.row["reply"] is None]
    if waiting:
        queries.write_ticket_text(
            conn,
            [ticket.key._asdict() | {"subject": ticket.raw.subject, "body": ticket.raw.body} for ticket in waiting],
        )
    unfit = Counter(ticket.row["unfit"] for ticket in written if ticket.row["unfit"] is not None)
    return ChunkCounts(read, len(written), dict(unfit))
