import re
import threading

import psycopg
import pytest

from tests.seed import add_clean, add_draft, add_text, pending_draft, rows
from ticketing import reviewing
from ticketing.database import Role, queries
from ticketing.errors import ReviewError

DECISIONS = {
    "approved": lambda conn, draft: reviewing.approve(conn, draft),
    "edited": lambda conn, draft: reviewing.edit(conn, draft, "Dear Ann, sorry."),
    "rejected": lambda conn, draft: reviewing.reject(conn, draft, "wrong product"),
}
STATES = ("pending", *DECISIONS, "superseded", "expired")


def as_person(database, name, do, *args):
    """Calls `do` as the person `name`, in a transaction of its own. Returns what `do` returns."""
    with database.begin() as conn:
        reviewing.set_actor(conn, name)
        return do(conn, *args)


def bring_to(database, draft, state):
    if state in DECISIONS:
        as_person(database, "ann", DECISIONS[state], draft)
    elif state != "pending":
        with database.begin() as conn:
            conn.execute("UPDATE ticketing.draft SET state = %s WHERE draft_id = %s", (state, draft))


def events(database):
    trail = rows(
        database, "SELECT actor, action, from_state, to_state, reason FROM ticketing.draft_event ORDER BY event_id"
    )
    return [tuple(row.values()) for row in trail]


def outbox(database):
    return [tuple(row.values()) for row in rows(database, "SELECT draft_id, ticket_id, body FROM ticketing.outbox")]


def check_refused(database, statement, reason):
    """Checks that the database refuses a statement of its owner, and gives the reason."""
    conditions = (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.InsufficientPrivilege)
    with psycopg.connect(database.libpq_uri()) as conn, pytest.raises(conditions, match=reason):
        conn.execute(statement)


@pytest.mark.parametrize("decision", DECISIONS)
def test_pending_draft_can_be_decided_and_the_trail_records_by_whom(database, decision):
    draft = pending_draft(database)
    as_person(database, "ann", DECISIONS[decision], draft)
    reason = "wrong product" if decision == "rejected" else None
    assert events(database) == [
        ("postgres", "drafted", None, "pending", None),
        ("ann", decision, "pending", decision, reason),
    ]
    sent_texts = {"approved": "Dear Ann, it is on its way.", "edited": "Dear Ann, sorry."}
    assert outbox(database) == ([(draft, "T1", sent_texts[decision])] if decision in sent_texts else [])
    assert {row["login"] for row in rows(database, "SELECT login FROM ticketing.draft_event")} == {"postgres"}


@pytest.mark.parametrize("state", STATES[1:])
def test_draft_that_is_not_pending_cannot_be_decided_claimed_or_released(database, state):
    draft = pending_draft(database)
    bring_to(database, draft, state)
    before = outbox(database), events(database)
    for action in (*DECISIONS.values(), reviewing.claim, reviewing.release):
        with pytest.raises(ReviewError, match=f"Draft {draft} is already {state}; nothing changed"):
            as_person(database, "ann", action, draft)
    assert (outbox(database), events(database)) == before


@pytest.mark.parametrize("state", STATES[1:])
def test_not_even_the_owner_can_change_a_draft_that_is_not_pending(database, state):
    draft = pending_draft(database)
    bring_to(database, draft, state)
    for new_state in STATES:
        check_refused(
            database,
            f"UPDATE ticketing.draft SET state = '{new_state}'",
            f"draft {draft} is {state}: nothing changes a draft",
        )


def test_pipeline_cannot_decide_by_setting_the_state(database):
    pending_draft(database)
    for decision in DECISIONS:
        with psycopg.connect(database.libpq_uri()) as conn, pytest.raises(psycopg.errors.CheckViolation):
            conn.execute(f"SET ROLE {Role.PIPELINE}")
            conn.execute("UPDATE ticketing.draft SET state = %s", (decision,))


