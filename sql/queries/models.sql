-- name: insert_model!
-- Registers a version as a candidate.
INSERT INTO ticketing.model (version, kind, snapshot_id, base_model, path, artefact_hash, parameters, code_version, metrics)
VALUES (:version, :kind, :snapshot_id, :base_model, :path, :artefact_hash, :parameters, :code_version, :metrics);

-- name: lock_artefact!
-- Prevents others from registering the same content between the check that an artefact is unused and its removal.
SELECT pg_advisory_xact_lock(hashtext('ticketing.artefact.' || :artefact_hash));

-- name: find_model^
-- Returns one version by its name or short name. The short name ('classifier 7' or classifier-7) is the kind and a
-- number in the order of creation. Rows are never deleted, so the number never changes.
SELECT * FROM (
    SELECT *, kind || ' ' || row_number() OVER (PARTITION BY kind ORDER BY created_at, version) AS short_name
    FROM ticketing.model
) m
WHERE m.version = :version OR m.short_name = replace(lower(:version), '-', ' ')
ORDER BY m.version = :version DESC LIMIT 1;

-- name: short_names
-- Returns every version with its short name.
SELECT version, kind || ' ' || row_number() OVER (PARTITION BY kind ORDER BY created_at, version) AS short_name
FROM ticketing.model;

-- name: find_champion$
-- Returns the champion's version.
SELECT version FROM ticketing.model WHERE kind = :kind AND state = 'champion';

-- name: find_latest_candidate$
-- Returns the newest candidate.
SELECT version FROM ticketing.model WHERE kind = :kind AND state = 'candidate' AND pruned_at IS NULL
ORDER BY created_at DESC, version DESC LIMIT 1;

-- name: insert_verdict$
-- Stores a verdict of the gate. Verdicts are never changed.
INSERT INTO ticketing.verdict (version, passed, rules, metrics, snapshot_id, code_version, signatures)
VALUES (:version, :passed, :rules, :metrics, :snapshot_id, :code_version, :signatures)
RETURNING verdict_id;

-- name: find_latest_verdict^
-- Returns the gate's latest verdict on a version.
SELECT * FROM ticketing.verdict WHERE version = :version ORDER BY verdict_id DESC LIMIT 1;

-- name: verdicts_of
-- Returns all verdicts on a version, oldest first.
SELECT * FROM ticketing.verdict WHERE version = :version ORDER BY verdict_id;

-- name: promote_model$
-- Makes a version the champion.
SELECT ticketing.promote_v2(:version, :verdict_id, :promoted_by, :overrule, :reason);

-- name: replaced_by$
-- Returns the champion that a promotion replaced; null if there was none.
SELECT replaced FROM ticketing.promotion WHERE promotion_id = :promotion_id;

-- name: rollback_model$
-- Makes an earlier champion the champion again; null means the previous champion.
SELECT ticketing.rollback_v1(:kind, :to, :rolled_back_by, :reason);

-- name: list_models
-- Returns every version with the gate's latest verdict, newest first.
SELECT m.version, m.kind, m.state, m.pruned_at, m.created_at, m.snapshot_id, m.base_model, m.metrics, v.passed, v.rules
FROM ticketing.model m
LEFT JOIN LATERAL (
    SELECT passed, rules FROM ticketing.verdict WHERE version = m.version ORDER BY verdict_id DESC LIMIT 1
) v ON true
ORDER BY m.kind, m.created_at DESC, m.version DESC;

-- name: model_history
-- Returns the history of a version (null: of all versions), oldest first.
SELECT * FROM ticketing.model_history WHERE :version::text IS NULL OR :version IN (version, replaced) ORDER BY at;

-- name: prunable_models
-- Returns the versions that can be pruned. These stay: the champion, the version that a rollback would promote, the
-- last champions, and candidates newer than the champion. Without a champion, no candidate can be pruned.
WITH promoted AS (
    SELECT kind, version, row_number() OVER (PARTITION BY kind ORDER BY max(promotion_id) DESC) AS rank
    FROM ticketing.promotion GROUP BY kind, version
)
SELECT m.version, m.kind, m.path, m.artefact_hash
FROM ticketing.model m
JOIN ticketing.model champion ON champion.kind = m.kind AND champion.state = 'champion'
LEFT JOIN promoted p ON p.version = m.version
WHERE m.pruned_at IS NULL
  AND m.state <> 'champion'
  AND NOT (m.state = 'candidate' AND m.created_at > champion.created_at)
  AND coalesce(p.rank > :keep, true)
  AND NOT EXISTS (SELECT FROM ticketing.champion_line_v1(m.kind) line WHERE line.step = 2 AND line.version = m.version)
ORDER BY m.kind, m.created_at;

-- name: prune_model$
-- Marks a version as pruned, before its artefact is removed.
SELECT ticketing.prune_model_v1(:version, :pruned_by);

-- name: unused_artefacts
-- Returns the artefacts that no version needs once the given versions are pruned. Versions can share an artefact.
SELECT DISTINCT path, artefact_hash FROM ticketing.model m
WHERE NOT EXISTS (
    SELECT FROM ticketing.model other
    WHERE other.artefact_hash = m.artefact_hash AND other.pruned_at IS NULL
      AND other.version <> ALL (:pruning::text[])
);
