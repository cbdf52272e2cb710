import contextlib
import sqlite3
from itertools import islice

import pytest
import sqlalchemy

from ticketing.errors import InputError
from ticketing.importing.fields import RawRow
from ticketing.importing.remote import read_remote


@pytest.fixture
def helpdesk(tmp_path):
    """The URL of a help desk's database, in SQLite."""
    path = tmp_path / "helpdesk.db"
    with contextlib.closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("CREATE TABLE request (number INTEGER, text TEXT, team TEXT)")
        conn.executemany(
            "INSERT INTO request VALUES (?, ?, ?)", [(1, "where is it: 12:30 100%?", "a"), (2, "broken", "b")]
        )
    return f"sqlite:///{path}"


def count_requests(url):
    with sqlalchemy.create_engine(url).connect() as conn:
        return conn.execute(sqlalchemy.text("SELECT count(*) FROM request")).scalar()


MAPPING = {"ticket_id": "number", "body": "text", "category": "team"}


def test_rows_of_a_query_are_read_with_the_mapped_columns(helpdesk):
    rows = list(read_remote(helpdesk, "SELECT * FROM request ORDER BY number;", MAPPING))

    assert rows == [
        RawRow(1, {"ticket_id": 1, "body": "where is it: 12:30 100%?", "category": "a"}),
        RawRow(2, {"ticket_id": 2, "body": "broken", "category": "b"}),
    ]


def test_colons_and_percent_signs_in_a_query_are_literal(helpdesk):
    query = "SELECT text AS body, 'a :b 100% %(c)s' AS category FROM request LIMIT 1"

    assert [row.values["category"] for row in read_remote(helpdesk, query)] == ["a :b 100% %(c)s"]


def test_database_of_the_pipeline_can_be_read_but_not_changed(server, database_name):
    query = "SELECT 'a%' AS body, 'b' AS category, now() AS created_at FROM generate_series(1, 3)"

    assert [row.values["body"] for row in read_remote(server.uri(database_name), query)] == ["a%"] * 3
    with pytest.raises(InputError, match="must not contain data-modifying"):
        list(
            read_remote(
                server.uri(database_name), "WITH x AS (DELETE FROM ticketing.draft RETURNING 1) SELECT * FROM x"
            )
        )


@pytest.mark.timeout(60)
def test_large_result_is_streamed(server, database_name):
    # To fetch the whole result would take much longer than the timeout of this test.
    query = "SELECT repeat('x', 1000) AS body, generate_series(1, 1000000000)"

    rows = read_remote(server.uri(database_name), query, role="incoming")

    assert len(list(islice(rows, 5000))) == 5000
    rows.close()


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM request",
        "UPDATE request SET team = 'x'",
        "SELECT 1; DELETE FROM request",
        "/* SELECT */ DROP TABLE request",
        "-- SELECT\nDELETE FROM request",
        "",
    ],
)
def test_query_that_is_not_a_single_select_is_refused(helpdesk, query):
    with pytest.raises(InputError, match="must be one SELECT"):
        read_remote(helpdesk, query)


def test_delete_after_a_with_clause_is_refused_and_changes_nothing(helpdesk):
    with pytest.raises(InputError, match="readonly"):
        list(read_remote(helpdesk, "WITH x AS (SELECT 1) DELETE FROM request RETURNING *", MAPPING))

    assert count_requests(helpdesk) == 2


def test_error_for_a_missing_column_lists_the_existing_columns(helpdesk):
    with pytest.raises(InputError, match=r"the query's result has no column 'body'.*number, text, team"):
        list(read_remote(helpdesk, "SELECT * FROM request"))


def test_invalid_query_raises_an_error(helpdesk):
    with pytest.raises(InputError, match="no such table: tickets"):
        list(read_remote(helpdesk, "SELECT * FROM tickets"))


def test_missing_sqlite_file_is_not_created(tmp_path):
    with pytest.raises(InputError, match="There is no SQLite file"):
        read_remote(f"sqlite:///{tmp_path / 'absent.db'}", "SELECT 1")

    assert not (tmp_path / "absent.db").exists()


def test_row_with_broken_utf_8_is_returned_with_a_lone_surrogate(helpdesk, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "helpdesk.db")) as conn, conn:
        conn.execute("INSERT INTO request VALUES (3, CAST(x'4aff' AS TEXT), 'a')")

    assert [row.values["body"] for row in read_remote(helpdesk, "SELECT * FROM request", MAPPING)][2] == "J\udcff"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://jane:s3cr%40t@127.0.0.1:1/shop",
        "postgresql://jane:s3cr%40t@127.0.0.1:1/shop?connect_timeout=x",
        "mysql+pymysql://jane:s3cr%40t@127.0.0.1:1/shop",
        "nosuch://jane:s3cr%40t@127.0.0.1:1/shop",
        "jane:s3cr%40t@127.0.0.1:1/shop",
        "postgresql://jane:s3cr%40t@127.0.0.1:port/shop",
    ],
)
def test_error_messages_never_contain_the_password(url):
    with pytest.raises(InputError) as error:
        list(read_remote(url, "SELECT 1 AS body", role="incoming"))

    assert "s3cr" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_error_messages_contain_no_values_from_messages_of_the_database(server, database_name):
    with pytest.raises(InputError) as error:
        list(read_remote(server.uri(database_name), "SELECT CAST('Jane Doe' AS integer) AS body", role="incoming"))

    assert "Jane" not in str(error.value)
    assert "DataError" in str(error.value)