def test_not_even_the_owner_can_change_what_the_pipeline_wrote_into_a_draft(database):
    pending_draft(database)
    for column in ("body", "category", "generator_version", "snapshot_id", "ticket_id"):
        check_refused(database, f"UPDATE ticketing.draft SET {column} = 'generator-2'", "never overwritten")
    for column in ("created_at = now()", "revision = 2", "seconds = 2", "confidence = 0.1", "draft_id = DEFAULT"):
        check_refused(database, f"UPDATE ticketing.draft SET {column}", "never overwritten")


def test_approved_draft_cannot_get_another_text(database):
    pending_draft(database)
    with psycopg.connect(database.libpq_uri()) as conn, pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(
            "UPDATE ticketing.draft SET state = 'approved', final_body = 'other', decided_by = 'x', decided_at = now()"
        )


def test_new_draft_must_be_pending(database):
    pending_draft(database)
    with psycopg.connect(database.libpq_uri()) as conn, pytest.raises(psycopg.errors.CheckViolation, match="begins as"):
        conn.execute(
            "INSERT INTO ticketing.draft (ticket_id, revision, content_id, state, language, category, confidence, body,"
            " placeholder_body, classifier_version, generator_version, snapshot_id, prompt_version, prompt_tokens,"
            " completion_tokens, seconds) SELECT 'T2', 1, content_id, 'expired', language, category, confidence, body,"
            " placeholder_body, classifier_version, generator_version, snapshot_id, prompt_version, prompt_tokens,"
            " completion_tokens, seconds FROM ticketing.draft"
        )


def test_claimed_draft_is_decided_by_its_holder_only(database):
    draft = pending_draft(database)
    assert as_person(database, "ann", reviewing.claim)["draft_id"] == draft
    for action in (reviewing.claim, reviewing.release, *DECISIONS.values()):
        with pytest.raises(ReviewError, match=f"Draft {draft} is being reviewed by ann"):
            as_person(database, "bob", action, draft)
    assert as_person(database, "bob", reviewing.claim) is None
    as_person(database, "ann", reviewing.approve, draft)
    assert [event[:2] for event in events(database)] == [
        ("postgres", "drafted"),
        ("ann", "claimed"),
        ("ann", "approved"),
    ]


def test_second_claim_by_the_holder_returns_the_same_draft(database):
    draft = pending_draft(database)
    as_person(database, "ann", reviewing.claim, draft)
    assert as_person(database, "ann", reviewing.claim, draft)["claimed_by"] == "ann"
    assert [event[1] for event in events(database)] == ["drafted", "claimed"]


def test_released_draft_can_be_claimed_by_another_reviewer(database):
    draft = pending_draft(database)
    as_person(database, "ann", reviewing.claim)
    as_person(database, "ann", reviewing.release, draft)
    assert as_person(database, "bob", reviewing.claim)["draft_id"] == draft
    assert [event[:2] for event in events(database)][1:] == [
        ("ann", "claimed"),
        ("ann", "released"),
        ("bob", "claimed"),
    ]


def test_not_even_the_owner_can_take_a_draft_from_its_holder(database):
    draft = pending_draft(database)
    as_person(database, "ann", reviewing.claim, draft)
    for change in ("claimed_by = 'bob'", "state = 'superseded'", "state = 'expired'"):
        check_refused(database, f"UPDATE ticketing.draft SET {change}", f"draft {draft} is being reviewed by ann")


def test_update_that_changes_nothing_adds_no_event_to_the_trail(database):
    pending_draft(database)
    with database.begin() as conn:
        conn.execute("UPDATE ticketing.draft SET state = state")
    assert [event[1] for event in events(database)] == ["drafted"]


@pytest.mark.parametrize(
    ("table", "change"), [("draft_event", "actor = 'x'"), ("promotion", "kind = 'x'"), ("verdict", "passed = true")]
)
def test_not_even_the_owner_can_change_the_trail(database, table, change):
    pending_draft(database)
    for statement in (
        f"UPDATE ticketing.{table} SET {change}",
        f"DELETE FROM ticketing.{table}",
        f"TRUNCATE ticketing.{table} CASCADE",
    ):
        check_refused(database, statement, f"{table} is append-only")


