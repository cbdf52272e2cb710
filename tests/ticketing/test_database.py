import socket
import threading
from pathlib import Path

import psycopg
import pytest

from tests.seed import add_clean, add_imported, pending_draft
from ticketing import reviewing
from ticketing.database import Database, Role, queries
from ticketing.drafting import queue
from ticketing.errors import DatabaseError
from ticketing.settings import Settings
from ticketing.status import status

PASSWORD = "s3cret-Pa55"


def open_url(url):
    return Database.open(Settings(home=Path("unused"), database_url=url))


def connection_error(url):
    """Tries to connect to a database. Returns the message of the error."""
    with pytest.raises(DatabaseError) as caught, open_url(url).begin(role=None):
        pass
    return str(caught.value)


def test_begin_acts_in_the_given_role_and_returns_rows_as_dicts(database):
    for role in Role:
        with database.begin(role) as conn:
            row = conn.execute("SELECT current_user::text AS role, 1 AS number").fetchone()
        assert row == {"role": role.value, "number": 1}
    with database.begin(role=None) as conn:
        assert conn.execute("SELECT current_user = session_user AS same").fetchone() == {"same": True}


def test_role_does_not_outlive_its_transaction_on_a_pooled_connection(database):
    with database.begin(Role.READONLY) as conn:
        first_pid = conn.info.backend_pid
    with database.begin(role=None) as conn:
        assert conn.info.backend_pid == first_pid
        assert conn.execute("SELECT current_user::text AS role").fetchone() == {"role": "postgres"}


def test_transaction_that_raises_an_error_writes_nothing(database):
    with pytest.raises(KeyError), database.begin() as conn:
        conn.execute("INSERT INTO ticketing.snapshot (snapshot_id, path, manifest) VALUES ('s', 'p', '{}')")
        raise KeyError
    with database.begin() as conn:
        assert conn.execute("SELECT count(*) AS n FROM ticketing.snapshot").fetchone() == {"n": 0}


def test_error_of_a_failed_statement_has_the_sqlstate_and_no_value_of_the_row(database):
    insert = "INSERT INTO ticketing.snapshot (snapshot_id, path, manifest) VALUES ('Ann Smith', 'p', '{}')"
    with pytest.raises(DatabaseError) as caught, database.begin() as conn:
        conn.execute(insert)
        conn.execute(insert)
    assert "23505" in str(caught.value)
    assert "Ann" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_error_for_a_missing_table_refers_to_ticketing_doctor(database):
    with pytest.raises(DatabaseError, match="ticketing doctor"), database.begin() as conn:
        conn.execute("SELECT * FROM ticketing.no_such_table")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (f"postgresql://u:{PASSWORD}@localhost:notaport/d", "can't be read"),
        (f"no url at all {PASSWORD}", "can't be read"),
        (f"mysql://u:{PASSWORD}@localhost/d", "only Postgres"),
    ],
)
def test_error_for_an_invalid_url_does_not_show_the_password(url, message):
    with pytest.raises(DatabaseError, match=message) as caught:
        open_url(url)
    assert PASSWORD not in str(caught.value)


def test_refused_connection_error_names_host_and_port_but_not_the_password():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    message = connection_error(f"postgresql://u:{PASSWORD}@127.0.0.1:{port}/d")
    assert "nothing listens there" in message
    assert f"127.0.0.1:{port}" in message
    assert PASSWORD not in message


def test_connecting_to_a_silent_host_fails_after_the_timeout():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        port = silent.getsockname()[1]
        message = connection_error(f"postgresql://u:{PASSWORD}@127.0.0.1:{port}/d?connect_timeout=2")
    assert "no answer" in message


def test_unknown_host_raises_an_error():
    assert "host name is unknown" in connection_error("postgresql://u@no-such-host.invalid/d")


def test_missing_database_and_missing_login_raise_errors(server):
    assert "no such database" in connection_error(server.uri("no_such_database"))
    assert "no such login" in connection_error(server.uri("postgres", login="nobody_here"))


def test_neither_repr_nor_uri_nor_error_shows_the_password(server, database_name):
    database = open_url(server.uri(database_name).replace("postgres@", f"postgres:{PASSWORD}@", 1))
    with pytest.raises(DatabaseError) as caught, database.begin() as conn:
        conn.execute("SELECT 1 / 0")
    for text in (repr(database), database.libpq_uri(), str(caught.value), repr(database._engine.url)):
        assert PASSWORD not in text


