import re
import threading
import time
from datetime import timedelta

import psycopg
import pytest

from tests.seed import CLASSIFIER, DAY, GENERATOR, SNAPSHOT, TEXT, add_clean, add_models, pending_draft, rows
from ticketing import reviewing
from ticketing.database import Role, queries
from ticketing.drafting import queue
from ticketing.stages.protocols import Prediction

LEASE, ATTEMPTS = 60.0, 3


def fill(database, *ticket_ids, **columns):
    """Adds new tickets and queues them. Returns the number of queued tickets."""
    with database.begin() as conn:
        add_models(conn)
        add_clean(conn, *ticket_ids, **columns)
        return queue.enqueue(conn)


def claim(database, worker, limit=10, lease=LEASE):
    with database.begin() as conn:
        return queue.claim(conn, worker, limit, lease, ATTEMPTS)


def result(ticket, body="Dear Ann", generator=GENERATOR):
    """What a worker writes back for a ticket: a draft, or without a body the route to a human."""
    prediction = Prediction("logistics", 0.9, 0.5, "auto" if body else "human", None if body else "not sure")
    draft = queue.DraftRow(body, "Dear <PERSON_1>", generator, SNAPSHOT, "p", 10, 5, 0.1) if body else None
    return queue.Result(ticket, prediction, CLASSIFIER, draft)


def write_back(database, worker, results):
    with database.begin() as conn:
        return queue.write_back(conn, worker, results)


def work(database):
    work_rows = rows(database, "SELECT ticket_id, revision, state FROM ticketing.draft_work ORDER BY 1, 2, queued_at")
    return [tuple(row.values()) for row in work_rows]


def drafts(database):
    draft_rows = rows(
        database, "SELECT ticket_id, revision, generator_version, state FROM ticketing.draft ORDER BY draft_id"
    )
    return [tuple(row.values()) for row in draft_rows]


def test_each_revision_of_a_new_usable_ticket_is_queued_once(database):
    with database.begin() as conn:
        add_clean(conn, "new")
        add_clean(conn, "labelled", category="payment")
        add_clean(conn, "answered", reply="Dear Ann")
        add_clean(conn, "unfit", unfit="the body is empty")
        assert queue.enqueue(conn) == 1
        assert queue.enqueue(conn) == 0
        add_clean(conn, "new", revision=2)
        assert queue.enqueue(conn) == 1
    assert work(database) == [("new", 1, "queued"), ("new", 2, "queued")]


def test_tickets_that_changed_at_or_after_the_end_of_the_window_are_not_queued(database):
    with database.begin() as conn:
        add_clean(conn, "early", updated_at=DAY)
        add_clean(conn, "late", updated_at=DAY + timedelta(hours=1))
        assert queue.enqueue(conn, until=DAY + timedelta(hours=1)) == 1
    assert work(database) == [("early", 1, "queued")]


def test_claim_returns_scrubbed_tickets_that_no_other_worker_has_claimed(database):
    fill(database, "T1", "T2", "T3")
    first, second = claim(database, "one", limit=2), claim(database, "two", limit=2)
    assert [ticket.ticket_id for ticket in first + second] == ["T1", "T2", "T3"]
    assert first[0].text == "Parcel\nWhere is my parcel?"
    assert claim(database, "three") == []


