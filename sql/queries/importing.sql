-- name: create_import_row#
-- Creates a table for the rows of one import. It is dropped at the end of the transaction.
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
-- Copies rows into the table import_row.
COPY import_row (line, ticket_id, revision, created_at, language, subject, body, category, reply, replied_at,
    content_hash) FROM STDIN;

-- name: begin_import_merge#
-- Locks out other writers, but not readers. Imports then commit one after the other, so that updated_at grows in the
-- order of commits.
LOCK TABLE ticketing.imported_ticket IN SHARE ROW EXCLUSIVE MODE;
ANALYZE import_row;

-- name: drop_repeated_import_rows!
-- Drops all but the last of several rows with the same id, so that the same file always gives the same tickets.
DELETE FROM import_row r
USING (SELECT ticket_id, max(line) AS line FROM import_row GROUP BY ticket_id HAVING count(*) > 1) latest
WHERE latest.ticket_id = r.ticket_id AND latest.line > r.line;

-- name: drop_answered_import_rows
-- Drops rows with the id of a historical ticket. That ticket must keep its category and reply.
DELETE FROM import_row r
USING ticketing.imported_ticket t
WHERE t.ticket_id = r.ticket_id AND t.category IS NOT NULL
RETURNING r.line;

-- name: drop_forgotten_import_rows
-- Drops rows of tickets that were forgotten.
DELETE FROM import_row r
USING ticketing.forgotten_ticket f
WHERE f.ticket_id = r.ticket_id
RETURNING r.line;

-- name: drop_unchanged_import_rows!
-- Drops rows with unchanged content. Their tickets keep their revision and updated_at.
DELETE FROM import_row r
USING ticketing.imported_ticket t
WHERE t.ticket_id = r.ticket_id AND t.content_hash = r.content_hash;

-- name: update_imported_tickets!
-- Gives each changed ticket a new revision. Its updated_at is now, because prepare resumes after the latest time that
-- it read.
UPDATE ticketing.imported_ticket t
SET revision = greatest(t.revision + 1, r.revision), updated_at = clock_timestamp(), created_at = r.created_at,
    language = r.language, subject = r.subject, body = r.body, category = r.category, reply = r.reply,
    replied_at = r.replied_at, content_hash = r.content_hash
FROM import_row r
WHERE r.ticket_id = t.ticket_id;

-- name: insert_imported_tickets!
-- Inserts the new tickets in the order of the file, so that they are drafted in that order.
INSERT INTO ticketing.imported_ticket (ticket_id, revision, created_at, updated_at, language, subject, body, category,
    reply, replied_at, content_hash)
SELECT r.ticket_id, coalesce(r.revision, 1), r.created_at, clock_timestamp(), r.language, r.subject, r.body, r.category,
    r.reply, r.replied_at, r.content_hash
FROM import_row r
WHERE NOT EXISTS (SELECT FROM ticketing.imported_ticket t WHERE t.ticket_id = r.ticket_id)
ORDER BY r.line;

-- name: foreign_imported_tickets(ticket_ids, hashes)^
-- Returns the number of imported tickets that are not among the given tickets, and the id of one of them.
SELECT count(*) AS number, min(t.ticket_id) AS example
FROM ticketing.imported_ticket t
WHERE NOT EXISTS (
    SELECT FROM unnest(:ticket_ids::text[], :hashes::text[]) AS known (ticket_id, content_hash)
    WHERE known.ticket_id = t.ticket_id AND known.content_hash = t.content_hash
);
