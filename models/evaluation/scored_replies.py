"""Chooses the test tickets whose replies are scored, and collects the replies of the systems that are compared.

`models.evaluation.generator` computes the scores.
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
from ticketing.gate_settings import GateSettings
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
        languages: the languages that the generator writes; None means any.
        gate: limits the number of scored tickets to `max_test_replies`. Each language keeps at least `min_replies`
            tickets if it has that many, even beyond the limit.
        champion_training_ids: the tickets that the champion was trained on. They come last, because the champion can't
            be compared on them.

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
    random.Random(snapshot.snapshot_id).shuffle(eligible)  # noqa: S311 — for shuffling, not for a secret
    eligible.sort(key=lambda record: record.ticket_id in champion_training_ids)
    counts: Counter[str] = Counter()
    guaranteed, others = list[Record](), list[Record]()
    for record in eligible:
        (guaranteed if counts[record.language] < gate.min_replies else others).append(record)
        counts[record.language] += 1
    return [*guaranteed, *others[: max(gate.max_test_replies - len(guaranteed), 0)]]


def write_replies(served: ServedGenerator, records: Sequence[Record]) -> list[Completion]:
    """The replies of a served generator, in order, with the same prompts as in drafting.

    A ticket in a language that the generator does not write gets an empty reply, because a human would answer it.
    """
    rows = [i for i, r in enumerate(records) if served.languages is None or r.language in served.languages]
    completions = served.complete([messages(records[i].instruction, records[i].input) for i in rows])
    completion_of = dict(zip(rows, completions, strict=True))
    return [completion_of.get(i, Completion("", 0, 0, "stop")) for i in range(len(records))]


def write_base_replies(served: ServedGenerator, records: Sequence[Record]) -> list[Completion]:
    """The replies of the base model without the adapter, truncated to the length of the longest human agent's reply."""
    return served.engine.chat(
        [messages(record.instruction, record.input) for record in records],
        use_adapter=False,
        max_tokens=_longest_reply(served.engine, records),
    )


def look_up_replies(snapshot: Snapshot, records: Sequence[Record]) -> list[Completion]:
    """The replies of the nearest-reply baseline, in the form of completions."""
    return [Completion(text, 0, 0, "stop") for text in nearest_replies(snapshot, records)]


def _longest_reply(engine: Engine, records: Sequence[Record]) -> int:
    # The base model rarely ends a reply by itself. Without this limit its replies would take most of the evaluation.
    tokenizer = AutoTokenizer.from_pretrained(resolve(engine.base, engine.settings))
    longest = max(len(tokenizer(record.output).input_ids) for record in records)
    return min(longest, engine.settings.engine.max_reply_tokens)
