-- Reads the source's tickets through the view ticketing.source_ticket, which is the contract with the help desk.

-- name: source_columns()
-- Returns the view's columns and their types.
SELECT attname AS name, format_type(atttypid, NULL) AS type
FROM pg_attribute
WHERE attrelid = to_regclass('ticketing.source_ticket') AND attnum > 0 AND NOT attisdropped;

-- name: source_is_default()$
-- Returns whether the view shows imported tickets: whether it reads ticketing.imported_ticket, directly or through
-- other views.
WITH RECURSIVE read_by_view (relation) AS (
    SELECT to_regclass('ticketing.source_ticket')::oid
    UNION
    SELECT d.refobjid
    FROM read_by_view v
    JOIN pg_rewrite r ON r.ev_class = v.relation
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
)
SELECT EXISTS (SELECT FROM read_by_view WHERE relation = 'ticketing.imported_ticket'::regclass);

-- name: source_page(after_updated_at, after_ticket_id, upto_updated_at, upto_ticket_id, scrubber_version, page)
-- Returns the next page of tickets in keyset order. It leaves out forgotten tickets, rows without an id, and tickets
-- whose content the given scrubber (null: none) has already scrubbed. The casts allow a view over the types of any help
-- desk. The conditions prevent that one row with a null or infinite time, or with a null revision, subject or body,
-- stops the others. A subquery looks up the clean ticket, because a join could become a scan of all clean tickets for
-- each page.
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
FROM ticketing.source_ticket s
WHERE updated_at >= :after_updated_at AND (updated_at, ticket_id::text) > (:after_updated_at, :after_ticket_id)
  AND updated_at <= :upto_updated_at AND (updated_at, ticket_id::text) <= (:upto_updated_at, :upto_ticket_id)
  AND ticket_id IS NOT NULL
  AND ticket_id::text NOT IN (SELECT f.ticket_id FROM ticketing.forgotten_ticket f)
  AND (SELECT c.content_hash = encode(sha256(
                  ticketing.hash_part(coalesce(s.subject::text, '')) || ticketing.hash_part(coalesce(s.body::text, ''))
                  || ticketing.hash_part(nullif(s.category::text, '')) || ticketing.hash_part(nullif(s.reply::text, ''))
                  || ticketing.hash_part(nullif(s.language::text, ''))), 'hex')
       FROM ticketing.clean_ticket c
       WHERE c.ticket_id = s.ticket_id::text COLLATE "default" AND c.revision = coalesce(s.revision, 1)::integer
         AND c.scrubber_version = :scrubber_version) IS NOT TRUE
ORDER BY updated_at, ticket_id::text
LIMIT :page;

-- name: source_count(after_updated_at, after_ticket_id, upto_updated_at, upto_ticket_id)$
-- Counts the rows in a range, changed or not, for the progress bar.
SELECT count(*) FROM ticketing.source_ticket
WHERE updated_at >= :after_updated_at AND (updated_at, ticket_id::text) > (:after_updated_at, :after_ticket_id)
  AND updated_at <= :upto_updated_at AND (updated_at, ticket_id::text) <= (:upto_updated_at, :upto_ticket_id);

-- name: source_last(until)^
-- Returns the position of the last row before a time.
SELECT updated_at::timestamptz AS updated_at, ticket_id::text AS ticket_id
FROM ticketing.source_ticket
WHERE updated_at < :until AND updated_at >= '0001-01-02' AND ticket_id IS NOT NULL
ORDER BY updated_at DESC, ticket_id::text DESC
LIMIT 1;

-- name: source_odd_rows(after_updated_at, most)^
-- Counts the rows that the operator must correct: without a usable time, without an id (among recent changes), or dated
-- in the future. Each count has a limit and its own condition, so that an index on updated_at can be used.
SELECT (SELECT count(*) FROM (SELECT FROM ticketing.source_ticket WHERE updated_at IS NULL LIMIT :most) t)
     + (SELECT count(*) FROM (SELECT FROM ticketing.source_ticket WHERE updated_at < '0001-01-02' LIMIT :most) t)
     + (SELECT count(*) FROM (SELECT FROM ticketing.source_ticket WHERE updated_at > '9999-12-30' LIMIT :most) t)
       AS without_time,
       (SELECT count(*) FROM (
            SELECT FROM ticketing.source_ticket
            WHERE updated_at >= :after_updated_at AND updated_at <= '9999-12-30' AND ticket_id IS NULL LIMIT :most) t)
       AS without_id,
       (SELECT count(*) FROM (
            SELECT FROM ticketing.source_ticket
            WHERE updated_at > clock_timestamp() AND updated_at <= '9999-12-30' LIMIT :most) t)
       AS in_future;

-- name: source_readable()!
-- Fails if the pipeline may not read the view or the tables behind it. Reads no row.
SELECT FROM ticketing.source_ticket LIMIT 0;

-- name: large_tables(names, rows)
-- Returns those of the given tables (schema.table) that have more rows than the limit, according to the last ANALYZE.
SELECT n.nspname || '.' || c.relname AS name, c.reltuples::bigint AS number
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname || '.' || c.relname = ANY (:names::text[]) AND c.reltuples > :rows
ORDER BY c.reltuples DESC;

-- name: create_source#
-- Creates the view as in the first migration: it reads the imported tickets.
CREATE VIEW ticketing.source_ticket AS
SELECT ticket_id, revision, created_at, updated_at, language, subject, body, category, reply, replied_at
FROM ticketing.imported_ticket;
COMMENT ON VIEW ticketing.source_ticket
    IS 'the contract through which tickets are read; replace it by your own view';
GRANT SELECT ON ticketing.source_ticket TO ticketing_pipeline, ticketing_reviewer;