def test_draft_with_a_trail_cannot_be_removed(database):
    pending_draft(database)
    for statement, condition in (
        ("DELETE FROM ticketing.draft", psycopg.errors.ForeignKeyViolation),
        ("TRUNCATE ticketing.draft CASCADE", psycopg.errors.InsufficientPrivilege),
    ):
        with psycopg.connect(database.libpq_uri()) as conn, pytest.raises(condition):
            conn.execute(statement)


def test_second_draft_for_an_answered_revision_cannot_be_approved(database):
    first = pending_draft(database)
    as_person(database, "ann", reviewing.claim, first)
    with database.begin() as conn:
        second = add_draft(conn, generator="generator-2")
    as_person(database, "ann", reviewing.approve, first)
    with pytest.raises(ReviewError, match="revision 1 of ticket T1 was approved already"):
        as_person(database, "bob", reviewing.approve, second)
    assert [row[0] for row in outbox(database)] == [first]


def test_two_reviewers_who_approve_at_the_same_time_send_one_reply(database):
    draft = pending_draft(database)
    barrier, outcomes = threading.Barrier(2), []

    def approve(name):
        barrier.wait(20)
        try:
            as_person(database, name, reviewing.approve, draft)
            outcomes.append("approved")
        except ReviewError as error:
            outcomes.append(str(error))

    run_together(approve, ["ann", "bob"])
    assert sorted(outcomes) == [f"Draft {draft} is already approved; nothing changed.", "approved"]
    assert len(outbox(database)) == 1


def test_two_reviewers_who_claim_at_the_same_time_get_different_drafts(database):
    drafts = {pending_draft(database, f"T{n}") for n in range(2)}
    barrier, claimed = threading.Barrier(2), []

    def claim(name):
        with database.begin() as conn:
            reviewing.set_actor(conn, name)
            barrier.wait(20)
            claimed.append(reviewing.claim(conn)["draft_id"])
            barrier.wait(20)  # Both reviewers have claimed a draft before either commits.

    run_together(claim, ["ann", "bob"])
    assert set(claimed) == drafts


@pytest.mark.parametrize("empty", ["", "  \n\t"])
def test_empty_replies_reasons_and_reviewer_names_are_refused(database, empty):
    draft = pending_draft(database)
    with pytest.raises(ReviewError, match="can't be empty"):
        as_person(database, "ann", reviewing.edit, draft, empty)
    with pytest.raises(ReviewError, match="say why"):
        as_person(database, "ann", reviewing.reject, draft, empty)
    with pytest.raises(ReviewError, match="needs a name"):
        as_person(database, empty, reviewing.approve, draft)
    assert outbox(database) == []


def test_unknown_draft_raises_an_error(database):
    for action in (reviewing.claim, reviewing.approve, reviewing.release):
        with pytest.raises(ReviewError, match="There is no draft 99"):
            as_person(database, "ann", action, 99)
    with pytest.raises(ReviewError, match="Draft 99 is not waiting"):
        as_person(database, "ann", reviewing.show, 99)


def test_pending_drafts_are_listed_oldest_first_and_shown_with_their_tickets(database):
    drafts = [pending_draft(database, f"T{n}") for n in range(3)]
    with database.begin() as conn:
        first_page = reviewing.list_pending(conn, limit=2)
        assert reviewing.list_pending(conn, limit=9, category="payment") == []
        assert len(reviewing.list_pending(conn, limit=9, category="logistics")) == 3
        assert reviewing.show(conn, drafts[2])["ticket"] == "Where is my parcel?"
    assert [row["draft_id"] for row in first_page] == drafts[:2]
    assert {row["draft"] for row in first_page} == {"Dear Ann, it is on its way."}


