"""The flow `nightly`: prepares new tickets, then drafts replies to them.

The only input is the end of the time window. So a run that starts late processes the same tickets as one on time.
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
    """Prepares and drafts every new ticket up to `until`, by default up to the time that the run was scheduled for.

    The window has no start, so it includes tickets that an earlier night left undone.
    """
    until = until or runtime.flow_run.scheduled_start_time
    with Context(get_settings()) as context:
        prepare_tickets(context, until, snapshot=False)
        return draft_new_tickets(context, until)
