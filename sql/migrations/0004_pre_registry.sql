-- Models can be taken back: the history says what was done and why, a rollback follows it, and old artefacts can go
-- while what is known of them stays. 'pre' in the name: safe to apply before the new code runs.
ALTER TABLE ticketing.promotion
    ADD COLUMN action text NOT NULL DEFAULT 'promoted' CHECK (action IN ('promoted', 'rolled back')),
    ADD COLUMN reason text CHECK (reason <> '');
COMMENT ON TABLE ticketing.promotion IS 'which version became champion when, who made it so and on which verdict; append-only';

ALTER TABLE ticketing.model
    ADD COLUMN pruned_at timestamptz,
    ADD COLUMN pruned_by text,
    ADD CHECK ((pruned_at IS NULL) = (pruned_by IS NULL)),
    ADD CHECK (pruned_at IS NULL OR state <> 'champion');
COMMENT ON COLUMN ticketing.model.pruned_at IS 'since when its artefact is gone on purpose; the row stays';

-- The champions of a kind as a rollback sees them, the present one first. A rollback strikes out what it left behind:
-- so two in a row go two steps back, and not back and forth.
CREATE FUNCTION ticketing.champion_line_v1(p_kind text) RETURNS TABLE (step bigint, version text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
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

-- As promote_v1, with a reason; and a version whose artefact was pruned can't draft.
CREATE FUNCTION ticketing.promote_v2(
    p_version text, p_verdict_id bigint, p_by text, p_overrule boolean, p_reason text
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

-- For a process that was started before this migration.
CREATE OR REPLACE FUNCTION ticketing.promote_v1(p_version text, p_verdict_id bigint, p_by text, p_overrule boolean)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT ticketing.promote_v2(p_version, p_verdict_id, p_by, p_overrule, NULL)
$$;

-- Makes the champion before the present one, or the retired version p_to, champion again. Returns its version.
CREATE FUNCTION ticketing.rollback_v1(p_kind text, p_to text, p_by text, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

-- Marks an artefact as gone; its files are taken away afterwards. False: it was marked before.
CREATE FUNCTION ticketing.prune_model_v1(p_version text, p_by text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE VIEW ticketing.model_history AS
SELECT p.promoted_at AS at, p.kind, p.action, p.version, p.replaced, p.promoted_by AS by_whom, p.overruled,
       v.verdict_id, v.passed AS verdict_passed,
       jsonb_path_query_array(v.rules, '$[*] ? (@.passed == false).name') AS failed_rules, p.reason
FROM ticketing.promotion p
JOIN ticketing.verdict v USING (verdict_id)
UNION ALL
SELECT m.pruned_at, m.kind, 'pruned', m.version, NULL, m.pruned_by, NULL, NULL, NULL, NULL, NULL
FROM ticketing.model m
WHERE m.pruned_at IS NOT NULL;
COMMENT ON VIEW ticketing.model_history IS 'which model was in production when, and why';

REVOKE EXECUTE ON FUNCTION ticketing.champion_line_v1(text), ticketing.promote_v2(text, bigint, text, boolean, text),
    ticketing.rollback_v1(text, text, text, text), ticketing.prune_model_v1(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ticketing.promote_v2(text, bigint, text, boolean, text),
    ticketing.rollback_v1(text, text, text, text), ticketing.prune_model_v1(text, text) TO ticketing_pipeline;
GRANT EXECUTE ON FUNCTION ticketing.champion_line_v1(text) TO ticketing_pipeline, ticketing_readonly;
GRANT SELECT ON ticketing.model_history TO ticketing_pipeline, ticketing_readonly;
