"""The Prefect flows. They define the order of the steps and the retries, and contain no SQL and no maths."""
