import contextlib
import multiprocessing
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest

from tests.seed import CLASSIFIER, GENERATOR, SNAPSHOT, TEXT, add_clean, add_draft, add_imported, add_models, rows
from ticketing import migrations, reviewing
from ticketing.database import Database, Role
from ticketing.drafting import queue
from ticketing.errors import DatabaseError, ReviewError
from ticketing.migrations import check_schema, dump_schema, upgrade
from ticketing.privacy.vault import Vault
from ticketing.settings import Settings
from ticketing.tickets import TextKey

ALL = migrations.migrations()
NAMES = [migration.name for migration in ALL]
# An encrypted value and the id of its key. Version 0.1.0 stored them for revision 1 of ticket T1, before the migration
# 0007_content_id.
OLD_ENTRY = (bytes.fromhex("f2e5b25708b41c6ec15f4a159ca61931de632df1a895f0b8b3966fb437817e"), "66687aad")


@pytest.fixture
def empty(server, tmp_path):
    """A database without the schema."""
    name = server.create()
    with contextlib.closing(Database.open(server.settings(tmp_path, name))) as database:
        yield database
    server.drop(name)


def _upgrade_in_a_process(url, start, results):
    database = Database.open(Settings(home=Path("unused"), database_url=url))
    start.wait(60)
    results.put(upgrade(database))


def test_second_upgrade_applies_no_migration(empty):
    assert upgrade(empty) == NAMES
    assert upgrade(empty) == []
    check_schema(empty)


