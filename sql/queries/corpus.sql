-- Clean tickets, the vault, the cursors of the source, and snapshots.

-- name: ensure_cursor(name)!
-- Creates the cursor's row, so that it can be locked. With the empty scrubber version, reading begins at the start of
-- the source.
INSERT INTO ticketing.extract_cursor (name, scrubber_version, updated_at, ticket_id)
VALUES (:name, '', '0001-01-02', '')
ON CONFLICT (name) DO NOTHING;

-- name: lock_cursor(name)^
-- Returns the position up to which runs have claimed the source, and their scrubber version. The lock makes other runs
-- wait until this run has claimed its range.
SELECT scrubber_version, updated_at, ticket_id FROM ticketing.extract_cursor WHERE name = :name FOR UPDATE;

-- name: clock()$
-- Returns the database's time, which decides whether a row is dated in the future.
SELECT clock_timestamp();

-- name: set_cursor(name, scrubber_version, updated_at, ticket_id)!
-- Moves the cursor to the position where the next range begins.
INSERT INTO ticketing.extract_cursor (name, scrubber_version, updated_at, ticket_id)
VALUES (:name, :scrubber_version, :updated_at, :ticket_id)
ON CONFLICT (name) DO UPDATE
SET scrubber_version = excluded.scrubber_version, updated_at = excluded.updated_at, ticket_id = excluded.ticket_id,
    moved_at = clock_timestamp();

-- name: drop_ranges_of_other_scrubbers(scrubber_version)!
-- Drops the ranges of other scrubber versions. Their tickets are read again from the start of the source.
DELETE FROM ticketing.extract_range WHERE scrubber_version <> :scrubber_version;

-- name: count_live_ranges()$
-- Counts the ranges that runs are reading now.
SELECT count(*) FROM ticketing.extract_range WHERE lease_until >= clock_timestamp();

-- name: add_range(scrubber_version, after_updated_at, after_ticket_id, upto_updated_at, upto_ticket_id, claim, lease_seconds)!
-- Claims a new range.
INSERT INTO ticketing.extract_range (scrubber_version, after_updated_at, after_ticket_id, upto_updated_at,
    upto_ticket_id, claimed_by, lease_until)
VALUES (:scrubber_version, :after_updated_at, :after_ticket_id, :upto_updated_at, :upto_ticket_id, :claim,
    clock_timestamp() + make_interval(secs => :lease_seconds));

