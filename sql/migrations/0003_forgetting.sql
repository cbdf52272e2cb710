-- A person's tickets can be forgotten, and stay so; values leave the vault when their time is over.
CREATE TABLE ticketing.forgotten_ticket (
    ticket_id text PRIMARY KEY,
    forgotten_by text NOT NULL,
    forgotten_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE ticketing.forgotten_ticket IS 'tickets that are never read again, whatever the source says';
GRANT SELECT ON ticketing.forgotten_ticket TO ticketing_pipeline, ticketing_readonly;

-- Only the owner could ever delete from these tables; now it can't by accident, but forget_ticket_v1 can.
CREATE OR REPLACE FUNCTION ticketing.append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'draft_event'
       AND current_setting('ticketing.forgetting', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Removes all that is kept of a ticket, and remembers only that it must not come back. Returns what was removed.
CREATE FUNCTION ticketing.forget_ticket_v1(p_ticket_id text)
RETURNS TABLE (vault_values bigint, clean_tickets bigint, drafts bigint, imported_tickets bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
REVOKE EXECUTE ON FUNCTION ticketing.forget_ticket_v1(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ticketing.forget_ticket_v1(text) TO ticketing_pipeline;
