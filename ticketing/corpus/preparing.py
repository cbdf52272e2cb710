"""Chunk by chunk from the source into `clean_ticket` and the vault, scrubbing only what is new or changed.

How a text is scrubbed is `ticketing.privacy`, how it is cleaned `ticketing.corpus.cleaning`; the loop is the flow's.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg

from ticketing.corpus.cleaning import clean, normalise, without_foreign_signature
from ticketing.database import Database, queries
from ticketing.language import ticket_language
from ticketing.privacy.placeholders import PLACEHOLDER, foreign_placeholders
from ticketing.privacy.scrubber import Scrubbed, Scrubber
from ticketing.privacy.vault import Vault
from ticketing.settings import Settings
from ticketing.source import START, Cursor, read_source
from ticketing.tickets import Ticket, content_hash, joined

Connection = psycopg.Connection[dict[str, Any]]

CURSOR = "prepare"
# A transaction that was open for a while commits rows with an older updated_at than others that were read before it.
# Unchanged tickets cost a hash, so a run begins so much earlier than the last one ended.
OVERLAP = timedelta(hours=1)
MAX_PASSES = 4


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
    values: dict[str, str]


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


def prepare_chunk(
    database: Database, scrubber: Scrubber, vault: Vault, settings: Settings, tickets: Sequence[Ticket]
) -> ChunkCounts:
    """Scrubs, cleans and stores the given tickets, wherever the cursor stands; unchanged ones are left alone."""
    with database.begin() as conn:
        changed = _changed(conn, scrubber, tickets)
    prepared = _prepare(changed, scrubber, settings)
    with database.begin() as conn:
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
    refused = [_why_refused(ticket, settings.corpus.max_body_chars) for ticket in ordered]
    able = [ticket for ticket, reason in zip(ordered, refused, strict=True) if reason is None]
    languages = [ticket_language(ticket.language, f"{ticket.subject}\n{ticket.body}") for ticket in able]
    results = _scrub([(ticket.subject, ticket.body, ticket.reply or "") for ticket in able], scrubber)
    cleaned = [
        None if result is None else _cleaned(result, language)
        for language, result in zip(languages, results, strict=True)
    ]
    # Cleaning joins lines and cuts others: what the scrubber reads then can be something else.
    final = iter(zip(languages, _scrub_again(cleaned, results, scrubber), strict=True))
    prepared = []
    for ticket, reason in zip(ordered, refused, strict=True):
        if reason is not None:
            prepared.append(_unfit(ticket, reason, scrubber))
            continue
        language, result = next(final)
        if result is None:
            prepared.append(_unfit(ticket, "can't be scrubbed", scrubber))
        else:
            prepared.append(_fit(ticket, language, result, scrubber))
    return prepared


def _why_refused(ticket: Ticket, most: int) -> str | None:
    for name, text in (("subject", ticket.subject), ("body", ticket.body), ("reply", ticket.reply)):
        if text is not None and len(text) > most:
            return f"{name} too long"
    return None if normalise(ticket.body) else "empty body"


def _scrub(
    groups: Sequence[Sequence[str]], scrubber: Scrubber, known: Sequence[Mapping[str, str]] | None = None
) -> list[Scrubbed | None]:
    """One result a ticket; None for one that can't be scrubbed, which must not stop the others."""
    try:
        return list(scrubber.scrub(groups, known))
    except Exception:
        # Whatever it was, a library failing on somebody's text: it is found out one by one. What can't be scrubbed
        # is not stored, and what the exception says is not told, since it may say what the ticket says.
        if len(groups) == 1:
            return [None]
        return [_scrub([group], scrubber, None if known is None else [known[i]])[0] for i, group in enumerate(groups)]


def _scrub_again(
    cleaned: Sequence[tuple[str, ...] | None], first: Sequence[Scrubbed | None], scrubber: Scrubber
) -> list[Scrubbed | None]:
    """The cleaned texts, looked through until nothing more is found in them: what is kept is what was looked at.

    Subject and body are looked at as one text, as models and the audit read them: what a word is taken for depends on
    the words around it.
    """
    final: list[Scrubbed | None] = [
        None if texts is None or result is None else Scrubbed((joined(*texts[:2]), texts[2]), (), result.values)
        for texts, result in zip(cleaned, first, strict=True)
    ]
    left = [i for i, one in enumerate(final) if one is not None]
    for _ in range(MAX_PASSES):
        before = [one for i in left if (one := final[i]) is not None]
        after = _scrub([one.texts for one in before], scrubber, [one.values for one in before])
        changed = [i for i, old, new in zip(left, before, after, strict=True) if new is None or new.texts != old.texts]
        for i, new in zip(left, after, strict=True):
            final[i] = new
        left = [i for i in changed if final[i] is not None]
    return [
        None if one is None or texts is None else replace(one, texts=(*_parted(one.texts[0], texts[0]), one.texts[1]))
        for one, texts in zip(final, cleaned, strict=True)
    ]


def _parted(text: str, subject: str) -> tuple[str, str]:
    """Subject and body again. Where a value went over the line's end, there is one line, and that is the body."""
    if not subject:
        return "", text
    first, _, rest = text.partition("\n")
    return (first, rest) if rest else ("", first)


def _cleaned(scrubbed: Scrubbed, language: str) -> tuple[str, ...]:
    # A subject is one line: there is no signature in it to cut.
    subject = " ".join(normalise(scrubbed.texts[0]).split("\n"))
    body = clean(scrubbed.texts[1], language)
    text = f"{subject}\n{body}"
    reply = without_foreign_signature(clean(scrubbed.texts[2], language), text)
    return subject, body, _naming_as_ticket(reply, text, scrubbed.values)


def _fit(ticket: Ticket, language: str, scrubbed: Scrubbed, scrubber: Scrubber) -> _Prepared:
    subject, body, reply = scrubbed.texts
    row = _row(ticket, scrubber, language=language, subject=subject, body=body, reply=reply or None, unfit=None)
    return _Prepared(row, scrubbed.values)


def _naming_as_ticket(reply: str, ticket_text: str, values: Mapping[str, str]) -> str:
    """The reply with 'Helen' under the placeholder that the ticket has for 'Helen Okafor'.

    A clean reply is only learnt from, never restored, and what is to be learnt is to use the ticket's placeholders.
    """
    known = {match.group() for match in PLACEHOLDER.finditer(ticket_text) if match.group(1) == "PERSON"}
    for foreign in foreign_placeholders(reply, ticket_text):
        whole = [name for name in sorted(known) if values.get(foreign) in values.get(name, "").split()]
        if whole:
            reply = reply.replace(foreign, whole[0])
    return reply


def _unfit(ticket: Ticket, reason: str, scrubber: Scrubber) -> _Prepared:
    """Nothing of the text is kept: it has not been scrubbed."""
    language = ticket_language(ticket.language, ticket.body)
    return _Prepared(_row(ticket, scrubber, language=language, subject="", body="", reply=None, unfit=reason), {})


def _row(ticket: Ticket, scrubber: Scrubber, **cleaned: str | None) -> dict[str, Any]:
    return {
        "ticket_id": ticket.ticket_id,
        "revision": ticket.revision,
        "content_hash": _hash(ticket),
        "scrubber_version": scrubber.version,
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "category": normalise(ticket.category or "") or None,
        **cleaned,
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
