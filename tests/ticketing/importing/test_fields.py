from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.errors import InputError
from ticketing.importing.fields import (
    MAX_REVISION,
    NewTicket,
    RawRow,
    RefusedRow,
    choose_columns,
    make_ticket,
    parse_mapping,
)
from ticketing.settings import CorpusSettings

CORPUS = CorpusSettings(max_body_chars=1000)


def import_row(role="history", zone=UTC, **values):
    """Makes a ticket, or a refused row, from line 7 of a file. `values` change the fields of a valid row."""
    return make_ticket(RawRow(7, {"body": "The box is empty.", "category": "logistics", **values}), role, CORPUS, zone)


def test_row_with_all_fields_becomes_a_ticket():
    ticket = import_row(
        ticket_id=" 17 ",
        revision="3",
        created_at="2024-05-01T10:00:00+02:00",
        language="PT_br",
        subject="Box",
        reply="Sorry.",
        replied_at=1714550400,
    )

    assert isinstance(ticket, NewTicket)
    assert (ticket.ticket_id, ticket.revision, ticket.language) == ("17", 3, "pt-br")
    assert (ticket.subject, ticket.body, ticket.category, ticket.reply) == (
        "Box",
        "The box is empty.",
        "logistics",
        "Sorry.",
    )
    assert ticket.created_at == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert ticket.replied_at == datetime(2024, 5, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "kind", "name"),
    [
        ({"body": None}, "body is empty", "body"),
        ({"body": " \n\u3000"}, "body is empty", "body"),
        ({"body": ["a", "b"]}, "body is not a text", "body"),
        ({"body": {"text": "a"}}, "body is not a text", "body"),
        ({"body": True}, "body is not a text", "body"),
        ({"body": b"bytes"}, "body is not a text", "body"),
        ({"body": "a\0b"}, "body holds a NUL character", "body"),
        ({"reply": "a\ud800b"}, "reply is not valid Unicode", "reply"),
        ({"body": "x" * 1001}, "body too long", "body"),
        ({"ticket_id": "x" * 201}, "ticket_id too long", "ticket_id"),
        ({"category": ""}, "no category", "category"),
        ({"category": float("nan")}, "no category", "category"),
        ({"language": "english"}, "unknown language", "language"),
        ({"language": "中文"}, "unknown language", "language"),
        ({"revision": "0"}, "revision is out of range", "revision"),
        ({"revision": "1.5"}, "revision is out of range", "revision"),
        ({"revision": MAX_REVISION + 1}, "revision is out of range", "revision"),
        ({"created_at": "yesterday"}, "created_at is not a time", "created_at"),
        ({"created_at": "1712110312345"}, "created_at is not a time", "created_at"),
        ({"created_at": True}, "created_at is not a time", "created_at"),
        ({"created_at": [2024]}, "created_at is not a time", "created_at"),
        ({"replied_at": float("inf")}, "replied_at is not a time", "replied_at"),
        ({"replied_at": "0001-01-01T00:00:00+10:00"}, "replied_at is not a time", "replied_at"),
    ],
)
def test_invalid_values_are_refused_with_line_and_field(values, kind, name):
    refused = import_row(**values)

    assert isinstance(refused, RefusedRow)
    assert (refused.line_number, refused.kind, refused.fields) == (7, kind, (name,))


def test_reason_for_refusing_a_too_long_body_names_its_length_and_the_setting():
    refused = make_ticket(RawRow(1, {"body": "x" * 2**20, "category": "a"}), "history", CorpusSettings())

    assert refused.reason == "body too long (1,048,576 characters; the limit is corpus.max_body_chars=100000)"


@given(st.text(min_size=1))
def test_refused_rows_and_reprs_contain_no_values_of_the_row(secret):
    marked = f"Jane{secret}Doe"
    for name in ("ticket_id", "revision", "created_at", "language", "body"):
        result = import_row(**{name: marked + "\0"})
        assert isinstance(result, RefusedRow)
        assert "Jane" not in repr(result)
    assert "Jane" not in repr(RawRow(1, {"body": marked}))
    ticket = import_row(subject="Jane")
    assert isinstance(ticket, NewTicket)
    assert "Jane" not in repr(ticket)


