import re
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.seed import DAY, add_imported
from ticketing.database import queries
from ticketing.errors import DatabaseError, SourceMissing
from ticketing.source import (
    COLUMNS,
    Cursor,
    InvalidRows,
    check_source,
    count_invalid_rows,
    count_source,
    index_advice,
    read_source,
)
from ticketing.tickets import content_hash

# The columns of a valid view, with an SQL expression for each.
GOOD = {
    "ticket_id": "'T1'::text",
    "revision": "1",
    "created_at": "timestamptz '2026-03-01'",
    "updated_at": "timestamptz '2026-03-01'",
    "language": "'en'::text",
    "subject": "''::text",
    "body": "'Hello'::text",
    "category": "NULL::text",
    "reply": "NULL::text",
    "replied_at": "NULL::timestamptz",
}


def replace_view(database, columns, rest="", grant=True):
    """Replaces the default source view with a view of the user. `rest` is the statement after the column list."""
    select = ", ".join(f"{expression} AS {column}" for column, expression in columns.items())
    with database.begin(role=None) as conn:
        conn.execute("DROP VIEW ticketing.source_ticket")
        conn.execute(f"CREATE VIEW ticketing.source_ticket AS SELECT {select} {rest}")
        if grant:
            conn.execute("GRANT SELECT ON ticketing.source_ticket TO ticketing_pipeline, ticketing_reviewer")


def read_all(conn, limit, until=None):
    """Reads the source page by page. Returns the pages."""
    pages, after = [], None
    while page := read_source(conn, after, until and Cursor(until, ""), limit):
        pages.append(page)
        after = Cursor(page[-1].updated_at, page[-1].ticket_id)
    return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_contain_every_ticket_once_in_order_of_change_even_if_times_are_equal(database, limit):
    times = {f"{minutes}T{n}": minutes for minutes in range(2) for n in range(6)}  # ticket id → minutes
    with database.begin() as conn:
        for ticket_id, minutes in reversed(times.items()):
            add_imported(conn, ticket_id, minutes=minutes)
        pages = read_all(conn, limit)
        assert count_source(conn, None) == len(times)
        assert count_source(conn, Cursor(DAY, "0T5")) == 6
    assert [ticket.ticket_id for page in pages for ticket in page] == list(times)
    assert {len(page) for page in pages[:-1]} <= {limit}


def test_tickets_changed_at_or_after_the_end_of_the_window_are_not_read(database):
    with database.begin() as conn:
        for minutes in range(4):
            add_imported(conn, f"T{minutes}", minutes=minutes)
        until = DAY + timedelta(minutes=2)
        assert [ticket.ticket_id for page in read_all(conn, 10, until) for ticket in page] == ["T0", "T1"]
        assert count_source(conn, None, Cursor(until, "")) == 2


def test_ticket_that_changed_after_it_was_read_is_read_again(database):
    with database.begin() as conn:
        add_imported(conn, "T1")
        [[first]] = read_all(conn, 10)
        conn.execute("UPDATE ticketing.imported_ticket SET revision = 2, updated_at = updated_at + interval '1 hour'")
        [reread] = read_source(conn, Cursor(first.updated_at, first.ticket_id), None, 10)
    assert (reread.ticket_id, reread.revision) == ("T1", 2)


def test_view_with_other_column_types_and_nulls_is_read(database):
    columns = GOOD | {
        "ticket_id": "n",
        "revision": "NULL::bigint",
        "created_at": "NULL::date",
        "updated_at": "timestamp '2026-03-01 10:00'",
        "subject": "NULL::varchar(80)",
        "body": "NULL::text",
        "category": "''::char(1)",
        "replied_at": "'infinity'::timestamptz",
    }
    replace_view(database, columns, "FROM generate_series(1, 12) AS n")
    with database.begin() as conn:
        check_source(conn)
        pages = read_all(conn, 5)
    tickets = {ticket.ticket_id: ticket for page in pages for ticket in page}
    assert len(tickets) == 12
    ticket = tickets["7"]
    assert (ticket.ticket_id, ticket.revision, ticket.subject, ticket.body) == ("7", 1, "", "")
    assert ticket.updated_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert (ticket.created_at, ticket.category, ticket.reply, ticket.replied_at) == (None, None, None, None)


def test_invalid_rows_are_counted_and_do_not_stop_the_reading_of_other_rows(database):
    columns = GOOD | {"ticket_id": "id", "updated_at": "changed"}
    replace_view(
        database,
        columns,
        "FROM (VALUES ('good', timestamptz '2026-03-01'), (NULL, '2026-03-01'), ('timeless', NULL),"
        " ('never', 'infinity'), ('ever', '-infinity'), ('before Christ', '0044-03-15 BC'), ('mistyped', '2099-01-01'))"
        " AS rows (id, changed)",
    )
    with database.begin() as conn:
        check_source(conn)
        assert [ticket.ticket_id for page in read_all(conn, 1) for ticket in page] == ["good", "mistyped"]
        invalid = count_invalid_rows(conn)
        assert invalid == InvalidRows(without_time=4, without_id=1, in_future=1)
        assert count_invalid_rows(conn, Cursor(DAY + timedelta(days=1), "")).without_id == 0
    patterns = ("4 tickets .* no finite", "1 tickets .* no ticket_id", "1 tickets .* in the future")
    for warning, pattern in zip(invalid.warnings, patterns, strict=True):
        assert re.search(pattern, warning)


