-- Reading tickets through the contract, ticketing.source_ticket, whatever view stands there.

-- name: source_columns()
-- What the view really has, to say what is missing or of a wrong type.
SELECT attname AS name, format_type(atttypid, NULL) AS type
FROM pg_attribute
WHERE attrelid = to_regclass('ticketing.source_ticket') AND attnum > 0 AND NOT attisdropped;

-- name: source_page(after_updated_at, after_ticket_id, until, page)
-- The next tickets in keyset order. The casts let a view over any help desk's types serve, the tests let one odd row not
-- stop the others: a null or infinite time, a null revision, subject or body. A ticket without an id can't be one.
SELECT ticket_id::text AS ticket_id,
       coalesce(revision, 1)::integer AS revision,
       CASE WHEN created_at BETWEEN '0001-01-02' AND '9999-12-30' THEN created_at::timestamptz END AS created_at,
       updated_at::timestamptz AS updated_at,
       nullif(language::text, '') AS language,
       coalesce(subject::text, '') AS subject,
       coalesce(body::text, '') AS body,
       nullif(category::text, '') AS category,
       nullif(reply::text, '') AS reply,
       CASE WHEN replied_at BETWEEN '0001-01-02' AND '9999-12-30' THEN replied_at::timestamptz END AS replied_at
FROM ticketing.source_ticket
WHERE updated_at >= :after_updated_at AND (updated_at, ticket_id::text) > (:after_updated_at, :after_ticket_id)
  AND updated_at < :until
ORDER BY updated_at, ticket_id::text
LIMIT :page;

-- name: source_count(after_updated_at, after_ticket_id, until)$
-- How many are still to be read, for the progress bar.
SELECT count(*) FROM ticketing.source_ticket
WHERE updated_at >= :after_updated_at AND (updated_at, ticket_id::text) > (:after_updated_at, :after_ticket_id)
  AND updated_at < :until;

-- name: source_unreadable()$
-- Tickets that no page will ever hold.
SELECT count(*) FROM ticketing.source_ticket
WHERE ticket_id IS NULL OR updated_at IS NULL OR updated_at NOT BETWEEN '0001-01-02' AND '9999-12-30';

-- name: create_source#
-- The view of the first migration, over the imported tickets.
CREATE VIEW ticketing.source_ticket AS
SELECT ticket_id, revision, created_at, updated_at, language, subject, body, category, reply, replied_at
FROM ticketing.imported_ticket;
COMMENT ON VIEW ticketing.source_ticket
    IS 'the contract through which tickets are read; replace it by your own view';
GRANT SELECT ON ticketing.source_ticket TO ticketing_pipeline, ticketing_reviewer;
