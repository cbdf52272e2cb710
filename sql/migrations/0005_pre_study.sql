-- Blind studies: people compare what a colleague, the models and a search answered, and don't know who wrote what.
-- All texts are in placeholder form.
DO $$
BEGIN
    -- A role of its own: a reviewer can read tickets with the human's reply, and would know it again.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ticketing_rater') THEN
        BEGIN
            CREATE ROLE ticketing_rater NOLOGIN;
            GRANT ticketing_rater TO CURRENT_USER;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA ticketing TO ticketing_rater;

CREATE TABLE ticketing.study (
    study_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (btrim(name) <> ''),
    state text NOT NULL DEFAULT 'preparing' CHECK (state IN ('preparing', 'open', 'closed')),
    snapshot_id text NOT NULL REFERENCES ticketing.snapshot,
    seed bigint NOT NULL,             -- of every draw; whoever knows it and the tickets' ids can tell who wrote what
    overlap double precision NOT NULL CHECK (overlap BETWEEN 0 AND 1),
    raters integer NOT NULL CHECK (raters > 0),
    asked integer NOT NULL CHECK (asked > 0),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_by text,
    closed_at timestamptz,
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((closed_by IS NULL) = (closed_at IS NULL))
);
COMMENT ON COLUMN ticketing.study.overlap IS 'the share of the items that every rater gets';
COMMENT ON COLUMN ticketing.study.raters IS 'how many raters the other items are shared out to; more can join';
COMMENT ON COLUMN ticketing.study.asked IS 'how many tickets were asked for';

CREATE TABLE ticketing.study_system (
    study_id bigint NOT NULL REFERENCES ticketing.study,
    system text NOT NULL CHECK (system IN ('human', 'champion', 'candidate', 'nearest')),
    version text REFERENCES ticketing.model,
    PRIMARY KEY (study_id, system),
    CHECK ((system IN ('champion', 'candidate')) = (version IS NOT NULL))
);
CREATE INDEX study_system_of_version ON ticketing.study_system (version);

CREATE TABLE ticketing.study_item (
    item_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    study_id bigint NOT NULL REFERENCES ticketing.study,
    ticket_id text NOT NULL,
    category text NOT NULL,
    language text NOT NULL,
    ticket text NOT NULL,
    shared boolean NOT NULL,
    UNIQUE (study_id, ticket_id)
);
COMMENT ON COLUMN ticketing.study_item.shared IS 'every rater gets it, so that their agreement can be measured';
CREATE INDEX study_item_of_ticket ON ticketing.study_item (ticket_id);

CREATE TABLE ticketing.study_reply (
    item_id bigint NOT NULL REFERENCES ticketing.study_item,
    system text NOT NULL CHECK (system IN ('human', 'champion', 'candidate', 'nearest')),
    body text NOT NULL CHECK (btrim(body, E' \t\r\n') <> ''),
    told_in text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (item_id, system)
);
COMMENT ON COLUMN ticketing.study_reply.told_in IS 'other tickets (a few, if many) that this is the reply of';

CREATE TABLE ticketing.study_assignment (
    item_id bigint NOT NULL REFERENCES ticketing.study_item,
    rater text NOT NULL CHECK (btrim(rater) <> ''),
    place integer NOT NULL,           -- in this rater's order
    systems text[] NOT NULL,          -- the first is behind label A, the second behind B, and so on
    assigned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (item_id, rater)
);
CREATE INDEX study_assignment_of_rater ON ticketing.study_assignment (rater, place);

CREATE TABLE ticketing.study_rating (
    rating_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL,
    rater text NOT NULL,
    scores jsonb NOT NULL,            -- label → 1 to 5
    preferred text,                   -- a label; null: none is the best
    comment text NOT NULL DEFAULT '' CHECK (length(comment) <= 10000),
    login text NOT NULL DEFAULT session_user,
    rated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (item_id, rater) REFERENCES ticketing.study_assignment
);
COMMENT ON TABLE ticketing.study_rating IS 'append-only; of several by one rater on one item the newest counts';
CREATE INDEX study_rating_of_item ON ticketing.study_rating (item_id, rater, rating_id DESC);

------------------------------------------------------------------------------------------------------------------
-- What may change, kept by triggers, for the owner too
------------------------------------------------------------------------------------------------------------------
CREATE FUNCTION ticketing.study_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
CREATE TRIGGER study_guard BEFORE UPDATE ON ticketing.study FOR EACH ROW EXECUTE FUNCTION ticketing.study_guard();

-- Items and replies come and go while the study is prepared; later they only go with a forgotten ticket.
CREATE FUNCTION ticketing.study_item_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
CREATE TRIGGER study_item_guard BEFORE INSERT OR UPDATE OR DELETE ON ticketing.study_item
    FOR EACH ROW EXECUTE FUNCTION ticketing.study_item_guard();
CREATE TRIGGER study_reply_guard BEFORE INSERT OR UPDATE OR DELETE ON ticketing.study_reply
    FOR EACH ROW EXECUTE FUNCTION ticketing.study_item_guard();

