-- A reviewer's actions. They call the SQL functions that enforce the states of drafts.

-- name: set_actor(name)!
-- Sets the name that the review trail records in this transaction. Ignored unless the login may act for others.
SELECT set_config('ticketing.actor', :name, true);

-- name: pending_drafts(amount, category)
-- Returns the pending drafts with their tickets, oldest first.
SELECT * FROM ticketing.review_queue
WHERE :category::text IS NULL OR category = :category
ORDER BY created_at, draft_id
LIMIT :amount;

-- name: pending_draft(draft_id)^
-- Returns one pending draft with its ticket.
SELECT * FROM ticketing.review_queue WHERE draft_id = :draft_id;

-- name: claim_draft(draft_id)^
-- Claims the given draft (null: the oldest unclaimed draft).
SELECT * FROM ticketing.claim_draft_v1(:draft_id);

-- name: release_draft(draft_id)!
-- Gives up the claim on a draft.
SELECT ticketing.release_draft_v1(:draft_id);

-- name: approve_draft(draft_id)!
-- Approves a draft unchanged.
SELECT ticketing.approve_draft_v1(:draft_id);

-- name: edit_draft(draft_id, body)!
-- Approves a draft with the reviewer's text.
SELECT ticketing.edit_draft_v1(:draft_id, :body);

-- name: reject_draft(draft_id, reason)!
-- Rejects a draft with a reason.
SELECT ticketing.reject_draft_v1(:draft_id, :reason);

-- name: sample_drafts(limit)
-- Returns a few pending drafts with their tickets, from different categories.
SELECT * FROM (
    SELECT q.*, row_number() OVER (PARTITION BY category ORDER BY confidence DESC, draft_id) AS place
    FROM ticketing.review_queue q
) ranked
ORDER BY place, confidence DESC, draft_id
LIMIT :limit;
