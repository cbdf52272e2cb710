-- Roles, and the record of applied migrations.

-- name: take_role(role)!
-- Restricts the rest of the transaction to the rights of this role.
SELECT set_config('role', :role, true);

-- name: lock_migrations()!
-- Lets only one process at a time find and apply the next migration. The other processes wait for its commit.
SELECT pg_advisory_xact_lock(7145023641102336001);

-- name: limit_lock_wait(milliseconds)!
-- Limits how long this transaction waits for a lock. While a migration waits, all later sessions wait behind it.
SELECT set_config('lock_timeout', :milliseconds::text, true);

-- name: lock_holders()
-- Returns the other sessions that hold locks on tables of the pipeline.
SELECT DISTINCT l.pid, coalesce(nullif(a.application_name, ''), a.usename, '?') AS name, c.oid::regclass::text AS relation
FROM pg_locks l
JOIN pg_class c ON c.oid = l.relation
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.pid <> pg_backend_pid() AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('ticketing', 'vault')) AND c.relkind = 'r'
ORDER BY l.pid, relation;

-- name: has_migrations()$
-- Returns whether any migration was ever applied to this database.
SELECT to_regclass('ticketing.migration') IS NOT NULL;

-- name: create_migrations#
-- Creates the table that records migrations, before the first migration.
CREATE SCHEMA IF NOT EXISTS ticketing;
CREATE TABLE ticketing.migration (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE ticketing.migration IS 'which files of sql/migrations were applied, and what they were';

-- name: applied_migrations()
-- Returns the applied migrations, in order.
SELECT name, checksum FROM ticketing.migration ORDER BY name;

-- name: record_migration(name, checksum)!
-- Records a migration, in the transaction that applies it.
INSERT INTO ticketing.migration (name, checksum) VALUES (:name, :checksum);
