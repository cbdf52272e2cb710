-- The whole first schema: who may do what, where tickets come from, what became of them.
-- 'pre' in the name: safe to apply before the new code runs.

------------------------------------------------------------------------------------------------------------------
-- Roles. They belong to the cluster, so another database of it may have made them already.
------------------------------------------------------------------------------------------------------------------
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['ticketing_pipeline', 'ticketing_writeback', 'ticketing_reviewer', 'ticketing_readonly'] LOOP
        -- Looked for first, so that a login that may not make roles can upgrade where an administrator has made them.
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = role);
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            -- It owns everything made here; so it can also run the pipeline until there is a login for that.
            EXECUTE format('GRANT %I TO CURRENT_USER', role);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;

CREATE SCHEMA vault;
GRANT USAGE ON SCHEMA vault TO ticketing_pipeline, ticketing_writeback;
GRANT USAGE ON SCHEMA ticketing TO ticketing_pipeline, ticketing_writeback, ticketing_reviewer, ticketing_readonly;
GRANT SELECT ON ticketing.migration TO ticketing_pipeline, ticketing_readonly;

------------------------------------------------------------------------------------------------------------------
-- Where tickets come from
------------------------------------------------------------------------------------------------------------------
CREATE TABLE ticketing.imported_ticket (
    ticket_id text PRIMARY KEY CHECK (ticket_id <> ''),
    revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
    created_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    language text,
    subject text NOT NULL DEFAULT '',
    body text NOT NULL CHECK (body <> ''),
    category text CHECK (category <> ''),
    reply text CHECK (reply <> ''),
    replied_at timestamptz,
    content_hash text NOT NULL
);
COMMENT ON TABLE ticketing.imported_ticket IS 'tickets from files and other databases; holds personal data';
CREATE INDEX imported_ticket_updated ON ticketing.imported_ticket (updated_at, ticket_id);

-- The contract. Replace it by a view over the help desk's own tables with the same columns; DROP VIEW and CREATE VIEW
-- work too, since nothing in this schema depends on it, but then the GRANT below has to be given again.
-- category and reply are both null in a new ticket; a historical one has a category.
DO $$
BEGIN
    IF to_regclass('ticketing.source_ticket') IS NULL THEN
        CREATE VIEW ticketing.source_ticket AS
        SELECT ticket_id, revision, created_at, updated_at, language, subject, body, category, reply, replied_at
        FROM ticketing.imported_ticket;
        COMMENT ON VIEW ticketing.source_ticket
            IS 'the contract through which tickets are read; replace it by your own view';
    END IF;
END
$$;

GRANT SELECT ON ticketing.source_ticket TO ticketing_pipeline, ticketing_reviewer;
GRANT SELECT, INSERT, UPDATE ON ticketing.imported_ticket TO ticketing_pipeline;