def test_draft_is_shown_with_the_text_that_it_answers_and_whether_that_text_is_current(database):
    first, second = pending_draft(database, "T1"), pending_draft(database, "T2")
    with database.begin(role=None) as conn:
        add_clean(conn, "T1", revision=2, content_id="text-2")
        add_text(conn, "T1", revision=2, content_id="text-2", body="And now?")
        conn.execute("DELETE FROM vault.ticket_text WHERE ticket_id = 'T2'")
    with database.begin() as conn:
        with_new_text, without_text = reviewing.show(conn, first), reviewing.show(conn, second)
    assert (with_new_text["revision"], with_new_text["current_revision"]) == (1, 2)
    assert (with_new_text["ticket"], with_new_text["is_current"]) == ("Where is my parcel?", False)
    assert (without_text["ticket"], without_text["is_current"]) == (None, True)


@pytest.mark.parametrize("decision", DECISIONS)
def test_draft_for_an_older_text_can_be_rejected_and_released_but_not_sent(database, decision):
    draft = pending_draft(database)
    as_person(database, "ann", reviewing.claim, draft)
    with database.begin() as conn:
        add_clean(conn, "T1", content_id="text-2")  # The text changes, the revision does not.
    if decision == "rejected":
        as_person(database, "ann", DECISIONS[decision], draft)
    else:
        with pytest.raises(
            ReviewError, match=f"Draft {draft} answers an older text of ticket T1, .* reject or release"
        ):
            as_person(database, "ann", DECISIONS[decision], draft)
        as_person(database, "ann", reviewing.release, draft)
    assert outbox(database) == []


def test_each_text_of_a_ticket_can_get_its_own_reply(database):
    first = pending_draft(database)
    as_person(database, "ann", reviewing.approve, first)
    with database.begin() as conn:
        add_clean(conn, "T1", content_id="text-2")
        second = add_draft(conn, content_id="text-2", body="Dear Ann, again.")
    as_person(database, "ann", reviewing.approve, second)
    assert [row[0] for row in outbox(database)] == [first, second]


@pytest.mark.parametrize("state", STATES)
def test_raw_text_is_deleted_only_when_its_draft_is_decided(database, state):
    draft = pending_draft(database)
    bring_to(database, draft, state)
    stored = rows(database, "SELECT ticket_id FROM vault.ticket_text")
    assert stored == ([] if state in DECISIONS else [{"ticket_id": "T1"}])


def test_raw_text_is_kept_while_another_draft_for_it_is_pending(database):
    first = pending_draft(database)
    with database.begin() as conn:
        second = add_draft(conn, generator="generator-2")
    as_person(database, "ann", reviewing.reject, first, "wrong product")
    assert len(rows(database, "SELECT * FROM vault.ticket_text")) == 1
    as_person(database, "ann", reviewing.approve, second)
    assert rows(database, "SELECT * FROM vault.ticket_text") == []


@pytest.fixture
def large_database(database):
    """A database with 100,000 clean tickets. 2,000 of them are open, and 1,000 of these have a pending draft."""
    pending_draft(database, "first")
    with database.begin(role=None) as conn:
        conn.execute(
            "INSERT INTO ticketing.clean_ticket (ticket_id, revision, content_id, content_hash, scrubber_version,"
            " language, subject, body, reply) SELECT 'T' || n, 1, 'x', 'x', 'v', 'en', '', 'x',"
            " CASE WHEN n % 50 > 0 THEN 'Dear Ann' END FROM generate_series(1, 100000) AS n"
        )
        conn.execute("INSERT INTO vault.ticket_text SELECT ticket_id, 1, 'x', '', 'x' FROM ticketing.clean_ticket"
                     " WHERE reply IS NULL AND ticket_id <> 'first'")  # fmt: skip
        conn.execute(
            "INSERT INTO ticketing.draft (ticket_id, revision, content_id, language, category, confidence, body,"
            " placeholder_body, classifier_version, generator_version, snapshot_id, prompt_version, prompt_tokens,"
            " completion_tokens, seconds) SELECT 'T' || n * 100, 1, 'x', language, category, confidence, body,"
            " placeholder_body, classifier_version, generator_version, snapshot_id, prompt_version, prompt_tokens,"
            " completion_tokens, seconds FROM ticketing.draft, generate_series(1, 1000) AS n"
        )
        conn.execute("ANALYZE ticketing.clean_ticket, ticketing.draft, vault.ticket_text")
    return database


