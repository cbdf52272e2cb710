-- Acting in a role, and the migrations' bookkeeping.

-- name: take_role(role)!
-- The rest of the transaction has this role's rights only.
SELECT set_config('role', :role, true);

-- name: lock_migrations()!
-- Only one process at a time looks for the next migration and applies it; the others wait for its commit.
SELECT pg_advisory_xact_lock(7145023641102336001);

-- name: limit_lock_wait(milliseconds)!
-- For the rest of the transaction: a migration that waits for a lock makes every later session wait for it.
SELECT set_config('lock_timeout', :milliseconds::text, true);

-- name: lock_holders()
-- Which other sessions hold locks on tables of the pipeline.
SELECT DISTINCT l.pid, coalesce(nullif(a.application_name, ''), a.usename, '?') AS name, c.oid::regclass::text AS relation
FROM pg_locks l
JOIN pg_class c ON c.oid = l.relation
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.pid <> pg_backend_pid() AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('ticketing', 'vault')) AND c.relkind = 'r'
ORDER BY l.pid, relation;

-- name: has_migrations()$
-- Whether this database was ever upgraded.
SELECT to_regclass('ticketing.migration') IS NOT NULL;

-- name: create_migrations#
-- The bookkeeping itself, before the first migration.
CREATE SCHEMA IF NOT EXISTS ticketing;
CREATE TABLE ticketing.migration (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE ticketing.migration IS 'which files of sql/migrations were applied, and what they were';

-- name: applied_migrations()
-- What was applied, in order.
SELECT name, checksum FROM ticketing.migration ORDER BY name;

-- name: record_migration(name, checksum)!
-- In the transaction that applied it.
INSERT INTO ticketing.migration (name, checksum) VALUES (:name, :checksum);
