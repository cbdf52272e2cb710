"""What a row must hold to become a ticket: field names, mapping, and the checks of every value.

Where rows come from is `files` and `remote`, where tickets go is `loading`; nothing here reads or writes.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Literal
from uuid import UUID

from ticketing.errors import InputError
from ticketing.jsonl import is_unicode
from ticketing.settings import CorpusSettings
from ticketing.tickets import content_hash

ImportRole = Literal["history", "incoming"]

# No updated_at: it is the moment of the import. `prepare` reads on from the latest updated_at it has seen, so a time
# from the file that lies before that would hide the ticket for ever, and one in the future all later tickets.
FIELDS = ("ticket_id", "revision", "created_at", "language", "subject", "body", "category", "reply", "replied_at")
REQUIRED: dict[ImportRole, tuple[str, ...]] = {"history": ("body", "category"), "incoming": ("body",)}

# Postgres can't index a text of more than about 2,700 bytes.
MAX_NAME_CHARS = 200
MAX_REVISION = 1_000_000_000
# The shape of a BCP 47 tag that begins with an ISO 639 code: en, zh-Hans, pt_BR.
LANGUAGE = re.compile(r"[a-z]{2,3}([-_][a-z0-9]{2,8})*", re.IGNORECASE | re.ASCII)
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it was read: the fields it has, unchecked. Holds personal data, so it is not shown."""

    line_number: int
    values: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is not taken, and why. Neither the kind nor the reason holds anything of the row."""

    line_number: int
    kind: str
    reason: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket that can be stored. Holds personal data, so only its place is shown."""

    line_number: int
    ticket_id: str = field(repr=False)
    revision: int | None = field(repr=False)
    created_at: datetime | None = field(repr=False)
    language: str | None = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    category: str | None = field(repr=False)
    reply: str | None = field(repr=False)
    replied_at: datetime | None = field(repr=False)
    content_hash: str = field(repr=False)
    left_aside: bool = field(repr=False)
    zoneless: int = 0  # how many of its time stamps had no time zone


class _Refused(Exception):
    def __init__(self, kind: str, name: str, detail: str = "") -> None:
        self.kind = kind
        self.name = name
        self.reason = f"{kind} ({detail})" if detail else kind


def parse_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """`field=column` pairs, as they are written on the command line, as a dict.

    Raises:
        InputError: a pair has no '=', names a field that does not exist, or one that has been named before.
    """
    mapping: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = (part.strip() for part in pair.partition("="))
        if name == "updated_at":
            raise InputError("updated_at can't be mapped: it is the time of the import.")
        if not (equals and column) or name not in FIELDS:
            raise InputError(
                f"--map {pair!r} can't be used: write --map field=column, with field one of {_listed(FIELDS)}."
            )
        if name in mapping:
            raise InputError(f"--map names the field {name!r} twice: once to {mapping[name]!r}, once to {column!r}.")
        mapping[name] = column
    return mapping


def choose_columns(source: str, columns: Sequence[str], mapping: Mapping[str, str], role: ImportRole) -> dict[str, str]:
    """Which column each field is read from: the mapped one, else the one of the same name if there is one.

    Args:
        source: what is read, for the message.
        columns: the columns there are.
        mapping: field → column, for fields whose column has another name.
        role: what the tickets are; it says which fields can't be missing.

    Raises:
        InputError: a mapped column or that of a required field is missing, or there are two of that name.
    """
    chosen: dict[str, str] = {}
    for name in FIELDS:
        column = mapping.get(name, name)
        if columns.count(column) > 1:
            raise InputError(f"{source} has more than one column {column!r}: rename one, or map another to {name!r}.")
        if column in columns:
            chosen[name] = column
        elif name in mapping or name in REQUIRED[role]:
            raise InputError(
                f"{source} has no column {column!r} for the field {name!r}. Its columns are: {_listed(columns)}. "
                f"Say which one it is: --map {name}=COLUMN" + _or_incoming(name)
            )
    return chosen