def test_libpq_uri_opens_the_same_database_in_other_clients(database, database_name):
    with psycopg.connect(database.libpq_uri()) as conn:
        assert conn.info.dbname == database_name


def test_error_for_a_wrong_or_missing_password_does_not_show_the_password(server):
    login = server.create_login()
    server.require_password(login, "right")
    for password in (f":{PASSWORD}", ""):
        message = connection_error(server.uri("postgres", login=f"{login}{password}"))
        assert "the password is wrong or missing" in message
        assert PASSWORD not in message
    with open_url(server.uri("postgres", login=f"{login}:right")).begin(role=None) as conn:
        assert conn.info.user == login


def test_log_of_the_server_contains_no_values_of_rows(server, database):
    for body in ("", "Ann Smith"):
        with pytest.raises(DatabaseError), database.begin() as conn:
            conn.execute(
                "INSERT INTO ticketing.imported_ticket (ticket_id, body, subject, content_hash)"
                f" VALUES ('T1', '{body}', 'Subject of Ann Smith', 'x'), ('T1', 'x', '', 'x')"
            )
    assert "imported_ticket_body_check" in server.log()
    assert "Ann Smith" not in server.log()


def test_error_for_a_value_that_postgres_cannot_store_does_not_show_the_value(database):
    with pytest.raises(DatabaseError, match="can't be stored") as caught, database.begin() as conn:
        conn.execute("SELECT %s::text", ("Ann\x00Smith",))
    assert "Ann" not in str(caught.value)


def test_programming_error_is_not_reported_as_a_database_error(database):
    with pytest.raises(psycopg.ProgrammingError), database.begin() as conn:
        conn.execute("SELECT %s", (object(),))


def test_error_for_a_login_without_the_role_names_the_missing_grant(server, database_name):
    login = server.create_login("ticketing_reviewer")
    database = open_url(server.uri(database_name, login))
    with pytest.raises(DatabaseError, match=f'GRANT ticketing_pipeline TO "{login}"'), database.begin():
        pass
    with database.begin(Role.REVIEWER) as conn:
        assert conn.execute("SELECT current_user::text AS role").fetchone() == {"role": "ticketing_reviewer"}


def test_connection_that_the_server_has_closed_is_replaced_at_the_next_begin(database):
    with database.begin(role=None) as conn:
        pid = conn.info.backend_pid
    with psycopg.connect(database.libpq_uri(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    with database.begin() as conn:
        assert conn.info.backend_pid != pid


def test_concurrent_threads_get_different_connections(database):
    pids, barrier = [], threading.Barrier(3)

    def work():
        with database.begin() as conn:
            barrier.wait(20)
            pids.append(conn.execute("SELECT pg_backend_pid() AS pid").fetchone()["pid"])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 3


def test_every_query_is_documented():
    undocumented = [name for name in queries.available_queries if not getattr(queries, name.split(".")[-1]).__doc__]
    assert undocumented == []


def test_status_counts_tickets_work_and_drafts_and_stops_counting_at_the_limit(database, monkeypatch):
    draft = pending_draft(database)
    with database.begin() as conn:
        add_clean(conn, "T2", "T3", reply="Dear Ann")
        add_clean(conn, "T4", unfit="empty body")
        add_clean(conn, "T5")
        queue.enqueue(conn)
        counts = status(conn)
        assert counts["source_tickets"] == {"new": 1}
        assert counts["clean_tickets"] == {"historical": 2, "new": 2, "unfit": 1}
        assert counts["work"] == {"queued": 1}
        assert counts["drafts"] == {"pending": 1}
        assert (counts["human_queue"], counts["outbox_unsent"]) == (1, 0)
        reviewing.approve(conn, draft)
        assert status(conn)["outbox_unsent"] == 1
        for number in range(5):
            add_imported(conn, f"more {number}")
        monkeypatch.setattr("ticketing.status.MAX_COUNT", 2)
        counts = status(conn)
    assert counts["source_tickets"] == {"all": "2 or more"}
    assert counts["clean_tickets"] == {"historical": "2 or more", "new": "2 or more", "unfit": 1}


def test_status_of_an_empty_database_is_all_zeros(database):
    with database.begin() as conn:
        counts = status(conn)
    assert {name for name, value in counts.items() if value} == set()
    assert {"source_tickets", "champions", "drafts", "human_queue", "outbox_unsent"} <= counts.keys()
