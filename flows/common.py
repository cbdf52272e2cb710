"""Options for the tasks of all flows: which errors are retried, and that Prefect stores no results."""

from typing import Any

from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from ticketing.errors import DatabaseError, SourceMissing


def is_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether to retry a failed task. Database errors may pass, such as a lost connection; others do not."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, DatabaseError) and not isinstance(error, SourceMissing)


# Results are not stored, because Prefect would not encrypt them. A cache would be useless across runs.
NO_RETRY: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
# For tasks that mainly read or write the database.
RETRY_DATABASE: dict[str, Any] = {
    **NO_RETRY,
    "retries": 3,
    "retry_delay_seconds": [2, 10, 30],
    "retry_condition_fn": is_transient,
}
