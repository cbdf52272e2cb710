"""Prefect flows: the order of the steps and their retries. They contain no SQL and no maths."""
