"""Times reviewer commands and queue queries, with a million tickets in the source, in clean_ticket and in the queue."""

import time

import psycopg
import pytest

from tests.seed import add_models
from ticketing import reviewing
from ticketing.database import queries

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

TICKETS, PENDING = 1_000_000, 5_000
MAX_SECONDS = 0.1

SEED = f"""
CREATE TABLE public.helpdesk AS
SELECT n AS id, now() - n * interval '30 s' AS changed, repeat(md5(n::text) || ' ', 9) AS message,
       CASE WHEN n % 50 > 0 THEN 'logistics' END AS department
FROM generate_series(1, {TICKETS}) AS n;
ALTER TABLE public.helpdesk ADD PRIMARY KEY (id);
CREATE INDEX ON public.helpdesk (changed, (id::text));
DROP VIEW ticketing.source_ticket;
CREATE VIEW ticketing.source_ticket AS
SELECT id AS ticket_id, 1 AS revision, changed AS created_at, changed AS updated_at, 'en'::text AS language,
       ''::text AS subject, message AS body, department AS category, department AS reply, changed AS replied_at
FROM public.helpdesk;
GRANT SELECT ON ticketing.source_ticket TO ticketing_pipeline, ticketing_reviewer;
INSERT INTO ticketing.clean_ticket (ticket_id, revision, content_id, content_hash, scrubber_version, updated_at,
    language, subject, body, category, reply)
SELECT id::text, 1, 'x', 'x', 'v', changed, 'en', '', message, department, department FROM public.helpdesk;
INSERT INTO vault.ticket_text (ticket_id, revision, content_id, subject, body)
SELECT id::text, 1, 'x', '', message FROM public.helpdesk WHERE department IS NULL;
INSERT INTO ticketing.draft_work (ticket_id, revision, content_id)
SELECT 'queued ' || n, 1, 'x' FROM generate_series(1, {TICKETS}) AS n;
INSERT INTO ticketing.draft (ticket_id, revision, content_id, language, category, confidence, body, placeholder_body,
    classifier_version, generator_version, snapshot_id, prompt_version, prompt_tokens, completion_tokens, seconds)
SELECT id::text, 1, 'x', 'en', 'logistics', 0.9, 'Dear Ann, ' || message, 'Dear <PERSON_1>', 'classifier-1',
    'generator-1', 'snapshot-1', 'p', 1, 1, 1
FROM public.helpdesk WHERE id % {TICKETS // PENDING} = 0;
"""


def median_seconds(database, act):
    durations = []
    for _ in range(7):
        with database.begin() as conn:
            started = time.perf_counter()
            act(conn)
            durations.append(time.perf_counter() - started)
    return sorted(durations)[len(durations) // 2]


def next_draft(conn):
    reviewing.set_actor(conn, "ann")
    reviewing.show(conn, reviewing.claim(conn)["draft_id"])


def test_review_commands_and_queue_queries_take_less_than_a_tenth_of_a_second(database):
    with database.begin(role=None) as conn:
        add_models(conn)
    with psycopg.connect(database.libpq_uri(), autocommit=True) as conn:
        conn.execute(SEED)
        conn.execute("VACUUM ANALYZE")
    medians = {
        name: median_seconds(database, act)
        for name, act in {
            "review list": lambda conn: reviewing.list_pending(conn, limit=20),
            "review next": next_draft,
            "fail_exhausted_work": lambda conn: queries.fail_exhausted_work(conn, max_attempts=3),
            "claim_work": lambda conn: list(queries.claim_work(conn, worker="w", amount=256, lease_seconds=60)),
        }.items()
    }
    for name, seconds in medians.items():
        print(f"{name}: {1000 * seconds:.1f} ms with {TICKETS:,} tickets and {PENDING:,} pending drafts")
    assert max(medians.values()) < MAX_SECONDS
