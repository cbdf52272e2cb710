"""The corpora of the classifier's benchmarks: BANKING77, Bitext and the sample shop."""

import csv
import random
from dataclasses import replace
from pathlib import Path

from tests.models.small_corpus import make_snapshot
from ticketing.corpus.duplicates import near_duplicate_groups
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.corpus.splitting import PARTS, split
from ticketing.sample import SampleTicket, generate_tickets
from ticketing.settings import CorpusSettings
from ticketing.tickets import joined

SHOP_TICKETS = 2_500


def record(number: int, category: str, text: str, language: str = "en", group: int | None = None) -> Record:
    """A ticket without a reply."""
    return Record(f"t{number}", language, category, text, "", text, None, number if group is None else group)


def banking(shared_data: Path, name: str) -> list[Record]:
    """BANKING77's `train` or `test` part, in a fixed random order."""
    with (shared_data / "banking77" / f"{name}.csv").open(encoding="utf-8") as file:
        rows = [record(i, row["category"], row["text"]) for i, row in enumerate(csv.DictReader(file))]
    random.Random(0).shuffle(rows)
    return rows


def questions_to_a_shop(shared_data: Path, count: int) -> list[Record]:
    """The first `count` different questions of Bitext, in a fixed random order."""
    with (shared_data / "bitext" / "tickets.csv").open(encoding="utf-8") as file:
        texts = sorted({row["instruction"] for row in csv.DictReader(file)})
    random.Random(0).shuffle(texts)
    return [record(i, "shop", text) for i, text in enumerate(texts[:count])]


def balanced(records: list[Record], count: int) -> list[Record]:
    """The first `count` tickets of each category."""
    return imbalanced(records, count, count)


def imbalanced(records: list[Record], max_count: int, min_count: int) -> list[Record]:
    """The first tickets of each category; their number falls geometrically from category to category.

    The first category keeps `max_count` tickets, the last `min_count`. The order of the categories is random but fixed.
    """
    categories = sorted({record.category for record in records})
    random.Random(0).shuffle(categories)
    remaining = {
        category: round(max_count * (min_count / max_count) ** (position / max(len(categories) - 1, 1)))
        for position, category in enumerate(categories)
    }
    kept = []
    for record in records:
        if remaining[record.category] > 0:
            remaining[record.category] -= 1
            kept.append(record)
    return kept


def shop(tickets: int) -> tuple[list[SampleTicket], list[Record]]:
    """The sample shop's tickets, and the same tickets as records with the category that they were filed under."""
    sample = list(generate_tickets(history=tickets, incoming=0))
    texts = [joined(labelled.ticket.subject, labelled.ticket.body) for labelled in sample]
    groups = near_duplicate_groups(texts, CorpusSettings().near_duplicate_threshold)
    return sample, [
        record(i, labelled.ticket.category or "", text, labelled.ticket.language or "", group)
        for i, (labelled, text, group) in enumerate(zip(sample, texts, groups, strict=True))
    ]


def small_shop_snapshot(folder: Path, tickets_per_category: int) -> Snapshot:
    """A split of the sample shop with at most `tickets_per_category` training tickets per category.

    The label of a test ticket is its true category. The label of another ticket is the category it was filed under.
    """
    sample, records = shop(SHOP_TICKETS)
    assigned_parts = split(
        [record.category for record in records],
        [record.language for record in records],
        [record.group for record in records],
        [labelled.ticket.created_at for labelled in sample],
        CorpusSettings(test_share=0.4),
    ).parts
    true_records = [
        replace(record, category=labelled.true_category) for record, labelled in zip(records, sample, strict=True)
    ]
    parts = {
        part: [
            (true_records if part == "test" else records)[i]
            for i, assigned_part in enumerate(assigned_parts)
            if assigned_part == part
        ]
        for part in PARTS
    }
    return make_snapshot(folder, balanced(parts["train"], tickets_per_category), parts["validation"], parts["test"])
