-- The raw subject and body of a ticket, kept only while the ticket waits for a reply or has a pending draft, so that no
-- screen has to search the help desk's own tables.
CREATE TABLE vault.ticket_text (
    -- Forgetting a ticket deletes its clean ticket, and with it its text.
    ticket_id text NOT NULL REFERENCES ticketing.clean_ticket ON DELETE CASCADE,
    revision integer NOT NULL,
    content_id text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (ticket_id, revision, content_id)
);
COMMENT ON TABLE vault.ticket_text IS
    'raw texts of tickets that wait for a reply or have a pending draft; holds personal data';
-- As for vault.entry: the pipeline stores and deletes texts and can't read them. Reviewers read them through the views.
GRANT INSERT, DELETE ON vault.ticket_text TO ticketing_pipeline;
GRANT SELECT (ticket_id, revision, content_id, stored_at) ON vault.ticket_text TO ticketing_pipeline;
GRANT SELECT ON vault.ticket_text TO ticketing_writeback;

-- Views with their owner's rights, over our own tables and their primary keys.
CREATE OR REPLACE VIEW ticketing.review_queue AS
SELECT d.draft_id, d.ticket_id, d.revision, d.language, d.category, d.confidence, d.claimed_by, d.created_at,
       c.revision AS current_revision, t.subject, t.body AS ticket, d.body AS draft,
       coalesce(c.content_id = d.content_id, true) AS is_current
FROM ticketing.draft d
LEFT JOIN vault.ticket_text t
    ON t.ticket_id = d.ticket_id AND t.revision = d.revision AND t.content_id = d.content_id
LEFT JOIN ticketing.clean_ticket c ON c.ticket_id = d.ticket_id
WHERE d.state = 'pending';
COMMENT ON COLUMN ticketing.review_queue.is_current IS
    'false: the ticket''s text has changed since, and the draft can''t be approved';
DROP FUNCTION ticketing.pending_drafts_v1();

-- Open tickets that no draft will come for: the classifier is not sure, drafting failed, or the text can't be used.
CREATE OR REPLACE VIEW ticketing.human_queue AS
SELECT c.ticket_id, c.revision, r.category AS best_guess, r.confidence, r.threshold,
       coalesce(c.unfit, CASE WHEN w.state = 'failed' THEN 'drafting failed: ' || w.error END, r.reason) AS reason,
       coalesce(r.routed_at, w.finished_at, c.scrubbed_at) AS since,
       t.subject, t.body AS ticket
FROM ticketing.clean_ticket c
LEFT JOIN ticketing.draft_work w
    ON w.ticket_id = c.ticket_id AND w.revision = c.revision AND w.content_id = c.content_id
LEFT JOIN LATERAL (
    SELECT o.category, o.confidence, o.threshold, o.route, o.reason, o.routed_at
    FROM ticketing.routing o
    WHERE o.ticket_id = c.ticket_id AND o.revision = c.revision AND o.content_id = c.content_id
    ORDER BY o.routed_at DESC LIMIT 1
) r ON true
LEFT JOIN vault.ticket_text t
    ON t.ticket_id = c.ticket_id AND t.revision = c.revision AND t.content_id = c.content_id
WHERE c.category IS NULL AND c.reply IS NULL
  AND (c.unfit IS NOT NULL OR w.state = 'failed' OR r.route = 'human');
DROP FUNCTION ticketing.human_tickets_v1();

-- Writes the trail, puts approved replies into the outbox, and deletes a text that nobody will read any more.
CREATE OR REPLACE FUNCTION ticketing.draft_trail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'pending' THEN
            RAISE EXCEPTION 'a draft begins as pending, not %', NEW.state USING ERRCODE = 'check_violation';
        END IF;
        INSERT INTO ticketing.draft_event (draft_id, actor, action, to_state)
        VALUES (NEW.draft_id, ticketing.actor(), 'drafted', NEW.state);
        RETURN NULL;
    END IF;
    IF NEW.state = OLD.state AND NEW.claimed_by IS NOT DISTINCT FROM OLD.claimed_by THEN
        RETURN NULL;
    END IF;
    INSERT INTO ticketing.draft_event (draft_id, actor, action, from_state, to_state, reason)
    VALUES (NEW.draft_id, ticketing.actor(),
            CASE WHEN NEW.state <> OLD.state THEN NEW.state
                 WHEN NEW.claimed_by IS NULL THEN 'released'
                 ELSE 'claimed' END,
            OLD.state, NEW.state, NEW.reject_reason);
    IF NEW.state IN ('approved', 'edited') THEN
        -- A reply from before texts had a content_id may have answered this text.
        IF NOT EXISTS (SELECT FROM ticketing.outbox o
                       WHERE o.ticket_id = NEW.ticket_id AND o.revision = NEW.revision AND o.content_id = '') THEN
            INSERT INTO ticketing.outbox (draft_id, ticket_id, revision, content_id, body)
            VALUES (NEW.draft_id, NEW.ticket_id, NEW.revision, NEW.content_id, NEW.final_body)
            ON CONFLICT (ticket_id, revision, content_id) DO NOTHING;
        END IF;
        IF NOT EXISTS (SELECT FROM ticketing.outbox o WHERE o.draft_id = NEW.draft_id) THEN
            RAISE EXCEPTION 'draft %: a reply to revision % of ticket % was approved already',
                NEW.draft_id, NEW.revision, NEW.ticket_id USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
    END IF;
    IF NEW.state <> 'pending' THEN
        DELETE FROM vault.ticket_text t
        WHERE t.ticket_id = NEW.ticket_id AND t.revision = NEW.revision AND t.content_id = NEW.content_id
          AND NOT EXISTS (SELECT FROM ticketing.draft d
                          WHERE d.ticket_id = t.ticket_id AND d.revision = t.revision AND d.content_id = t.content_id
                            AND d.state = 'pending')
          -- Superseded by a newer model: the open ticket may still wait for that model's draft.
          AND (NEW.state IN ('approved', 'edited', 'rejected')
               OR NOT EXISTS (SELECT FROM ticketing.clean_ticket c
                              WHERE c.ticket_id = t.ticket_id AND c.revision = t.revision
                                AND c.content_id = t.content_id AND c.category IS NULL AND c.reply IS NULL));
    END IF;
    RETURN NULL;
END
$$;
