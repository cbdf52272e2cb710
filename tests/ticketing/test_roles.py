"""What each database role may and may not do. Each test runs statements on the database in these roles."""

import contextlib
from pathlib import Path

import psycopg
import pytest

from tests.seed import add_clean, add_text, pending_draft, rows
from ticketing.database import Database, Role

VAULT_ROW = (
    "INSERT INTO vault.entry (ticket_id, revision, content_id, placeholder, value, key_id)"
    " VALUES ('T1', 1, 'text-1', '<PERSON_1>', 'secret', 'k')"
)
DRAFT_COLUMNS = ("body", "placeholder_body", "final_body", "reject_reason")


@pytest.fixture(scope="module")
def database_with_a_draft(server):
    """One database for all tests of this module that roll their statements back."""
    name = server.create(server.template)
    with contextlib.closing(Database.open(server.settings(Path("unused"), name))) as database:
        pending_draft(database)
        yield database
    server.drop(name)


def attempt(database, role, statement):
    """Runs a statement in a role, and rolls it back. Returns None, or the SQLSTATE of the error."""
    with psycopg.connect(database.libpq_uri()) as conn:
        conn.execute(f"SET ROLE {role}")
        try:
            conn.execute(statement)
        except psycopg.Error as error:
            conn.rollback()
            return error.sqlstate
        conn.rollback()
    return None


REFUSED = "42501"  # insufficient_privilege


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        *((Role.READONLY, f"SELECT {column} FROM ticketing.draft") for column in DRAFT_COLUMNS),
        (Role.READONLY, "SELECT body FROM ticketing.outbox"),
        (Role.READONLY, "SELECT * FROM ticketing.imported_ticket"),
        (Role.READONLY, "SELECT * FROM ticketing.source_ticket"),
        (Role.READONLY, "SELECT * FROM ticketing.review_queue"),
        (Role.READONLY, "SELECT * FROM ticketing.human_queue"),
        (Role.READONLY, "SELECT * FROM vault.entry"),
        *((role, "SELECT body FROM vault.ticket_text") for role in (Role.READONLY, Role.REVIEWER, Role.PIPELINE)),
        (Role.PIPELINE, "UPDATE vault.ticket_text SET body = 'x'"),
        (Role.WRITEBACK, "DELETE FROM vault.ticket_text"),
        (Role.READONLY, "UPDATE ticketing.draft SET state = 'expired'"),
        (Role.READONLY, "SELECT ticketing.approve_draft_v1(1)"),
        (Role.READONLY, "SELECT * FROM ticketing.claim_work_v2('w', 1, '1 min')"),
        (Role.REVIEWER, "INSERT INTO ticketing.outbox (draft_id, ticket_id, revision, body) VALUES (1, 'T1', 1, 'x')"),
        (Role.REVIEWER, "UPDATE ticketing.outbox SET sent_at = now()"),
        (
            Role.REVIEWER,
            "INSERT INTO ticketing.draft_event (draft_id, actor, action, to_state) VALUES (1, 'a', 'b', 'c')",
        ),
        (Role.REVIEWER, "UPDATE ticketing.draft SET state = 'expired'"),
        (Role.REVIEWER, "UPDATE ticketing.draft SET body = 'x'"),
        (Role.REVIEWER, "DELETE FROM ticketing.draft"),
        (Role.REVIEWER, "SELECT value FROM vault.entry"),
        (Role.REVIEWER, "SELECT * FROM ticketing.imported_ticket"),
        (Role.REVIEWER, "SELECT * FROM ticketing.claim_work_v2('w', 1, '1 min')"),
        (Role.REVIEWER, "SELECT ticketing.promote_v1('m', 1, 'me', true)"),
        (Role.REVIEWER, "SELECT ticketing.draft_for_decision(1)"),
        (Role.PIPELINE, "SELECT value FROM vault.entry"),
        (Role.PIPELINE, "SELECT * FROM vault.entry"),
        (Role.PIPELINE, "UPDATE vault.entry SET value = 'x'"),
        (Role.PIPELINE, "UPDATE ticketing.draft SET body = 'x'"),
        (Role.PIPELINE, "UPDATE ticketing.draft SET state = 'approved', final_body = body"),
        (Role.PIPELINE, "UPDATE ticketing.draft SET claimed_by = 'me'"),
        (Role.PIPELINE, "DELETE FROM ticketing.draft"),
        (Role.PIPELINE, "INSERT INTO ticketing.outbox (draft_id, ticket_id, revision, body) VALUES (1, 'T1', 1, 'x')"),
        (Role.PIPELINE, "UPDATE ticketing.outbox SET body = 'x'"),
        (
            Role.PIPELINE,
            "INSERT INTO ticketing.draft_event (draft_id, actor, action, to_state) VALUES (1, 'a', 'b', 'c')",
        ),
        (Role.PIPELINE, "UPDATE ticketing.verdict SET passed = true"),
        (Role.PIPELINE, "UPDATE ticketing.model SET state = 'champion'"),
        (
            Role.PIPELINE,
            "INSERT INTO ticketing.model (version, kind, state, snapshot_id, base_model, path, artefact_hash, "
            "parameters, code_version) VALUES ('m', 'generator', 'champion', 's', 'b', 'p', 'h', '{}', 'c')",
        ),
        (Role.PIPELINE, "INSERT INTO ticketing.promotion (kind, version, promoted_by) VALUES ('g', 'm', 'me')"),
        (Role.PIPELINE, "DELETE FROM ticketing.promotion"),
        (Role.PIPELINE, "CREATE TABLE ticketing.own ()"),
        (Role.PIPELINE, "DELETE FROM ticketing.migration"),
        (Role.WRITEBACK, "SELECT * FROM ticketing.source_ticket"),
        (Role.WRITEBACK, "SELECT * FROM ticketing.draft"),
        (Role.WRITEBACK, "DELETE FROM vault.entry"),
        (Role.WRITEBACK, "UPDATE vault.entry SET value = 'x'"),
    ],
)
def test_role_may_not_run_the_statement(database_with_a_draft, role, statement):
    assert attempt(database_with_a_draft, role, statement) == REFUSED


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (Role.READONLY, "SELECT state, category, confidence FROM ticketing.draft"),
        (Role.READONLY, "SELECT draft_id, sent_at FROM ticketing.outbox"),
        (Role.READONLY, "SELECT * FROM ticketing.draft_event, ticketing.draft_work, ticketing.routing"),
        (Role.READONLY, "SELECT * FROM ticketing.clean_ticket, ticketing.model, ticketing.verdict"),
        (Role.REVIEWER, "SELECT * FROM ticketing.review_queue"),
        (Role.REVIEWER, "SELECT * FROM ticketing.human_queue"),
        (Role.REVIEWER, "SELECT * FROM ticketing.claim_draft_v1()"),
        (Role.PIPELINE, "SELECT * FROM ticketing.review_queue, ticketing.human_queue"),
        (Role.PIPELINE, "SELECT ticket_id, revision, placeholder, key_id FROM vault.entry"),
        (Role.PIPELINE, VAULT_ROW),
        (Role.PIPELINE, "SELECT ticket_id, revision, content_id FROM vault.ticket_text"),
        (Role.PIPELINE, "DELETE FROM vault.ticket_text WHERE ticket_id = 'T1'"),
        (Role.WRITEBACK, "SELECT subject, body FROM vault.ticket_text"),
        (Role.PIPELINE, "DELETE FROM vault.entry WHERE ticket_id = 'T1'"),
        (Role.PIPELINE, "UPDATE ticketing.outbox SET sent_at = now()"),
        (Role.WRITEBACK, "SELECT value FROM vault.entry"),
    ],
)
def test_role_may_run_the_statement(database_with_a_draft, role, statement):
    assert attempt(database_with_a_draft, role, statement) is None


