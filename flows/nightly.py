"""The `nightly` flow: read what is new, then draft for it.

It is a function of its window, so that a run that starts late does the same.
"""

from datetime import datetime

from prefect import flow, runtime

from flows.draft import draft
from flows.prepare import prepare
from ticketing.drafting.chunk import ChunkOutcome


@flow(name="nightly")
def nightly(until: datetime | None = None) -> ChunkOutcome:
    """Prepares and drafts every new ticket up to `until`, by default the time the run was scheduled for.

    What an earlier night left undone is done too: the window has no lower end.
    """
    until = until or runtime.flow_run.scheduled_start_time
    prepare(until=until, snapshot=False)
    return draft(until=until)
