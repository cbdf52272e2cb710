"""The `nightly` flow: read what is new, then draft for it. A function of its window, so that a late run does the same."""

from datetime import datetime

from prefect import flow, runtime

from flows.draft import Drafted, draft
from flows.prepare import prepare


@flow(name="nightly")
def nightly(until: datetime | None = None) -> Drafted:
    """Prepares and drafts every new ticket up to `until`, by default the time the run was scheduled for.

    What an earlier night left undone is done too: the window has no lower end.
    """
    until = until or runtime.flow_run.scheduled_start_time
    prepare(until=until, snapshot=False)
    return draft(until=until)
