"""Samples the answered training tickets for the nearest-reply baseline and for the checks of replies."""

import sys
from typing import NamedTuple

from ticketing.corpus.sampling import draw_by_category
from ticketing.corpus.snapshot import Record, Snapshot

# Per ticket, the nearest-reply baseline takes 9 to 27 kB of memory, and the checks of replies up to 11 kB. That is up
# to 38 GB for a million tickets, and 0.8 GB for this number of tickets.
MAX_REPLIES = 20_000


class TrainingReplies(NamedTuple):
    """A sample of answered training tickets, and how many answered training tickets the snapshot has."""

    records: list[Record]
    available: int


def training_replies(snapshot: Snapshot) -> TrainingReplies:
    """At most `MAX_REPLIES` answered training tickets, in the order of the snapshot.

    The sample is always the same for a snapshot. It is stratified by language and category, because a uniform sample of
    a large corpus would have almost no tickets of a rare category or language. The function reads the training part
    twice, so that only the sample is in memory.
    """
    rows, strata = [], []
    for row, record in enumerate(snapshot.iterate("train")):
        if record.output:
            rows.append(row)
            strata.append(sys.intern(f"{record.language} {record.category}"))
    drawn = {rows[i] for i in draw_by_category(strata, MAX_REPLIES, f"{snapshot.snapshot_id} replies")}
    return TrainingReplies([record for row, record in enumerate(snapshot.iterate("train")) if row in drawn], len(rows))
