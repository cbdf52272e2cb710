"""Which test tickets' replies are scored, and what everybody answers to those: the generator, its base, old replies.

Scoring them is `models.evaluation.generator`.
"""

import random
from collections import Counter
from collections.abc import Sequence

from transformers import AutoTokenizer

from models.engine.process import Engine
from models.engine.serving import ServedGenerator
from models.evaluation.nearest_reply import nearest_replies
from models.shared.base import resolve
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.errors import CorpusError
from ticketing.settings import GateSettings
from ticketing.stages.prompts import messages
from ticketing.stages.protocols import Completion


def scored_records(
    snapshot: Snapshot,
    languages: frozenset[str] | None,
    gate: GateSettings,
    champion_seen: frozenset[str] = frozenset(),
) -> list[Record]:
    """The test tickets whose replies are scored, in an order that is always the same.

    Args:
        snapshot: whose test part it is.
        languages: those that the generator writes; None: any.
        gate: at most `max_test_replies` are scored, or `min_replies` of each language if that is more.
        champion_seen: tickets on which the champion can't be compared with; others come first.

    Raises:
        CorpusError: no test ticket has a reply in a language that the generator writes.
    """
    able = [
        record
        for record in snapshot.records("test")
        if record.output and (languages is None or record.language in languages)
    ]
    if not able:
        raise CorpusError("No test ticket has a reply to compare with: import more answered tickets and prepare again.")
    able.sort(key=lambda record: record.ticket_id)
    random.Random(snapshot.snapshot_id).shuffle(able)  # noqa: S311 — an order, not a secret
    able.sort(key=lambda record: record.ticket_id in champion_seen)
    counts: Counter[str] = Counter()
    first, others = list[Record](), list[Record]()
    for record in able:
        (first if counts[record.language] < gate.min_replies else others).append(record)
        counts[record.language] += 1
    return [*first, *others[: max(gate.max_test_replies - len(first), 0)]]


def write_replies(served: ServedGenerator, records: Sequence[Record]) -> list[Completion]:
    """What a generator answers as it is served, in the conversations that drafting has, in order.

    To a ticket in a language that it does not write it says nothing: a human would.
    """
    able = [i for i, r in enumerate(records) if served.languages is None or r.language in served.languages]
    said = served.complete([messages(records[i].instruction, records[i].input) for i in able])
    answers = dict(zip(able, said, strict=True))
    return [answers.get(i, Completion("", 0, 0, "stop")) for i in range(len(records))]


def write_base_replies(served: ServedGenerator, records: Sequence[Record]) -> list[Completion]:
    """What the bare base model answers, cut off at the length of the longest agent's reply."""
    return served.engine.chat(
        [messages(record.instruction, record.input) for record in records],
        use_adapter=False,
        max_tokens=_longest_reply(served.engine, records),
    )


def look_up_replies(snapshot: Snapshot, records: Sequence[Record]) -> list[Completion]:
    """The reply to the training ticket most like each one, as if a generator had written it."""
    return [Completion(text, 0, 0, "stop") for text in nearest_replies(snapshot, records)]


def _longest_reply(engine: Engine, records: Sequence[Record]) -> int:
    # The base model rambles on to any limit, which takes longer than all the rest; agents need no more than this.
    tokenizer = AutoTokenizer.from_pretrained(resolve(engine.base, engine.settings))
    longest = max(len(tokenizer(record.output).input_ids) for record in records)
    return min(longest, engine.settings.engine.max_reply_tokens)
