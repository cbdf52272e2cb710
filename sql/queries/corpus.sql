-- Scrubbed tickets, the vault, how far the source has been read, and snapshots.

-- name: read_cursor(name)^
-- how far the source has been read, and by which scrubber
SELECT scrubber_version, updated_at, ticket_id FROM ticketing.extract_cursor WHERE name = :name;

-- name: begin_cursor(name, scrubber_version, updated_at, ticket_id)!
-- where a run begins to read
INSERT INTO ticketing.extract_cursor (name, scrubber_version, updated_at, ticket_id)
VALUES (:name, :scrubber_version, :updated_at, :ticket_id)
ON CONFLICT (name) DO UPDATE
SET scrubber_version = excluded.scrubber_version, updated_at = excluded.updated_at, ticket_id = excluded.ticket_id,
    moved_at = clock_timestamp();

-- name: move_cursor(name, scrubber_version, from_updated_at, from_ticket_id, updated_at, ticket_id)$
-- only from where the chunk was read: no row if another run has moved it meanwhile
UPDATE ticketing.extract_cursor
SET updated_at = :updated_at, ticket_id = :ticket_id, moved_at = clock_timestamp()
WHERE name = :name AND scrubber_version = :scrubber_version
  AND (updated_at, ticket_id) = (:from_updated_at, :from_ticket_id)
RETURNING name;

-- name: scrubbed_already(ticket_ids)
-- what is known of a chunk's tickets, to leave out those that have not changed
SELECT ticket_id, revision, content_hash, scrubber_version
FROM ticketing.clean_ticket
WHERE ticket_id = ANY (:ticket_ids);

-- name: write_clean_ticket(ticket_id, revision, content_hash, scrubber_version, created_at, updated_at, language, subject, body, category, reply, unfit)$
-- the current revision; no row if a newer one is there already, or the ticket was forgotten
INSERT INTO ticketing.clean_ticket AS c (ticket_id, revision, content_hash, scrubber_version, created_at, updated_at,
    language, subject, body, category, reply, unfit)
SELECT :ticket_id, :revision, :content_hash, :scrubber_version, :created_at::timestamptz, :updated_at::timestamptz,
    :language, :subject, :body, :category, :reply, :unfit
WHERE NOT EXISTS (SELECT FROM ticketing.forgotten_ticket f WHERE f.ticket_id = :ticket_id)
ON CONFLICT (ticket_id) DO UPDATE
SET revision = excluded.revision, content_hash = excluded.content_hash, scrubber_version = excluded.scrubber_version,
    created_at = excluded.created_at, updated_at = excluded.updated_at, language = excluded.language, subject = excluded.subject, body = excluded.body,
    category = excluded.category, reply = excluded.reply, unfit = excluded.unfit, scrubbed_at = clock_timestamp()
WHERE c.revision <= excluded.revision
RETURNING ticket_id;

-- name: forget_vault_entries(ticket_id)!
-- all revisions: a draft of an older one has its values in it
DELETE FROM vault.entry WHERE ticket_id = :ticket_id;

-- name: write_vault_entries(ticket_id, revision, key_id, placeholders, encrypted)!
-- the values of one ticket
INSERT INTO vault.entry (ticket_id, revision, key_id, placeholder, value)
SELECT :ticket_id, :revision, :key_id, placeholder, value
FROM unnest(:placeholders::text[], :encrypted::bytea[]) AS given (placeholder, value);

-- name: read_vault_entries(ticket_ids, revisions)
-- for the write-back role only
SELECT e.ticket_id, e.revision, e.placeholder, e.value, e.key_id
FROM unnest(:ticket_ids::text[], :revisions::integer[]) AS wanted (ticket_id, revision)
JOIN vault.entry e USING (ticket_id, revision);

-- name: newest_scrubber_version()$
-- what the last scrubbed ticket was scrubbed with
SELECT scrubber_version FROM ticketing.clean_ticket ORDER BY scrubbed_at DESC LIMIT 1;

-- name: left_out_tickets(scrubber_version, leave_out)^
-- labelled tickets that do not get into the snapshot, by reason
SELECT count(*) FILTER (WHERE scrubber_version <> :scrubber_version) AS older_scrubber,
       count(*) FILTER (WHERE scrubber_version = :scrubber_version AND unfit IS NOT NULL) AS unfit,
       count(*) FILTER (WHERE scrubber_version = :scrubber_version AND unfit IS NULL
                          AND category = ANY (:leave_out::text[])) AS category_left_out
FROM ticketing.clean_ticket
WHERE category IS NOT NULL;

-- name: corpus_tickets(scrubber_version, leave_out)
-- what a snapshot is made of, the oldest ticket first; read with a server-side cursor
SELECT ticket_id, revision, created_at, language, subject, body, category, reply
FROM ticketing.clean_ticket
WHERE category IS NOT NULL AND unfit IS NULL AND scrubber_version = :scrubber_version
  AND NOT category = ANY (:leave_out::text[])
ORDER BY created_at NULLS LAST, ticket_id COLLATE "C";

-- name: write_snapshot(snapshot_id, path, manifest)!
-- built from the same tickets twice, it is the same snapshot
INSERT INTO ticketing.snapshot (snapshot_id, path, manifest) VALUES (:snapshot_id, :path, :manifest)
ON CONFLICT (snapshot_id) DO NOTHING;

-- name: snapshot_path(snapshot_id)$
-- where a snapshot lies
SELECT path FROM ticketing.snapshot WHERE snapshot_id = :snapshot_id;

-- name: latest_snapshot_path()$
-- where the newest snapshot lies
SELECT path FROM ticketing.snapshot ORDER BY created_at DESC, snapshot_id LIMIT 1;
