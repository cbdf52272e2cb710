-- Scrubbed tickets, the vault, how far the source has been read, and snapshots.

-- name: ensure_cursor(name)!
-- so that there is a row to lock; no scrubber has this version, so reading begins at the beginning
INSERT INTO ticketing.extract_cursor (name, scrubber_version, updated_at, ticket_id)
VALUES (:name, '', '0001-01-02', '')
ON CONFLICT (name) DO NOTHING;

-- name: lock_cursor(name)^
-- up to where the source has been claimed, and by which scrubber; other runs wait until this one has claimed its range
SELECT scrubber_version, updated_at, ticket_id FROM ticketing.extract_cursor WHERE name = :name FOR UPDATE;

-- name: clock()$
-- the database's time, by which rows are dated in the future or not
SELECT clock_timestamp();

-- name: set_cursor(name, scrubber_version, updated_at, ticket_id)!
-- where the next range begins
INSERT INTO ticketing.extract_cursor (name, scrubber_version, updated_at, ticket_id)
VALUES (:name, :scrubber_version, :updated_at, :ticket_id)
ON CONFLICT (name) DO UPDATE
SET scrubber_version = excluded.scrubber_version, updated_at = excluded.updated_at, ticket_id = excluded.ticket_id,
    moved_at = clock_timestamp();

-- name: drop_ranges_of_other_scrubbers(scrubber_version)!
-- their tickets are read again from the beginning
DELETE FROM ticketing.extract_range WHERE scrubber_version <> :scrubber_version;

-- name: count_live_ranges()$
-- how many ranges other runs are reading just now
SELECT count(*) FROM ticketing.extract_range WHERE lease_until >= clock_timestamp();

-- name: add_range(scrubber_version, after_updated_at, after_ticket_id, upto_updated_at, upto_ticket_id, claim, lease_seconds)!
-- claims a range that nobody had
INSERT INTO ticketing.extract_range (scrubber_version, after_updated_at, after_ticket_id, upto_updated_at,
    upto_ticket_id, claimed_by, lease_until)
VALUES (:scrubber_version, :after_updated_at, :after_ticket_id, :upto_updated_at, :upto_ticket_id, :claim,
    clock_timestamp() + make_interval(secs => :lease_seconds));

-- name: take_over_range(claim, lease_seconds)^
-- claims a range whose run died or gave it back
UPDATE ticketing.extract_range
SET claimed_by = :claim, lease_until = clock_timestamp() + make_interval(secs => :lease_seconds)
WHERE range_id = (
    SELECT range_id FROM ticketing.extract_range WHERE lease_until < clock_timestamp()
    ORDER BY range_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING after_updated_at, after_ticket_id, upto_updated_at, upto_ticket_id;

-- name: renew_range(claim, lease_seconds)!
-- shows the other runs that this one is alive
UPDATE ticketing.extract_range SET lease_until = clock_timestamp() + make_interval(secs => :lease_seconds)
WHERE claimed_by = :claim;

-- name: give_back_range(claim)!
-- after a failure: whoever comes next takes it over
UPDATE ticketing.extract_range SET lease_until = '-infinity' WHERE claimed_by = :claim;

-- name: finish_range(claim)$
-- in the transaction that writes its tickets; no row if another run has taken it over
DELETE FROM ticketing.extract_range WHERE claimed_by = :claim RETURNING range_id;

-- name: write_clean_ticket(ticket_id, revision, content_id, content_hash, scrubber_version, read_at, created_at, updated_at, language, subject, body, category, reply, unfit)$
-- the current text; no row if there is a newer revision or one that was read later, or the ticket was forgotten. A time in
-- the future is a mistake of the source: the time of reading stands for it
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
-- older raw texts, and those of answered tickets; a text stays while its draft is pending
DELETE FROM vault.ticket_text t
WHERE t.ticket_id = ANY (:ticket_ids::text[])
  AND NOT EXISTS (SELECT FROM ticketing.draft d
                  WHERE d.ticket_id = t.ticket_id AND d.revision = t.revision AND d.content_id = t.content_id
                    AND d.state = 'pending');

-- name: write_ticket_text(ticket_id, revision, content_id, subject, body)*!
-- the raw text of an open ticket, unless a reviewer has decided on a draft for this very text
INSERT INTO vault.ticket_text (ticket_id, revision, content_id, subject, body)
SELECT :ticket_id, :revision, :content_id, :subject, :body
WHERE NOT EXISTS (SELECT FROM ticketing.draft d
                  WHERE d.ticket_id = :ticket_id AND d.revision = :revision AND d.content_id = :content_id
                    AND d.state IN ('approved', 'edited', 'rejected'))
ON CONFLICT (ticket_id, revision, content_id) DO NOTHING;

-- name: forget_vault_entries(ticket_id)!
-- of all its texts: a draft for an older one has its values in it
DELETE FROM vault.entry WHERE ticket_id = :ticket_id;

-- name: write_vault_entries(ticket_id, revision, content_id, key_id, placeholders, encrypted)!
-- the values of one ticket
INSERT INTO vault.entry (ticket_id, revision, content_id, key_id, placeholder, value)
SELECT :ticket_id, :revision, :content_id, :key_id, placeholder, value
FROM unnest(:placeholders::text[], :encrypted::bytea[]) AS given (placeholder, value);

-- name: read_vault_entries(ticket_ids, revisions, content_ids)
-- for the write-back role only
SELECT e.ticket_id, e.revision, e.content_id, e.placeholder, e.value, e.key_id
FROM unnest(:ticket_ids::text[], :revisions::integer[], :content_ids::text[])
     AS wanted (ticket_id, revision, content_id)
JOIN vault.entry e USING (ticket_id, revision, content_id);

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
