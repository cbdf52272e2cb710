-- The whole schema, as the migrations leave it. Made by 'ticketing db schema': change the migrations, not this.
--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: ticketing; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA ticketing;

--
-- Name: vault; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA vault;

--
-- Name: actor(); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.actor() RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT CASE WHEN pg_has_role(session_user, 'ticketing_pipeline', 'MEMBER')
                THEN coalesce(nullif(current_setting('ticketing.actor', true), ''), session_user::text)
                ELSE session_user::text END
$$;

--
-- Name: append_only(); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.append_only() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'draft_event'
       AND current_setting('ticketing.forgetting', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

--
-- Name: approve_draft_v1(bigint); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.approve_draft_v1(p_draft_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    PERFORM ticketing.draft_for_decision(p_draft_id);
    UPDATE ticketing.draft
    SET state = 'approved', final_body = body, decided_by = ticketing.actor(), decided_at = clock_timestamp()
    WHERE draft_id = p_draft_id;
END
$$;

--
-- Name: champion_line_v1(text); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.champion_line_v1(p_kind text) RETURNS TABLE(step bigint, version text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_entry record;
    v_line text[] := '{}';
BEGIN
    FOR v_entry IN
        SELECT p.version, p.action FROM ticketing.promotion p WHERE p.kind = p_kind ORDER BY p.promotion_id
    LOOP
        IF v_entry.action = 'rolled back' AND v_entry.version = ANY (v_line) THEN
            v_line := v_line[array_position(v_line, v_entry.version):];
        ELSIF v_entry.version IS DISTINCT FROM v_line[1] THEN
            v_line := array_prepend(v_entry.version, v_line);
        END IF;
    END LOOP;
    RETURN QUERY SELECT line.step, line.version FROM unnest(v_line) WITH ORDINALITY AS line (version, step);
END
$$;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: draft; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.draft (
    draft_id bigint NOT NULL,
    ticket_id text NOT NULL,
    revision integer NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    language text NOT NULL,
    category text NOT NULL,
    confidence double precision NOT NULL,
    body text NOT NULL,
    placeholder_body text NOT NULL,
    classifier_version text NOT NULL,
    generator_version text NOT NULL,
    snapshot_id text NOT NULL,
    prompt_version text NOT NULL,
    prompt_tokens integer NOT NULL,
    completion_tokens integer NOT NULL,
    seconds double precision NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    claimed_by text,
    claimed_at timestamp with time zone,
    decided_by text,
    decided_at timestamp with time zone,
    final_body text,
    reject_reason text,
    content_id text NOT NULL,
    CONSTRAINT draft_body_check CHECK ((body <> ''::text)),
    CONSTRAINT draft_check CHECK (((claimed_by IS NULL) = (claimed_at IS NULL))),
    CONSTRAINT draft_check1 CHECK (((state = ANY (ARRAY['approved'::text, 'edited'::text])) = (final_body IS NOT NULL))),
    CONSTRAINT draft_check2 CHECK (((state <> 'approved'::text) OR (final_body = body))),
    CONSTRAINT draft_check3 CHECK (((state = 'rejected'::text) = (reject_reason IS NOT NULL))),
    CONSTRAINT draft_check4 CHECK (((state = ANY (ARRAY['approved'::text, 'edited'::text, 'rejected'::text])) = (decided_by IS NOT NULL))),
    CONSTRAINT draft_check5 CHECK (((decided_by IS NULL) = (decided_at IS NULL))),
    CONSTRAINT draft_confidence_check CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT draft_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'approved'::text, 'edited'::text, 'rejected'::text, 'superseded'::text, 'expired'::text])))
);

--
-- Name: COLUMN draft.content_id; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.draft.content_id IS 'which text of the ticket the draft answers; empty: unknown';

