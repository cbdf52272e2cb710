-- Queues and claims new tickets, and writes routings and drafts.

-- name: enqueue_work(until)$
-- Queues every new ticket whose current text has neither unfinished work nor an outcome. An outcome is a draft, a
-- routing to a human, or a reply that was approved before texts had a content_id. Work that finished without an outcome
-- is queued again: the ticket's text had changed meanwhile. Only tickets whose source row changed before :until are
-- queued.
WITH added AS (
    INSERT INTO ticketing.draft_work AS w (ticket_id, revision, content_id)
    SELECT c.ticket_id, c.revision, c.content_id
    FROM ticketing.clean_ticket c
    WHERE c.category IS NULL AND c.reply IS NULL AND c.unfit IS NULL
      AND coalesce(c.updated_at, c.created_at, '-infinity') < :until
      AND NOT EXISTS (
          SELECT FROM ticketing.draft_work o
          WHERE o.ticket_id = c.ticket_id AND o.revision = c.revision AND o.content_id = c.content_id
            AND o.state <> 'done')
      AND NOT EXISTS (
          SELECT FROM ticketing.draft d
          WHERE d.ticket_id = c.ticket_id AND d.revision = c.revision AND d.content_id = c.content_id
            AND d.state NOT IN ('superseded', 'expired'))
      AND NOT EXISTS (
          SELECT FROM ticketing.routing r
          WHERE r.ticket_id = c.ticket_id AND r.revision = c.revision AND r.content_id = c.content_id
            AND r.route = 'human')
      AND NOT EXISTS (
          SELECT FROM ticketing.outbox o
          WHERE o.ticket_id = c.ticket_id AND o.revision = c.revision AND o.content_id = '')
    ORDER BY coalesce(c.created_at, c.updated_at), c.ticket_id
    ON CONFLICT (ticket_id, revision, content_id) DO UPDATE
    SET state = 'queued', queued_at = clock_timestamp(), claimed_by = NULL, attempts = 0, finished_at = NULL
    WHERE w.state = 'done'
    RETURNING 1
)
SELECT count(*) FROM added;

-- name: retire_drafts(ticket_ids)!
-- Retires the pending drafts of these tickets (null: of all tickets) if the ticket is answered or has a new text.
-- Drafts that a reviewer has claimed stay. Rows that another session has locked are skipped, so that no run waits for a
-- reviewer; the next run tries them again.
UPDATE ticketing.draft d
SET state = CASE WHEN stale.answered THEN 'expired' ELSE 'superseded' END
FROM (
    SELECT p.draft_id, c.reply IS NOT NULL AS answered
    FROM ticketing.draft p
    JOIN ticketing.clean_ticket c ON c.ticket_id = p.ticket_id
    WHERE p.state = 'pending' AND p.claimed_by IS NULL
      AND (:ticket_ids::text[] IS NULL OR p.ticket_id = ANY (:ticket_ids::text[]))
      AND (c.revision > p.revision OR c.content_id <> p.content_id OR c.reply IS NOT NULL)
    FOR UPDATE OF p SKIP LOCKED
) stale
WHERE d.draft_id = stale.draft_id;

-- name: fail_exhausted_work(max_attempts)!
-- Parks work whose worker died in the last attempt without reporting a failure.
UPDATE ticketing.draft_work w
SET state = 'failed', lease_until = NULL, error = 'the worker died', finished_at = clock_timestamp()
FROM (
    SELECT ticket_id, revision, content_id FROM ticketing.draft_work
    WHERE state = 'claimed' AND lease_until < clock_timestamp() AND attempts >= :max_attempts
    FOR UPDATE SKIP LOCKED
) dead
WHERE w.ticket_id = dead.ticket_id AND w.revision = dead.revision AND w.content_id = dead.content_id;

-- name: claim_work(worker, amount, lease_seconds)
-- Claims a chunk, and returns its clean tickets. A ticket that is answered, excluded, or has a new text is returned as
-- gone.
SELECT w.ticket_id, w.revision, w.content_id, c.created_at, c.scrubbed_at, c.language, c.subject, c.body,
       (c.ticket_id IS NULL) AS gone
FROM ticketing.claim_work_v2(:worker, :amount, make_interval(secs => :lease_seconds)) w
LEFT JOIN ticketing.clean_ticket c
    ON c.ticket_id = w.ticket_id AND c.revision = w.revision AND c.content_id = w.content_id
       AND c.reply IS NULL AND c.category IS NULL AND c.unfit IS NULL