------------------------------------------------------------------------------------------------------------------
-- Scrubbed tickets and the vault
------------------------------------------------------------------------------------------------------------------
CREATE TABLE ticketing.clean_ticket (
    ticket_id text PRIMARY KEY,
    revision integer NOT NULL,
    content_hash text NOT NULL,       -- of the raw subject, body, category, reply and language
    scrubber_version text NOT NULL,
    created_at timestamptz,
    updated_at timestamptz,           -- of the source's row; what the window of a drafting run is on
    language text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    category text,
    reply text,
    unfit text,                       -- why it can't be trained on or drafted for; null: it can
    scrubbed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE ticketing.clean_ticket IS 'the current revision of each ticket, scrubbed and cleaned; no personal data';

CREATE TABLE ticketing.extract_cursor (
    name text PRIMARY KEY,
    scrubber_version text NOT NULL,
    updated_at timestamptz NOT NULL,
    ticket_id text NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE ticketing.extract_cursor IS 'how far prepare has read ticketing.source_ticket';

CREATE TABLE vault.entry (
    ticket_id text NOT NULL,
    revision integer NOT NULL,
    placeholder text NOT NULL,
    value bytea NOT NULL,             -- AES-GCM: nonce and ciphertext, bound to ticket, revision and placeholder
    key_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (ticket_id, revision, placeholder)
);
COMMENT ON TABLE vault.entry IS 'the encrypted map from placeholder to personal value; read only to write replies back';

GRANT SELECT, INSERT, UPDATE, DELETE ON ticketing.clean_ticket, ticketing.extract_cursor TO ticketing_pipeline;
GRANT SELECT ON ticketing.clean_ticket TO ticketing_readonly;
-- The pipeline puts values in and takes them out of use, but does not read them.
GRANT INSERT, DELETE ON vault.entry TO ticketing_pipeline;
GRANT SELECT (ticket_id, revision, placeholder, key_id, created_at) ON vault.entry TO ticketing_pipeline;
GRANT SELECT ON vault.entry TO ticketing_writeback;

------------------------------------------------------------------------------------------------------------------
-- Snapshots, models, verdicts
------------------------------------------------------------------------------------------------------------------
CREATE TABLE ticketing.snapshot (
    snapshot_id text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    path text NOT NULL,
    manifest jsonb NOT NULL
);

CREATE TABLE ticketing.model (
    version text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('classifier', 'generator')),
    state text NOT NULL DEFAULT 'candidate' CHECK (state IN ('candidate', 'champion', 'retired')),
    snapshot_id text NOT NULL REFERENCES ticketing.snapshot,
    base_model text NOT NULL,
    path text NOT NULL,
    artefact_hash text NOT NULL,
    parameters jsonb NOT NULL,
    code_version text NOT NULL,
    metrics jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX model_one_champion ON ticketing.model (kind) WHERE state = 'champion';

CREATE TABLE ticketing.verdict (
    verdict_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version text NOT NULL REFERENCES ticketing.model,
    passed boolean NOT NULL,
    rules jsonb NOT NULL,
    metrics jsonb NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE ticketing.promotion (
    promotion_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    version text NOT NULL REFERENCES ticketing.model,
    replaced text REFERENCES ticketing.model,
    verdict_id bigint NOT NULL REFERENCES ticketing.verdict,
    overruled boolean NOT NULL,
    promoted_by text NOT NULL,
    promoted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN ticketing.promotion.overruled IS 'a person promoted it although the gate had said no';

-- Makes a candidate the champion in one step, together with whatever else the caller's transaction promotes.
CREATE FUNCTION ticketing.promote_v1(p_version text, p_verdict_id bigint, p_by text, p_overrule boolean)
RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_kind text;
    v_replaced text;
    v_passed boolean;
    v_promotion bigint;
BEGIN
    SELECT kind INTO v_kind FROM ticketing.model WHERE version = p_version;
    IF v_kind IS NULL THEN
        RAISE EXCEPTION 'there is no model %', p_version USING ERRCODE = 'no_data_found';
    END IF;
    SELECT passed INTO v_passed FROM ticketing.verdict WHERE verdict_id = p_verdict_id AND version = p_version;
    IF v_passed IS NULL THEN
        RAISE EXCEPTION 'there is no verdict % on model %', p_verdict_id, p_version USING ERRCODE = 'no_data_found';
    END IF;
    IF NOT v_passed AND NOT p_overrule THEN
        RAISE EXCEPTION 'model % did not pass verdict %', p_version, p_verdict_id USING ERRCODE = 'check_violation';
    END IF;
    -- Two promotions of one kind at the same time: the second waits here and then replaces the first.
    PERFORM pg_advisory_xact_lock(hashtext('ticketing.promote.' || v_kind));
    SELECT version INTO v_replaced FROM ticketing.model WHERE kind = v_kind AND state = 'champion';
    UPDATE ticketing.model SET state = 'retired' WHERE version = v_replaced AND version <> p_version;
    UPDATE ticketing.model SET state = 'champion' WHERE version = p_version;
    INSERT INTO ticketing.promotion (kind, version, replaced, verdict_id, overruled, promoted_by)
    VALUES (v_kind, p_version, nullif(v_replaced, p_version), p_verdict_id, NOT v_passed, p_by)
    RETURNING promotion_id INTO v_promotion;
    RETURN v_promotion;
END
$$;

GRANT SELECT, INSERT ON ticketing.snapshot, ticketing.verdict, ticketing.promotion TO ticketing_pipeline;
GRANT SELECT, INSERT, UPDATE ON ticketing.model TO ticketing_pipeline;
GRANT SELECT ON ticketing.snapshot, ticketing.model, ticketing.verdict, ticketing.promotion TO ticketing_readonly;

------------------------------------------------------------------------------------------------------------------
-- Drafting: work is claimed with a lease, and written back once
------------------------------------------------------------------------------------------------------------------
CREATE TABLE ticketing.draft_work (
    ticket_id text NOT NULL,
    revision integer NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'claimed', 'done', 'failed')),
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_by text,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    error text,
    finished_at timestamptz,
    PRIMARY KEY (ticket_id, revision),
    CHECK ((state = 'claimed') = (lease_until IS NOT NULL))
);
COMMENT ON COLUMN ticketing.draft_work.error IS 'the kind of the last failure; never text of the ticket';
CREATE INDEX draft_work_open ON ticketing.draft_work (queued_at, ticket_id) WHERE state IN ('queued', 'claimed');

-- Takes up to p_limit tickets nobody holds, oldest first. A lease that has run out counts as nobody.
CREATE FUNCTION ticketing.claim_work_v1(p_worker text, p_limit integer, p_lease interval)
RETURNS TABLE (ticket_id text, revision integer, attempts integer) LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    WITH open AS MATERIALIZED (
        SELECT w.ticket_id, w.revision
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
    WHERE w.ticket_id = open.ticket_id AND w.revision = open.revision
    RETURNING w.ticket_id, w.revision, w.attempts
$$;

CREATE TABLE ticketing.routing (
    ticket_id text NOT NULL,
    revision integer NOT NULL,
    classifier_version text NOT NULL REFERENCES ticketing.model,
    category text NOT NULL,
    confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    threshold double precision,       -- null: no threshold is good enough in this language
    route text NOT NULL CHECK (route IN ('auto', 'human')),
    reason text,                      -- why a human; null on auto
    routed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (ticket_id, revision, classifier_version),
    CHECK ((route = 'human') = (reason IS NOT NULL))
);

CREATE TABLE ticketing.draft (
    draft_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id text NOT NULL,
    revision integer NOT NULL,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'approved', 'edited', 'rejected', 'superseded', 'expired')),
    language text NOT NULL,
    category text NOT NULL,
    confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    body text NOT NULL CHECK (body <> ''),            -- as the model wrote it, personal data restored
    placeholder_body text NOT NULL,                   -- the same before restoring
    classifier_version text NOT NULL REFERENCES ticketing.model,
    generator_version text NOT NULL REFERENCES ticketing.model,
    snapshot_id text NOT NULL REFERENCES ticketing.snapshot,  -- the generator's
    prompt_version text NOT NULL,
    prompt_tokens integer NOT NULL,
    completion_tokens integer NOT NULL,
    seconds double precision NOT NULL,                -- the chunk's time in the engine, shared out over its tickets
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_by text,
    claimed_at timestamptz,
    decided_by text,
    decided_at timestamptz,
    final_body text,                                  -- what the customer gets: body, or the reviewer's edit of it
    reject_reason text,
    UNIQUE (ticket_id, revision, generator_version),
    CHECK ((claimed_by IS NULL) = (claimed_at IS NULL)),
    CHECK ((state IN ('approved', 'edited')) = (final_body IS NOT NULL)),
    CHECK (state <> 'approved' OR final_body = body),
    CHECK ((state = 'rejected') = (reject_reason IS NOT NULL)),
    CHECK ((state IN ('approved', 'edited', 'rejected')) = (decided_by IS NOT NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL))
);
CREATE INDEX draft_pending ON ticketing.draft (created_at, draft_id) WHERE state = 'pending';
CREATE INDEX draft_pending_of_ticket ON ticketing.draft (ticket_id) WHERE state = 'pending';

CREATE TABLE ticketing.draft_event (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    draft_id bigint NOT NULL REFERENCES ticketing.draft,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    login text NOT NULL DEFAULT session_user,         -- differs from the actor where the pipeline acts for a person
    action text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason text
);
COMMENT ON TABLE ticketing.draft_event IS 'the trail: who did what to which draft, and when; append-only';
CREATE INDEX draft_event_of_draft ON ticketing.draft_event (draft_id, event_id);

CREATE TABLE ticketing.outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    draft_id bigint NOT NULL UNIQUE REFERENCES ticketing.draft,
    ticket_id text NOT NULL,
    revision integer NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at timestamptz,
    UNIQUE (ticket_id, revision)                      -- a customer gets one reply, however many drafts there were
);
COMMENT ON TABLE ticketing.outbox IS 'approved replies for the help desk to send; it sets sent_at';
CREATE INDEX outbox_unsent ON ticketing.outbox (outbox_id) WHERE sent_at IS NULL;

