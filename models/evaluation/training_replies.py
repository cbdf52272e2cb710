"""The training tickets whose replies the evaluation compares with: a sample by language and category."""

import sys
from typing import NamedTuple

from ticketing.corpus.sampling import draw_by_category
from ticketing.corpus.snapshot import Record, Snapshot

# The search for the nearest reply takes 9 to 27 kB a ticket, the checks of replies up to 11 kB: 38 GB for a million
# tickets, and 0.8 GB for this many.
MAX_REPLIES = 20_000


class TrainingReplies(NamedTuple):
    """Answered training tickets, and how many there are in the snapshot."""

    records: list[Record]
    of: int


def training_replies(snapshot: Snapshot) -> TrainingReplies:
    """At most `MAX_REPLIES` answered training tickets, in their order; the same ones each time.

    They are drawn by language and category: a uniform sample of a large corpus would have next to none of a rare
    category or a small language. The training part is read twice, so that only the sample is in memory.
    """
    rows, strata = [], []
    for row, record in enumerate(snapshot.iterate("train")):
        if record.output:
            rows.append(row)
            strata.append(sys.intern(f"{record.language} {record.category}"))
    drawn = {rows[i] for i in draw_by_category(strata, MAX_REPLIES, f"{snapshot.snapshot_id} replies")}
    return TrainingReplies([record for row, record in enumerate(snapshot.iterate("train")) if row in drawn], len(rows))