--
-- Name: claim_draft_v1(bigint); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.claim_draft_v1(p_draft_id bigint DEFAULT NULL::bigint) RETURNS SETOF ticketing.draft
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: claim_work_v2(text, integer, interval); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.claim_work_v2(p_worker text, p_limit integer, p_lease interval) RETURNS TABLE(ticket_id text, revision integer, content_id text, attempts integer)
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: draft_for_decision(bigint); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.draft_for_decision(p_draft_id bigint) RETURNS ticketing.draft
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: draft_guard(); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.draft_guard() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: draft_trail(); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.draft_trail() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: edit_draft_v1(bigint, text); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.edit_draft_v1(p_draft_id bigint, p_body text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: forget_ticket_v1(text); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.forget_ticket_v1(p_ticket_id text) RETURNS TABLE(vault_values bigint, clean_tickets bigint, drafts bigint, imported_tickets bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_items bigint[];
BEGIN
    -- Waits for a run that is writing the ticket just now; one that writes later sees that it is forgotten.
    LOCK TABLE ticketing.clean_ticket IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO ticketing.forgotten_ticket (ticket_id, forgotten_by) VALUES (p_ticket_id, ticketing.actor())
    ON CONFLICT DO NOTHING;
    PERFORM set_config('ticketing.forgetting', 'on', true);
    DELETE FROM ticketing.outbox WHERE ticket_id = p_ticket_id;
    DELETE FROM ticketing.draft_event WHERE draft_id IN (SELECT draft_id FROM ticketing.draft WHERE ticket_id = p_ticket_id);
    DELETE FROM ticketing.draft WHERE ticket_id = p_ticket_id;
    GET DIAGNOSTICS drafts = ROW_COUNT;
    -- Locked, so that nobody is given or rates an item on its way out.
    v_items := ARRAY(
        SELECT item_id FROM ticketing.study_item
        WHERE ticket_id = p_ticket_id OR item_id IN (
            SELECT r.item_id FROM ticketing.study_reply r WHERE r.told_in = ARRAY[p_ticket_id])
        FOR UPDATE);
    PERFORM 1 FROM ticketing.study_assignment WHERE item_id = ANY (v_items) FOR UPDATE;
    DELETE FROM ticketing.study_rating WHERE item_id = ANY (v_items);
    DELETE FROM ticketing.study_assignment WHERE item_id = ANY (v_items);
    DELETE FROM ticketing.study_reply WHERE item_id = ANY (v_items);
    DELETE FROM ticketing.study_item WHERE item_id = ANY (v_items);
    UPDATE ticketing.study_reply SET told_in = array_remove(told_in, p_ticket_id) WHERE p_ticket_id = ANY (told_in);
    PERFORM set_config('ticketing.forgetting', '', true);
    DELETE FROM ticketing.draft_work WHERE ticket_id = p_ticket_id;
    DELETE FROM ticketing.routing WHERE ticket_id = p_ticket_id;
    DELETE FROM vault.entry WHERE ticket_id = p_ticket_id;
    GET DIAGNOSTICS vault_values = ROW_COUNT;
    DELETE FROM ticketing.clean_ticket WHERE ticket_id = p_ticket_id;
    GET DIAGNOSTICS clean_tickets = ROW_COUNT;
    DELETE FROM ticketing.imported_ticket WHERE ticket_id = p_ticket_id;
    GET DIAGNOSTICS imported_tickets = ROW_COUNT;
    RETURN NEXT;
END
$$;

--
-- Name: hash_part(text); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.hash_part(part text) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE WHEN part IS NULL THEN int8send(1) || '\x00'::bytea
                ELSE int8send(octet_length(convert_to(part, 'UTF8')) + 1) || '\x01'::bytea || convert_to(part, 'UTF8') END
$$;

--
-- Name: FUNCTION hash_part(part text); Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON FUNCTION ticketing.hash_part(part text) IS 'encodes one part as ticketing.tickets.content_hash in Python does: its length, a byte that tells NULL from empty, its bytes; prepare compares the SHA-256 of the concatenated parts to find changed tickets';

--
-- Name: promote_v1(text, bigint, text, boolean); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.promote_v1(p_version text, p_verdict_id bigint, p_by text, p_overrule boolean) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT ticketing.promote_v2(p_version, p_verdict_id, p_by, p_overrule, NULL)
$$;

--
-- Name: promote_v2(text, bigint, text, boolean, text); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.promote_v2(p_version text, p_verdict_id bigint, p_by text, p_overrule boolean, p_reason text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_kind text;
    v_pruned_at timestamptz;
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
    SELECT pruned_at INTO v_pruned_at FROM ticketing.model WHERE version = p_version;
    IF v_pruned_at IS NOT NULL THEN
        RAISE EXCEPTION 'the artefact of % was pruned on %', p_version, v_pruned_at::date
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT version INTO v_replaced FROM ticketing.model WHERE kind = v_kind AND state = 'champion';
    UPDATE ticketing.model SET state = 'retired' WHERE version = v_replaced AND version <> p_version;
    UPDATE ticketing.model SET state = 'champion' WHERE version = p_version;
    INSERT INTO ticketing.promotion (kind, version, replaced, verdict_id, overruled, promoted_by, reason)
    VALUES (v_kind, p_version, nullif(v_replaced, p_version), p_verdict_id, NOT v_passed, p_by, nullif(p_reason, ''))
    RETURNING promotion_id INTO v_promotion;
    RETURN v_promotion;
END
$$;

--
-- Name: prune_model_v1(text, text); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.prune_model_v1(p_version text, p_by text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_model ticketing.model;
BEGIN
    SELECT * INTO v_model FROM ticketing.model WHERE version = p_version;
    IF v_model.version IS NULL THEN
        RAISE EXCEPTION 'there is no model %', p_version USING ERRCODE = 'no_data_found';
    END IF;
    -- What is champion and what a rollback goes to must not change meanwhile.
    PERFORM pg_advisory_xact_lock(hashtext('ticketing.promote.' || v_model.kind));
    SELECT * INTO v_model FROM ticketing.model WHERE version = p_version;
    IF v_model.state = 'champion' THEN
        RAISE EXCEPTION '% is the champion: its artefact is needed', p_version
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF EXISTS (SELECT FROM ticketing.champion_line_v1(v_model.kind) line
               WHERE line.step = 2 AND line.version = p_version) THEN
        RAISE EXCEPTION '% is what a rollback goes to: its artefact is needed', p_version
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    UPDATE ticketing.model SET pruned_at = clock_timestamp(), pruned_by = p_by
    WHERE version = p_version AND pruned_at IS NULL;
    RETURN FOUND;
END
$$;

--
-- Name: reject_draft_v1(bigint, text); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.reject_draft_v1(p_draft_id bigint, p_reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: release_draft_v1(bigint); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.release_draft_v1(p_draft_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    PERFORM ticketing.draft_for_decision(p_draft_id);
    UPDATE ticketing.draft SET claimed_by = NULL, claimed_at = NULL
    WHERE draft_id = p_draft_id AND claimed_by IS NOT NULL;
END
$$;

--
-- Name: rollback_v1(text, text, text, text); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.rollback_v1(p_kind text, p_to text, p_by text, p_reason text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_champion text;
    v_target ticketing.model;
    v_verdict ticketing.verdict;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ticketing.promote.' || p_kind));
    SELECT version INTO v_champion FROM ticketing.model WHERE kind = p_kind AND state = 'champion';
    IF v_champion IS NULL THEN
        RAISE EXCEPTION 'no % has been promoted yet: there is nothing to go back from', p_kind
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF p_to IS NULL THEN
        SELECT line.version INTO p_to FROM ticketing.champion_line_v1(p_kind) line WHERE line.step = 2;
    END IF;
    IF p_to IS NULL THEN
        RAISE EXCEPTION 'no % was champion before %: there is nothing to go back to', p_kind, v_champion
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT * INTO v_target FROM ticketing.model WHERE version = p_to AND kind = p_kind;
    IF v_target.version IS NULL THEN
        RAISE EXCEPTION 'there is no % %', p_kind, p_to USING ERRCODE = 'no_data_found';
    END IF;
    IF v_target.state = 'champion' THEN
        RAISE EXCEPTION '% is the champion already', p_to USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF v_target.state = 'candidate' THEN
        RAISE EXCEPTION '% never was champion: one goes back only to what has drafted before', p_to
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF v_target.pruned_at IS NOT NULL THEN
        RAISE EXCEPTION 'the artefact of % was pruned on %', p_to, v_target.pruned_at::date
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT * INTO STRICT v_verdict FROM ticketing.verdict WHERE version = p_to ORDER BY verdict_id DESC LIMIT 1;
    UPDATE ticketing.model SET state = 'retired' WHERE version = v_champion;
    UPDATE ticketing.model SET state = 'champion' WHERE version = p_to;
    INSERT INTO ticketing.promotion (kind, version, replaced, verdict_id, overruled, promoted_by, action, reason)
    VALUES (p_kind, p_to, v_champion, v_verdict.verdict_id, NOT v_verdict.passed, p_by, 'rolled back',
            nullif(p_reason, ''));
    RETURN p_to;
END
$$;

--
-- Name: study_assign_v1(bigint, text, integer); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.study_assign_v1(p_study bigint, p_rater text, p_own integer DEFAULT NULL::integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    -- Two raters who come at once wait for each other here, and so get different items.
    v_study ticketing.study := ticketing.study_locked(p_study);
    v_count bigint;
BEGIN
    IF p_rater IS NULL OR btrim(p_rater) = '' THEN
        RAISE EXCEPTION 'a rater needs a name' USING ERRCODE = 'check_violation';
    END IF;
    IF v_study.state = 'preparing' THEN
        RAISE EXCEPTION 'study % is preparing', p_study USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT count(*) INTO v_count FROM ticketing.study_assignment a JOIN ticketing.study_item i USING (item_id)
    WHERE i.study_id = p_study AND a.rater = p_rater;
    IF v_count > 0 THEN
        RETURN v_count;
    END IF;
    INSERT INTO ticketing.study_assignment (item_id, rater, place, systems)
    SELECT chosen.item_id, p_rater,
           row_number() OVER (ORDER BY ticketing.study_draw(v_study.seed, 'place', p_rater, chosen.ticket_id)),
           (SELECT array_agg(r.system ORDER BY
                ticketing.study_draw(v_study.seed, 'label', p_rater, chosen.ticket_id, r.system))
            FROM ticketing.study_reply r WHERE r.item_id = chosen.item_id)
    FROM (
        SELECT i.item_id, i.ticket_id FROM ticketing.study_item i WHERE i.study_id = p_study AND i.shared
        UNION ALL
        (SELECT i.item_id, i.ticket_id FROM ticketing.study_item i
         WHERE i.study_id = p_study AND NOT i.shared
         ORDER BY (SELECT count(*) FROM ticketing.study_assignment a WHERE a.item_id = i.item_id),
                  ticketing.study_draw(v_study.seed, 'portion', i.ticket_id)
         LIMIT coalesce(p_own, (SELECT ceil(count(*)::numeric / v_study.raters) FROM ticketing.study_item i
                                WHERE i.study_id = p_study AND NOT i.shared)))
    ) chosen;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

--
-- Name: study_assignment_guard(); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.study_assignment_guard() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_study bigint;
    v_state text;
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('ticketing.forgetting', true) = 'on' THEN
        RETURN OLD;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'what a rater was given does not change' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT s.study_id, s.state INTO v_study, v_state
    FROM ticketing.study_item i JOIN ticketing.study s USING (study_id) WHERE i.item_id = NEW.item_id;
    IF v_state <> 'open' THEN
        RAISE EXCEPTION 'study % is %', v_study, v_state USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN NEW;
END
$$;

--
-- Name: study_close_v1(bigint); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.study_close_v1(p_study bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_study ticketing.study := ticketing.study_locked(p_study);
BEGIN
    IF v_study.state = 'closed' THEN
        RAISE EXCEPTION 'study % is closed', p_study USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    UPDATE ticketing.study SET state = 'closed', closed_by = ticketing.actor(), closed_at = clock_timestamp()
    WHERE study_id = p_study;
END
$$;

--
-- Name: study_draw(bigint, text[]); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.study_draw(p_seed bigint, VARIADIC p_words text[]) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT sha256(convert_to(p_seed::text || chr(31) || array_to_string(p_words, chr(31)), 'UTF8'))
$$;

--
-- Name: study_guard(); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.study_guard() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF (NEW.study_id, NEW.name, NEW.snapshot_id, NEW.seed, NEW.overlap, NEW.raters, NEW.asked, NEW.created_by,
        NEW.created_at)
       IS DISTINCT FROM
       (OLD.study_id, OLD.name, OLD.snapshot_id, OLD.seed, OLD.overlap, OLD.raters, OLD.asked, OLD.created_by,
        OLD.created_at)
       OR (OLD.state, NEW.state) NOT IN (('preparing', 'open'), ('preparing', 'closed'), ('open', 'closed')) THEN
        RAISE EXCEPTION 'study % is %: it can''t be changed so', OLD.study_id, OLD.state
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN NEW;
END
$$;

--
-- Name: study_item_guard(); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.study_item_guard() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_row record;
    v_state text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF current_setting('ticketing.forgetting', true) = 'on' THEN
            RETURN OLD;
        END IF;
        v_row := OLD;
    ELSE
        v_row := NEW;
        IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'study_reply'
           AND current_setting('ticketing.forgetting', true) = 'on' THEN
            RETURN NEW;
        END IF;
    END IF;
    SELECT s.state INTO v_state FROM ticketing.study s
    WHERE s.study_id = CASE WHEN TG_TABLE_NAME = 'study_item' THEN (to_jsonb(v_row) ->> 'study_id')::bigint
        ELSE (SELECT i.study_id FROM ticketing.study_item i WHERE i.item_id = v_row.item_id) END;
    IF TG_OP = 'UPDATE' OR v_state IS DISTINCT FROM 'preparing' THEN
        RAISE EXCEPTION 'what is in a study does not change' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN v_row;
END
$$;

--
-- Name: study; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.study (
    study_id bigint NOT NULL,
    name text NOT NULL,
    state text DEFAULT 'preparing'::text NOT NULL,
    snapshot_id text NOT NULL,
    seed bigint NOT NULL,
    overlap double precision NOT NULL,
    raters integer NOT NULL,
    asked integer NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    closed_by text,
    closed_at timestamp with time zone,
    CONSTRAINT study_asked_check CHECK ((asked > 0)),
    CONSTRAINT study_check CHECK (((state = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT study_check1 CHECK (((closed_by IS NULL) = (closed_at IS NULL))),
    CONSTRAINT study_name_check CHECK ((btrim(name) <> ''::text)),
    CONSTRAINT study_overlap_check CHECK (((overlap >= (0)::double precision) AND (overlap <= (1)::double precision))),
    CONSTRAINT study_raters_check CHECK ((raters > 0)),
    CONSTRAINT study_state_check CHECK ((state = ANY (ARRAY['preparing'::text, 'open'::text, 'closed'::text])))
);

--
-- Name: COLUMN study.overlap; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.study.overlap IS 'the share of the items that every rater gets';

--
-- Name: COLUMN study.raters; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.study.raters IS 'how many raters the other items are shared out to; more can join';

--
-- Name: COLUMN study.asked; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.study.asked IS 'how many tickets were asked for';

--
-- Name: study_locked(bigint); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.study_locked(p_study bigint) RETURNS ticketing.study
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_study ticketing.study;
BEGIN
    SELECT * INTO v_study FROM ticketing.study WHERE study_id = p_study FOR UPDATE;
    IF v_study.study_id IS NULL THEN
        RAISE EXCEPTION 'there is no study %', p_study USING ERRCODE = 'no_data_found';
    END IF;
    RETURN v_study;
END
$$;

--
-- Name: study_next_v1(bigint); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.study_next_v1(p_study bigint) RETURNS TABLE(item_id bigint, place integer, rated bigint, items bigint, ticket text, replies jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
DECLARE
    v_state text;
    v_rater text := ticketing.actor();
BEGIN
    SELECT s.state INTO v_state FROM ticketing.study s WHERE s.study_id = p_study;
    IF v_state IS NULL OR NOT EXISTS (
        SELECT FROM ticketing.study_assignment a JOIN ticketing.study_item i USING (item_id)
        WHERE i.study_id = p_study AND a.rater = v_rater) THEN
        RAISE EXCEPTION 'study % has no items for %', p_study, v_rater USING ERRCODE = 'no_data_found';
    END IF;
    IF v_state <> 'open' THEN
        RAISE EXCEPTION 'study % is %', p_study, v_state USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN QUERY
    WITH given AS (
        SELECT a.item_id, a.place, i.ticket, a.systems,
               EXISTS (SELECT FROM ticketing.study_rating r WHERE r.item_id = a.item_id AND r.rater = v_rater) AS done
        FROM ticketing.study_assignment a JOIN ticketing.study_item i USING (item_id)
        WHERE i.study_id = p_study AND a.rater = v_rater
    )
    SELECT g.item_id, g.place, (SELECT count(*) FROM given WHERE done), (SELECT count(*) FROM given), g.ticket,
           (SELECT jsonb_object_agg(chr(64 + s.n::integer), r.body)
            FROM unnest(g.systems) WITH ORDINALITY AS s (system, n)
            JOIN ticketing.study_reply r ON r.item_id = g.item_id AND r.system = s.system)
    FROM given g WHERE NOT g.done ORDER BY g.place LIMIT 1;
END
$$;

--
-- Name: study_open_v1(bigint); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.study_open_v1(p_study bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_study ticketing.study := ticketing.study_locked(p_study);
    v_lacking bigint[];
BEGIN
    IF v_study.state <> 'preparing' THEN
        RAISE EXCEPTION 'study % is %', p_study, v_study.state USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    v_lacking := ARRAY(
        SELECT i.item_id FROM ticketing.study_item i
        WHERE i.study_id = p_study AND EXISTS (
            SELECT FROM ticketing.study_system y
            WHERE y.study_id = p_study AND NOT EXISTS (
                SELECT FROM ticketing.study_reply r WHERE r.item_id = i.item_id AND r.system = y.system)));
    DELETE FROM ticketing.study_reply WHERE item_id = ANY (v_lacking);
    DELETE FROM ticketing.study_item WHERE item_id = ANY (v_lacking);
    IF NOT EXISTS (SELECT FROM ticketing.study_item WHERE study_id = p_study) THEN
        RAISE EXCEPTION 'study %: to no ticket have all systems a reply', p_study USING ERRCODE = 'check_violation';
    END IF;
    UPDATE ticketing.study SET state = 'open' WHERE study_id = p_study;
    RETURN cardinality(v_lacking);
END
$$;

--
-- Name: study_rate_v1(bigint, bigint, jsonb, text, text); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.study_rate_v1(p_study bigint, p_item bigint, p_scores jsonb, p_preferred text, p_comment text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_rater text := ticketing.actor();
    v_comment text := coalesce(p_comment, '');
    v_last ticketing.study_rating;
BEGIN
    IF NOT EXISTS (SELECT FROM ticketing.study_item WHERE item_id = p_item AND study_id = p_study) THEN
        RAISE EXCEPTION 'item % is not one of %''s', p_item, v_rater USING ERRCODE = 'no_data_found';
    END IF;
    SELECT * INTO v_last FROM ticketing.study_rating WHERE item_id = p_item AND rater = v_rater
    ORDER BY rating_id DESC LIMIT 1;
    IF v_last.rating_id IS NOT NULL AND v_last.scores = p_scores AND v_last.comment = v_comment
       AND v_last.preferred IS NOT DISTINCT FROM p_preferred THEN
        RETURN false;
    END IF;
    INSERT INTO ticketing.study_rating (item_id, rater, scores, preferred, comment)
    VALUES (p_item, v_rater, p_scores, p_preferred, v_comment);
    RETURN true;
END
$$;

--
-- Name: study_rating_guard(); Type: FUNCTION; Schema: ticketing; Owner: -
--

CREATE FUNCTION ticketing.study_rating_guard() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_study bigint;
    v_state text;
    v_labels text[];
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('ticketing.forgetting', true) = 'on' THEN
        RETURN OLD;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'study_rating is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Locked, so that no rating slips in behind the closing of its study.
    SELECT s.study_id, s.state, ARRAY(SELECT chr(64 + n) FROM generate_series(1, cardinality(a.systems)) AS n)
    INTO v_study, v_state, v_labels
    FROM ticketing.study_assignment a
    JOIN ticketing.study_item i USING (item_id)
    JOIN ticketing.study s USING (study_id)
    WHERE a.item_id = NEW.item_id AND a.rater = NEW.rater FOR SHARE OF s;
    IF v_study IS NULL THEN
        RAISE EXCEPTION 'item % is not one of %''s', NEW.item_id, NEW.rater USING ERRCODE = 'no_data_found';
    END IF;
    IF v_state <> 'open' THEN
        RAISE EXCEPTION 'study % is %', v_study, v_state USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF jsonb_typeof(NEW.scores) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'item %: scores must name each reply', NEW.item_id USING ERRCODE = 'check_violation';
    END IF;
    IF ARRAY(SELECT key COLLATE "C" FROM jsonb_object_keys(NEW.scores) AS key ORDER BY 1) <> v_labels THEN
        RAISE EXCEPTION 'item %: each of % needs a score, and nothing else', NEW.item_id, array_to_string(v_labels, ', ')
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM jsonb_each(NEW.scores) AS given WHERE given.value NOT IN ('1', '2', '3', '4', '5')) THEN
        RAISE EXCEPTION 'item %: a score is 1, 2, 3, 4 or 5', NEW.item_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.preferred <> ALL (v_labels) THEN
        RAISE EXCEPTION 'item %: the preferred reply is one of %, or none', NEW.item_id,
            array_to_string(v_labels, ', ') USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

--
-- Name: clean_ticket; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.clean_ticket (
    ticket_id text NOT NULL,
    revision integer NOT NULL,
    content_hash text NOT NULL,
    scrubber_version text NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone,
    language text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    category text,
    reply text,
    unfit text,
    scrubbed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    content_id text NOT NULL,
    read_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

--
-- Name: TABLE clean_ticket; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON TABLE ticketing.clean_ticket IS 'the current revision of each ticket, scrubbed and cleaned; no personal data';

--
-- Name: COLUMN clean_ticket.unfit; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.clean_ticket.unfit IS 'why the ticket is excluded from training and drafting; NULL if it is not';

--
-- Name: COLUMN clean_ticket.content_id; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.clean_ticket.content_id IS 'hash of the raw subject and body; empty: unknown';

--
-- Name: COLUMN clean_ticket.read_at; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.clean_ticket.read_at IS 'when the source was read; of two runs that write the same ticket, the one that read it later wins';

--
-- Name: draft_draft_id_seq; Type: SEQUENCE; Schema: ticketing; Owner: -
--

ALTER TABLE ticketing.draft ALTER COLUMN draft_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ticketing.draft_draft_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: draft_event; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.draft_event (
    event_id bigint NOT NULL,
    draft_id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    login text DEFAULT SESSION_USER NOT NULL,
    action text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason text
);

--
-- Name: TABLE draft_event; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON TABLE ticketing.draft_event IS 'the trail: who did what to which draft, and when; append-only';

--
-- Name: draft_event_event_id_seq; Type: SEQUENCE; Schema: ticketing; Owner: -
--

ALTER TABLE ticketing.draft_event ALTER COLUMN event_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ticketing.draft_event_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: draft_work; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.draft_work (
    ticket_id text NOT NULL,
    revision integer NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    queued_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    claimed_by text,
    lease_until timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    finished_at timestamp with time zone,
    content_id text NOT NULL,
    CONSTRAINT draft_work_check CHECK (((state = 'claimed'::text) = (lease_until IS NOT NULL))),
    CONSTRAINT draft_work_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'claimed'::text, 'done'::text, 'failed'::text])))
);

--
-- Name: COLUMN draft_work.error; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.draft_work.error IS 'the kind of the last failure; never text of the ticket';

--
-- Name: extract_cursor; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.extract_cursor (
    name text NOT NULL,
    scrubber_version text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    ticket_id text NOT NULL,
    moved_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

--
-- Name: TABLE extract_cursor; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON TABLE ticketing.extract_cursor IS 'the position in ticketing.source_ticket up to which ranges have been claimed, per cursor';

--
-- Name: extract_range; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.extract_range (
    range_id bigint NOT NULL,
    scrubber_version text NOT NULL,
    after_updated_at timestamp with time zone NOT NULL,
    after_ticket_id text NOT NULL,
    upto_updated_at timestamp with time zone NOT NULL,
    upto_ticket_id text NOT NULL,
    claimed_by text NOT NULL,
    lease_until timestamp with time zone NOT NULL
);

--
-- Name: TABLE extract_range; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON TABLE ticketing.extract_range IS 'one row per range of the source that a run is reading: after (after_updated_at, after_ticket_id), up to and including (upto_updated_at, upto_ticket_id); the row is deleted when the tickets of the range are written';

--
-- Name: extract_range_range_id_seq; Type: SEQUENCE; Schema: ticketing; Owner: -
--

ALTER TABLE ticketing.extract_range ALTER COLUMN range_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ticketing.extract_range_range_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: forgotten_ticket; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.forgotten_ticket (
    ticket_id text NOT NULL,
    forgotten_by text NOT NULL,
    forgotten_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

--
-- Name: TABLE forgotten_ticket; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON TABLE ticketing.forgotten_ticket IS 'tickets that are never read again, whatever the source says';

--
-- Name: routing; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.routing (
    ticket_id text NOT NULL,
    revision integer NOT NULL,
    classifier_version text NOT NULL,
    category text NOT NULL,
    confidence double precision NOT NULL,
    threshold double precision,
    route text NOT NULL,
    reason text,
    routed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    second_category text,
    second_confidence double precision,
    in_scope double precision,
    content_id text NOT NULL,
    CONSTRAINT routing_check CHECK (((route = 'human'::text) = (reason IS NOT NULL))),
    CONSTRAINT routing_confidence_check CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT routing_in_scope_check CHECK (((in_scope >= (0)::double precision) AND (in_scope <= (1)::double precision))),
    CONSTRAINT routing_route_check CHECK ((route = ANY (ARRAY['auto'::text, 'human'::text]))),
    CONSTRAINT routing_second_confidence_check CHECK (((second_confidence >= (0)::double precision) AND (second_confidence <= (1)::double precision)))
);

--
-- Name: COLUMN routing.second_category; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.routing.second_category IS 'what it would be if it were not the first; null: there is no other';

--
-- Name: COLUMN routing.in_scope; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.routing.in_scope IS 'share of validation tickets that are as unlike the training tickets as this one: small means out of scope';

--
-- Name: ticket_text; Type: TABLE; Schema: vault; Owner: -
--

CREATE TABLE vault.ticket_text (
    ticket_id text NOT NULL,
    revision integer NOT NULL,
    content_id text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    stored_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

--
-- Name: TABLE ticket_text; Type: COMMENT; Schema: vault; Owner: -
--

COMMENT ON TABLE vault.ticket_text IS 'raw texts of tickets that wait for a reply or have a pending draft; holds personal data';

--
-- Name: human_queue; Type: VIEW; Schema: ticketing; Owner: -
--

CREATE VIEW ticketing.human_queue AS
 SELECT c.ticket_id,
    c.revision,
    r.category AS best_guess,
    r.confidence,
    r.threshold,
    COALESCE(c.unfit,
        CASE
            WHEN (w.state = 'failed'::text) THEN ('drafting failed: '::text || w.error)
            ELSE NULL::text
        END, r.reason) AS reason,
    COALESCE(r.routed_at, w.finished_at, c.scrubbed_at) AS since,
    t.subject,
    t.body AS ticket
   FROM (((ticketing.clean_ticket c
     LEFT JOIN ticketing.draft_work w ON (((w.ticket_id = c.ticket_id) AND (w.revision = c.revision) AND (w.content_id = c.content_id))))
     LEFT JOIN LATERAL ( SELECT o.category,
            o.confidence,
            o.threshold,
            o.route,
            o.reason,
            o.routed_at
           FROM ticketing.routing o
          WHERE ((o.ticket_id = c.ticket_id) AND (o.revision = c.revision) AND (o.content_id = c.content_id))
          ORDER BY o.routed_at DESC
         LIMIT 1) r ON (true))
     LEFT JOIN vault.ticket_text t ON (((t.ticket_id = c.ticket_id) AND (t.revision = c.revision) AND (t.content_id = c.content_id))))
  WHERE ((c.category IS NULL) AND (c.reply IS NULL) AND ((c.unfit IS NOT NULL) OR (w.state = 'failed'::text) OR (r.route = 'human'::text)));

--
-- Name: imported_ticket; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.imported_ticket (
    ticket_id text NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    language text,
    subject text DEFAULT ''::text NOT NULL,
    body text NOT NULL,
    category text,
    reply text,
    replied_at timestamp with time zone,
    content_hash text NOT NULL,
    CONSTRAINT imported_ticket_body_check CHECK ((body <> ''::text)),
    CONSTRAINT imported_ticket_category_check CHECK ((category <> ''::text)),
    CONSTRAINT imported_ticket_reply_check CHECK ((reply <> ''::text)),
    CONSTRAINT imported_ticket_revision_check CHECK ((revision > 0)),
    CONSTRAINT imported_ticket_ticket_id_check CHECK ((ticket_id <> ''::text))
);

--
-- Name: TABLE imported_ticket; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON TABLE ticketing.imported_ticket IS 'tickets from files and other databases; holds personal data';

--
-- Name: migration; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.migration (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

--
-- Name: TABLE migration; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON TABLE ticketing.migration IS 'which files of sql/migrations were applied, and what they were';

--
-- Name: model; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.model (
    version text NOT NULL,
    kind text NOT NULL,
    state text DEFAULT 'candidate'::text NOT NULL,
    snapshot_id text NOT NULL,
    base_model text NOT NULL,
    path text NOT NULL,
    artefact_hash text NOT NULL,
    parameters jsonb NOT NULL,
    code_version text NOT NULL,
    metrics jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    pruned_at timestamp with time zone,
    pruned_by text,
    CONSTRAINT model_check CHECK (((pruned_at IS NULL) = (pruned_by IS NULL))),
    CONSTRAINT model_check1 CHECK (((pruned_at IS NULL) OR (state <> 'champion'::text))),
    CONSTRAINT model_kind_check CHECK ((kind = ANY (ARRAY['classifier'::text, 'generator'::text]))),
    CONSTRAINT model_state_check CHECK ((state = ANY (ARRAY['candidate'::text, 'champion'::text, 'retired'::text])))
);

--
-- Name: COLUMN model.pruned_at; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.model.pruned_at IS 'since when its artefact is gone on purpose; the row stays';

--
-- Name: promotion; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.promotion (
    promotion_id bigint NOT NULL,
    kind text NOT NULL,
    version text NOT NULL,
    replaced text,
    verdict_id bigint NOT NULL,
    overruled boolean NOT NULL,
    promoted_by text NOT NULL,
    promoted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    action text DEFAULT 'promoted'::text NOT NULL,
    reason text,
    CONSTRAINT promotion_action_check CHECK ((action = ANY (ARRAY['promoted'::text, 'rolled back'::text]))),
    CONSTRAINT promotion_reason_check CHECK ((reason <> ''::text))
);

--
-- Name: TABLE promotion; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON TABLE ticketing.promotion IS 'which version became champion when, who made it so and on which verdict; append-only';

--
-- Name: COLUMN promotion.overruled; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.promotion.overruled IS 'a person promoted it although the gate had said no';

--
-- Name: verdict; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.verdict (
    verdict_id bigint NOT NULL,
    version text NOT NULL,
    passed boolean NOT NULL,
    rules jsonb NOT NULL,
    metrics jsonb NOT NULL,
    decided_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    snapshot_id text,
    code_version text,
    signatures jsonb DEFAULT '{}'::jsonb NOT NULL
);

--
-- Name: COLUMN verdict.signatures; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.verdict.signatures IS 'how each number was computed: tokenizer, references, version, seed';

--
-- Name: model_history; Type: VIEW; Schema: ticketing; Owner: -
--

CREATE VIEW ticketing.model_history AS
 SELECT p.promoted_at AS at,
    p.kind,
    p.action,
    p.version,
    p.replaced,
    p.promoted_by AS by_whom,
    p.overruled,
    v.verdict_id,
    v.passed AS verdict_passed,
    jsonb_path_query_array(v.rules, '$[*]?(@."passed" == false)."name"'::jsonpath) AS failed_rules,
    p.reason
   FROM (ticketing.promotion p
     JOIN ticketing.verdict v USING (verdict_id))
UNION ALL
 SELECT m.pruned_at AS at,
    m.kind,
    'pruned'::text AS action,
    m.version,
    NULL::text AS replaced,
    m.pruned_by AS by_whom,
    NULL::boolean AS overruled,
    NULL::bigint AS verdict_id,
    NULL::boolean AS verdict_passed,
    NULL::jsonb AS failed_rules,
    NULL::text AS reason
   FROM ticketing.model m
  WHERE (m.pruned_at IS NOT NULL);

--
-- Name: VIEW model_history; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON VIEW ticketing.model_history IS 'which model was in production when, and why';

--
-- Name: outbox; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.outbox (
    outbox_id bigint NOT NULL,
    draft_id bigint NOT NULL,
    ticket_id text NOT NULL,
    revision integer NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    sent_at timestamp with time zone,
    content_id text NOT NULL
);

--
-- Name: TABLE outbox; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON TABLE ticketing.outbox IS 'approved replies for the help desk to send; it sets sent_at';

--
-- Name: outbox_outbox_id_seq; Type: SEQUENCE; Schema: ticketing; Owner: -
--

ALTER TABLE ticketing.outbox ALTER COLUMN outbox_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ticketing.outbox_outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: promotion_promotion_id_seq; Type: SEQUENCE; Schema: ticketing; Owner: -
--

ALTER TABLE ticketing.promotion ALTER COLUMN promotion_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ticketing.promotion_promotion_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: review_queue; Type: VIEW; Schema: ticketing; Owner: -
--

CREATE VIEW ticketing.review_queue AS
 SELECT d.draft_id,
    d.ticket_id,
    d.revision,
    d.language,
    d.category,
    d.confidence,
    d.claimed_by,
    d.created_at,
    c.revision AS current_revision,
    t.subject,
    t.body AS ticket,
    d.body AS draft,
    COALESCE((c.content_id = d.content_id), true) AS is_current
   FROM ((ticketing.draft d
     LEFT JOIN vault.ticket_text t ON (((t.ticket_id = d.ticket_id) AND (t.revision = d.revision) AND (t.content_id = d.content_id))))
     LEFT JOIN ticketing.clean_ticket c ON ((c.ticket_id = d.ticket_id)))
  WHERE (d.state = 'pending'::text);

--
-- Name: COLUMN review_queue.is_current; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.review_queue.is_current IS 'false: the ticket''s text has changed since, and the draft can''t be approved';

--
-- Name: snapshot; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.snapshot (
    snapshot_id text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    path text NOT NULL,
    manifest jsonb NOT NULL
);

--
-- Name: source_ticket; Type: VIEW; Schema: ticketing; Owner: -
--

CREATE VIEW ticketing.source_ticket AS
 SELECT ticket_id,
    revision,
    created_at,
    updated_at,
    language,
    subject,
    body,
    category,
    reply,
    replied_at
   FROM ticketing.imported_ticket;

--
-- Name: VIEW source_ticket; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON VIEW ticketing.source_ticket IS 'the contract through which tickets are read; replace it by your own view';

--
-- Name: study_assignment; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.study_assignment (
    item_id bigint NOT NULL,
    rater text NOT NULL,
    place integer NOT NULL,
    systems text[] NOT NULL,
    assigned_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT study_assignment_rater_check CHECK ((btrim(rater) <> ''::text))
);

--
-- Name: study_item; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.study_item (
    item_id bigint NOT NULL,
    study_id bigint NOT NULL,
    ticket_id text NOT NULL,
    category text NOT NULL,
    language text NOT NULL,
    ticket text NOT NULL,
    shared boolean NOT NULL
);

--
-- Name: COLUMN study_item.shared; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.study_item.shared IS 'every rater gets it, so that their agreement can be measured';

--
-- Name: study_item_item_id_seq; Type: SEQUENCE; Schema: ticketing; Owner: -
--

ALTER TABLE ticketing.study_item ALTER COLUMN item_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ticketing.study_item_item_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: study_rating; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.study_rating (
    rating_id bigint NOT NULL,
    item_id bigint NOT NULL,
    rater text NOT NULL,
    scores jsonb NOT NULL,
    preferred text,
    comment text DEFAULT ''::text NOT NULL,
    login text DEFAULT SESSION_USER NOT NULL,
    rated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT study_rating_comment_check CHECK ((length(comment) <= 10000))
);

--
-- Name: TABLE study_rating; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON TABLE ticketing.study_rating IS 'append-only; of several by one rater on one item the newest counts';

--
-- Name: study_rating_rating_id_seq; Type: SEQUENCE; Schema: ticketing; Owner: -
--

ALTER TABLE ticketing.study_rating ALTER COLUMN rating_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ticketing.study_rating_rating_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: study_reply; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.study_reply (
    item_id bigint NOT NULL,
    system text NOT NULL,
    body text NOT NULL,
    told_in text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT study_reply_body_check CHECK ((btrim(body, ' 	
'::text) <> ''::text)),
    CONSTRAINT study_reply_system_check CHECK ((system = ANY (ARRAY['human'::text, 'champion'::text, 'candidate'::text, 'nearest'::text])))
);

--
-- Name: COLUMN study_reply.told_in; Type: COMMENT; Schema: ticketing; Owner: -
--

COMMENT ON COLUMN ticketing.study_reply.told_in IS 'other tickets (a few, if many) that this is the reply of';

--
-- Name: study_study_id_seq; Type: SEQUENCE; Schema: ticketing; Owner: -
--

ALTER TABLE ticketing.study ALTER COLUMN study_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ticketing.study_study_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: study_system; Type: TABLE; Schema: ticketing; Owner: -
--

CREATE TABLE ticketing.study_system (
    study_id bigint NOT NULL,
    system text NOT NULL,
    version text,
    CONSTRAINT study_system_check CHECK (((system = ANY (ARRAY['champion'::text, 'candidate'::text])) = (version IS NOT NULL))),
    CONSTRAINT study_system_system_check CHECK ((system = ANY (ARRAY['human'::text, 'champion'::text, 'candidate'::text, 'nearest'::text])))
);

--
-- Name: verdict_verdict_id_seq; Type: SEQUENCE; Schema: ticketing; Owner: -
--

ALTER TABLE ticketing.verdict ALTER COLUMN verdict_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ticketing.verdict_verdict_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: entry; Type: TABLE; Schema: vault; Owner: -
--

CREATE TABLE vault.entry (
    ticket_id text NOT NULL,
    revision integer NOT NULL,
    placeholder text NOT NULL,
    value bytea NOT NULL,
    key_id text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    content_id text NOT NULL
);

--
-- Name: TABLE entry; Type: COMMENT; Schema: vault; Owner: -
--

COMMENT ON TABLE vault.entry IS 'the encrypted map from placeholder to personal value; read only to write replies back';

--
-- Name: clean_ticket clean_ticket_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.clean_ticket
    ADD CONSTRAINT clean_ticket_pkey PRIMARY KEY (ticket_id);

--
-- Name: draft_event draft_event_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.draft_event
    ADD CONSTRAINT draft_event_pkey PRIMARY KEY (event_id);

--
-- Name: draft draft_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.draft
    ADD CONSTRAINT draft_pkey PRIMARY KEY (draft_id);

--
-- Name: draft_work draft_work_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.draft_work
    ADD CONSTRAINT draft_work_pkey PRIMARY KEY (ticket_id, revision, content_id);

--
-- Name: extract_cursor extract_cursor_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.extract_cursor
    ADD CONSTRAINT extract_cursor_pkey PRIMARY KEY (name);

--
-- Name: extract_range extract_range_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.extract_range
    ADD CONSTRAINT extract_range_pkey PRIMARY KEY (range_id);

--
-- Name: forgotten_ticket forgotten_ticket_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.forgotten_ticket
    ADD CONSTRAINT forgotten_ticket_pkey PRIMARY KEY (ticket_id);

--
-- Name: imported_ticket imported_ticket_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.imported_ticket
    ADD CONSTRAINT imported_ticket_pkey PRIMARY KEY (ticket_id);

--
-- Name: migration migration_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (name);

--
-- Name: model model_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.model
    ADD CONSTRAINT model_pkey PRIMARY KEY (version);

--
-- Name: outbox outbox_draft_id_key; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.outbox
    ADD CONSTRAINT outbox_draft_id_key UNIQUE (draft_id);

--
-- Name: outbox outbox_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (outbox_id);

--
-- Name: outbox outbox_ticket_id_revision_content_id_key; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.outbox
    ADD CONSTRAINT outbox_ticket_id_revision_content_id_key UNIQUE (ticket_id, revision, content_id);

--
-- Name: promotion promotion_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.promotion
    ADD CONSTRAINT promotion_pkey PRIMARY KEY (promotion_id);

--
-- Name: routing routing_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.routing
    ADD CONSTRAINT routing_pkey PRIMARY KEY (ticket_id, revision, content_id, classifier_version);

--
-- Name: snapshot snapshot_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.snapshot
    ADD CONSTRAINT snapshot_pkey PRIMARY KEY (snapshot_id);

--
-- Name: study_assignment study_assignment_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study_assignment
    ADD CONSTRAINT study_assignment_pkey PRIMARY KEY (item_id, rater);

--
-- Name: study_item study_item_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study_item
    ADD CONSTRAINT study_item_pkey PRIMARY KEY (item_id);

--
-- Name: study_item study_item_study_id_ticket_id_key; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study_item
    ADD CONSTRAINT study_item_study_id_ticket_id_key UNIQUE (study_id, ticket_id);

--
-- Name: study study_name_key; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study
    ADD CONSTRAINT study_name_key UNIQUE (name);

--
-- Name: study study_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study
    ADD CONSTRAINT study_pkey PRIMARY KEY (study_id);

--
-- Name: study_rating study_rating_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study_rating
    ADD CONSTRAINT study_rating_pkey PRIMARY KEY (rating_id);

--
-- Name: study_reply study_reply_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study_reply
    ADD CONSTRAINT study_reply_pkey PRIMARY KEY (item_id, system);

--
-- Name: study_system study_system_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study_system
    ADD CONSTRAINT study_system_pkey PRIMARY KEY (study_id, system);

--
-- Name: verdict verdict_pkey; Type: CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.verdict
    ADD CONSTRAINT verdict_pkey PRIMARY KEY (verdict_id);

--
-- Name: entry entry_pkey; Type: CONSTRAINT; Schema: vault; Owner: -
--

ALTER TABLE ONLY vault.entry
    ADD CONSTRAINT entry_pkey PRIMARY KEY (ticket_id, revision, content_id, placeholder);

--
-- Name: ticket_text ticket_text_pkey; Type: CONSTRAINT; Schema: vault; Owner: -
--

ALTER TABLE ONLY vault.ticket_text
    ADD CONSTRAINT ticket_text_pkey PRIMARY KEY (ticket_id, revision, content_id);

--
-- Name: clean_ticket_open; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX clean_ticket_open ON ticketing.clean_ticket USING btree (ticket_id) WHERE ((category IS NULL) AND (reply IS NULL));

--
-- Name: clean_ticket_unfit; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX clean_ticket_unfit ON ticketing.clean_ticket USING btree (ticket_id) WHERE (unfit IS NOT NULL);

--
-- Name: draft_event_of_draft; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX draft_event_of_draft ON ticketing.draft_event USING btree (draft_id, event_id);

--
-- Name: draft_of_text; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE UNIQUE INDEX draft_of_text ON ticketing.draft USING btree (ticket_id, revision, content_id, generator_version) WHERE (state <> ALL (ARRAY['superseded'::text, 'expired'::text]));

--
-- Name: draft_pending; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX draft_pending ON ticketing.draft USING btree (created_at, draft_id) WHERE (state = 'pending'::text);

--
-- Name: draft_pending_of_ticket; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX draft_pending_of_ticket ON ticketing.draft USING btree (ticket_id) WHERE (state = 'pending'::text);

--
-- Name: draft_state; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX draft_state ON ticketing.draft USING btree (state);

--
-- Name: draft_work_open; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX draft_work_open ON ticketing.draft_work USING btree (queued_at, ticket_id) WHERE (state = ANY (ARRAY['queued'::text, 'claimed'::text]));

--
-- Name: draft_work_state; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX draft_work_state ON ticketing.draft_work USING btree (state);

--
-- Name: imported_ticket_updated; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX imported_ticket_updated ON ticketing.imported_ticket USING btree (updated_at, ticket_id);

--
-- Name: model_one_champion; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE UNIQUE INDEX model_one_champion ON ticketing.model USING btree (kind) WHERE (state = 'champion'::text);

--
-- Name: outbox_unsent; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX outbox_unsent ON ticketing.outbox USING btree (outbox_id) WHERE (sent_at IS NULL);

--
-- Name: study_assignment_of_rater; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX study_assignment_of_rater ON ticketing.study_assignment USING btree (rater, place);

--
-- Name: study_item_of_ticket; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX study_item_of_ticket ON ticketing.study_item USING btree (ticket_id);

--
-- Name: study_rating_of_item; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX study_rating_of_item ON ticketing.study_rating USING btree (item_id, rater, rating_id DESC);

--
-- Name: study_system_of_version; Type: INDEX; Schema: ticketing; Owner: -
--

CREATE INDEX study_system_of_version ON ticketing.study_system USING btree (version);

--
-- Name: draft_event draft_event_append_only; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER draft_event_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ticketing.draft_event FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();

--
-- Name: draft draft_guard; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER draft_guard BEFORE UPDATE ON ticketing.draft FOR EACH ROW EXECUTE FUNCTION ticketing.draft_guard();

--
-- Name: draft draft_trail; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER draft_trail AFTER INSERT OR UPDATE ON ticketing.draft FOR EACH ROW EXECUTE FUNCTION ticketing.draft_trail();

--
-- Name: promotion promotion_append_only; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER promotion_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ticketing.promotion FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();

--
-- Name: study_assignment study_assignment_append_only; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER study_assignment_append_only BEFORE TRUNCATE ON ticketing.study_assignment FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();

--
-- Name: study_assignment study_assignment_guard; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER study_assignment_guard BEFORE INSERT OR DELETE OR UPDATE ON ticketing.study_assignment FOR EACH ROW EXECUTE FUNCTION ticketing.study_assignment_guard();

--
-- Name: study study_guard; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER study_guard BEFORE UPDATE ON ticketing.study FOR EACH ROW EXECUTE FUNCTION ticketing.study_guard();

--
-- Name: study_item study_item_append_only; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER study_item_append_only BEFORE TRUNCATE ON ticketing.study_item FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();

--
-- Name: study_item study_item_guard; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER study_item_guard BEFORE INSERT OR DELETE OR UPDATE ON ticketing.study_item FOR EACH ROW EXECUTE FUNCTION ticketing.study_item_guard();

--
-- Name: study_rating study_rating_append_only; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER study_rating_append_only BEFORE TRUNCATE ON ticketing.study_rating FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();

--
-- Name: study_rating study_rating_guard; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER study_rating_guard BEFORE INSERT OR DELETE OR UPDATE ON ticketing.study_rating FOR EACH ROW EXECUTE FUNCTION ticketing.study_rating_guard();

--
-- Name: study_reply study_reply_append_only; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER study_reply_append_only BEFORE TRUNCATE ON ticketing.study_reply FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();

--
-- Name: study_reply study_reply_guard; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER study_reply_guard BEFORE INSERT OR DELETE OR UPDATE ON ticketing.study_reply FOR EACH ROW EXECUTE FUNCTION ticketing.study_item_guard();

--
-- Name: study_system study_system_append_only; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER study_system_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ticketing.study_system FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();

--
-- Name: verdict verdict_append_only; Type: TRIGGER; Schema: ticketing; Owner: -
--

CREATE TRIGGER verdict_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ticketing.verdict FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();

--
-- Name: draft draft_classifier_version_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.draft
    ADD CONSTRAINT draft_classifier_version_fkey FOREIGN KEY (classifier_version) REFERENCES ticketing.model(version);

--
-- Name: draft_event draft_event_draft_id_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.draft_event
    ADD CONSTRAINT draft_event_draft_id_fkey FOREIGN KEY (draft_id) REFERENCES ticketing.draft(draft_id);

--
-- Name: draft draft_generator_version_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.draft
    ADD CONSTRAINT draft_generator_version_fkey FOREIGN KEY (generator_version) REFERENCES ticketing.model(version);

--
-- Name: draft draft_snapshot_id_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.draft
    ADD CONSTRAINT draft_snapshot_id_fkey FOREIGN KEY (snapshot_id) REFERENCES ticketing.snapshot(snapshot_id);

--
-- Name: model model_snapshot_id_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.model
    ADD CONSTRAINT model_snapshot_id_fkey FOREIGN KEY (snapshot_id) REFERENCES ticketing.snapshot(snapshot_id);

--
-- Name: outbox outbox_draft_id_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.outbox
    ADD CONSTRAINT outbox_draft_id_fkey FOREIGN KEY (draft_id) REFERENCES ticketing.draft(draft_id);

--
-- Name: promotion promotion_replaced_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.promotion
    ADD CONSTRAINT promotion_replaced_fkey FOREIGN KEY (replaced) REFERENCES ticketing.model(version);

--
-- Name: promotion promotion_verdict_id_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.promotion
    ADD CONSTRAINT promotion_verdict_id_fkey FOREIGN KEY (verdict_id) REFERENCES ticketing.verdict(verdict_id);

--
-- Name: promotion promotion_version_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.promotion
    ADD CONSTRAINT promotion_version_fkey FOREIGN KEY (version) REFERENCES ticketing.model(version);

--
-- Name: routing routing_classifier_version_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.routing
    ADD CONSTRAINT routing_classifier_version_fkey FOREIGN KEY (classifier_version) REFERENCES ticketing.model(version);

--
-- Name: study_assignment study_assignment_item_id_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study_assignment
    ADD CONSTRAINT study_assignment_item_id_fkey FOREIGN KEY (item_id) REFERENCES ticketing.study_item(item_id);

--
-- Name: study_item study_item_study_id_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study_item
    ADD CONSTRAINT study_item_study_id_fkey FOREIGN KEY (study_id) REFERENCES ticketing.study(study_id);

--
-- Name: study_rating study_rating_item_id_rater_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study_rating
    ADD CONSTRAINT study_rating_item_id_rater_fkey FOREIGN KEY (item_id, rater) REFERENCES ticketing.study_assignment(item_id, rater);

--
-- Name: study_reply study_reply_item_id_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study_reply
    ADD CONSTRAINT study_reply_item_id_fkey FOREIGN KEY (item_id) REFERENCES ticketing.study_item(item_id);

--
-- Name: study study_snapshot_id_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study
    ADD CONSTRAINT study_snapshot_id_fkey FOREIGN KEY (snapshot_id) REFERENCES ticketing.snapshot(snapshot_id);

--
-- Name: study_system study_system_study_id_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study_system
    ADD CONSTRAINT study_system_study_id_fkey FOREIGN KEY (study_id) REFERENCES ticketing.study(study_id);

--
-- Name: study_system study_system_version_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.study_system
    ADD CONSTRAINT study_system_version_fkey FOREIGN KEY (version) REFERENCES ticketing.model(version);

--
-- Name: verdict verdict_snapshot_id_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.verdict
    ADD CONSTRAINT verdict_snapshot_id_fkey FOREIGN KEY (snapshot_id) REFERENCES ticketing.snapshot(snapshot_id);

--
-- Name: verdict verdict_version_fkey; Type: FK CONSTRAINT; Schema: ticketing; Owner: -
--

ALTER TABLE ONLY ticketing.verdict
    ADD CONSTRAINT verdict_version_fkey FOREIGN KEY (version) REFERENCES ticketing.model(version);

--
-- Name: ticket_text ticket_text_ticket_id_fkey; Type: FK CONSTRAINT; Schema: vault; Owner: -
--

ALTER TABLE ONLY vault.ticket_text
    ADD CONSTRAINT ticket_text_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES ticketing.clean_ticket(ticket_id) ON DELETE CASCADE;

--
-- Name: SCHEMA ticketing; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA ticketing TO ticketing_pipeline;
GRANT USAGE ON SCHEMA ticketing TO ticketing_writeback;
GRANT USAGE ON SCHEMA ticketing TO ticketing_reviewer;
GRANT USAGE ON SCHEMA ticketing TO ticketing_readonly;
GRANT USAGE ON SCHEMA ticketing TO ticketing_rater;

--
-- Name: SCHEMA vault; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA vault TO ticketing_pipeline;
GRANT USAGE ON SCHEMA vault TO ticketing_writeback;

--
-- Name: FUNCTION actor(); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.actor() FROM PUBLIC;

--
-- Name: FUNCTION approve_draft_v1(p_draft_id bigint); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.approve_draft_v1(p_draft_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.approve_draft_v1(p_draft_id bigint) TO ticketing_reviewer;
GRANT ALL ON FUNCTION ticketing.approve_draft_v1(p_draft_id bigint) TO ticketing_pipeline;

--
-- Name: FUNCTION champion_line_v1(p_kind text); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.champion_line_v1(p_kind text) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.champion_line_v1(p_kind text) TO ticketing_pipeline;
GRANT ALL ON FUNCTION ticketing.champion_line_v1(p_kind text) TO ticketing_readonly;

--
-- Name: TABLE draft; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.draft TO ticketing_reviewer;
GRANT SELECT,INSERT ON TABLE ticketing.draft TO ticketing_pipeline;

--
-- Name: COLUMN draft.draft_id; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(draft_id) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.ticket_id; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(ticket_id) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.revision; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(revision) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.state; Type: ACL; Schema: ticketing; Owner: -
--

GRANT UPDATE(state) ON TABLE ticketing.draft TO ticketing_pipeline;
GRANT SELECT(state) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.language; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(language) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.category; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(category) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.confidence; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(confidence) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.classifier_version; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(classifier_version) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.generator_version; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(generator_version) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.snapshot_id; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(snapshot_id) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.prompt_version; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(prompt_version) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.prompt_tokens; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(prompt_tokens) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.completion_tokens; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(completion_tokens) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.seconds; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(seconds) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.created_at; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(created_at) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.claimed_by; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(claimed_by) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.claimed_at; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(claimed_at) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.decided_by; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(decided_by) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.decided_at; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(decided_at) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: COLUMN draft.content_id; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(content_id) ON TABLE ticketing.draft TO ticketing_readonly;

--
-- Name: FUNCTION claim_draft_v1(p_draft_id bigint); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.claim_draft_v1(p_draft_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.claim_draft_v1(p_draft_id bigint) TO ticketing_reviewer;
GRANT ALL ON FUNCTION ticketing.claim_draft_v1(p_draft_id bigint) TO ticketing_pipeline;

--
-- Name: FUNCTION claim_work_v2(p_worker text, p_limit integer, p_lease interval); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.claim_work_v2(p_worker text, p_limit integer, p_lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.claim_work_v2(p_worker text, p_limit integer, p_lease interval) TO ticketing_pipeline;

--
-- Name: FUNCTION draft_for_decision(p_draft_id bigint); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.draft_for_decision(p_draft_id bigint) FROM PUBLIC;

--
-- Name: FUNCTION edit_draft_v1(p_draft_id bigint, p_body text); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.edit_draft_v1(p_draft_id bigint, p_body text) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.edit_draft_v1(p_draft_id bigint, p_body text) TO ticketing_reviewer;
GRANT ALL ON FUNCTION ticketing.edit_draft_v1(p_draft_id bigint, p_body text) TO ticketing_pipeline;

--
-- Name: FUNCTION forget_ticket_v1(p_ticket_id text); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.forget_ticket_v1(p_ticket_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.forget_ticket_v1(p_ticket_id text) TO ticketing_pipeline;

--
-- Name: FUNCTION hash_part(part text); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.hash_part(part text) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.hash_part(part text) TO ticketing_pipeline;

--
-- Name: FUNCTION promote_v1(p_version text, p_verdict_id bigint, p_by text, p_overrule boolean); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.promote_v1(p_version text, p_verdict_id bigint, p_by text, p_overrule boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.promote_v1(p_version text, p_verdict_id bigint, p_by text, p_overrule boolean) TO ticketing_pipeline;

--
-- Name: FUNCTION promote_v2(p_version text, p_verdict_id bigint, p_by text, p_overrule boolean, p_reason text); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.promote_v2(p_version text, p_verdict_id bigint, p_by text, p_overrule boolean, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.promote_v2(p_version text, p_verdict_id bigint, p_by text, p_overrule boolean, p_reason text) TO ticketing_pipeline;

--
-- Name: FUNCTION prune_model_v1(p_version text, p_by text); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.prune_model_v1(p_version text, p_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.prune_model_v1(p_version text, p_by text) TO ticketing_pipeline;

--
-- Name: FUNCTION reject_draft_v1(p_draft_id bigint, p_reason text); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.reject_draft_v1(p_draft_id bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.reject_draft_v1(p_draft_id bigint, p_reason text) TO ticketing_reviewer;
GRANT ALL ON FUNCTION ticketing.reject_draft_v1(p_draft_id bigint, p_reason text) TO ticketing_pipeline;

--
-- Name: FUNCTION release_draft_v1(p_draft_id bigint); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.release_draft_v1(p_draft_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.release_draft_v1(p_draft_id bigint) TO ticketing_reviewer;
GRANT ALL ON FUNCTION ticketing.release_draft_v1(p_draft_id bigint) TO ticketing_pipeline;

--
-- Name: FUNCTION rollback_v1(p_kind text, p_to text, p_by text, p_reason text); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.rollback_v1(p_kind text, p_to text, p_by text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.rollback_v1(p_kind text, p_to text, p_by text, p_reason text) TO ticketing_pipeline;

--
-- Name: FUNCTION study_assign_v1(p_study bigint, p_rater text, p_own integer); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.study_assign_v1(p_study bigint, p_rater text, p_own integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.study_assign_v1(p_study bigint, p_rater text, p_own integer) TO ticketing_pipeline;

--
-- Name: FUNCTION study_close_v1(p_study bigint); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.study_close_v1(p_study bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.study_close_v1(p_study bigint) TO ticketing_pipeline;

--
-- Name: FUNCTION study_draw(p_seed bigint, VARIADIC p_words text[]); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.study_draw(p_seed bigint, VARIADIC p_words text[]) FROM PUBLIC;

--
-- Name: TABLE study; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.study TO ticketing_pipeline;

--
-- Name: COLUMN study.study_id; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(study_id) ON TABLE ticketing.study TO ticketing_readonly;

--
-- Name: COLUMN study.name; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(name) ON TABLE ticketing.study TO ticketing_pipeline;
GRANT SELECT(name) ON TABLE ticketing.study TO ticketing_readonly;

--
-- Name: COLUMN study.state; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(state) ON TABLE ticketing.study TO ticketing_readonly;

--
-- Name: COLUMN study.snapshot_id; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(snapshot_id) ON TABLE ticketing.study TO ticketing_pipeline;
GRANT SELECT(snapshot_id) ON TABLE ticketing.study TO ticketing_readonly;

--
-- Name: COLUMN study.seed; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(seed) ON TABLE ticketing.study TO ticketing_pipeline;

--
-- Name: COLUMN study.overlap; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(overlap) ON TABLE ticketing.study TO ticketing_pipeline;
GRANT SELECT(overlap) ON TABLE ticketing.study TO ticketing_readonly;

--
-- Name: COLUMN study.raters; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(raters) ON TABLE ticketing.study TO ticketing_pipeline;
GRANT SELECT(raters) ON TABLE ticketing.study TO ticketing_readonly;

--
-- Name: COLUMN study.asked; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(asked) ON TABLE ticketing.study TO ticketing_pipeline;
GRANT SELECT(asked) ON TABLE ticketing.study TO ticketing_readonly;

--
-- Name: COLUMN study.created_by; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(created_by) ON TABLE ticketing.study TO ticketing_pipeline;
GRANT SELECT(created_by) ON TABLE ticketing.study TO ticketing_readonly;

--
-- Name: COLUMN study.created_at; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(created_at) ON TABLE ticketing.study TO ticketing_readonly;

--
-- Name: COLUMN study.closed_by; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(closed_by) ON TABLE ticketing.study TO ticketing_readonly;

--
-- Name: COLUMN study.closed_at; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(closed_at) ON TABLE ticketing.study TO ticketing_readonly;

--
-- Name: FUNCTION study_locked(p_study bigint); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.study_locked(p_study bigint) FROM PUBLIC;

--
-- Name: FUNCTION study_next_v1(p_study bigint); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.study_next_v1(p_study bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.study_next_v1(p_study bigint) TO ticketing_rater;
GRANT ALL ON FUNCTION ticketing.study_next_v1(p_study bigint) TO ticketing_pipeline;

--
-- Name: FUNCTION study_open_v1(p_study bigint); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.study_open_v1(p_study bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.study_open_v1(p_study bigint) TO ticketing_pipeline;

--
-- Name: FUNCTION study_rate_v1(p_study bigint, p_item bigint, p_scores jsonb, p_preferred text, p_comment text); Type: ACL; Schema: ticketing; Owner: -
--

REVOKE ALL ON FUNCTION ticketing.study_rate_v1(p_study bigint, p_item bigint, p_scores jsonb, p_preferred text, p_comment text) FROM PUBLIC;
GRANT ALL ON FUNCTION ticketing.study_rate_v1(p_study bigint, p_item bigint, p_scores jsonb, p_preferred text, p_comment text) TO ticketing_rater;
GRANT ALL ON FUNCTION ticketing.study_rate_v1(p_study bigint, p_item bigint, p_scores jsonb, p_preferred text, p_comment text) TO ticketing_pipeline;

--
-- Name: TABLE clean_ticket; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ticketing.clean_ticket TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.clean_ticket TO ticketing_readonly;
GRANT SELECT ON TABLE ticketing.clean_ticket TO ticketing_reviewer;

--
-- Name: TABLE draft_event; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.draft_event TO ticketing_reviewer;
GRANT SELECT ON TABLE ticketing.draft_event TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.draft_event TO ticketing_readonly;

--
-- Name: TABLE draft_work; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.draft_work TO ticketing_reviewer;
GRANT SELECT,INSERT,UPDATE ON TABLE ticketing.draft_work TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.draft_work TO ticketing_readonly;

--
-- Name: TABLE extract_cursor; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ticketing.extract_cursor TO ticketing_pipeline;

--
-- Name: TABLE extract_range; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ticketing.extract_range TO ticketing_pipeline;

--
-- Name: TABLE forgotten_ticket; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.forgotten_ticket TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.forgotten_ticket TO ticketing_readonly;

--
-- Name: TABLE routing; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.routing TO ticketing_reviewer;
GRANT SELECT,INSERT,UPDATE ON TABLE ticketing.routing TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.routing TO ticketing_readonly;

--
-- Name: TABLE ticket_text; Type: ACL; Schema: vault; Owner: -
--

GRANT INSERT,DELETE ON TABLE vault.ticket_text TO ticketing_pipeline;
GRANT SELECT ON TABLE vault.ticket_text TO ticketing_writeback;

--
-- Name: COLUMN ticket_text.ticket_id; Type: ACL; Schema: vault; Owner: -
--

GRANT SELECT(ticket_id) ON TABLE vault.ticket_text TO ticketing_pipeline;

--
-- Name: COLUMN ticket_text.revision; Type: ACL; Schema: vault; Owner: -
--

GRANT SELECT(revision) ON TABLE vault.ticket_text TO ticketing_pipeline;

--
-- Name: COLUMN ticket_text.content_id; Type: ACL; Schema: vault; Owner: -
--

GRANT SELECT(content_id) ON TABLE vault.ticket_text TO ticketing_pipeline;

--
-- Name: COLUMN ticket_text.stored_at; Type: ACL; Schema: vault; Owner: -
--

GRANT SELECT(stored_at) ON TABLE vault.ticket_text TO ticketing_pipeline;

--
-- Name: TABLE human_queue; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.human_queue TO ticketing_reviewer;
GRANT SELECT ON TABLE ticketing.human_queue TO ticketing_pipeline;

--
-- Name: TABLE imported_ticket; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE ticketing.imported_ticket TO ticketing_pipeline;

--
-- Name: TABLE migration; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.migration TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.migration TO ticketing_readonly;

--
-- Name: TABLE model; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.model TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.model TO ticketing_readonly;

--
-- Name: COLUMN model.version; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(version) ON TABLE ticketing.model TO ticketing_pipeline;

--
-- Name: COLUMN model.kind; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(kind) ON TABLE ticketing.model TO ticketing_pipeline;

--
-- Name: COLUMN model.snapshot_id; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(snapshot_id) ON TABLE ticketing.model TO ticketing_pipeline;

--
-- Name: COLUMN model.base_model; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(base_model) ON TABLE ticketing.model TO ticketing_pipeline;

--
-- Name: COLUMN model.path; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(path) ON TABLE ticketing.model TO ticketing_pipeline;

--
-- Name: COLUMN model.artefact_hash; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(artefact_hash) ON TABLE ticketing.model TO ticketing_pipeline;

--
-- Name: COLUMN model.parameters; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(parameters) ON TABLE ticketing.model TO ticketing_pipeline;

--
-- Name: COLUMN model.code_version; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(code_version) ON TABLE ticketing.model TO ticketing_pipeline;

--
-- Name: COLUMN model.metrics; Type: ACL; Schema: ticketing; Owner: -
--

GRANT INSERT(metrics) ON TABLE ticketing.model TO ticketing_pipeline;

--
-- Name: TABLE promotion; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.promotion TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.promotion TO ticketing_readonly;

--
-- Name: TABLE verdict; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT,INSERT ON TABLE ticketing.verdict TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.verdict TO ticketing_readonly;

--
-- Name: TABLE model_history; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.model_history TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.model_history TO ticketing_readonly;

--
-- Name: TABLE outbox; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.outbox TO ticketing_reviewer;
GRANT SELECT ON TABLE ticketing.outbox TO ticketing_pipeline;

--
-- Name: COLUMN outbox.outbox_id; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(outbox_id) ON TABLE ticketing.outbox TO ticketing_readonly;

--
-- Name: COLUMN outbox.draft_id; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(draft_id) ON TABLE ticketing.outbox TO ticketing_readonly;

--
-- Name: COLUMN outbox.ticket_id; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(ticket_id) ON TABLE ticketing.outbox TO ticketing_readonly;

--
-- Name: COLUMN outbox.revision; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(revision) ON TABLE ticketing.outbox TO ticketing_readonly;

--
-- Name: COLUMN outbox.created_at; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(created_at) ON TABLE ticketing.outbox TO ticketing_readonly;

--
-- Name: COLUMN outbox.sent_at; Type: ACL; Schema: ticketing; Owner: -
--

GRANT UPDATE(sent_at) ON TABLE ticketing.outbox TO ticketing_pipeline;
GRANT SELECT(sent_at) ON TABLE ticketing.outbox TO ticketing_readonly;

--
-- Name: COLUMN outbox.content_id; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT(content_id) ON TABLE ticketing.outbox TO ticketing_readonly;

--
-- Name: TABLE review_queue; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.review_queue TO ticketing_reviewer;
GRANT SELECT ON TABLE ticketing.review_queue TO ticketing_pipeline;

--
-- Name: TABLE snapshot; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT,INSERT ON TABLE ticketing.snapshot TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.snapshot TO ticketing_readonly;

--
-- Name: TABLE source_ticket; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.source_ticket TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.source_ticket TO ticketing_reviewer;

--
-- Name: TABLE study_assignment; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.study_assignment TO ticketing_pipeline;

--
-- Name: TABLE study_item; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT,INSERT ON TABLE ticketing.study_item TO ticketing_pipeline;

--
-- Name: TABLE study_rating; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT ON TABLE ticketing.study_rating TO ticketing_pipeline;

--
-- Name: TABLE study_reply; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT,INSERT ON TABLE ticketing.study_reply TO ticketing_pipeline;

--
-- Name: TABLE study_system; Type: ACL; Schema: ticketing; Owner: -
--

GRANT SELECT,INSERT ON TABLE ticketing.study_system TO ticketing_pipeline;
GRANT SELECT ON TABLE ticketing.study_system TO ticketing_readonly;

--
-- Name: TABLE entry; Type: ACL; Schema: vault; Owner: -
--

GRANT INSERT,DELETE ON TABLE vault.entry TO ticketing_pipeline;
GRANT SELECT ON TABLE vault.entry TO ticketing_writeback;

--
-- Name: COLUMN entry.ticket_id; Type: ACL; Schema: vault; Owner: -
--

GRANT SELECT(ticket_id) ON TABLE vault.entry TO ticketing_pipeline;

--
-- Name: COLUMN entry.revision; Type: ACL; Schema: vault; Owner: -
--

GRANT SELECT(revision) ON TABLE vault.entry TO ticketing_pipeline;

--
-- Name: COLUMN entry.placeholder; Type: ACL; Schema: vault; Owner: -
--

GRANT SELECT(placeholder) ON TABLE vault.entry TO ticketing_pipeline;

--
-- Name: COLUMN entry.key_id; Type: ACL; Schema: vault; Owner: -
--

GRANT SELECT(key_id) ON TABLE vault.entry TO ticketing_pipeline;

--
-- Name: COLUMN entry.created_at; Type: ACL; Schema: vault; Owner: -
--

GRANT SELECT(created_at) ON TABLE vault.entry TO ticketing_pipeline;

--
-- Name: COLUMN entry.content_id; Type: ACL; Schema: vault; Owner: -
--

GRANT SELECT(content_id) ON TABLE vault.entry TO ticketing_pipeline;

--
-- PostgreSQL database dump complete
--
