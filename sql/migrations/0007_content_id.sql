-- content_id: a hash of what was read of a ticket's own text. A ticket whose text changed is another text, whatever its
-- revision says, so the hash stands in every key beside (ticket_id, revision).
--
-- Rows from before this migration have content_id '': their text is unknown. An unknown text equals no known one. So the
-- next run of prepare scrubs every ticket again, supersedes pending drafts of unknown texts, and queues open tickets for
-- drafting once more, except those with an approved reply.
--
-- Stop the flows before this migration and start them with the new code: the old code can't write to these tables.
ALTER TABLE ticketing.clean_ticket
    ADD COLUMN content_id text NOT NULL DEFAULT '',
    ADD COLUMN read_at timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE ticketing.clean_ticket
    ALTER COLUMN content_id DROP DEFAULT,
    ALTER COLUMN read_at SET DEFAULT clock_timestamp();
COMMENT ON COLUMN ticketing.clean_ticket.content_id IS 'hash of the raw subject and body; empty: unknown';
COMMENT ON COLUMN ticketing.clean_ticket.read_at IS
    'when the source was read; of two runs that write the same ticket, the one that read it later wins';

ALTER TABLE vault.entry ADD COLUMN content_id text NOT NULL DEFAULT '';
ALTER TABLE vault.entry
    ALTER COLUMN content_id DROP DEFAULT,
    DROP CONSTRAINT entry_pkey,
    ADD PRIMARY KEY (ticket_id, revision, content_id, placeholder);
GRANT SELECT (content_id) ON vault.entry TO ticketing_pipeline;

ALTER TABLE ticketing.draft_work ADD COLUMN content_id text NOT NULL DEFAULT '';
ALTER TABLE ticketing.draft_work
    ALTER COLUMN content_id DROP DEFAULT,
    DROP CONSTRAINT draft_work_pkey,
    ADD PRIMARY KEY (ticket_id, revision, content_id);

ALTER TABLE ticketing.routing ADD COLUMN content_id text NOT NULL DEFAULT '';
ALTER TABLE ticketing.routing
    ALTER COLUMN content_id DROP DEFAULT,
    DROP CONSTRAINT routing_pkey,
    ADD PRIMARY KEY (ticket_id, revision, content_id, classifier_version);

ALTER TABLE ticketing.draft ADD COLUMN content_id text NOT NULL DEFAULT '';
ALTER TABLE ticketing.draft
    ALTER COLUMN content_id DROP DEFAULT,
    DROP CONSTRAINT draft_ticket_id_revision_generator_version_key;
-- A text can come back after another one, or be open again after an answer was withdrawn: it is drafted for again then.
CREATE UNIQUE INDEX draft_of_text ON ticketing.draft (ticket_id, revision, content_id, generator_version)
    WHERE state NOT IN ('superseded', 'expired');
COMMENT ON COLUMN ticketing.draft.content_id IS 'which text of the ticket the draft answers; empty: unknown';
GRANT SELECT (content_id) ON ticketing.draft TO ticketing_readonly;

ALTER TABLE ticketing.outbox ADD COLUMN content_id text NOT NULL DEFAULT '';
ALTER TABLE ticketing.outbox
    ALTER COLUMN content_id DROP DEFAULT,
    DROP CONSTRAINT outbox_ticket_id_revision_key,
    ADD UNIQUE (ticket_id, revision, content_id);  -- a text gets one reply, however many drafts there were
GRANT SELECT (content_id) ON ticketing.outbox TO ticketing_readonly;

-- Takes up to p_limit tickets nobody holds, oldest first. A lease that has run out counts as nobody.
DROP FUNCTION ticketing.claim_work_v1(text, integer, interval);
CREATE FUNCTION ticketing.claim_work_v2(p_worker text, p_limit integer, p_lease interval)
RETURNS TABLE (ticket_id text, revision integer, content_id text, attempts integer) LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    WITH open AS MATERIALIZED (
        SELECT w.ticket_id, w.revision, w.content_id
        FROM ticketing.draft_work w
        WHERE w.state IN ('queued', 'claimed')
          AND (w.state = 'queued' OR w.lease_until < clock_timestamp())
        ORDER BY w.queued_at, w.ticket_id
        LIMIT p_limit
        FOR UPDATE SKIP LOCKED
    )
    UPDATE ticketing.draft_work w
    SET state = 'claimed', claimed_by = p_worker, lease_until = clock_timestamp() + p_lease, attempts = w.attempts + 1
    FROM open
    WHERE w.ticket_id = open.ticket_id AND w.revision = open.revision AND w.content_id = open.content_id
    RETURNING w.ticket_id, w.revision, w.content_id, w.attempts
$$;
REVOKE EXECUTE ON FUNCTION ticketing.claim_work_v2(text, integer, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ticketing.claim_work_v2(text, integer, interval) TO ticketing_pipeline;

CREATE OR REPLACE FUNCTION ticketing.draft_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.state <> 'pending' THEN
        RAISE EXCEPTION 'draft % is %: nothing changes a draft that is not pending', OLD.draft_id, OLD.state
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF (NEW.draft_id, NEW.ticket_id, NEW.revision, NEW.content_id, NEW.language, NEW.category, NEW.confidence, NEW.body,
        NEW.placeholder_body, NEW.classifier_version, NEW.generator_version, NEW.snapshot_id, NEW.prompt_version,
        NEW.prompt_tokens, NEW.completion_tokens, NEW.seconds, NEW.created_at)
       IS DISTINCT FROM
       (OLD.draft_id, OLD.ticket_id, OLD.revision, OLD.content_id, OLD.language, OLD.category, OLD.confidence, OLD.body,
        OLD.placeholder_body, OLD.classifier_version, OLD.generator_version, OLD.snapshot_id, OLD.prompt_version,
        OLD.prompt_tokens, OLD.completion_tokens, OLD.seconds, OLD.created_at) THEN
        RAISE EXCEPTION 'draft %: what a model wrote is never overwritten', OLD.draft_id
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    -- The reviewer who holds a draft may decide it or give it back; nobody else may take, decide or retire it.
    IF OLD.claimed_by IS NOT NULL
       AND (NEW.state IN ('superseded', 'expired') OR NEW.claimed_by <> OLD.claimed_by
            OR (NEW.decided_by IS NOT NULL AND NEW.decided_by <> OLD.claimed_by)) THEN
        RAISE EXCEPTION 'draft % is being reviewed by %', OLD.draft_id, OLD.claimed_by
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF NEW.state IN ('approved', 'edited') AND EXISTS (
        SELECT FROM ticketing.clean_ticket c WHERE c.ticket_id = OLD.ticket_id AND c.content_id <> OLD.content_id
    ) THEN
        RAISE EXCEPTION 'draft % answers an older text of ticket %, which has changed since: reject or release the draft',
            OLD.draft_id, OLD.ticket_id USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN NEW;
END
$$;
