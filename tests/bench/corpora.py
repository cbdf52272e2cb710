"""The corpora that the benchmarks of the classifier learn from: BANKING77 where it is there, and the sample shop."""

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
    """BANKING77's `train` or `test` part, in an order that is always the same."""
    with (shared_data / "banking77" / f"{name}.csv").open(encoding="utf-8") as file:
        rows = [record(i, row["category"], row["text"]) for i, row in enumerate(csv.DictReader(file))]
    random.Random(0).shuffle(rows)
    return rows


def questions_to_a_shop(shared_data: Path, count: int) -> list[Record]:
    """Bitext's questions, each once, in an order that is always the same."""
    with (shared_data / "bitext" / "tickets.csv").open(encoding="utf-8") as file:
        texts = sorted({row["instruction"] for row in csv.DictReader(file)})
    random.Random(0).shuffle(texts)
    return [record(i, "shop", text) for i, text in enumerate(texts[:count])]


def of_each_category(records: list[Record], count: int) -> list[Record]:
    """The first `count` tickets of each category."""
    return ever_rarer(records, count, count)


def ever_rarer(records: list[Record], most: int, fewest: int) -> list[Record]:
    """The first tickets of each category: `most` of one, `fewest` of another, the others evenly in between."""
    categories = sorted({one.category for one in records})
    random.Random(0).shuffle(categories)
    left = {
        category: round(most * (fewest / most) ** (place / max(len(categories) - 1, 1)))
        for place, category in enumerate(categories)
    }
    taken = []
    for one in records:
        if left[one.category] > 0:
            left[one.category] -= 1
            taken.append(one)
    return taken


def shop(tickets: int) -> tuple[list[SampleTicket], list[Record]]:
    """The sample shop's tickets, and the same as records with the category that they were filed under."""
    sample = list(generate_tickets(history=tickets, incoming=0))
    texts = [joined(one.ticket.subject, one.ticket.body) for one in sample]
    groups = near_duplicate_groups(texts, CorpusSettings().near_duplicate_threshold)
    return sample, [
        record(i, one.ticket.category or "", text, one.ticket.language or "", group)
        for i, (one, text, group) in enumerate(zip(sample, texts, groups, strict=True))
    ]


def few_of_shop(folder: Path, tickets: int) -> Snapshot:
    """A split of the sample shop with so many training tickets a category; its test tickets have their true ones."""
    sample, records = shop(SHOP_TICKETS)
    parts = split(
        [one.category for one in records],
        [one.language for one in records],
        [one.group for one in records],
        [one.ticket.created_at for one in sample],
        CorpusSettings(test_share=0.4),
    ).parts
    true = [replace(one, category=of.true_category) for one, of in zip(records, sample, strict=True)]
    chosen = {
        part: [(true if part == "test" else records)[i] for i, of in enumerate(parts) if of == part] for part in PARTS
    }
    return make_snapshot(folder, of_each_category(chosen["train"], tickets), chosen["validation"], chosen["test"])
