"""Orchestration: Prefect flows that read like a table of contents. No SQL and no maths live here."""
