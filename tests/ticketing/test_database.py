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


def message_of_begin(url):
    with pytest.raises(DatabaseError) as caught, open_url(url).begin(role=None):
        pass
    return str(caught.value)


def test_begin_gives_one_transaction_with_dict_rows_in_the_role_asked_for(database):
    for role in Role:
        with database.begin(role) as conn:
            row = conn.execute("SELECT current_user::text AS role, 1 AS one").fetchone()
        assert row == {"role": role.value, "one": 1}
    with database.begin(role=None) as conn:
        assert conn.execute("SELECT current_user = session_user AS same").fetchone() == {"same": True}


def test_role_does_not_outlive_its_transaction_on_a_pooled_connection(database):
    with database.begin(Role.READONLY) as conn:
        first = conn.info.backend_pid
    with database.begin(role=None) as conn:
        assert conn.info.backend_pid == first
        assert conn.execute("SELECT current_user::text AS role").fetchone() == {"role": "postgres"}


def test_block_that_raises_writes_nothing(database):
    with pytest.raises(KeyError), database.begin() as conn:
        conn.execute("INSERT INTO ticketing.snapshot (snapshot_id, path, manifest) VALUES ('s', 'p', '{}')")
        raise KeyError
    with database.begin() as conn:
        assert conn.execute("SELECT count(*) AS n FROM ticketing.snapshot").fetchone() == {"n": 0}


def test_failed_statement_tells_its_condition_and_nothing_of_the_row(database):
    insert = "INSERT INTO ticketing.snapshot (snapshot_id, path, manifest) VALUES ('Ann Smith', 'p', '{}')"
    with pytest.raises(DatabaseError) as caught, database.begin() as conn:
        conn.execute(insert)
        conn.execute(insert)
    assert "23505" in str(caught.value)
    assert "Ann" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_missing_table_says_who_knows_which(database):
    with pytest.raises(DatabaseError, match="ticketing doctor"), database.begin() as conn:
        conn.execute("SELECT * FROM ticketing.no_such_table")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"postgresql://u:{PASSWORD}@localhost:notaport/d", "can't be read"),
        (f"no url at all {PASSWORD}", "can't be read"),
        (f"mysql://u:{PASSWORD}@localhost/d", "only Postgres"),
    ],
)
def test_wrong_url_is_refused_without_showing_it(url, told):
    with pytest.raises(DatabaseError, match=told) as caught:
        open_url(url)
    assert PASSWORD not in str(caught.value)


def test_host_that_does_not_answer_is_named_without_the_password():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = message_of_begin(f"postgresql://u:{PASSWORD}@127.0.0.1:{port}/d")
    assert "nothing listens there" in told
    assert f"127.0.0.1:{port}" in told
    assert PASSWORD not in told


def test_silent_host_is_given_up_after_the_timeout():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        port = silent.getsockname()[1]
        told = message_of_begin(f"postgresql://u:{PASSWORD}@127.0.0.1:{port}/d?connect_timeout=2")
    assert "no answer" in told


def test_unknown_host_is_told():
    assert "host name is unknown" in message_of_begin("postgresql://u@no-such-host.invalid/d")


def test_missing_database_and_login_are_told(server):
    assert "no such database" in message_of_begin(server.uri("no_such_database"))
    assert "no such login" in message_of_begin(server.uri("postgres", login="nobody_here"))


def test_neither_repr_nor_uri_nor_error_shows_the_password(server, database_name):
    database = open_url(server.uri(database_name).replace("postgres@", f"postgres:{PASSWORD}@", 1))
    with pytest.raises(DatabaseError) as caught, database.begin() as conn:
        conn.execute("SELECT 1 / 0")
    for shown in (repr(database), database.libpq_uri(), str(caught.value), repr(database._engine.url)):
        assert PASSWORD not in shown


def test_libpq_uri_opens_the_same_database_in_other_clients(database, database_name):
    with psycopg.connect(database.libpq_uri()) as conn:
        assert conn.info.dbname == database_name


def test_wrong_and_missing_passwords_are_told_without_showing_them(server):
    login = server.create_login()
    server.require_password(login, "right")
    for password in (f":{PASSWORD}", ""):
        told = message_of_begin(server.uri("postgres", login=f"{login}{password}"))
        assert "the password is wrong or missing" in told
        assert PASSWORD not in told
    with open_url(server.uri("postgres", login=f"{login}:right")).begin(role=None) as conn:
        assert conn.info.user == login


def test_servers_log_shows_no_values_of_rows(server, database):
    for body in ("", "Ann Smith"):
        with pytest.raises(DatabaseError), database.begin() as conn:
            conn.execute(
                "INSERT INTO ticketing.imported_ticket (ticket_id, body, subject, content_hash)"
                f" VALUES ('T1', '{body}', 'Subject of Ann Smith', 'x'), ('T1', 'x', '', 'x')"
            )
    assert "imported_ticket_body_check" in server.log()
    assert "Ann Smith" not in server.log()


def test_value_postgres_can_not_hold_is_told_without_it(database):
    with pytest.raises(DatabaseError, match="can't be stored") as caught, database.begin() as conn:
        conn.execute("SELECT %s::text", ("Ann\x00Smith",))
    assert "Ann" not in str(caught.value)


def test_mistake_in_the_code_is_not_taken_for_a_database_that_is_away(database):
    with pytest.raises(psycopg.ProgrammingError), database.begin() as conn:
        conn.execute("SELECT %s", (object(),))


def test_login_without_the_role_is_told_which_grant_it_needs(server, database_name):
    login = server.create_login("ticketing_reviewer")
    database = open_url(server.uri(database_name, login))
    with pytest.raises(DatabaseError, match=f'GRANT ticketing_pipeline TO "{login}"'), database.begin():
        pass
    with database.begin(Role.REVIEWER) as conn:
        assert conn.execute("SELECT current_user::text AS role").fetchone() == {"role": "ticketing_reviewer"}


def test_connection_killed_by_the_server_is_replaced_at_the_next_begin(database):
    with database.begin(role=None) as conn:
        pid = conn.info.backend_pid
    with psycopg.connect(database.libpq_uri(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    with database.begin() as conn:
        assert conn.info.backend_pid != pid


def test_threads_get_connections_of_their_own(database):
    pids, meet = [], threading.Barrier(3)

    def work():
        with database.begin() as conn:
            meet.wait(20)
            pids.append(conn.execute("SELECT pg_backend_pid() AS pid").fetchone()["pid"])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 3


def test_every_query_says_what_it_is_for():
    undocumented = [name for name in queries.available_queries if not getattr(queries, name.split(".")[-1]).__doc__]
    assert undocumented == []


def test_status_counts_every_state_and_stops_counting_at_a_limit(database, monkeypatch):
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
