"""Samples the answered training tickets, by language and category, for the baseline and the checks of replies."""

import sys
from typing import NamedTuple

from ticketing.corpus.sampling import draw_by_category
from ticketing.corpus.snapshot import Record, Snapshot

# The search for the nearest reply takes 9 to 27 kB for each ticket, the checks of replies up to 11 kB. That is 38 GB
# for a million tickets, and 0.8 GB for this number.
MAX_REPLIES = 20_000


class TrainingReplies(NamedTuple):
    """A sample of answered training tickets, and the number of all of them in the snapshot."""

    records: list[Record]
    available: int


def training_replies(snapshot: Snapshot) -> TrainingReplies:
    """At most `MAX_REPLIES` answered training tickets, in the order of the snapshot; always the same sample.

    The sample is stratified by language and category: a uniform sample of a large corpus would contain almost no ticket
    of a rare category or language. The function reads the training part twice, so that only the sample is in memory.
    """
    rows, strata = [], []
    for row, record in enumerate(snapshot.iterate("train")):
        if record.output:
            rows.append(row)
            strata.append(sys.intern(f"{record.language} {record.category}"))
    drawn = {rows[i] for i in draw_by_category(strata, MAX_REPLIES, f"{snapshot.snapshot_id} replies")}
    return TrainingReplies([record for row, record in enumerate(snapshot.iterate("train")) if row in drawn], len(rows))
