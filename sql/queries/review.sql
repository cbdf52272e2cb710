-- What reviewers do, through the SQL functions that keep the state machine.

-- name: set_actor(name)!
-- Who decides, for the rest of the transaction; heeded only where the pipeline's login acts for a person.
SELECT set_config('ticketing.actor', :name, true);

-- name: pending_drafts(amount, category)
-- The drafts that wait for a decision beside their tickets, oldest first.
SELECT * FROM ticketing.review_queue
WHERE :category::text IS NULL OR category = :category
ORDER BY created_at, draft_id
LIMIT :amount;

-- name: pending_draft(draft_id)^
-- One of them.
SELECT * FROM ticketing.review_queue WHERE draft_id = :draft_id;

-- name: claim_draft(draft_id)^
-- The oldest one nobody holds, or a given one.
SELECT * FROM ticketing.claim_draft_v1(:draft_id);

-- name: release_draft(draft_id)!
-- Gives it back to the others.
SELECT ticketing.release_draft_v1(:draft_id);

-- name: approve_draft(draft_id)!
-- As it stands.
SELECT ticketing.approve_draft_v1(:draft_id);

-- name: edit_draft(draft_id, body)!
-- With the reviewer's words.
SELECT ticketing.edit_draft_v1(:draft_id, :body);

-- name: reject_draft(draft_id, reason)!
-- With the reason.
SELECT ticketing.reject_draft_v1(:draft_id, :reason);

-- name: sample_drafts(limit)
-- A few pending drafts beside their tickets, from different categories.
SELECT * FROM (
    SELECT q.*, row_number() OVER (PARTITION BY category ORDER BY confidence DESC, draft_id) AS place
    FROM ticketing.review_queue q
) ranked
ORDER BY place, confidence DESC, draft_id
LIMIT :limit;
