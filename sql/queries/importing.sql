-- name: create_import_row#
-- where the rows of one import wait until all of them have been read; gone when its transaction ends
CREATE TEMPORARY TABLE import_row (
    line bigint NOT NULL,
    ticket_id text NOT NULL,
    revision integer,
    created_at timestamptz,
    language text,
    subject text NOT NULL,
    body text NOT NULL,
    category text,
    reply text,
    replied_at timestamptz,
    content_hash text NOT NULL
) ON COMMIT DROP;

-- name: copy_import_row!
-- how rows are sent there
COPY import_row (line, ticket_id, revision, created_at, language, subject, body, category, reply, replied_at,
    content_hash) FROM STDIN;

-- name: begin_import_merge#
-- one writer at a time, readers go on: updated_at then grows in the order of commits, and no import overtakes another
LOCK TABLE ticketing.imported_ticket IN SHARE ROW EXCLUSIVE MODE;
ANALYZE import_row;

-- name: drop_repeated_import_rows!
-- of several rows with one id only the last is wanted, so that the same file gives the same tickets every time
DELETE FROM import_row r
USING (SELECT ticket_id, max(line) AS line FROM import_row GROUP BY ticket_id HAVING count(*) > 1) latest
WHERE latest.ticket_id = r.ticket_id AND latest.line > r.line;

-- name: drop_answered_import_rows
-- new tickets whose id is that of a historical ticket: they must not take its category and reply away
DELETE FROM import_row r
USING ticketing.imported_ticket t
WHERE t.ticket_id = r.ticket_id AND t.category IS NOT NULL
RETURNING r.line;

-- name: drop_forgotten_import_rows
-- tickets that somebody asked to forget don't come back with the same file
DELETE FROM import_row r
USING ticketing.forgotten_ticket f
WHERE f.ticket_id = r.ticket_id
RETURNING r.line;

-- name: drop_unchanged_import_rows!
-- rows that say what is stored already: revision and updated_at stay
DELETE FROM import_row r
USING ticketing.imported_ticket t
WHERE t.ticket_id = r.ticket_id AND t.content_hash = r.content_hash;

-- name: update_imported_tickets!
-- a changed ticket is a new revision; its time is now, since prepare reads on from the latest time it has seen
UPDATE ticketing.imported_ticket t
SET revision = greatest(t.revision + 1, r.revision), updated_at = clock_timestamp(), created_at = r.created_at,
    language = r.language, subject = r.subject, body = r.body, category = r.category, reply = r.reply,
    replied_at = r.replied_at, content_hash = r.content_hash
FROM import_row r
WHERE r.ticket_id = t.ticket_id;

-- name: insert_imported_tickets!
-- the rest are new; in the order of the file, so that they are drafted in it
INSERT INTO ticketing.imported_ticket (ticket_id, revision, created_at, updated_at, language, subject, body, category,
    reply, replied_at, content_hash)
SELECT r.ticket_id, coalesce(r.revision, 1), r.created_at, clock_timestamp(), r.language, r.subject, r.body, r.category,
    r.reply, r.replied_at, r.content_hash
FROM import_row r
WHERE NOT EXISTS (SELECT FROM ticketing.imported_ticket t WHERE t.ticket_id = r.ticket_id)
ORDER BY r.line;

-- name: foreign_imported_tickets(ticket_ids, hashes)^
-- How many imported tickets are not among these, and one of them.
SELECT count(*) AS number, min(t.ticket_id) AS example
FROM ticketing.imported_ticket t
WHERE NOT EXISTS (
    SELECT FROM unnest(:ticket_ids::text[], :hashes::text[]) AS known (ticket_id, content_hash)
    WHERE known.ticket_id = t.ticket_id AND known.content_hash = t.content_hash
);
