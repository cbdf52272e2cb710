"""How the tasks of every flow are run: what is retried, and that Prefect keeps nothing of a task but name and state.

Which tasks there are is for the flows.
"""

from typing import Any

from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from ticketing.errors import DatabaseError, SourceMissing


def may_pass_by_itself(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether a failure is worth another try: a database that went away comes back, a wrong corpus stays wrong."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, DatabaseError) and not isinstance(error, SourceMissing)


# Prefect stores task results in clear and reuses them by a key that holds the run's id: neither is wanted here.
PLAIN: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
# For tasks that read or write the database.
IO: dict[str, Any] = {
    **PLAIN,
    "retries": 3,
    "retry_delay_seconds": [2, 10, 30],
    "retry_condition_fn": may_pass_by_itself,
}
