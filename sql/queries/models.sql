-- name: insert_model!
-- registers a candidate
INSERT INTO ticketing.model (version, kind, snapshot_id, base_model, path, artefact_hash, parameters, code_version, metrics)
VALUES (:version, :kind, :snapshot_id, :base_model, :path, :artefact_hash, :parameters, :code_version, :metrics);

-- name: find_model^
-- one version
SELECT * FROM ticketing.model WHERE version = :version;

-- name: find_champion^
-- the version that drafts
SELECT * FROM ticketing.model WHERE kind = :kind AND state = 'champion';

-- name: find_latest_candidate^
-- the newest version that has not been promoted
SELECT * FROM ticketing.model WHERE kind = :kind AND state = 'candidate' ORDER BY created_at DESC, version DESC LIMIT 1;

-- name: insert_verdict$
-- what the gate said; never changed afterwards
INSERT INTO ticketing.verdict (version, passed, rules, metrics, snapshot_id, code_version, signatures)
VALUES (:version, :passed, :rules, :metrics, :snapshot_id, :code_version, :signatures)
RETURNING verdict_id;

-- name: promote_model$
-- makes a version the champion
SELECT ticketing.promote_v1(:version, :verdict_id, :promoted_by, :overrule);
