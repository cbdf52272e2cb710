"""The options of every flow's tasks: which errors are retried, and that Prefect stores no results.

The tasks themselves are in the flows.
"""

from typing import Any

from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from ticketing.errors import DatabaseError, SourceMissing


def is_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether to retry a failed task: a lost database connection may come back, other errors stay."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, DatabaseError) and not isinstance(error, SourceMissing)


# No stored results, because Prefect would not encrypt them; no cache, because it would reuse nothing across runs.
PLAIN: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
# For tasks that read or write the database.
IO: dict[str, Any] = {
    **PLAIN,
    "retries": 3,
    "retry_delay_seconds": [2, 10, 30],
    "retry_condition_fn": is_transient,
}
