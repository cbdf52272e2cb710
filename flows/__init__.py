"""The Prefect flows. They order the steps and define retries; they contain no SQL and no maths."""
