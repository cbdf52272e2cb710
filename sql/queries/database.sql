-- Acting in a role, and the migrations' bookkeeping.

-- name: take_role(role)!
-- The rest of the transaction has this role's rights only.
SELECT set_config('role', :role, true);

-- name: lock_migrations()!
-- Only one process at a time looks for the next migration and applies it; the others wait for its commit.
SELECT pg_advisory_xact_lock(7145023641102336001);

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
