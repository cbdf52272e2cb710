-- What is where: one small count each.

-- name: count_source_roles()
-- Tickets as they come: history has a category or a reply.
SELECT CASE WHEN category IS NULL AND reply IS NULL THEN 'new' ELSE 'historical' END AS name, count(*) AS number
FROM ticketing.source_ticket GROUP BY 1 ORDER BY 1;

-- name: count_clean_tickets()
-- Tickets read and scrubbed.
SELECT CASE WHEN unfit IS NOT NULL THEN 'unfit' WHEN category IS NULL AND reply IS NULL THEN 'new' ELSE 'historical' END
       AS name, count(*) AS number
FROM ticketing.clean_ticket GROUP BY 1 ORDER BY 1;

-- name: count_snapshots()$
-- Training corpora made.
SELECT count(*) FROM ticketing.snapshot;

-- name: latest_snapshot_id()$
-- The newest corpus.
SELECT snapshot_id FROM ticketing.snapshot ORDER BY created_at DESC, snapshot_id LIMIT 1;

-- name: count_candidates()
-- Trained models waiting for a verdict or held back by it.
SELECT kind AS name, count(*) AS number FROM ticketing.model WHERE state = 'candidate' GROUP BY 1 ORDER BY 1;

-- name: champions()
-- The models that draft.
SELECT kind AS name, version FROM ticketing.model WHERE state = 'champion' ORDER BY 1;

-- name: count_work()
-- The drafting queue.
SELECT state AS name, count(*) AS number FROM ticketing.draft_work GROUP BY 1 ORDER BY 1;

-- name: count_drafts()
-- Drafts by what became of them.
SELECT state AS name, count(*) AS number FROM ticketing.draft GROUP BY 1 ORDER BY 1;

-- name: count_unsent()$
-- Approved replies the help desk has not sent.
SELECT count(*) FROM ticketing.outbox WHERE sent_at IS NULL;

-- name: count_human_queue()$
-- New tickets that wait for a human from the start.
SELECT count(*) FROM ticketing.human_queue;
