-- Retention, forgetting, the audit and the vault's keys.

-- name: expire_vault_entries(days)!
-- Deletes the values of tickets that have not changed for this many days.
DELETE FROM vault.entry e
USING ticketing.clean_ticket c
WHERE c.ticket_id = e.ticket_id
  AND coalesce(c.updated_at, c.scrubbed_at) < clock_timestamp() - make_interval(days => :days);

-- name: expire_ticket_texts(days)!
-- Deletes the raw texts of tickets that have not changed for this many days.
DELETE FROM vault.ticket_text t
USING ticketing.clean_ticket c
WHERE c.ticket_id = t.ticket_id
  AND coalesce(c.updated_at, c.scrubbed_at) < clock_timestamp() - make_interval(days => :days);

-- name: vault_entries_of_other_keys(key_id, amount)
-- Returns values that are encrypted with other keys than this one. Only the write-back role may do this.
SELECT ticket_id, revision, content_id, placeholder, value, key_id FROM vault.entry WHERE key_id <> :key_id LIMIT :amount;

-- name: replace_vault_entries(key_id, ticket_ids, revisions, content_ids, placeholders, old_key_ids, encrypted)!
-- Replaces rows that are unchanged since they were read. A ticket that was scrubbed again meanwhile has other values.
WITH given AS (
    SELECT * FROM unnest(:ticket_ids::text[], :revisions::integer[], :content_ids::text[], :placeholders::text[],
                         :old_key_ids::text[], :encrypted::bytea[])
             AS g (ticket_id, revision, content_id, placeholder, old_key_id, value)
), gone AS (
    DELETE FROM vault.entry e USING given g
    WHERE (e.ticket_id, e.revision, e.content_id, e.placeholder, e.key_id)
          = (g.ticket_id, g.revision, g.content_id, g.placeholder, g.old_key_id)
    RETURNING e.ticket_id, e.revision, e.content_id, e.placeholder, e.created_at
)
INSERT INTO vault.entry (ticket_id, revision, content_id, placeholder, value, key_id, created_at)
SELECT g.ticket_id, g.revision, g.content_id, g.placeholder, g.value, :key_id, gone.created_at
FROM gone JOIN given g USING (ticket_id, revision, content_id, placeholder);

-- name: tickets_that_say(value)
-- Returns the tickets whose source row or draft contains a value.
SELECT s.ticket_id::text AS ticket_id FROM ticketing.source_ticket s
WHERE strpos(lower(concat_ws(E'\n', s.subject, s.body, s.reply)), lower(:value)) > 0
UNION
SELECT d.ticket_id FROM ticketing.draft d
WHERE strpos(lower(concat_ws(E'\n', d.body, d.final_body)), lower(:value)) > 0;

-- name: waiting_texts_that_say(value)
-- Returns the tickets whose raw text contains a value. Only the write-back role may do this.
SELECT ticket_id FROM vault.ticket_text
WHERE strpos(lower(concat_ws(E'\n', subject, body)), lower(:value)) > 0;

-- name: texts_kept_too_long()
-- Returns the tickets whose raw text is still stored although it is no longer needed: no draft is pending, and the
-- ticket is answered, has a new text, or has a draft that a reviewer has decided on.
SELECT t.ticket_id
FROM vault.ticket_text t
LEFT JOIN ticketing.clean_ticket c
    ON c.ticket_id = t.ticket_id AND c.revision = t.revision AND c.content_id = t.content_id
       AND c.category IS NULL AND c.reply IS NULL
WHERE NOT EXISTS (SELECT FROM ticketing.draft d
                  WHERE d.ticket_id = t.ticket_id AND d.revision = t.revision AND d.content_id = t.content_id
                    AND d.state = 'pending')
  AND (c.ticket_id IS NULL
       OR EXISTS (SELECT FROM ticketing.draft d
                  WHERE d.ticket_id = t.ticket_id AND d.revision = t.revision AND d.content_id = t.content_id
                    AND d.state IN ('approved', 'edited', 'rejected')))
ORDER BY t.ticket_id;

-- name: forget_ticket(ticket_id)^
-- Forgets a ticket, and returns how many rows were removed from each table.
SELECT vault_values, clean_tickets, drafts, imported_tickets FROM ticketing.forget_ticket_v1(:ticket_id);

-- name: snapshots
-- Returns all snapshots, oldest first.
SELECT snapshot_id, path FROM ticketing.snapshot ORDER BY created_at, snapshot_id;

-- name: models_of_snapshots(snapshot_ids)
-- Returns the models that were trained on these snapshots.
SELECT version, state FROM ticketing.model WHERE snapshot_id = ANY (:snapshot_ids::text[]) ORDER BY created_at;

-- name: audited_texts
-- Returns all texts in the pipeline's own tables. It is read with a server-side cursor. Subject and body form one text,
-- as the scrubber read them. Categories are not searched, because a category is the name of a department.
SELECT 'clean tickets' AS place, ticket_id AS key, ARRAY[concat_ws(E'\n', nullif(subject, ''), body), reply] AS texts,
    ticket_id
FROM ticketing.clean_ticket
UNION ALL
SELECT 'drafts before restoring', draft_id::text, ARRAY[placeholder_body], ticket_id FROM ticketing.draft
UNION ALL
SELECT 'routing', ticket_id, ARRAY[reason], ticket_id FROM ticketing.routing
UNION ALL
SELECT 'draft work', ticket_id, ARRAY[error], ticket_id FROM ticketing.draft_work WHERE error IS NOT NULL
UNION ALL
SELECT 'models', version, ARRAY[parameters::text, metrics::text], NULL FROM ticketing.model
UNION ALL
SELECT 'verdicts', verdict_id::text, ARRAY[rules::text, metrics::text], NULL FROM ticketing.verdict
UNION ALL
SELECT 'snapshot manifests', snapshot_id, ARRAY[manifest::text], NULL FROM ticketing.snapshot
UNION ALL
SELECT 'studies', study_id::text, ARRAY[name], NULL FROM ticketing.study
UNION ALL
SELECT 'study tickets', item_id::text, ARRAY[ticket], ticket_id FROM ticketing.study_item
UNION ALL
SELECT 'study replies', item_id || ' ' || r.system, ARRAY[r.body], CASE WHEN r.system <> 'nearest' THEN i.ticket_id END
FROM ticketing.study_reply r JOIN ticketing.study_item i USING (item_id)
UNION ALL
SELECT 'study comments', rating_id::text, ARRAY[comment], NULL FROM ticketing.study_rating WHERE comment <> '';

-- name: vault_entries_of_sample(share)
-- Returns the values of about this share of the tickets (1: of all tickets). It is read with a server-side cursor. Only
-- the write-back role may do this.
SELECT ticket_id, revision, content_id, placeholder, value, key_id FROM vault.entry
WHERE mod(hashtext(ticket_id) & 2147483647, 10000) < 10000 * :share::float8;