def test_two_processes_that_upgrade_at_the_same_time_apply_each_migration_once(empty):
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(2), context.Queue()
    processes = [
        context.Process(target=_upgrade_in_a_process, args=(empty.libpq_uri(), start, results)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    applied = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(applied, key=len) == [[], NAMES] or sorted(applied[0] + applied[1]) == NAMES
    check_schema(empty)


def test_schema_file_makes_the_same_database_as_the_migrations(empty, database):
    schema = (files("sql") / "schema.sql").read_text(encoding="utf-8")
    with psycopg.connect(empty.libpq_uri(), autocommit=True) as conn:
        conn.execute(schema.encode())
    assert dump_schema(empty) == dump_schema(database)
    assert dump_schema(database) == schema, "sql/schema.sql is not up to date: run 'make schema'"


def test_upgrade_refuses_a_migration_that_changed_after_it_was_applied(database):
    with database.begin(role=None) as conn:
        conn.execute("UPDATE ticketing.migration SET checksum = 'other' WHERE name = %s", (NAMES[0],))
    with pytest.raises(DatabaseError, match=f"{NAMES[0]} has changed since it was applied"):
        upgrade(database)
    with pytest.raises(DatabaseError, match="has changed since it was applied"):
        check_schema(database)


def test_upgrade_refuses_a_database_that_is_newer_than_the_code(database):
    with database.begin(role=None) as conn:
        conn.execute("INSERT INTO ticketing.migration (name, checksum) VALUES ('9999_pre_future', 'x')")
    with pytest.raises(DatabaseError, match="newer than this version of ticketing: it has the migration 9999_pre_fut"):
        upgrade(database)


def test_errors_for_empty_and_outdated_databases_ask_for_an_upgrade(empty, database, monkeypatch):
    with pytest.raises(DatabaseError, match="no schema yet: run 'ticketing db upgrade'"):
        check_schema(empty)
    later = migrations.Migration("9999_pre_later", "SELECT 1", "x")
    monkeypatch.setattr(migrations, "migrations", lambda: [*ALL, later])
    with pytest.raises(DatabaseError, match="9999_pre_later is missing: run 'ticketing db upgrade'"):
        check_schema(database)


def test_failing_migration_is_rolled_back(database, monkeypatch):
    broken = migrations.Migration("9999_pre_broken", "CREATE TABLE ticketing.half (); SELECT 1 / 0", "x")
    monkeypatch.setattr(migrations, "migrations", lambda: [*ALL, broken])
    with pytest.raises(DatabaseError, match="DivisionByZero"):
        upgrade(database)
    with database.begin(role=None) as conn:
        assert conn.execute("SELECT to_regclass('ticketing.half') IS NULL AS gone").fetchone() == {"gone": True}
        assert conn.execute("SELECT count(*) AS n FROM ticketing.migration").fetchone() == {"n": len(NAMES)}


def test_migration_that_waits_too_long_for_a_lock_fails_and_names_the_holder(database, monkeypatch):
    later = migrations.Migration("9999_later", "ALTER TABLE ticketing.draft ADD COLUMN later text", "x")
    monkeypatch.setattr(migrations, "migrations", lambda: [*ALL, later])
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_SECONDS", 0.2)
    with psycopg.connect(database.libpq_uri(), application_name="a report") as reader:
        reader.execute("SELECT count(*) FROM ticketing.draft")
        with pytest.raises(DatabaseError, match=r"9999_later .*\(a report, process \d+, on ticketing.draft\).* again"):
            upgrade(database)
    assert upgrade(database) == ["9999_later"]


def test_rows_from_before_the_content_id_are_migrated_with_an_empty_content_id(empty, monkeypatch):
    monkeypatch.setattr(migrations, "migrations", lambda: ALL[:6])
    upgrade(empty)
    with empty.begin(role=None) as conn:
        add_models(conn)
        conn.execute("INSERT INTO ticketing.clean_ticket (ticket_id, revision, content_hash, scrubber_version, language,"
                     " subject, body) VALUES ('T1', 1, 'x', 'v', 'en', '', 'Where is it?')")  # fmt: skip
        for state in ("approved", "pending"):
            ticket = {"approved": "T2", "pending": "T1"}[state]
            conn.execute(
                "INSERT INTO ticketing.draft (ticket_id, revision, language, category, confidence, body,"
                " placeholder_body, classifier_version, generator_version, snapshot_id, prompt_version, prompt_tokens,"
                " completion_tokens, seconds) VALUES (%s, 1, 'en', 'logistics', 0.9, 'Dear Ann', 'Dear', %s, %s, %s, 'p',"
                " 1, 1, 1)",
                (ticket, CLASSIFIER, GENERATOR, SNAPSHOT),
            )
        conn.execute("SELECT ticketing.approve_draft_v1(draft_id) FROM ticketing.draft WHERE ticket_id = 'T2'")
        conn.execute("INSERT INTO ticketing.draft_work (ticket_id, revision, state) VALUES ('T1', 1, 'done')")
        conn.execute("INSERT INTO vault.entry VALUES ('T1', 1, '<PERSON_1>', %s, %s)", OLD_ENTRY)
    monkeypatch.undo()
    upgrade(empty)
    vault = Vault([bytes(32)])
    with empty.begin(Role.WRITEBACK) as conn:
        assert vault.read(conn, [TextKey("T1", 1, "")]) == {("T1", 1, ""): {"<PERSON_1>": "Ann"}}
        assert vault.read(conn, [TextKey("T1", 1, TEXT)]) == {("T1", 1, TEXT): {}}
    with empty.begin() as conn:
        assert conn.execute("SELECT ticket, draft FROM ticketing.review_queue").fetchall() == [
            {"ticket": None, "draft": "Dear Ann"}
        ]
        add_clean(conn, "T1", "T2")  # as the next run of `prepare` does
        assert queue.enqueue(conn) == 1
    assert rows(empty, "SELECT ticket_id, state FROM ticketing.draft ORDER BY 1") == [
        {"ticket_id": "T1", "state": "superseded"},
        {"ticket_id": "T2", "state": "approved"},
    ]
    with empty.begin() as conn:
        second = add_draft(conn, "T2")
        with pytest.raises(ReviewError, match="revision 1 of ticket T2 was approved already"):
            reviewing.approve(conn, second)


def test_source_view_of_the_user_survives_a_later_upgrade(database, monkeypatch):
    with database.begin(role=None) as conn:
        conn.execute("CREATE TABLE public.helpdesk (id integer, body text, changed timestamptz)")
        conn.execute("INSERT INTO public.helpdesk VALUES (7, 'Hello', '2026-01-01')")
        conn.execute("DROP VIEW ticketing.source_ticket")
        conn.execute(
            "CREATE VIEW ticketing.source_ticket AS SELECT id AS ticket_id, 1 AS revision, changed AS created_at,"
            " changed AS updated_at, 'en' AS language, '' AS subject, body, NULL::text AS category,"
            " NULL::text AS reply, NULL::timestamptz AS replied_at FROM public.helpdesk"
        )
        conn.execute("GRANT SELECT ON ticketing.source_ticket TO ticketing_pipeline, ticketing_reviewer")
    later = migrations.Migration("9999_pre_later", "CREATE TABLE ticketing.later ()", "x")
    monkeypatch.setattr(migrations, "migrations", lambda: [*ALL, later])
    assert upgrade(database) == ["9999_pre_later"]
    with database.begin(Role.REVIEWER) as conn:
        assert conn.execute("SELECT body FROM ticketing.source_ticket").fetchall() == [{"body": "Hello"}]
        assert conn.execute("SELECT * FROM ticketing.review_queue").fetchall() == []
        assert conn.execute("SELECT * FROM ticketing.human_queue").fetchall() == []


def test_source_view_that_was_created_before_the_first_upgrade_is_kept(empty):
    with empty.begin(role=None) as conn:
        conn.execute("CREATE SCHEMA ticketing")
        conn.execute(
            "CREATE VIEW ticketing.source_ticket AS SELECT 'T1'::text AS ticket_id, 1 AS revision,"
            " now() AS created_at, now() AS updated_at, 'en'::text AS language, ''::text AS subject,"
            " 'Hi'::text AS body, NULL::text AS category, NULL::text AS reply, NULL::timestamptz AS replied_at"
        )
    upgrade(empty)
    with empty.begin() as conn:
        assert conn.execute("SELECT body FROM ticketing.source_ticket").fetchall() == [{"body": "Hi"}]


def test_login_without_createrole_upgrades_if_the_roles_exist(server, empty):
    login = server.create_login(*Role)
    database_of_login = Database.open(
        Settings(home=Path("unused"), database_url=empty.libpq_uri().replace("postgres@", f"{login}@"))
    )
    with pytest.raises(DatabaseError, match="may not upgrade the database"):
        upgrade(database_of_login)
    with empty.begin(role=None) as conn:
        conn.execute(f"GRANT CREATE ON DATABASE {conn.info.dbname} TO {login}")
    assert upgrade(database_of_login) == NAMES
    with database_of_login.begin() as conn:
        add_imported(conn, "T1")
    # Once the schema is up to date, upgrade needs no CREATE privilege.
    with empty.begin(role=None) as conn:
        conn.execute(f"REVOKE CREATE ON DATABASE {conn.info.dbname} FROM {login}")
    assert upgrade(database_of_login) == []
    database_of_login.close()


def test_failed_dump_raises_an_error(empty):
    with pytest.raises(DatabaseError, match="pg_dump failed"):
        dump_schema(empty)