CREATE FUNCTION ticketing.study_assignment_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
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
CREATE TRIGGER study_assignment_guard BEFORE INSERT OR UPDATE OR DELETE ON ticketing.study_assignment
    FOR EACH ROW EXECUTE FUNCTION ticketing.study_assignment_guard();

CREATE FUNCTION ticketing.study_rating_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
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
CREATE TRIGGER study_rating_guard BEFORE INSERT OR UPDATE OR DELETE ON ticketing.study_rating
    FOR EACH ROW EXECUTE FUNCTION ticketing.study_rating_guard();

CREATE TRIGGER study_system_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ticketing.study_system
    FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();
CREATE TRIGGER study_rating_append_only BEFORE TRUNCATE ON ticketing.study_rating
    FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();
CREATE TRIGGER study_assignment_append_only BEFORE TRUNCATE ON ticketing.study_assignment
    FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();
CREATE TRIGGER study_reply_append_only BEFORE TRUNCATE ON ticketing.study_reply
    FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();
CREATE TRIGGER study_item_append_only BEFORE TRUNCATE ON ticketing.study_item
    FOR EACH STATEMENT EXECUTE FUNCTION ticketing.append_only();

------------------------------------------------------------------------------------------------------------------
-- For whoever runs a study
------------------------------------------------------------------------------------------------------------------

-- A draw that comes out the same for the same seed and words, on any machine.
CREATE FUNCTION ticketing.study_draw(p_seed bigint, VARIADIC p_words text[]) RETURNS bytea LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(convert_to(p_seed::text || chr(31) || array_to_string(p_words, chr(31)), 'UTF8'))
$$;

CREATE FUNCTION ticketing.study_locked(p_study bigint) RETURNS ticketing.study LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
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

-- Opens a prepared study, without the items to which some system has no reply. Returns how many were left out.
CREATE FUNCTION ticketing.study_open_v1(p_study bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE FUNCTION ticketing.study_close_v1(p_study bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

-- Gives a rater the shared items and a portion of the others: of those that fewest raters have, p_own, or as many as
-- leave none over when the study's number of raters has come. Order and labels are drawn from the study's seed and the
-- rater's name. Given once, it stays. Returns how many items the rater has.
CREATE FUNCTION ticketing.study_assign_v1(p_study bigint, p_rater text, p_own integer DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

------------------------------------------------------------------------------------------------------------------
-- For raters: all they can do
------------------------------------------------------------------------------------------------------------------

-- SELECT * FROM ticketing.study_next_v1(3);   the next item that the one who asks has not rated; none: all are rated
CREATE FUNCTION ticketing.study_next_v1(p_study bigint)
RETURNS TABLE (item_id bigint, place integer, rated bigint, items bigint, ticket text, replies jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

-- SELECT ticketing.study_rate_v1(3, 17, '{"A": 4, "B": 2, "C": 5}', 'C', '');   no label: none is the best
-- The same rating again is not written again: false.
CREATE FUNCTION ticketing.study_rate_v1(p_study bigint, p_item bigint, p_scores jsonb, p_preferred text,
    p_comment text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

------------------------------------------------------------------------------------------------------------------
-- A forgotten ticket leaves studies too
------------------------------------------------------------------------------------------------------------------
CREATE OR REPLACE FUNCTION ticketing.forget_ticket_v1(p_ticket_id text)
RETURNS TABLE (vault_values bigint, clean_tickets bigint, drafts bigint, imported_tickets bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

REVOKE EXECUTE ON FUNCTION ticketing.study_draw(bigint, text[]), ticketing.study_locked(bigint),
    ticketing.study_open_v1(bigint), ticketing.study_close_v1(bigint),
    ticketing.study_assign_v1(bigint, text, integer), ticketing.study_next_v1(bigint),
    ticketing.study_rate_v1(bigint, bigint, jsonb, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ticketing.study_open_v1(bigint), ticketing.study_close_v1(bigint),
    ticketing.study_assign_v1(bigint, text, integer) TO ticketing_pipeline;
GRANT EXECUTE ON FUNCTION ticketing.study_next_v1(bigint), ticketing.study_rate_v1(bigint, bigint, jsonb, text, text)
    TO ticketing_rater, ticketing_pipeline;
GRANT SELECT ON ticketing.study, ticketing.study_system, ticketing.study_item, ticketing.study_reply,
    ticketing.study_assignment, ticketing.study_rating TO ticketing_pipeline;
GRANT INSERT (name, snapshot_id, seed, overlap, raters, asked, created_by) ON ticketing.study TO ticketing_pipeline;
GRANT INSERT ON ticketing.study_system, ticketing.study_item, ticketing.study_reply TO ticketing_pipeline;
GRANT SELECT (study_id, name, state, snapshot_id, overlap, raters, asked, created_by, created_at, closed_by, closed_at)
    ON ticketing.study TO ticketing_readonly;
GRANT SELECT ON ticketing.study_system TO ticketing_readonly;