ORDER BY c.created_at, w.ticket_id;

-- name: renew_work(worker, lease_seconds)!
-- Renews the lease on this worker's claims.
UPDATE ticketing.draft_work SET lease_until = clock_timestamp() + make_interval(secs => :lease_seconds)
WHERE state = 'claimed' AND claimed_by = :worker;

-- name: lock_own_work(worker)
-- Locks the claims that this worker still holds, without those that another worker has taken over. Returns the time at
-- which the claimed text was scrubbed, or null if the ticket has a new text.
SELECT w.ticket_id, w.revision, w.content_id, c.scrubbed_at
FROM ticketing.draft_work w
LEFT JOIN ticketing.clean_ticket c
    ON c.ticket_id = w.ticket_id AND c.revision = w.revision AND c.content_id = w.content_id
WHERE w.state = 'claimed' AND w.claimed_by = :worker
ORDER BY w.ticket_id, w.revision, w.content_id
FOR UPDATE OF w;

-- name: finish_work(ticket_id, revision, content_id, worker)*!
-- Marks work as done, whatever its outcome.
UPDATE ticketing.draft_work SET state = 'done', lease_until = NULL, error = NULL, finished_at = clock_timestamp()
WHERE ticket_id = :ticket_id AND revision = :revision AND content_id = :content_id AND claimed_by = :worker
  AND state = 'claimed';

-- name: return_work(worker, error, max_attempts)!
-- Puts work back into the queue after a failure, or parks it if it has failed too often.
UPDATE ticketing.draft_work
SET state = CASE WHEN attempts >= :max_attempts THEN 'failed' ELSE 'queued' END,
    lease_until = NULL, claimed_by = NULL, error = :error,
    finished_at = CASE WHEN attempts >= :max_attempts THEN clock_timestamp() END
WHERE claimed_by = :worker AND state = 'claimed';

-- name: write_routing(ticket_id, revision, content_id, classifier_version, category, confidence, threshold, route, reason, second_category, second_confidence, in_scope)*!
-- Writes one routing per text and classifier. Writing it again replaces it.
INSERT INTO ticketing.routing (ticket_id, revision, content_id, classifier_version, category, confidence, threshold,
    route, reason, second_category, second_confidence, in_scope)
VALUES (:ticket_id, :revision, :content_id, :classifier_version, :category, :confidence, :threshold,
    :route, :reason, :second_category, :second_confidence, :in_scope)
ON CONFLICT (ticket_id, revision, content_id, classifier_version) DO UPDATE
SET category = excluded.category, confidence = excluded.confidence, threshold = excluded.threshold,
    route = excluded.route, reason = excluded.reason, second_category = excluded.second_category,
    second_confidence = excluded.second_confidence, in_scope = excluded.in_scope, routed_at = clock_timestamp();

-- name: write_draft(ticket_id, revision, content_id, language, category, confidence, body, placeholder_body, classifier_version, generator_version, snapshot_id, prompt_version, prompt_tokens, completion_tokens, seconds)*!
-- Writes one draft per text and generator. If there is a draft already, it stays.
INSERT INTO ticketing.draft (ticket_id, revision, content_id, language, category, confidence, body, placeholder_body,
    classifier_version, generator_version, snapshot_id, prompt_version, prompt_tokens, completion_tokens, seconds)
VALUES (:ticket_id, :revision, :content_id, :language, :category, :confidence, :body, :placeholder_body,
    :classifier_version, :generator_version, :snapshot_id, :prompt_version, :prompt_tokens, :completion_tokens, :seconds)
ON CONFLICT (ticket_id, revision, content_id, generator_version) WHERE state NOT IN ('superseded', 'expired')
DO NOTHING;

-- name: supersede_drafts(ticket_id, revision, content_id, generator_version)*!
-- Retires a ticket's pending drafts for an older revision, for another text, or by another model. Drafts that a
-- reviewer has claimed stay. Without a generator (the ticket went to a human), drafts by other models for the same text
-- stay too.
UPDATE ticketing.draft SET state = 'superseded'
WHERE ticket_id = :ticket_id AND state = 'pending' AND claimed_by IS NULL
  AND (revision < :revision
       OR (revision = :revision AND (content_id <> :content_id OR generator_version <> :generator_version)));
