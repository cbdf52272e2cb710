"""How the classifier learns best from what there is: methods by amount of data, and labels that are wrong."""

import csv
import random
import time
from dataclasses import replace

import pytest

from models.classifier import TrainedClassifier
from models.classifier_evaluation import evaluate_classifier
from models.classifier_training import train_classifier
from models.encoder import Encoder
from models.label_audit import suspects
from tests.models.small_corpus import make_snapshot
from ticketing.corpus.duplicates import near_duplicate_groups
from ticketing.corpus.snapshot import Record
from ticketing.sample import generate_tickets
from ticketing.settings import ClassifierSettings, Settings
from ticketing.tickets import joined

pytestmark = [pytest.mark.bench, pytest.mark.timeout(2 * 3600)]
TEST_TICKETS, VALIDATION_TICKETS = 1_000, 500
NOISE = 0.05


def record(number, category, text, language="en", group=None):
    return Record(f"t{number}", language, category, text, "", text, None, number if group is None else group)


def banking(shared_data, name):
    with (shared_data / "banking77" / f"{name}.csv").open(encoding="utf-8") as file:
        rows = [record(i, row["category"], row["text"]) for i, row in enumerate(csv.DictReader(file))]
    random.Random(0).shuffle(rows)
    return rows


def of_each_category(records, count):
    taken, counts = [], {}
    for one in records:
        counts[one.category] = counts.get(one.category, 0) + 1
        if counts[one.category] <= count:
            taken.append(one)
    return taken


@pytest.mark.parametrize("tickets", [10, 30])
@pytest.mark.parametrize("method", ["full", "lora", "prefix", "prompt"])
def test_methods_by_tickets_a_category(shared_data, tmp_path, method, tickets):
    rows, test = banking(shared_data, "train"), banking(shared_data, "test")
    train = of_each_category(rows[VALIDATION_TICKETS:], tickets)
    snapshot = make_snapshot(tmp_path / "s", train, rows[:VALIDATION_TICKETS], test[:TEST_TICKETS])
    settings = Settings(home=tmp_path, classifier=ClassifierSettings(method=method))

    started = time.monotonic()
    train_classifier(snapshot, settings, tmp_path / "artefact")
    seconds = time.monotonic() - started
    scored = evaluate_classifier(TrainedClassifier.load("c", tmp_path / "artefact", settings), snapshot)

    accuracy = scored.measured.values["accuracy", "all"]
    print(f"\n{method}, {tickets} tickets a category: accuracy {accuracy.value:.4f} "
          f"({accuracy.low:.4f} to {accuracy.high:.4f}), {seconds:.0f} s")  # fmt: skip
    assert accuracy.count == TEST_TICKETS


def test_the_label_audit_on_planted_mistakes(shared_data):
    encoder = Encoder.load(Settings())
    sample = list(generate_tickets(history=3_000, incoming=0))
    texts = [joined(one.ticket.subject, one.ticket.body) for one in sample]
    groups = near_duplicate_groups(texts, 0.6)
    shop = [
        record(i, one.ticket.category, text, one.ticket.language, group)
        for i, (one, text, group) in enumerate(zip(sample, texts, groups, strict=True))
    ]
    wrong = {f"t{i}" for i, one in enumerate(sample) if one.ticket.category != one.true_category}
    show("sample shop, its own wrong labels", suspects(shop, encoder), wrong)

    rows = banking(shared_data, "train")
    categories = sorted({one.category for one in rows})
    rng, planted = random.Random(0), {}
    for one in rng.sample(rows, int(NOISE * len(rows))):
        planted[one.ticket_id] = rng.choice([name for name in categories if name != one.category])
    noisy = [replace(one, category=planted.get(one.ticket_id, one.category)) for one in rows]
    recall = show(f"BANKING77, {NOISE:.0%} of the labels made wrong", suspects(noisy, encoder), set(planted))
    assert recall > 0.5


def show(title, found, wrong):
    listed = {one.ticket_id for one in found}
    first = {one.ticket_id for one in found[: len(wrong)]}
    recall = len(listed & wrong) / len(wrong)
    print(f"\n{title}: {len(wrong)} planted, {len(listed)} listed, {recall:.3f} of the planted among them, "
          f"{len(first & wrong) / len(wrong):.3f} among the first {len(wrong)}")  # fmt: skip
    return recall
