"""Chooses the test tickets whose replies are scored, and collects the replies of the systems that are compared.

The scores themselves are computed in `models.evaluation.generator`.
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
    champion_training_ids: frozenset[str] = frozenset(),
) -> list[Record]:
    """The test tickets whose replies are scored, in a fixed order.

    Args:
        snapshot: the snapshot with the test tickets.
        languages: the languages that the generator writes; None: any.
        gate: at most `max_test_replies` tickets are scored, but of each language at least the first `min_replies`.
        champion_training_ids: tickets that the champion was trained on; they come last, because the champion can't be
            compared on them.

    Raises:
        CorpusError: no test ticket in a language of the generator has a reply.
    """
    eligible = [
        record
        for record in snapshot.iterate("test")
        if record.output and (languages is None or record.language in languages)
    ]
    if not eligible:
        raise CorpusError("No test ticket has a reply to compare with: import more answered tickets and prepare again.")
    eligible.sort(key=lambda record: record.ticket_id)
    random.Random(snapshot.snapshot_id).shuffle(eligible)  # noqa: S311 — an order, not a secret
    eligible.sort(key=lambda record: record.ticket_id in champion_training_ids)
    counts: Counter[str] = Counter()
    first, others = list[Record](), list[Record]()
    for record in eligible:
        (first if counts[record.language] < gate.min_replies else others).append(record)
        counts[record.language] += 1
    return [*first, *others[: max(gate.max_test_replies - len(first), 0)]]


def write_replies(served: ServedGenerator, records: Sequence[Record]) -> list[Completion]:
    """The replies of a served generator to the same conversations as in drafting, in order.

    A ticket in a language that the generator does not write gets an empty reply, because a human answers it.
    """
    written = [i for i, r in enumerate(records) if served.languages is None or r.language in served.languages]
    completions = served.complete([messages(records[i].instruction, records[i].input) for i in written])
    completion_of = dict(zip(written, completions, strict=True))
    return [completion_of.get(i, Completion("", 0, 0, "stop")) for i in range(len(records))]


def write_base_replies(served: ServedGenerator, records: Sequence[Record]) -> list[Completion]:
    """The replies of the base model without the adapter, cut off at the length of the longest agent's reply."""
    return served.engine.chat(
        [messages(record.instruction, record.input) for record in records],
        use_adapter=False,
        max_tokens=_longest_reply(served.engine, records),
    )


def look_up_replies(snapshot: Snapshot, records: Sequence[Record]) -> list[Completion]:
    """For each ticket the reply to the most similar training ticket, in the form of a completion."""
    return [Completion(text, 0, 0, "stop") for text in nearest_replies(snapshot, records)]


def _longest_reply(engine: Engine, records: Sequence[Record]) -> int:
    # The base model rarely ends a reply by itself: without this limit it would take most of the evaluation's time.
    tokenizer = AutoTokenizer.from_pretrained(resolve(engine.base, engine.settings))
    longest = max(len(tokenizer(record.output).input_ids) for record in records)
    return min(longest, engine.settings.engine.max_reply_tokens)