-- name: take_over_range(claim, lease_seconds)^
-- Claims a range that an earlier run gave back or did not finish before its lease ended.
UPDATE ticketing.extract_range
SET claimed_by = :claim, lease_until = clock_timestamp() + make_interval(secs => :lease_seconds)
WHERE range_id = (
    SELECT range_id FROM ticketing.extract_range WHERE lease_until < clock_timestamp()
    ORDER BY range_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING after_updated_at, after_ticket_id, upto_updated_at, upto_ticket_id;

-- name: renew_range(claim, lease_seconds)!
-- Renews the lease on a range.
UPDATE ticketing.extract_range SET lease_until = clock_timestamp() + make_interval(secs => :lease_seconds)
WHERE claimed_by = :claim;

-- name: give_back_range(claim)!
-- Gives a range back after a failure. The next run takes the range over.
UPDATE ticketing.extract_range SET lease_until = '-infinity' WHERE claimed_by = :claim;

-- name: finish_range(claim)$
-- Ends a range, in the transaction that writes its tickets. Returns no row if another run has taken the range over.
DELETE FROM ticketing.extract_range WHERE claimed_by = :claim RETURNING range_id;

-- name: write_clean_ticket(ticket_id, revision, content_id, content_hash, scrubber_version, read_at, created_at, updated_at, language, subject, body, category, reply, unfit)$
-- Writes the current text of a ticket. Returns no row if the table has a newer revision or a later reading, or if the
-- ticket was forgotten. A time in the future is an error in the source and is replaced by the time of reading.
INSERT INTO ticketing.clean_ticket AS c (ticket_id, revision, content_id, content_hash, scrubber_version, read_at,
    created_at, updated_at, language, subject, body, category, reply, unfit)
SELECT :ticket_id, :revision, :content_id, :content_hash, :scrubber_version, :read_at::timestamptz,
    :created_at::timestamptz, least(:updated_at::timestamptz, :read_at::timestamptz), :language, :subject, :body,
    :category, :reply, :unfit
WHERE NOT EXISTS (SELECT FROM ticketing.forgotten_ticket f WHERE f.ticket_id = :ticket_id)
ON CONFLICT (ticket_id) DO UPDATE
SET revision = excluded.revision, content_id = excluded.content_id, content_hash = excluded.content_hash,
    scrubber_version = excluded.scrubber_version, read_at = excluded.read_at, created_at = excluded.created_at,
    updated_at = excluded.updated_at, language = excluded.language, subject = excluded.subject, body = excluded.body,
    category = excluded.category, reply = excluded.reply, unfit = excluded.unfit, scrubbed_at = clock_timestamp()
WHERE c.revision <= excluded.revision AND c.read_at <= excluded.read_at
RETURNING ticket_id;

-- name: forget_ticket_texts(ticket_ids)!
-- Deletes the raw texts of these tickets, except texts with a pending draft. For open tickets, `write_ticket_text` then
-- stores the current text again.
DELETE FROM vault.ticket_text t
WHERE t.ticket_id = ANY (:ticket_ids::text[])
  AND NOT EXISTS (SELECT FROM ticketing.draft d
                  WHERE d.ticket_id = t.ticket_id AND d.revision = t.revision AND d.content_id = t.content_id
                    AND d.state = 'pending');

-- name: write_ticket_text(ticket_id, revision, content_id, subject, body)*!
-- Stores the raw text of an open ticket, unless a reviewer has already decided on a draft for this text.
INSERT INTO vault.ticket_text (ticket_id, revision, content_id, subject, body)
SELECT :ticket_id, :revision, :content_id, :subject, :body
WHERE NOT EXISTS (SELECT FROM ticketing.draft d
                  WHERE d.ticket_id = :ticket_id AND d.revision = :revision AND d.content_id = :content_id
                    AND d.state IN ('approved', 'edited', 'rejected'))
ON CONFLICT (ticket_id, revision, content_id) DO NOTHING;

-- name: forget_vault_entries(ticket_id)!
-- Deletes the values of all texts of a ticket. Older texts have values too, because a draft may be based on an older
-- text.
DELETE FROM vault.entry WHERE ticket_id = :ticket_id;

-- name: write_vault_entries(ticket_id, revision, content_id, key_id, placeholders, encrypted)!
-- Stores the values of one ticket.
INSERT INTO vault.entry (ticket_id, revision, content_id, key_id, placeholder, value)
SELECT :ticket_id, :revision, :content_id, :key_id, placeholder, value
FROM unnest(:placeholders::text[], :encrypted::bytea[]) AS given (placeholder, value);

-- name: read_vault_entries(ticket_ids, revisions, content_ids)
-- Reads the values of these tickets. Only the write-back role may do this.
SELECT e.ticket_id, e.revision, e.content_id, e.placeholder, e.value, e.key_id
FROM unnest(:ticket_ids::text[], :revisions::integer[], :content_ids::text[])
     AS wanted (ticket_id, revision, content_id)
JOIN vault.entry e USING (ticket_id, revision, content_id);

-- name: newest_scrubber_version()$
-- Returns the scrubber version of the most recently scrubbed ticket.
SELECT scrubber_version FROM ticketing.clean_ticket ORDER BY scrubbed_at DESC LIMIT 1;

-- name: left_out_tickets(scrubber_version, leave_out)^
-- Counts the labelled tickets that a snapshot leaves out, by reason.
SELECT count(*) FILTER (WHERE scrubber_version <> :scrubber_version) AS older_scrubber,
       count(*) FILTER (WHERE scrubber_version = :scrubber_version AND unfit IS NOT NULL) AS unfit,
       count(*) FILTER (WHERE scrubber_version = :scrubber_version AND unfit IS NULL
                          AND category = ANY (:leave_out::text[])) AS category_left_out
FROM ticketing.clean_ticket
WHERE category IS NOT NULL;

-- name: corpus_tickets(scrubber_version, leave_out)
-- Returns the tickets of a snapshot, oldest first. It is read with a server-side cursor.
SELECT ticket_id, revision, created_at, language, subject, body, category, reply
FROM ticketing.clean_ticket
WHERE category IS NOT NULL AND unfit IS NULL AND scrubber_version = :scrubber_version
  AND NOT category = ANY (:leave_out::text[])
ORDER BY created_at NULLS LAST, ticket_id COLLATE "C";

-- name: write_snapshot(snapshot_id, path, manifest)!
-- Stores a snapshot. Idempotent: the same tickets have the same snapshot_id.
INSERT INTO ticketing.snapshot (snapshot_id, path, manifest) VALUES (:snapshot_id, :path, :manifest)
ON CONFLICT (snapshot_id) DO NOTHING;

-- name: snapshot_path(snapshot_id)$
-- Returns the folder of a snapshot.
SELECT path FROM ticketing.snapshot WHERE snapshot_id = :snapshot_id;

-- name: latest_snapshot_path()$
-- Returns the folder of the newest snapshot.
SELECT path FROM ticketing.snapshot ORDER BY created_at DESC, snapshot_id LIMIT 1;