def test_queries_of_the_review_commands_use_indexes(large_database):
    commands = {
        "list": (queries.pending_drafts, {"amount": 20, "category": None}),
        "show": (queries.pending_draft, {"draft_id": 7}),
        "human queue": ("SELECT * FROM ticketing.human_queue LIMIT 20", {}),
    }
    with large_database.begin(role=None) as conn:
        for query, parameters in commands.values():
            statement = query if isinstance(query, str) else query.sql
            plan = "\n".join(row["QUERY PLAN"] for row in conn.execute(f"EXPLAIN {statement}", parameters).fetchall())
            for table in ("clean_ticket", "ticket_text", "draft "):
                assert f"Seq Scan on {table}" not in plan
            assert "imported_ticket" not in plan, "the command reads the help desk's view source_ticket"
        body = conn.execute("SELECT prosrc FROM pg_proc WHERE proname = 'claim_draft_v1'").fetchone()["prosrc"]
        # The function's statement that picks the oldest free draft.
        rest_of_statement = re.search(
            r"SELECT d\.draft_id INTO v_draft_id (FROM .*? SKIP LOCKED);", body, re.DOTALL
        ).group(1)
        plan = "\n".join(
            row["QUERY PLAN"] for row in conn.execute(f"EXPLAIN SELECT d.draft_id {rest_of_statement}").fetchall()
        )
    assert "draft_pending" in plan
    assert "Sort" not in plan


def test_reviewer_with_an_own_login_can_use_sql_and_acts_only_under_the_name_of_the_login(
    server, database_name, database
):
    approved, edited, rejected = (pending_draft(database, f"T{n}") for n in range(3))
    login = server.create_login(Role.REVIEWER)
    with psycopg.connect(server.uri(database_name, login), autocommit=True) as conn:
        conn.execute("SET ticketing.actor = 'somebody else'")
        assert conn.execute("SELECT count(*) FROM ticketing.review_queue").fetchone() == (3,)
        assert conn.execute("SELECT draft_id FROM ticketing.claim_draft_v1()").fetchone() == (approved,)
        conn.execute("SELECT ticketing.approve_draft_v1(%s)", (approved,))
        conn.execute("SELECT ticketing.edit_draft_v1(%s, 'Dear Ann, sorry.')", (edited,))
        conn.execute("SELECT * FROM ticketing.claim_draft_v1(%s)", (rejected,))
        conn.execute("SELECT ticketing.release_draft_v1(%s)", (rejected,))
        conn.execute("SELECT ticketing.reject_draft_v1(%s, 'wrong product')", (rejected,))
        assert conn.execute("SELECT count(*) FROM ticketing.outbox").fetchone() == (2,)
    assert {event[0] for event in events(database)} == {"postgres", login}
    decided = rows(database, "SELECT state, decided_by FROM ticketing.draft ORDER BY draft_id")
    assert [tuple(row.values()) for row in decided] == [("approved", login), ("edited", login), ("rejected", login)]


def test_login_of_the_pipeline_may_act_for_a_person_and_the_trail_names_both(server, database_name, database):
    draft = pending_draft(database)
    login = server.create_login(Role.PIPELINE)
    with psycopg.connect(server.uri(database_name, login)) as conn:
        conn.execute("SET LOCAL ticketing.actor = 'ann'")
        conn.execute("SELECT ticketing.approve_draft_v1(%s)", (draft,))
    last = rows(database, "SELECT actor, login FROM ticketing.draft_event ORDER BY event_id DESC LIMIT 1")
    assert last == [{"actor": "ann", "login": login}]


def run_together(work, names):
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
