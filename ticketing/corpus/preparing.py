"""From the source into `clean_ticket` and the vault, chunk by chunk, scrubbing only what is new or changed.

Any number of runs share the source: each claims ranges of it with a lease. How a text is scrubbed and cleaned is
`ticketing.stages.texts`; the flow loops over the chunks.
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
from ticketing.source import NEVER, START, Cursor, OddRows, count_source, last_place, odd_rows, read_source
from ticketing.stages.cleaning import normalise
from ticketing.stages.texts import CleanTexts, RawTexts, clean_texts
from ticketing.tickets import TextKey, Ticket, content_hash, content_id

CURSOR = "prepare"
# Rows dated in the future have a cursor of their own, which every run sets back: they never move the other one.
FUTURE = "prepare, dated in the future"
# A transaction that was open for a while commits rows with an older updated_at than rows that were read before it. So a
# run begins so much before the last place; the database leaves out the tickets that have not changed.
OVERLAP = timedelta(hours=1)
LEASE_SECONDS = 60.0
WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ChunkCounts:
    """What became of a chunk's new and changed tickets, or, added up, of a run's."""

    read: int = 0
    scrubbed: int = 0  # without those that another run wrote meanwhile
    unfit: Mapping[str, int] = field(default_factory=dict)  # reason → how many of the scrubbed ones

    def __add__(self, other: "ChunkCounts") -> "ChunkCounts":
        return ChunkCounts(
            self.read + other.read,
            self.scrubbed + other.scrubbed,
            dict(Counter(self.unfit) + Counter(other.unfit)),
        )


class Beginning(NamedTuple):
    """Where a run begins, about how many rows lie before it, and the rows that need the operator."""

    place: Cursor
    rows: int
    odd: OddRows


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A claimed range of the source, and the tickets in it that are new or changed."""

    claim: str
    read_at: datetime
    tickets: Sequence[Ticket]


@dataclass(frozen=True, slots=True)
class _Prepared:
    ticket: Ticket
    key: TextKey
    row: dict[str, Any]
    values: Mapping[str, str]


def start_reading(database: Database, scrubber: Scrubber, until: datetime | None = None) -> Beginning:
    """Sets the cursor to where a run begins: a little before the last place, or at the very beginning when the scrubber
    is another one, since then every ticket is scrubbed anew. While other runs are reading, this one joins them.
    """
    with database.begin() as conn:
        queries.ensure_cursor(conn, name=CURSOR)
        row = queries.lock_cursor(conn, name=CURSOR)
        now = queries.clock(conn)
        joins = False
        if row["scrubber_version"] != scrubber.version:
            place = START
            queries.drop_ranges_of_other_scrubbers(conn, scrubber_version=scrubber.version)
        elif joins := bool(queries.count_live_ranges(conn)):
            place = Cursor(row["updated_at"], row["ticket_id"])
        else:
            place = Cursor(max(min(row["updated_at"], now) - OVERLAP, START.updated_at), "")
        _set_cursor(conn, CURSOR, scrubber, place)
        if not joins:
            _set_cursor(conn, FUTURE, scrubber, START)
        return Beginning(place, count_source(conn, place, _end(until, now)), odd_rows(conn, place))


def prepare_next_chunk(
    database: Database, scrubber: Scrubber, vault: Vault, settings: Settings, limit: int, until: datetime | None = None
) -> ChunkCounts | None:
    """Claims the next range of the source, and writes its new and changed tickets in one transaction.

    Killed at any point it leaves either all of a chunk or nothing of it; its lease runs out, and another run takes the
    range over. When another run has taken it over, that run's work stands, and the counts are zero.

    Args:
        database: where the source and the clean tickets are.
        scrubber: replaces personal data.
        vault: stores the values.
        settings: for the limit of a text's length.
        limit: tickets in a chunk.
        until: rows changed at or after it are left for a later run. Rows dated in the future are read all the same,
            as changed now: their date is wrong.

    Returns:
        None when nothing is left to read and no other run is reading any more.

    Raises:
        CorpusError: another run with another scrubber has begun to read the source.
    """
    while (chunk := _claim(database, scrubber, limit, until)) is None:
        with database.begin() as conn:
            if not queries.count_live_ranges(conn):
                return None
        time.sleep(WAIT_SECONDS)  # What follows prepare needs the other runs' tickets too.
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
    """The next chunk: of a dead run's range, else of the rows after the cursor, else of the rows dated in the future.

    The lock on the cursor's row lets one run at a time claim. The cursor moves with the claim, never beyond the
    database's present time. None: nothing is left, or another run is reading the rest.
    """
    claim = uuid.uuid4().hex
    with database.begin() as conn:
        row = queries.lock_cursor(conn, name=CURSOR)
        now: datetime = queries.clock(conn)
        if row is None or row["scrubber_version"] != scrubber.version:
            raise CorpusError(
                "Another run has begun to read the source with another scrubber (other privacy settings, or another "
                "version of the code): let it finish, then run 'ticketing prepare' again."
            )
        dead = queries.take_over_range(conn, claim=claim, lease_seconds=LEASE_SECONDS)
        if dead is not None:
            after = Cursor(dead["after_updated_at"], dead["after_ticket_id"])
            upto = Cursor(dead["upto_updated_at"], dead["upto_ticket_id"])
            return _Chunk(claim, now, read_source(conn, after, upto, None, scrubber.version))
        after, end = Cursor(row["updated_at"], row["ticket_id"]), _end(until, now)
        tickets = read_source(conn, after, end, limit, scrubber.version)
        if tickets:
            _set_cursor(conn, CURSOR, scrubber, _place(tickets[-1]))
        else:
            last = last_place(conn, end.updated_at)
            _set_cursor(conn, CURSOR, scrubber, max(after, last) if last else after)
            future = queries.lock_cursor(conn, name=FUTURE)
            after = max(Cursor(future["updated_at"], future["ticket_id"]), Cursor(now, ""))
            tickets = read_source(conn, after, Cursor(NEVER, ""), limit, scrubber.version)
            if not tickets:
                return None
            _set_cursor(conn, FUTURE, scrubber, _place(tickets[-1]))
        upto = _place(tickets[-1])
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
        until = until.replace(tzinfo=UTC)  # As everywhere in the database's sessions.
    return Cursor(min(until or now, now), "")


def _place(ticket: Ticket) -> Cursor:
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
    """In the order of ticket ids: two runs that write the same tickets then wait for each other, and don't deadlock."""
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
    # Answered, though nothing of the reply can be kept: without a reply or a category it would count as a new ticket.
    answered = ticket.reply is not None and category is None
    return {
        # The query source_page computes the same hash, to leave out tickets that have not changed.
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
    written = [one for one in prepared if queries.write_clean_ticket(conn, **one.row) is not None]
    if not written:
        return ChunkCounts(read)
    ticket_ids = [one.key.ticket_id for one in written]
    queries.retire_drafts(conn, ticket_ids=ticket_ids)
    queries.forget_ticket_texts(conn, ticket_ids=ticket_ids)
    for one in written:
        vault.store(conn, one.key, one.values)
    waiting = [one for one in written if one.row["category"] is None and one.row["reply"] is None]
    if waiting:
        queries.write_ticket_text(
            conn, [one.key._asdict() | {"subject": one.ticket.subject, "body": one.ticket.body} for one in waiting]
        )
    unfit = Counter(one.row["unfit"] for one in written if one.row["unfit"] is not None)
    return ChunkCounts(read, len(written), dict(unfit))
