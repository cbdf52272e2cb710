"""Maps the columns of a row to the fields of a ticket, and checks every value.

This module does no input or output: `files` and `remote` read rows, and `loading` stores tickets.
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

# updated_at is missing on purpose: it is set to the time of the import. `prepare` continues after the latest updated_at
# that it has read. So it would never read a ticket whose updated_at, taken from a file, is older.
FIELDS = ("ticket_id", "revision", "created_at", "language", "subject", "body", "category", "reply", "replied_at")
REQUIRED: dict[ImportRole, tuple[str, ...]] = {"history": ("body", "category"), "incoming": ("body",)}

# Postgres can't index a text of more than about 2,700 bytes.
MAX_NAME_CHARS = 200
MAX_REVISION = 1_000_000_000
# A BCP 47 tag that begins with an ISO 639 code: en, zh-Hans, pt_BR.
LANGUAGE = re.compile(r"[a-z]{2,3}([-_][a-z0-9]{2,8})*", re.IGNORECASE | re.ASCII)
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class RawRow:
    """The unchecked fields of one row. The repr hides the values, because they are personal data."""

    line_number: int
    values: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is not imported. Neither `kind` nor `reason` quotes a value of the row."""

    line_number: int
    kind: str  # the same for all rows that are refused for a like reason; the report counts rows by kind
    reason: str  # the kind, with details of this row
    fields: tuple[str, ...] = ()  # the fields that are wrong


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket that can be stored. The repr hides the values, because they are personal data."""

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
    answer_dropped: bool = field(repr=False)  # an incoming ticket had a category or a reply, which is not stored
    times_without_zone: int = 0  # how many of its time stamps have no time zone


class _Refused(Exception):
    def __init__(self, kind: str, name: str, detail: str = "") -> None:
        self.kind = kind
        self.name = name
        self.reason = f"{kind} ({detail})" if detail else kind


def parse_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Parses the `field=column` pairs of the command line.

    Raises:
        InputError: a pair has no '=', names an unknown field, or names a field a second time.
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
    """The column of each field: the mapped column, or else the column with the name of the field.

    Args:
        source: the name of the file or query, for messages.
        columns: the columns of the source.
        mapping: field → column, for fields whose column has another name.
        role: "history" or "incoming"; it determines which fields are required.

    Raises:
        InputError: the column of a mapped or required field is missing, or two columns have the same name.
    """
    found: dict[str, str] = {}
    for name in FIELDS:
        column = mapping.get(name, name)
        if columns.count(column) > 1:
            raise InputError(f"{source} has more than one column {column!r}: rename one, or map another to {name!r}.")
        if column in columns:
            found[name] = column
        elif name in mapping or name in REQUIRED[role]:
            raise InputError(
                f"{source} has no column {column!r} for the field {name!r}. Its columns are: {_listed(columns)}. "
                f"Name the right column: --map {name}=COLUMN" + _or_incoming(name)
            )
    return found


def make_ticket(row: RawRow, role: ImportRole, settings: CorpusSettings, zone: tzinfo = UTC) -> NewTicket | RefusedRow:
    """Makes a ticket from a row, or says why the row is refused.

    Blanks around ticket_id, category and language are removed. A blank reply counts as missing. Otherwise subject, body
    and reply are not changed. If there is no ticket_id, a hash of the content becomes the id, so that a second import
    of the row gives the same ticket. The category and the reply of an incoming ticket are dropped.

    Args:
        row: the row as it was read.
        role: "history" or "incoming".
        settings: give the maximum length of a text.
        zone: the time zone of time stamps that state none.
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
        answer_dropped = role == "incoming" and (category, reply, moments["replied_at"]) != (None, None, None)
        if role == "incoming":
            category = reply = moments["replied_at"] = None
        elif category is None:
            raise _Refused(
                "no category",
                "category",
                "a historical ticket needs a category; import new tickets with --role incoming",
            )
        times = {name: _in_utc(name, moment, zone) for name, moment in moments.items()}
    except _Refused as refused:
        return RefusedRow(row.line_number, refused.kind, refused.reason, (refused.name,))
    time_texts = [moment.isoformat() if moment else None for moment in times.values()]
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
        content_hash=content_hash(subject, body, category, reply, language, *time_texts),
        answer_dropped=answer_dropped,
        times_without_zone=sum(moment is not None and moment.tzinfo is None for moment in moments.values()),
    )


def _text(values: Mapping[str, object], name: str, limit: int, setting: str = "corpus.max_body_chars=") -> str | None:
    value = values.get(name)
    if isinstance(value, bool):
        raise _Refused(f"{name} is not a text", name)
    if isinstance(value, int | UUID):
        value = str(value)
    elif isinstance(value, float | Decimal):
        # If values are missing in a column of whole numbers, many tools write 17 as 17.0, and a missing value as NaN.
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
        raise _Refused(f"{name} is not valid Unicode", name, "it holds a lone surrogate")
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
        raise _Refused("revision is out of range", "revision", f"a whole number from 1 to {MAX_REVISION:,} is needed")
    return int(revision)


def _time(values: Mapping[str, object], name: str) -> datetime | None:
    """The time in a field. It has no time zone if the value states none."""
    value = values.get(name)
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "" or (isinstance(value, float | Decimal) and math.isnan(value)):
        return None
    try:
        return _moment(value)
    except (ValueError, OverflowError, OSError, TypeError):
        raise _not_a_time(name) from None


def _in_utc(name: str, moment: datetime | None, zone: tzinfo) -> datetime | None:
    # Times are converted to UTC, so that two spellings of the same time give the same content hash.
    try:
        return moment and (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _not_a_time(name) from None


def _not_a_time(name: str) -> _Refused:
    return _Refused(f"{name} is not a time", name, "ISO 8601 or seconds since 1970 are needed")


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    # Of the values that are only a number, just those of eight characters are dates. Without this check, fromisoformat
    # would read 1712110312345, which is in milliseconds, as a date in the year 1712.
    if isinstance(value, str) and not (NUMBER.fullmatch(value) and len(value) != len("20240131")):
        return datetime.fromisoformat(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise TypeError
    return datetime.fromtimestamp(float(value), tz=UTC)


def _is_whole(value: float | Decimal) -> bool:
    # Outside this range, a float is not exact, and a Decimal can have a million digits.
    return -1e15 < value < 1e15 and value == int(value)


def _or_incoming(name: str) -> str:
    return " (tickets without a category are new ones: --role incoming)." if name == "category" else "."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:50]) + (f" and {len(names) - 50} more" if len(names) > 50 else "")
