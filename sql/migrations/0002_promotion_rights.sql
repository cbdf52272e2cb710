-- A model becomes champion through promote_v1 alone, which asks for a verdict and remembers who did it.
ALTER FUNCTION ticketing.promote_v1(text, bigint, text, boolean) SECURITY DEFINER;
REVOKE INSERT, UPDATE ON ticketing.model FROM ticketing_pipeline;
GRANT INSERT (version, kind, snapshot_id, base_model, path, artefact_hash, parameters, code_version, metrics)
    ON ticketing.model TO ticketing_pipeline;
REVOKE INSERT ON ticketing.promotion FROM ticketing_pipeline;
