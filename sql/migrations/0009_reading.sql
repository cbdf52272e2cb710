-- Several runs of prepare share one source: each claims a range of it, with a lease.
CREATE TABLE ticketing.extract_range (
    range_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scrubber_version text NOT NULL,
    after_updated_at timestamptz NOT NULL,
    after_ticket_id text NOT NULL,
    upto_updated_at timestamptz NOT NULL,
    upto_ticket_id text NOT NULL,
    claimed_by text NOT NULL,
    lease_until timestamptz NOT NULL
);
COMMENT ON TABLE ticketing.extract_range IS
    'ranges of the source that are being read: after the first place, up to and with the second; deleted when written';
GRANT SELECT, INSERT, UPDATE, DELETE ON ticketing.extract_range TO ticketing_pipeline;
COMMENT ON TABLE ticketing.extract_cursor IS 'up to where ranges of ticketing.source_ticket have been claimed';

-- One part of ticketing.content_hash in Python: its length, a mark that tells null from empty, its bytes.
CREATE FUNCTION ticketing.hash_part(part text) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN part IS NULL THEN int8send(1) || '\x00'::bytea
                ELSE int8send(octet_length(convert_to(part, 'UTF8')) + 1) || '\x01'::bytea || convert_to(part, 'UTF8') END
$$;
COMMENT ON FUNCTION ticketing.hash_part(text) IS
    'sha256 over the parts in a row is ticketing.tickets.content_hash: prepare finds changed tickets with it';
REVOKE EXECUTE ON FUNCTION ticketing.hash_part(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ticketing.hash_part(text) TO ticketing_pipeline;

-- What would otherwise scan every row: claimed work, open tickets, the counts of 'ticketing status'.
CREATE INDEX draft_work_state ON ticketing.draft_work (state);
CREATE INDEX draft_state ON ticketing.draft (state);
CREATE INDEX clean_ticket_open ON ticketing.clean_ticket (ticket_id) WHERE category IS NULL AND reply IS NULL;
CREATE INDEX clean_ticket_unfit ON ticketing.clean_ticket (ticket_id) WHERE unfit IS NOT NULL;