------------------------------------------------------------------------------------------------------------------
-- Review: the state machine, kept by triggers, so that nobody can go round it
------------------------------------------------------------------------------------------------------------------

-- Who is acting. A person's own login counts; only the pipeline's login may name another (its reviewers' screen does).
-- Every function here names its search_path: a caller's own operators must not decide what is allowed.
CREATE FUNCTION ticketing.actor() RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN pg_has_role(session_user, 'ticketing_pipeline', 'MEMBER')
                THEN coalesce(nullif(current_setting('ticketing.actor', true), ''), session_user::text)
                ELSE session_user::text END
$$;

CREATE FUNCTION ticketing.draft_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.state <> 'pending' THEN
        RAISE EXCEPTION 'draft % is %: nothing changes a draft that is not pending', OLD.draft_id, OLD.state
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF (NEW.draft_id, NEW.ticket_id, NEW.revision, NEW.language, NEW.category, NEW.confidence, NEW.body,
        NEW.placeholder_body, NEW.classifier_version, NEW.generator_version, NEW.snapshot_id, NEW.prompt_version,
        NEW.prompt_tokens, NEW.completion_tokens, NEW.seconds, NEW.created_at)
       IS DISTINCT FROM
       (OLD.draft_id, OLD.ticket_id, OLD.revision, OLD.language, OLD.category, OLD.confidence, OLD.body,
        OLD.placeholder_body, OLD.classifier_version, OLD.generator_version, OLD.snapshot_id, OLD.prompt_version,
        OLD.prompt_tokens, OLD.completion_tokens, OLD.seconds, OLD.created_at) THEN
        RAISE EXCEPTION 'draft %: what a model wrote is never overwritten', OLD.draft_id
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    -- Whoever holds it may decide it or give it back; nobody takes it from another's hands, and no run retires it.
    IF OLD.claimed_by IS NOT NULL
       AND (NEW.state IN ('superseded', 'expired') OR NEW.claimed_by <> OLD.claimed_by
            OR (NEW.decided_by IS NOT NULL AND NEW.decided_by <> OLD.claimed_by)) THEN
        RAISE EXCEPTION 'draft % is being reviewed by %', OLD.draft_id, OLD.claimed_by
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER draft_guard BEFORE UPDATE ON ticketing.draft
    FOR EACH ROW EXECUTE FUNCTION ticketing.draft_guard();

-- Written as its owner: nobody else can insert into the trail or the outbox.
CREATE FUNCTION ticketing.draft_trail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
        INSERT INTO ticketing.outbox (draft_id, ticket_id, revision, body)
        VALUES (NEW.draft_id, NEW.ticket_id, NEW.revision, NEW.final_body)
        ON CONFLICT (ticket_id, revision) DO NOTHING;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'draft %: a reply to revision % of ticket % was approved already',
                NEW.draft_id, NEW.revision, NEW.ticket_id USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER draft_trail AFTER INSERT OR UPDATE ON ticketing.draft
    FOR EACH ROW EXECUTE FUNCTION ticketing.draft_trail();

CREATE FUNCTION ticketing.append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER draft_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ticketing.draft_event
    FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();
CREATE TRIGGER promotion_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ticketing.promotion
    FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();
CREATE TRIGGER verdict_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ticketing.verdict
    FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();

-- The pending draft, locked, if this actor may decide it.
CREATE FUNCTION ticketing.draft_for_decision(p_draft_id bigint) RETURNS ticketing.draft
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_draft ticketing.draft;
BEGIN
    SELECT * INTO v_draft FROM ticketing.draft WHERE draft_id = p_draft_id FOR UPDATE;
    IF v_draft.draft_id IS NULL THEN
        RAISE EXCEPTION 'there is no draft %', p_draft_id USING ERRCODE = 'no_data_found';
    END IF;
    IF v_draft.state <> 'pending' THEN
        RAISE EXCEPTION 'draft % is already %', p_draft_id, v_draft.state
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF v_draft.claimed_by <> ticketing.actor() THEN
        RAISE EXCEPTION 'draft % is being reviewed by %', p_draft_id, v_draft.claimed_by
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN v_draft;
END
$$;

-- SELECT * FROM ticketing.claim_draft_v1();    the oldest pending draft nobody has, or a given one
-- SELECT ticketing.approve_draft_v1(7);        as it stands
-- SELECT ticketing.edit_draft_v1(7, 'Dear …'); with the reviewer's words
-- SELECT ticketing.reject_draft_v1(7, 'wrong product');
-- SELECT ticketing.release_draft_v1(7);        give it back
CREATE FUNCTION ticketing.claim_draft_v1(p_draft_id bigint DEFAULT NULL) RETURNS SETOF ticketing.draft
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_draft_id bigint := p_draft_id;
    v_claimed_by text;
BEGIN
    IF v_draft_id IS NULL THEN
        SELECT d.draft_id INTO v_draft_id FROM ticketing.draft d
        WHERE d.state = 'pending' AND d.claimed_by IS NULL
        ORDER BY d.created_at, d.draft_id LIMIT 1 FOR UPDATE SKIP LOCKED;
        IF v_draft_id IS NULL THEN
            RETURN;
        END IF;
    END IF;
    SELECT (ticketing.draft_for_decision(v_draft_id)).claimed_by INTO v_claimed_by;
    IF v_claimed_by IS NULL THEN
        UPDATE ticketing.draft SET claimed_by = ticketing.actor(), claimed_at = clock_timestamp()
        WHERE draft_id = v_draft_id;
    END IF;
    RETURN QUERY SELECT * FROM ticketing.draft WHERE draft_id = v_draft_id;
END
$$;

CREATE FUNCTION ticketing.release_draft_v1(p_draft_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM ticketing.draft_for_decision(p_draft_id);
    UPDATE ticketing.draft SET claimed_by = NULL, claimed_at = NULL
    WHERE draft_id = p_draft_id AND claimed_by IS NOT NULL;
END
$$;

CREATE FUNCTION ticketing.approve_draft_v1(p_draft_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM ticketing.draft_for_decision(p_draft_id);
    UPDATE ticketing.draft
    SET state = 'approved', final_body = body, decided_by = ticketing.actor(), decided_at = clock_timestamp()
    WHERE draft_id = p_draft_id;
END
$$;

CREATE FUNCTION ticketing.edit_draft_v1(p_draft_id bigint, p_body text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_body IS NULL OR btrim(p_body, E' \t\r\n') = '' THEN
        RAISE EXCEPTION 'draft %: an edited reply can''t be empty', p_draft_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM ticketing.draft_for_decision(p_draft_id);
    UPDATE ticketing.draft
    SET state = 'edited', final_body = p_body, decided_by = ticketing.actor(), decided_at = clock_timestamp()
    WHERE draft_id = p_draft_id;
END
$$;

CREATE FUNCTION ticketing.reject_draft_v1(p_draft_id bigint, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_reason IS NULL OR btrim(p_reason, E' \t\r\n') = '' THEN
        RAISE EXCEPTION 'draft %: say why it is rejected', p_draft_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM ticketing.draft_for_decision(p_draft_id);
    UPDATE ticketing.draft
    SET state = 'rejected', reject_reason = p_reason, decided_by = ticketing.actor(), decided_at = clock_timestamp()
    WHERE draft_id = p_draft_id;
END
$$;

-- What reviewers work from: pending drafts beside their tickets, and the tickets that need a human from the start.
-- Functions under the views, because Postgres records no dependency inside a function's text: an engineer can so drop and
-- create source_ticket, with other types too, and the views still stand. They are plain SQL, so the planner sees through.
CREATE FUNCTION ticketing.pending_drafts_v1()
RETURNS TABLE (draft_id bigint, ticket_id text, revision integer, language text, category text,
    confidence double precision, claimed_by text, created_at timestamptz, current_revision integer, subject text,
    ticket text, draft text)
LANGUAGE sql STABLE AS $$
    SELECT d.draft_id, d.ticket_id, d.revision, d.language, d.category, d.confidence, d.claimed_by, d.created_at,
           coalesce(s.revision, 1)::integer, s.subject::text, s.body::text, d.body
    FROM ticketing.draft d
    LEFT JOIN ticketing.source_ticket s ON s.ticket_id::text = d.ticket_id
    WHERE d.state = 'pending'
$$;

-- From the scrubbed tickets: those the classifier is not sure of, those that failed too often, those unfit to be drafted.
CREATE FUNCTION ticketing.human_tickets_v1()
RETURNS TABLE (ticket_id text, revision integer, best_guess text, confidence double precision,
    threshold double precision, reason text, since timestamptz, subject text, ticket text)
LANGUAGE sql STABLE AS $$
    SELECT q.ticket_id, q.revision, q.best_guess, q.confidence, q.threshold, q.reason, q.since, s.subject::text,
           s.body::text
    FROM (
        SELECT c.ticket_id, c.revision, r.category AS best_guess, r.confidence, r.threshold,
               coalesce(c.unfit, CASE WHEN w.state = 'failed' THEN 'drafting failed: ' || w.error END, r.reason) AS reason,
               coalesce(r.routed_at, w.finished_at, c.scrubbed_at) AS since
        FROM ticketing.clean_ticket c
        LEFT JOIN ticketing.draft_work w ON w.ticket_id = c.ticket_id AND w.revision = c.revision
        LEFT JOIN LATERAL (
            SELECT * FROM ticketing.routing t
            WHERE t.ticket_id = c.ticket_id AND t.revision = c.revision
            ORDER BY t.routed_at DESC LIMIT 1
        ) r ON true
        WHERE c.category IS NULL AND c.reply IS NULL
          AND (c.unfit IS NOT NULL OR w.state = 'failed' OR r.route = 'human')
    ) q
    LEFT JOIN ticketing.source_ticket s ON s.ticket_id::text = q.ticket_id
    WHERE s.reply IS NULL
$$;

CREATE VIEW ticketing.review_queue AS SELECT * FROM ticketing.pending_drafts_v1();
CREATE VIEW ticketing.human_queue AS SELECT * FROM ticketing.human_tickets_v1();

REVOKE EXECUTE ON FUNCTION ticketing.actor(), ticketing.draft_for_decision(bigint), ticketing.claim_draft_v1(bigint),
    ticketing.release_draft_v1(bigint), ticketing.approve_draft_v1(bigint), ticketing.edit_draft_v1(bigint, text),
    ticketing.reject_draft_v1(bigint, text), ticketing.promote_v1(text, bigint, text, boolean),
    ticketing.claim_work_v1(text, integer, interval), ticketing.pending_drafts_v1(), ticketing.human_tickets_v1()
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ticketing.claim_draft_v1(bigint), ticketing.release_draft_v1(bigint),
    ticketing.approve_draft_v1(bigint), ticketing.edit_draft_v1(bigint, text), ticketing.reject_draft_v1(bigint, text)
    TO ticketing_reviewer, ticketing_pipeline;
GRANT EXECUTE ON FUNCTION ticketing.promote_v1(text, bigint, text, boolean),
    ticketing.claim_work_v1(text, integer, interval) TO ticketing_pipeline;
GRANT EXECUTE ON FUNCTION ticketing.pending_drafts_v1(), ticketing.human_tickets_v1()
    TO ticketing_reviewer, ticketing_pipeline;

GRANT SELECT ON ticketing.review_queue, ticketing.human_queue, ticketing.draft, ticketing.routing, ticketing.draft_event,
    ticketing.draft_work, ticketing.clean_ticket, ticketing.outbox TO ticketing_reviewer;
GRANT SELECT, INSERT, UPDATE ON ticketing.draft_work, ticketing.routing TO ticketing_pipeline;
GRANT SELECT, INSERT ON ticketing.draft TO ticketing_pipeline;
GRANT UPDATE (state) ON ticketing.draft TO ticketing_pipeline;
GRANT SELECT ON ticketing.review_queue, ticketing.human_queue, ticketing.draft_event TO ticketing_pipeline;
GRANT SELECT, UPDATE (sent_at) ON ticketing.outbox TO ticketing_pipeline;
-- Read-only is for dashboards: counts and metadata, no ticket text with personal data in it.
GRANT SELECT ON ticketing.draft_work, ticketing.routing, ticketing.draft_event TO ticketing_readonly;
GRANT SELECT (draft_id, ticket_id, revision, state, language, category, confidence, classifier_version,
    generator_version, snapshot_id, prompt_version, prompt_tokens, completion_tokens, seconds, created_at, claimed_by,
    claimed_at, decided_by, decided_at) ON ticketing.draft TO ticketing_readonly;
GRANT SELECT (outbox_id, draft_id, ticket_id, revision, created_at, sent_at) ON ticketing.outbox TO ticketing_readonly;