def test_workers_that_claim_at_the_same_time_get_different_tickets(database):
    ids = [f"T{n:03}" for n in range(120)]
    fill(database, *ids)
    barrier, claimed = threading.Barrier(4), []

    def run(worker):
        barrier.wait(20)
        while tickets := claim(database, worker, limit=7):
            claimed.extend(ticket.ticket_id for ticket in tickets)

    threads = [threading.Thread(target=run, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(claimed) == ids


def test_claim_skips_rows_that_another_worker_has_claimed_but_not_committed(database):
    fill(database, "T1", "T2")
    with database.begin() as conn:
        [first] = queue.claim(conn, "one", 1, LEASE, ATTEMPTS)
        [second] = claim(database, "two", limit=2)
    assert {first.ticket_id, second.ticket_id} == {"T1", "T2"}


def test_queued_ticket_that_was_revised_or_answered_is_skipped_and_its_work_is_done(database):
    fill(database, "T1", "T2", "T3")
    with database.begin() as conn:
        add_clean(conn, "T1", revision=2)
        add_clean(conn, "T2", reply="Dear Ann")
    assert [ticket.ticket_id for ticket in claim(database, "one", limit=2)] == ["T3"]
    assert work(database) == [("T1", 1, "done"), ("T2", 1, "done"), ("T3", 1, "claimed")]


def test_write_back_stores_routing_and_draft_and_finishes_the_work(database):
    fill(database, "T1", "T2")
    sure, unsure = claim(database, "one")
    written = write_back(database, "one", [result(sure), result(unsure, body=None)])
    assert [stored.ticket.ticket_id for stored in written] == ["T1", "T2"]
    assert drafts(database) == [("T1", 1, GENERATOR, "pending")]
    assert work(database) == [("T1", 1, "done"), ("T2", 1, "done")]
    routing = rows(database, "SELECT ticket_id, route, reason, threshold FROM ticketing.routing ORDER BY 1")
    assert [tuple(row.values()) for row in routing] == [("T1", "auto", None, 0.5), ("T2", "human", "not sure", 0.5)]


def test_second_write_back_of_the_same_results_writes_nothing(database):
    fill(database, "T1")
    results = [result(ticket) for ticket in claim(database, "one")]
    assert write_back(database, "one", results) == results
    assert write_back(database, "one", results) == []
    assert len(drafts(database)) == 1


def test_second_draft_by_the_same_model_is_not_stored(database):
    fill(database, "T1")
    write_back(database, "one", [result(ticket, "first") for ticket in claim(database, "one")])
    with database.begin(role=None) as conn:
        conn.execute("UPDATE ticketing.draft_work SET state = 'queued'")
    write_back(database, "two", [result(ticket, "second") for ticket in claim(database, "two")])
    assert [row["body"] for row in rows(database, "SELECT body FROM ticketing.draft")] == ["first"]
    assert work(database) == [("T1", 1, "done")]


def test_late_worker_cannot_write_tickets_that_another_worker_has_taken_over(database):
    fill(database, "T1", "T2")
    late_tickets = claim(database, "late", lease=0.05)
    time.sleep(0.1)
    [taken_over] = claim(database, "next", limit=1)
    late_write = write_back(database, "late", [result(ticket, "late") for ticket in late_tickets])
    # The late worker still holds the tickets that no other worker took over.
    assert [stored.ticket.ticket_id for stored in late_write] == ["T2"]
    write_back(database, "next", [result(taken_over, "in time")])
    bodies = rows(database, "SELECT ticket_id, body FROM ticketing.draft ORDER BY 1")
    assert [tuple(row.values()) for row in bodies] == [("T1", "in time"), ("T2", "late")]


def test_lease_is_renewed_until_its_work_ends(database):
    fill(database, "T1")
    claim(database, "one", lease=0.6)
    with queue.lease_kept_alive(database, "one", 0.6):
        time.sleep(1.2)
        assert claim(database, "two") == []
    time.sleep(0.7)
    assert len(claim(database, "two")) == 1


def test_lease_is_renewed_after_the_database_has_closed_all_connections(database):
    fill(database, "T1")
    claim(database, "one", lease=1.5)
    with queue.lease_kept_alive(database, "one", 1.5):
        with psycopg.connect(database.libpq_uri(), autocommit=True) as conn:
            conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                         " AND datname = current_database()")  # fmt: skip
        time.sleep(2.0)
        assert claim(database, "two") == []


def test_work_that_was_given_back_too_often_fails_and_goes_to_the_human_queue(database):
    fill(database, "T1")
    for _ in range(ATTEMPTS):
        assert len(claim(database, "one")) == 1
        with database.begin() as conn:
            queue.give_back(conn, "one", "EngineError", ATTEMPTS)
    assert claim(database, "one") == []
    assert rows(database, "SELECT state, error, attempts FROM ticketing.draft_work") == [
        {"state": "failed", "error": "EngineError", "attempts": ATTEMPTS}
    ]
    with database.begin(Role.REVIEWER) as conn:
        assert conn.execute("SELECT ticket_id, reason FROM ticketing.human_queue").fetchall() == [
            {"ticket_id": "T1", "reason": "drafting failed: EngineError"}
        ]


def test_work_whose_lease_has_run_out_too_often_fails(database):
    fill(database, "T1")
    for n in range(ATTEMPTS):
        assert len(claim(database, f"w{n}", lease=0.01)) == 1
        time.sleep(0.02)
    assert claim(database, "last") == []
    assert work(database) == [("T1", 1, "failed")]


def test_giving_back_work_does_not_change_the_work_of_other_workers(database):
    fill(database, "T1", "T2")
    claim(database, "one", limit=1)
    claim(database, "two", limit=1)
    with database.begin() as conn:
        queue.give_back(conn, "one", "EngineError", ATTEMPTS)
    assert work(database) == [("T1", 1, "queued"), ("T2", 1, "claimed")]


@pytest.mark.parametrize("body", ["Dear Ann", None])
def test_new_revision_supersedes_an_older_draft_that_nobody_has_claimed(database, body):
    fill(database, "T1")
    write_back(database, "one", [result(ticket) for ticket in claim(database, "one")])
    with database.begin() as conn:
        add_clean(conn, "T1", revision=2)
        queue.enqueue(conn)
    assert drafts(database) == [("T1", 1, GENERATOR, "superseded")]
    write_back(database, "one", [result(ticket, body) for ticket in claim(database, "one")])
    assert drafts(database)[1:] == ([("T1", 2, GENERATOR, "pending")] if body else [])


def test_write_back_for_a_newer_revision_supersedes_a_late_draft_for_an_older_revision(database):
    pending_draft(database, "T1")
    fill(database, "T1", revision=2)
    # Makes the older draft pending again, as if it had been written after the newer revision was queued.
    with database.begin(role=None) as conn:
        conn.execute("ALTER TABLE ticketing.draft DISABLE TRIGGER USER")
        conn.execute("UPDATE ticketing.draft SET state = 'pending'")
        conn.execute("ALTER TABLE ticketing.draft ENABLE TRIGGER USER")
    write_back(database, "one", [result(ticket, body=None) for ticket in claim(database, "one")])
    assert drafts(database) == [("T1", 1, GENERATOR, "superseded")]


def test_draft_by_a_newer_model_supersedes_the_draft_by_an_older_model(database):
    fill(database, "T1")
    pending_draft(database, "T1", generator="generator-2")
    write_back(database, "one", [result(ticket) for ticket in claim(database, "one")])
    assert drafts(database) == [("T1", 1, "generator-2", "superseded"), ("T1", 1, GENERATOR, "pending")]


def test_unclaimed_draft_of_an_answered_ticket_expires(database):
    pending_draft(database, "T1")
    with database.begin() as conn:
        add_clean(conn, "T1", category="logistics", reply="Dear Ann")
        queue.enqueue(conn)
    assert drafts(database) == [("T1", 1, GENERATOR, "expired")]


@pytest.mark.parametrize("state", ["claimed", "approved"])
def test_claimed_or_approved_draft_is_not_changed_by_newer_revisions(database, state):
    draft = pending_draft(database, "T1")
    with database.begin() as conn:
        reviewing.set_actor(conn, "ann")
        (reviewing.claim if state == "claimed" else reviewing.approve)(conn, draft)
    before = rows(database, "SELECT * FROM ticketing.draft")
    fill(database, "T1", revision=2)
    write_back(database, "one", [result(ticket) for ticket in claim(database, "one")])
    with database.begin() as conn:
        add_clean(conn, "T1", revision=3, reply="Dear Ann")
        queue.enqueue(conn)
    assert rows(database, "SELECT * FROM ticketing.draft WHERE draft_id = %s", draft) == before


def test_enqueue_does_not_wait_for_a_reviewer(database):
    draft = pending_draft(database, "T1")
    with database.begin() as reviewer:
        reviewing.claim(reviewer, draft)  # not committed yet
        with database.begin() as conn:
            conn.execute("SET LOCAL lock_timeout = '2s'")
            add_clean(conn, "T1", revision=2)
            queue.enqueue(conn)
    assert drafts(database) == [("T1", 1, GENERATOR, "pending")]


def test_repr_of_a_draft_row_does_not_show_the_restored_reply():
    assert "Ann" not in repr(queue.DraftRow("Dear Ann", "Dear <PERSON_1>", "g", "s", "p", 1, 1, 0.1))


def test_text_that_changed_within_a_revision_is_queued_and_its_old_draft_is_superseded(database):
    fill(database, "T1")
    write_back(database, "one", [result(ticket) for ticket in claim(database, "one")])
    fill(database, "T1", content_id="text-2")
    assert drafts(database) == [("T1", 1, GENERATOR, "superseded")]
    [claimed_again] = claim(database, "two")
    assert claimed_again.content_id == "text-2"
    write_back(database, "two", [result(claimed_again, "Dear Bob")])
    draft_rows = rows(database, "SELECT content_id, body, state FROM ticketing.draft ORDER BY draft_id")
    assert [tuple(row.values()) for row in draft_rows] == [
        (TEXT, "Dear Ann", "superseded"), ("text-2", "Dear Bob", "pending")
    ]  # fmt: skip
    with database.begin() as conn:
        assert queue.enqueue(conn) == 0


def test_queued_work_for_an_older_text_is_closed_and_the_new_text_is_claimed(database):
    fill(database, "T1")
    fill(database, "T1", content_id="text-2")
    assert [ticket.content_id for ticket in claim(database, "one")] == ["text-2"]
    assert work(database) == [("T1", 1, "done"), ("T1", 1, "claimed")]


def test_draft_is_not_stored_if_its_text_changed_meanwhile(database):
    fill(database, "T1", "T2")
    tickets = claim(database, "one")
    fill(database, "T1", content_id="text-2")
    written = write_back(database, "one", [result(ticket) for ticket in tickets])
    assert [stored.ticket.ticket_id for stored in written] == ["T2"]
    assert drafts(database) == [("T2", 1, GENERATOR, "pending")]
    assert work(database) == [("T1", 1, "done"), ("T1", 1, "queued"), ("T2", 1, "done")]
    assert rows(database, "SELECT ticket_id FROM ticketing.routing") == [{"ticket_id": "T2"}]


def test_ticket_that_was_scrubbed_meanwhile_is_queued_again_and_its_draft_is_not_stored(database):
    fill(database, "T1")
    [ticket] = claim(database, "one")
    with database.begin(role=None) as conn:
        conn.execute("UPDATE ticketing.clean_ticket SET scrubbed_at = clock_timestamp()")
    assert write_back(database, "one", [result(ticket)]) == []
    with database.begin() as conn:
        assert queue.enqueue(conn) == 1
        assert queue.enqueue(conn) == 0
    [claimed_again] = claim(database, "two")
    assert write_back(database, "two", [result(claimed_again)]) != []


@pytest.mark.parametrize("meanwhile", ["queued", "drafted"])
def test_text_that_was_changed_and_changed_back_gets_a_new_draft(database, meanwhile):
    fill(database, "T1")
    if meanwhile == "drafted":
        write_back(database, "one", [result(ticket) for ticket in claim(database, "one")])
    fill(database, "T1", content_id="text-2")
    write_back(database, "two", [result(ticket) for ticket in claim(database, "two")])
    assert fill(database, "T1") == 1
    [claimed_again] = claim(database, "three")
    assert (claimed_again.content_id, len(write_back(database, "three", [result(claimed_again, "again")]))) == (TEXT, 1)
    pending = rows(database, "SELECT content_id, body FROM ticketing.draft WHERE state = 'pending'")
    assert pending == [{"content_id": TEXT, "body": "again"}]


def test_text_that_was_changed_back_is_not_queued_if_it_was_decided_or_went_to_a_human(database):
    fill(database, "T1", "T2")
    first, second = claim(database, "one")
    write_back(database, "one", [result(first), result(second, body=None)])
    with database.begin() as conn:
        reviewing.approve(conn, rows(database, "SELECT draft_id FROM ticketing.draft")[0]["draft_id"])
    fill(database, "T1", "T2", content_id="text-2")
    assert fill(database, "T1", "T2") == 0


def test_claimed_draft_stays_pending_when_the_text_changes(database):
    draft = pending_draft(database, "T1")
    with database.begin() as conn:
        reviewing.set_actor(conn, "ann")
        reviewing.claim(conn, draft)
    fill(database, "T1", content_id="text-2")
    write_back(database, "one", [result(ticket) for ticket in claim(database, "one")])
    assert drafts(database) == [("T1", 1, GENERATOR, "pending"), ("T1", 1, GENERATOR, "pending")]


def test_raw_text_is_kept_when_a_draft_by_a_newer_model_supersedes_the_older_draft(database):
    fill(database, "T1")
    pending_draft(database, "T1", generator="generator-2")
    write_back(database, "one", [result(ticket) for ticket in claim(database, "one")])
    assert drafts(database)[0][-1] == "superseded"
    assert len(rows(database, "SELECT * FROM vault.ticket_text")) == 1


def plan_of(conn, query, **parameters):
    conn.execute("SET LOCAL max_parallel_workers_per_gather = 0")
    return "\n".join(row["QUERY PLAN"] for row in conn.execute(f"EXPLAIN {query.sql}", parameters).fetchall())


@pytest.fixture
def large_database(database):
    """A database with work for 100,000 tickets, of which 300 are claimed, and with 100,000 clean tickets.

    The other work is queued or done. All but 1,000 of the clean tickets are answered.
    """
    with database.begin(role=None) as conn:
        conn.execute(
            "INSERT INTO ticketing.draft_work (ticket_id, revision, content_id, state, queued_at, claimed_by, lease_until,"
            " attempts) SELECT 'T' || n, 1, 'x', CASE WHEN n % 2 = 0 THEN 'done' WHEN n < 600 THEN 'claimed'"
            " ELSE 'queued' END, now() + n * interval '1 second', CASE WHEN n % 2 = 1 AND n < 600 THEN 'w' || n % 3 END,"
            " CASE WHEN n % 2 = 1 AND n < 600 THEN now() END, 3 FROM generate_series(1, 100000) AS n"
        )
        conn.execute(
            "INSERT INTO ticketing.clean_ticket (ticket_id, revision, content_id, content_hash, scrubber_version,"
            " language, subject, body, reply) SELECT 'T' || n, 1, 'x', 'x', 'v', 'en', '', 'x',"
            " CASE WHEN n % 100 > 0 THEN 'Dear Ann' END FROM generate_series(1, 100000) AS n"
        )
        conn.execute("ANALYZE ticketing.draft_work, ticketing.clean_ticket")
    return database


def test_queries_that_run_for_every_chunk_use_the_index_of_work_by_state(large_database):
    with large_database.begin(role=None) as conn:
        for query, parameters in (
            (queries.fail_exhausted_work, {"max_attempts": 3}),
            (queries.renew_work, {"worker": "w1", "lease_seconds": 60}),
            (queries.lock_own_work, {"worker": "w1"}),
            (queries.return_work, {"worker": "w1", "error": "E", "max_attempts": 3}),
        ):
            plan = plan_of(conn, query, **parameters)
            assert "draft_work_state" in plan
            assert "Seq Scan" not in plan
        assert queries.fail_exhausted_work(conn, max_attempts=3) == 300


def test_queries_that_queue_tickets_and_retire_drafts_do_not_scan_all_clean_tickets(large_database):
    with large_database.begin(role=None) as conn:
        plan = plan_of(conn, queries.enqueue_work, until=DAY)
        assert "clean_ticket_open" in plan
        assert "Seq Scan on clean_ticket" not in plan
        plan = plan_of(conn, queries.retire_drafts, ticket_ids=["T1", "T2"])
        assert "Seq Scan on clean_ticket" not in plan


def test_claim_uses_the_index_of_open_work_and_takes_less_than_two_seconds(database):
    with database.begin(role=None) as conn:
        conn.execute(
            "INSERT INTO ticketing.draft_work (ticket_id, revision, content_id, state, queued_at)"
            " SELECT 'T' || n, 1, 'x', 'queued', now() + n * interval '1 second' FROM generate_series(1, 100000) AS n"
        )
        conn.execute("ANALYZE ticketing.draft_work")
        body = conn.execute("SELECT prosrc FROM pg_proc WHERE proname = 'claim_work_v2'").fetchone()["prosrc"]
        # EXPLAIN shows no plan for a statement inside a function. So the test takes the statement from the function.
        for parameter, value in (("p_worker", "'w'"), ("p_limit", "256"), ("p_lease", "interval '15 min'")):
            body = re.sub(rf"\b{parameter}\b", value, body)
        plan = "\n".join(row["QUERY PLAN"] for row in conn.execute(f"EXPLAIN {body}").fetchall())
    assert "draft_work_open" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
    started = time.monotonic()
    assert len(rows(database, "SELECT * FROM ticketing.claim_work_v2('w', 256, '15 min')")) == 256
    assert time.monotonic() - started < 2