def test_source_without_invalid_rows_has_no_warnings(database):
    with database.begin() as conn:
        add_imported(conn, "T1")
        assert count_invalid_rows(conn).warnings == []


def test_forgotten_tickets_are_not_read(database):
    with database.begin() as conn:
        add_imported(conn, "T1")
        add_imported(conn, "T2", minutes=1)
    with database.begin(role=None) as conn:
        conn.execute("INSERT INTO ticketing.forgotten_ticket (ticket_id, forgotten_by) VALUES ('T1', 'ann')")
    with database.begin() as conn:
        assert [ticket.ticket_id for ticket in read_source(conn, None, None, 10)] == ["T2"]


@given(
    st.lists(
        st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=6
    )
)
def test_content_hash_is_the_same_in_sql_and_python(server, parts):
    with psycopg.connect(server.uri(server.template)) as conn:
        joined = " || ".join("ticketing.hash_part(%s)" for _ in parts)
        [hash_in_sql] = conn.execute(f"SELECT encode(sha256({joined}), 'hex')", parts).fetchone()
    assert hash_in_sql == content_hash(*parts)


def test_ticket_that_is_twice_in_the_view_is_read_at_most_once_per_page(database):
    columns = GOOD | {"ticket_id": "id", "updated_at": "changed"}
    replace_view(
        database,
        columns,
        "FROM (VALUES ('A', timestamptz '2026-03-01'), ('B', '2026-03-02'), ('A', '2026-03-03'), ('C', '2026-03-04'))"
        " AS rows (id, changed)",
    )
    with database.begin() as conn:
        assert [[ticket.ticket_id for ticket in page] for page in read_all(conn, 3)] == [["B", "A"], ["C"]]


def test_missing_view_raises_an_error(database):
    with database.begin(role=None) as conn:
        conn.execute("DROP VIEW ticketing.source_ticket")
    with database.begin() as conn, pytest.raises(SourceMissing, match="There is no view ticketing.source_ticket"):
        check_source(conn)
    with pytest.raises(DatabaseError, match="ticketing doctor"), database.begin() as conn:
        read_source(conn, None, None, 10)


def test_missing_columns_are_named(database):
    replace_view(database, {name: value for name, value in GOOD.items() if name not in ("reply", "language")})
    with database.begin() as conn, pytest.raises(SourceMissing, match="lacks language, reply:") as caught:
        check_source(conn)
    assert all(column in str(caught.value) for column in COLUMNS)


def test_columns_of_a_wrong_type_are_named(database):
    replace_view(database, GOOD | {"updated_at": "'2026-03-01'::text", "revision": "'one'::text"})
    with (
        database.begin() as conn,
        pytest.raises(SourceMissing, match="revision is text, not smallint; updated_at is t"),
    ):
        check_source(conn)


def test_error_for_an_unreadable_view_names_the_grant(database):
    replace_view(database, GOOD, grant=False)
    with database.begin() as conn, pytest.raises(SourceMissing, match="GRANT SELECT ON ticketing.source_ticket TO"):
        check_source(conn)


def test_view_over_the_imported_tickets_is_distinguished_from_other_views(database):
    def view_shows_imported_tickets():
        with database.begin() as conn:
            return queries.source_is_default(conn)

    assert view_shows_imported_tickets() is True
    with database.begin(role=None) as conn:
        conn.execute("CREATE VIEW public.recent AS SELECT * FROM ticketing.imported_ticket WHERE revision > 0")
    replace_view(database, {name: name for name in COLUMNS}, "FROM public.recent")
    assert view_shows_imported_tickets() is True
    replace_view(database, GOOD)
    assert view_shows_imported_tickets() is False


def test_query_for_the_next_page_uses_the_index(database):
    with database.begin() as conn:
        conn.execute(
            "INSERT INTO ticketing.imported_ticket (ticket_id, updated_at, body, content_hash)"
            " SELECT 'T' || n, now() + n * interval '1 second', 'x', 'x' FROM generate_series(1, 20000) AS n"
        )
    with database.begin(role=None) as conn:
        conn.execute("ANALYZE ticketing.imported_ticket")

    with database.begin() as conn:
        plan = conn.execute(
            "EXPLAIN " + queries.source_page.sql,
            {"after_updated_at": DAY, "after_ticket_id": "T1", "upto_updated_at": DAY + timedelta(days=9999),
             "upto_ticket_id": "", "scrubber_version": "v", "page": 500},
        ).fetchall()  # fmt: skip
        assert index_advice(conn) is None
    assert "imported_ticket_updated" in str(plan)
    assert "clean_ticket_pkey" in str(plan)
    assert "Seq Scan on imported_ticket" not in str(plan)
    assert "Sort" not in str(plan)


def test_advice_for_a_source_without_an_index_names_the_index(database):
    with database.begin(role=None) as conn:
        conn.execute("CREATE TABLE public.helpdesk AS SELECT n AS id, timestamptz '2026-01-01' + n * interval '1 second'"
                     " AS changed FROM generate_series(1, 20000) AS n")  # fmt: skip
        conn.execute("ANALYZE public.helpdesk")
    replace_view(database, GOOD | {"ticket_id": "id", "updated_at": "changed"}, "FROM public.helpdesk")
    with database.begin() as conn:
        advice = index_advice(conn)
    assert "20,000 rows of public.helpdesk" in advice
    with database.begin(role=None) as conn:
        conn.execute("CREATE INDEX ON public.helpdesk (changed, (id::text))")
    with database.begin() as conn:
        assert index_advice(conn) is None
