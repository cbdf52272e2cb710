"""The `nightly` flow: read what is new, then draft for it.

It is a function of its window, so that a run that starts late does the same.
"""

from datetime import datetime

from prefect import flow, runtime

from flows.draft import draft_new_tickets
from flows.prepare import prepare_tickets
from models.context import Context
from ticketing.drafting.chunk import ChunkOutcome
from ticketing.settings import get_settings


@flow(name="nightly")
def nightly(until: datetime | None = None) -> ChunkOutcome:
    """Prepares and drafts every new ticket up to `until`, by default the time the run was scheduled for.

    The window has no lower end, so that it includes what an earlier night left undone.
    """
    until = until or runtime.flow_run.scheduled_start_time
    with Context(get_settings()) as context:
        prepare_tickets(context, until, snapshot=False)
        return draft_new_tickets(context, until)
