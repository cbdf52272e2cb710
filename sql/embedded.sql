-- How the embedded server is set when it starts: what goes wrong is logged without the rows and values it went wrong with.
ALTER SYSTEM SET log_error_verbosity = 'terse';
ALTER SYSTEM SET log_min_error_statement = 'panic';
SELECT pg_reload_conf();