def test_public_may_call_no_function_of_the_schema(database):
    callable_by_all = rows(
        database,
        "SELECT p.oid::regprocedure::text AS name FROM pg_proc p WHERE pronamespace = 'ticketing'::regnamespace"
        " AND has_function_privilege('public', p.oid, 'EXECUTE') AND prorettype <> 'trigger'::regtype",
    )
    assert callable_by_all == []


def test_security_definer_functions_pin_their_search_path(database):
    functions_without_fixed_path = rows(
        database,
        "SELECT proname FROM pg_proc WHERE pronamespace = 'ticketing'::regnamespace AND (prosecdef OR prorettype ="
        " 'trigger'::regtype) AND NOT coalesce(proconfig::text LIKE '%search_path=pg_catalog, pg_temp%', false)",
    )
    assert functions_without_fixed_path == []


def test_operators_that_a_login_has_defined_do_not_bypass_the_guard(server, database_name, database):
    draft = pending_draft(database)
    with database.begin(role=None) as conn:
        conn.execute("UPDATE ticketing.draft SET state = 'superseded'")
    login = server.create_login(Role.PIPELINE)
    with database.begin(role=None) as conn:
        conn.execute(f"CREATE SCHEMA evil AUTHORIZATION {login}")
    with psycopg.connect(server.uri(database_name, login)) as conn:
        conn.execute("CREATE FUNCTION evil.never(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false'")
        conn.execute("CREATE OPERATOR evil.<> (FUNCTION = evil.never, LEFTARG = text, RIGHTARG = text)")
        conn.execute("SET search_path = evil, pg_catalog")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            conn.execute("UPDATE ticketing.draft SET state = 'expired' WHERE draft_id = %s", (draft,))


def test_human_queue_contains_every_new_ticket_that_will_get_no_draft(database):
    with database.begin() as conn:
        add_clean(conn, "unsure", "failed", "drafted")
        add_clean(conn, "unfit", unfit="the body is too long")
        add_clean(conn, "answered", reply="Dear Ann")
        for ticket in ("unsure", "failed", "unfit", "drafted", "answered"):
            add_text(conn, ticket)
    pending_draft(database, "other")
    with database.begin() as conn:
        conn.execute(
            "INSERT INTO ticketing.draft_work (ticket_id, revision, content_id, state, error)"
            " VALUES ('failed', 1, 'text-1', 'failed', 'Boom')"
        )
        for ticket, route in (("unsure", "human"), ("drafted", "auto"), ("answered", "human")):
            conn.execute(
                "INSERT INTO ticketing.routing (ticket_id, revision, content_id, classifier_version, category, confidence,"
                " threshold, route, reason) VALUES (%s, 1, 'text-1', 'classifier-1', 'logistics', 0.4, 0.5, %s, %s)",
                (ticket, route, "not sure" if route == "human" else None),
            )
    with database.begin(Role.REVIEWER) as conn:
        queue = conn.execute("SELECT ticket_id, reason, ticket FROM ticketing.human_queue ORDER BY 1").fetchall()
    assert [(row["ticket_id"], row["reason"]) for row in queue] == [
        ("failed", "drafting failed: Boom"),
        ("unfit", "the body is too long"),
        ("unsure", "not sure"),
    ]
    assert {row["ticket"] for row in queue} == {"Where is my parcel?"}