def test_row_without_an_id_gets_an_id_from_its_content():
    ticket, same_content, other_content = import_row(), import_row(), import_row(reply="Sorry.")

    assert ticket.ticket_id == same_content.ticket_id != other_content.ticket_id
    assert ticket.ticket_id.startswith("h-")
    assert len(ticket.ticket_id) == 26


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (17, "17"),
        (17.0, "17"),
        (Decimal("17"), "17"),
        (UUID(int=17), "00000000-0000-0000-0000-000000000011"),
        ("017", "017"),
        (1e20, "1e+20"),
    ],
)
def test_ids_from_numeric_columns_have_no_decimals(value, text):
    assert import_row(ticket_id=value).ticket_id == text


@pytest.mark.parametrize(
    "value",
    [
        "2024-05-01 08:00:00",
        "2024-05-01T08:00:00Z",
        "2024-05-01T10:00:00+02:00",
        "20240501T080000",
        "1714550400",
        1714550400,
        1714550400.0,
        Decimal("1714550400"),
        datetime(2024, 5, 1, 8),  # noqa: DTZ001 - as a database without time zones returns it
        datetime(2024, 5, 1, 10, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_same_time_is_read_from_every_notation(value):
    assert import_row(created_at=value).created_at == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert import_row(created_at=value).content_hash == import_row(created_at="2024-05-01T08:00Z").content_hash


@pytest.mark.parametrize("value", ["2024-05-01", "20240501", date(2024, 5, 1)])
def test_date_without_a_time_means_midnight(value):
    assert import_row(created_at=value).created_at == datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "hour"),
    [
        ("2024-05-01 08:00", 6),
        (datetime(2024, 5, 1, 8), 6),  # noqa: DTZ001 - as a database without time zones returns it
        ("2024-12-01 08:00", 7),  # no daylight saving time
        (date(2024, 5, 2), 22),
        ("2024-05-01T08:00Z", 8),
        (1714550400, 8),
    ],
)
def test_time_without_a_zone_is_read_in_the_configured_zone(value, hour):
    ticket = import_row(zone=ZoneInfo("Europe/Berlin"), created_at=value)
    assert ticket.created_at.hour == hour
    assert ticket.times_without_zone == (hour != 8)


def test_time_before_the_year_1_in_utc_is_refused():
    assert import_row(zone=ZoneInfo("Asia/Tokyo"), created_at="0001-01-01 00:00").kind == "created_at is not a time"


@pytest.mark.parametrize("value", [None, "", " ", float("nan"), Decimal("NaN")])
def test_missing_time_becomes_none(value):
    assert import_row(created_at=value).created_at is None


def test_incoming_ticket_keeps_neither_category_nor_reply():
    ticket = import_row("incoming", reply="Sorry.", replied_at="2024-05-01")

    assert (ticket.category, ticket.reply, ticket.replied_at, ticket.answer_dropped) == (None, None, None, True)
    assert import_row("incoming", category=None).answer_dropped is False


def test_blank_reply_becomes_none():
    assert import_row(reply=" \n").reply is None


def test_columns_are_chosen_by_the_mapping_and_by_their_names():
    chosen = choose_columns("f.csv", ["text", "category", "other"], {"body": "text"}, "history")

    assert chosen == {"body": "text", "category": "category"}


def test_error_for_a_missing_column_lists_the_existing_columns():
    with pytest.raises(InputError) as error:
        choose_columns("f.csv", ["text", "category"], {}, "history")
    assert "f.csv has no column 'body'" in str(error.value)
    assert "text, category" in str(error.value)
    assert "--map body=COLUMN" in str(error.value)

    with pytest.raises(InputError, match="no column 'answer' for the field 'reply'"):
        choose_columns("f.csv", ["body"], {"reply": "answer"}, "incoming")
    with pytest.raises(InputError, match="--role incoming"):
        choose_columns("f.csv", ["body"], {}, "history")
    with pytest.raises(InputError, match="more than one column 'body'"):
        choose_columns("f.csv", ["body", "body"], {}, "incoming")


def test_mapping_is_parsed_from_command_line_arguments():
    assert parse_mapping(["body=text", "reply = a=b"]) == {"body": "text", "reply": "a=b"}


@pytest.mark.parametrize("pairs", [["body"], ["body="], ["text=body"], ["body=a", "body=b"], ["updated_at=changed"]])
def test_invalid_mapping_is_refused(pairs):
    with pytest.raises(InputError, match="map"):
        parse_mapping(pairs)
