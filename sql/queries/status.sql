-- Counts for the status. Where there can be many rows, counting stops at :most, so that no screen waits.

-- name: count_source_roles(most)
-- Counts the first :most tickets of the source by role. A historical ticket has a category or a reply.
SELECT CASE WHEN category IS NULL AND reply IS NULL THEN 'new' ELSE 'historical' END AS name, count(*) AS number
FROM (SELECT category, reply FROM ticketing.source_ticket LIMIT :most) first
GROUP BY 1 ORDER BY 1;

-- name: count_clean_tickets(most)
-- Counts the clean tickets by role; excluded tickets are counted separately.
SELECT 'historical' AS name, count(*) AS number
FROM (SELECT FROM ticketing.clean_ticket
      WHERE unfit IS NULL AND (category IS NOT NULL OR reply IS NOT NULL) LIMIT :most) t
UNION ALL
SELECT 'new', count(*)
FROM (SELECT FROM ticketing.clean_ticket
      WHERE unfit IS NULL AND category IS NULL AND reply IS NULL LIMIT :most) t
UNION ALL
SELECT 'unfit', count(*) FROM (SELECT FROM ticketing.clean_ticket WHERE unfit IS NOT NULL LIMIT :most) t;

-- name: count_snapshots()$
-- Counts the snapshots.
SELECT count(*) FROM ticketing.snapshot;

-- name: latest_snapshot_id()$
-- Returns the id of the newest snapshot.
SELECT snapshot_id FROM ticketing.snapshot ORDER BY created_at DESC, snapshot_id LIMIT 1;

-- name: count_candidates()
-- Counts the candidates by kind: trained models without a verdict, or rejected by the gate.
SELECT kind AS name, count(*) AS number FROM ticketing.model WHERE state = 'candidate' GROUP BY 1 ORDER BY 1;

-- name: champions()
-- Returns the champion of each kind.
SELECT kind AS name, version FROM ticketing.model WHERE state = 'champion' ORDER BY 1;

-- name: count_work(most)
-- Counts the drafting queue by state.
SELECT s.state AS name, n.number
FROM unnest(ARRAY['claimed', 'done', 'failed', 'queued']) AS s (state),
     LATERAL (SELECT count(*) AS number
              FROM (SELECT FROM ticketing.draft_work w WHERE w.state = s.state LIMIT :most) t) n;

-- name: count_drafts(most)
-- Counts the drafts by state.
SELECT s.state AS name, n.number
FROM unnest(ARRAY['approved', 'edited', 'expired', 'pending', 'rejected', 'superseded']) AS s (state),
     LATERAL (SELECT count(*) AS number FROM (SELECT FROM ticketing.draft d WHERE d.state = s.state LIMIT :most) t) n;

-- name: count_unsent(most)$
-- Counts the approved replies that the help desk has not sent yet.
SELECT count(*) FROM (SELECT FROM ticketing.outbox WHERE sent_at IS NULL LIMIT :most) t;

-- name: count_human_queue(most)$
-- Counts the new tickets that were routed to a human.
SELECT count(*) FROM (SELECT FROM ticketing.human_queue LIMIT :most) t;
