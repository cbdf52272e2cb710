"""The `nightly` flow: reads new tickets, then drafts for them.

Its only input is the end of its time window, so that a run that starts late processes the same tickets.
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
    """Prepares and drafts every new ticket up to `until`, by default the time that the run was scheduled for.

    The window has no start: it includes the tickets that an earlier night left undone.
    """
    until = until or runtime.flow_run.scheduled_start_time
    with Context(get_settings()) as context:
        prepare_tickets(context, until, snapshot=False)
        return draft_new_tickets(context, until)