def make_ticket(row: RawRow, role: ImportRole, settings: CorpusSettings, zone: tzinfo = UTC) -> NewTicket | RefusedRow:
    """The ticket of a row, or why it is refused.

    Surrounding blanks are taken off ticket_id, category and language, and a blank reply is none; subject, body and
    reply are otherwise kept to the letter. Without a ticket_id the content names the ticket, so that the same row
    is the same ticket next time. Of an incoming ticket category and reply are not kept.

    Args:
        row: as it was read.
        role: what the ticket is.
        settings: the limit of a text's length.
        zone: the time zone of time stamps that have none.
    """
    values = row.values
    try:
        subject = _text(values, "subject", settings.max_body_chars) or ""
        body = _text(values, "body", settings.max_body_chars)
        if body is None:
            raise _Refused("body is empty", "body")
        category = _name(values, "category")
        reply = _text(values, "reply", settings.max_body_chars)
        ticket_id = _name(values, "ticket_id") or f"h-{content_hash(subject, body, category, reply)[:24]}"
        language = _language(values)
        revision = _revision(values)
        moments = {name: _time(values, name) for name in ("created_at", "replied_at")}
        left_aside = role == "incoming" and (category, reply, moments["replied_at"]) != (None, None, None)
        if role == "incoming":
            category = reply = moments["replied_at"] = None
        elif category is None:
            raise _Refused("no category", "category", "a historical ticket needs one; new tickets: --role incoming")
        times = {name: _in_utc(name, moment, zone) for name, moment in moments.items()}
    except _Refused as refused:
        return RefusedRow(row.line_number, refused.kind, refused.reason, (refused.name,))
    written = [moment.isoformat() if moment else None for moment in times.values()]
    return NewTicket(
        line_number=row.line_number,
        ticket_id=ticket_id,
        revision=revision,
        created_at=times["created_at"],
        language=language,
        subject=subject,
        body=body,
        category=category,
        reply=reply,
        replied_at=times["replied_at"],
        content_hash=content_hash(subject, body, category, reply, language, *written),
        left_aside=left_aside,
        zoneless=sum(moment is not None and moment.tzinfo is None for moment in moments.values()),
    )


def _text(values: Mapping[str, object], name: str, limit: int, setting: str = "corpus.max_body_chars=") -> str | None:
    value = values.get(name)
    if isinstance(value, bool):
        raise _Refused(f"{name} is not a text", name)
    if isinstance(value, int | UUID):
        value = str(value)
    elif isinstance(value, float | Decimal):
        # A column of whole numbers with gaps comes out of many tools as 17.0 and NaN.
        value = None if math.isnan(value) else str(int(value)) if _is_whole(value) else str(value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _Refused(f"{name} is not a text", name)
    if len(value) > limit:
        raise _Refused(f"{name} too long", name, f"{len(value):,} characters; the limit is {setting}{limit}")
    if "\0" in value:
        raise _Refused(f"{name} holds a NUL character", name, "Postgres can't store it")
    if not is_unicode(value):
        raise _Refused(f"{name} is no valid Unicode", name, "it holds a lone surrogate")
    return value if value.strip() else None


def _name(values: Mapping[str, object], name: str) -> str | None:
    text = _text(values, name, MAX_NAME_CHARS, setting="")
    return text and text.strip()


def _language(values: Mapping[str, object]) -> str | None:
    language = _name(values, "language")
    if language is None:
        return None
    if not LANGUAGE.fullmatch(language):
        raise _Refused(
            "unknown language", "language", "a code as in ISO 639 is needed: en, zh, pt-BR; or leave it empty"
        )
    return language.lower().replace("_", "-")


def _revision(values: Mapping[str, object]) -> int | None:
    revision = _name(values, "revision")
    if revision is None:
        return None
    if not (revision.isascii() and revision.isdecimal() and 1 <= int(revision) <= MAX_REVISION):
        raise _Refused("revision is no revision", "revision", f"a whole number from 1 to {MAX_REVISION:,} is needed")
    return int(revision)


def _time(values: Mapping[str, object], name: str) -> datetime | None:
    """The moment in a field; without a time zone where the value has none."""
    value = values.get(name)
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "" or (isinstance(value, float | Decimal) and math.isnan(value)):
        return None
    try:
        return _moment(value)
    except (ValueError, OverflowError, OSError, TypeError):
        raise _no_time(name) from None


def _in_utc(name: str, moment: datetime | None, zone: tzinfo) -> datetime | None:
    # As UTC, so that the same moment written in two ways is the same content.
    try:
        return moment and (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _no_time(name) from None


def _no_time(name: str) -> _Refused:
    return _Refused(f"{name} is no time", name, "ISO 8601 or seconds since 1970 are needed")


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    # Eight digits are a date; longer numbers must not be tried as one, since fromisoformat reads 1712110312345 as 1712.
    if isinstance(value, str) and not (NUMBER.fullmatch(value) and len(value) != len("20240131")):
        return datetime.fromisoformat(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise TypeError
    return datetime.fromtimestamp(float(value), tz=UTC)


def _is_whole(value: float | Decimal) -> bool:
    # Beyond that a float is no exact number any more, and a Decimal can be one of a million digits.
    return -1e15 < value < 1e15 and value == int(value)


def _or_incoming(name: str) -> str:
    return " (tickets without a category are new ones: --role incoming)." if name == "category" else "."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:50]) + (f" and {len(names) - 50} more" if len(names) > 50 else "")
