"""The schema and every query as .sql files, found by name through `ticketing.database`."""
