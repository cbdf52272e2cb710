"""Measures how the classifier learns best: training methods, variants against overfitting, seeds, calibration.

It also measures how well out-of-scope tickets and wrong labels are found. Most tests print metrics to compare, and
assert little.
"""

import random
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from models.classifier import trainer as classifier_trainer
from models.classifier.calibration import fit_calibration, probabilities
from models.classifier.model import TrainedClassifier
from models.classifier.thresholds import choose_threshold
from models.classifier.training import train_classifier
from models.evaluation.classifier import as_ticket, evaluate_classifier
from models.evaluation.label_audit import suspects
from models.evaluation.measurements import mean, share
from models.shared.encoder import Encoder
from models.shared.statistics import expected_calibration_error
from tests.bench.corpora import balanced, banking, imbalanced, questions_to_a_shop, shop, small_shop_snapshot
from tests.models.small_corpus import make_snapshot
from ticketing.corpus.splitting import PARTS
from ticketing.settings import ClassifierSettings, Settings

pytestmark = [pytest.mark.bench, pytest.mark.learning, pytest.mark.timeout(3 * 3600)]
TEST_TICKETS, VALIDATION_TICKETS = 1_000, 500
METHODS = ("full", "lora", "prefix", "prompt")
TICKETS_PER_CATEGORY = 30
WRONG_LABEL_SHARE = 0.05
SEEDS = 3
UNSEEN_CATEGORIES = 10
VARIANTS = {
    "plain": {"adversarial": 0.0},
    "adversarial words": {"adversarial": 0.5},
    "no label smoothing": {"adversarial": 0.0, "label_smoothing": 0.0},
    "ensemble of three seeds": {"adversarial": 0.0, "seeds": 3},
    "no early stopping": {"adversarial": 0.0, "patience": 100},
}
# How much rare categories weigh in the loss, when categories are not equally common.
CLASS_WEIGHTS = {
    "no weights": {"class_weights": 0.0},
    "square roots": {"class_weights": 0.5},
    "balanced weights": {"class_weights": 1.0},
}
COMMONEST, RAREST = 60, 5  # training tickets of the commonest and of the rarest category


def small_banking_snapshot(shared_data, folder, tickets_per_category):
    rows, test = banking(shared_data, "train"), banking(shared_data, "test")
    train = balanced(rows[VALIDATION_TICKETS:], tickets_per_category)
    return make_snapshot(folder, train, rows[:VALIDATION_TICKETS], test[:TEST_TICKETS])


def whole_banking_snapshot(shared_data, folder):
    rows = banking(shared_data, "train")
    return make_snapshot(folder, rows[1_000:], rows[:1_000], banking(shared_data, "test"))


def trained(snapshot, tmp_path, **fields):
    """A classifier trained with these settings, and the training metrics."""
    settings = Settings(home=tmp_path, classifier=ClassifierSettings(**fields))
    training_metrics = train_classifier(snapshot, settings, tmp_path / "artefact")
    return TrainedClassifier.load("c", tmp_path / "artefact", settings), training_metrics


def evaluate_and_print(title, classifier, training_metrics, snapshot):
    measured = evaluate_classifier(classifier, snapshot).measured.values
    accuracy, macro_f1 = measured["accuracy", "all"], measured["macro_f1", "all"]
    print(f"\n{title}: accuracy {accuracy.value:.4f} ({accuracy.low:.4f} to {accuracy.high:.4f}), macro_f1 "
          f"{macro_f1.value:.4f}, {training_metrics['seconds']:.0f} s, peak memory "
          f"{training_metrics['process_peak_memory_gb']:.1f} GB")  # fmt: skip
    assert accuracy.count == len(snapshot.records("test"))


def train_seeds_and_print(title, snapshot, tmp_path, **fields):
    """Trains one classifier per seed, and prints the mean and standard deviation of accuracy and macro_f1."""
    measured = []
    for seed in range(SEEDS):
        (tmp_path / str(seed)).mkdir()
        classifier, _ = trained(snapshot, tmp_path / str(seed), seed=seed, **fields)
        values = evaluate_classifier(classifier, snapshot).measured.values
        measured.append([values[metric, "all"].value for metric in ("accuracy", "macro_f1")])
    (accuracy, macro_f1), (accuracy_sd, f1_sd) = np.mean(measured, axis=0), np.std(measured, axis=0, ddof=1)
    print(f"\n{title}, {SEEDS} seeds: accuracy {accuracy:.4f} (standard deviation {accuracy_sd:.4f}), "
          f"macro_f1 {macro_f1:.4f} ({f1_sd:.4f})")  # fmt: skip
    assert accuracy > 0.5


@pytest.mark.parametrize("tickets", [10, 30])
@pytest.mark.parametrize("method", METHODS)
def test_training_methods_on_banking77(shared_data, tmp_path, method, tickets):
    snapshot = small_banking_snapshot(shared_data, tmp_path / "s", tickets)
    title = f"BANKING77, {method}, {tickets} tickets per category"
    evaluate_and_print(title, *trained(snapshot, tmp_path, method=method), snapshot)


@pytest.mark.parametrize("method", METHODS)
def test_training_methods_on_the_sample_shop(tmp_path, method):
    snapshot = small_shop_snapshot(tmp_path / "s", TICKETS_PER_CATEGORY)
    title = f"sample shop, {method}, {TICKETS_PER_CATEGORY} tickets per category"
    evaluate_and_print(title, *trained(snapshot, tmp_path, method=method, adversarial=0.0), snapshot)


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_against_learning_banking77_by_heart(shared_data, tmp_path, variant):
    snapshot = small_banking_snapshot(shared_data, tmp_path / "s", TICKETS_PER_CATEGORY)
    title = f"BANKING77, {TICKETS_PER_CATEGORY} tickets per category, {variant}"
    evaluate_and_print(title, *trained(snapshot, tmp_path, **VARIANTS[variant]), snapshot)


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_against_learning_the_sample_shop_by_heart(tmp_path, variant):
    snapshot = small_shop_snapshot(tmp_path / "s", TICKETS_PER_CATEGORY)
    title = f"sample shop, {TICKETS_PER_CATEGORY} tickets per category, {variant}"
    evaluate_and_print(title, *trained(snapshot, tmp_path, **VARIANTS[variant]), snapshot)


@pytest.mark.parametrize("schedule", ["constant_with_warmup", "cosine"])
@pytest.mark.parametrize("corpus", ["BANKING77", "sample shop"])
def test_learning_rate_schedules(shared_data, tmp_path, monkeypatch, corpus, schedule):
    """Two alternatives to the linear schedule of the "plain" variant."""
    monkeypatch.setattr(classifier_trainer, "SCHEDULE", schedule)
    if corpus == "sample shop":
        snapshot = small_shop_snapshot(tmp_path / "s", TICKETS_PER_CATEGORY)
    else:
        snapshot = small_banking_snapshot(shared_data, tmp_path / "s", TICKETS_PER_CATEGORY)
    title = f"{corpus}, {TICKETS_PER_CATEGORY} tickets per category, {schedule}"
    evaluate_and_print(title, *trained(snapshot, tmp_path, **VARIANTS["plain"]), snapshot)


@pytest.mark.parametrize("weights", CLASS_WEIGHTS)
@pytest.mark.parametrize("corpus", ["BANKING77", "sample shop"])
def test_class_weights_with_rare_categories(shared_data, tmp_path, corpus, weights):
    """The categories are rare only in the training part. In macro_f1 every category has the same weight."""
    if corpus == "sample shop":
        whole = small_shop_snapshot(tmp_path / "all", COMMONEST)
    else:
        whole = small_banking_snapshot(shared_data, tmp_path / "all", COMMONEST)
    train, validation, test = (whole.records(part) for part in PARTS)
    snapshot = make_snapshot(tmp_path / "s", imbalanced(train, COMMONEST, RAREST), validation, test)
    title = f"{corpus}, {RAREST} to {COMMONEST} tickets per category, {weights}"
    train_seeds_and_print(title, snapshot, tmp_path, adversarial=0.0, **CLASS_WEIGHTS[weights])


@pytest.mark.parametrize("variant", ["plain", "adversarial words"])
def test_adversarial_training_on_a_language_that_the_base_model_does_not_know(tmp_path, variant):
    """The sample shop is partly Chinese, and the embedded base model is English."""
    snapshot = small_shop_snapshot(tmp_path / "s", TICKETS_PER_CATEGORY)
    title = f"sample shop, {TICKETS_PER_CATEGORY} tickets per category, {variant}"
    train_seeds_and_print(title, snapshot, tmp_path, **VARIANTS[variant])


def test_plain_learning_on_all_of_banking77(shared_data, tmp_path):
    """The baseline for the default, adversarial training, which `test_seeds_and_calibration_…` measures."""
    snapshot = whole_banking_snapshot(shared_data, tmp_path / "s")
    evaluate_and_print("BANKING77, plain, seed 0", *trained(snapshot, tmp_path, **VARIANTS["plain"]), snapshot)


def test_seeds_and_calibration_on_all_of_banking77(shared_data, tmp_path):
    """Published accuracies: bert-base-uncased, which is five times larger, 0.9308; ModernBERT-base 0.9399."""
    snapshot = whole_banking_snapshot(shared_data, tmp_path / "s")
    accuracies, seed_probabilities, brier_gains = [], [], []
    for seed in range(SEEDS):
        (tmp_path / str(seed)).mkdir()
        classifier, training_metrics = trained(snapshot, tmp_path / str(seed), seed=seed)
        evaluate_and_print(f"BANKING77, seed {seed}", classifier, training_metrics, snapshot)
        validation, test = (outputs_of(classifier, snapshot.records(part)) for part in ("validation", "test"))
        seed_probabilities.append(classifier.calibration.probabilities(test.logits, test.votes))
        accuracies.append(float(np.mean(seed_probabilities[-1].argmax(1) == test.true)))
        print(f"  thresholds {classifier.thresholds}, {classifier.calibration}")
        brier_gains.append(compare_calibrations(validation, test))
    print_brier_gain(f"{SEEDS} seeds", np.mean(brier_gains, axis=0))
    correct_count = int((np.mean(seed_probabilities, axis=0).argmax(1) == test.true).sum())
    ensemble = share(correct_count, len(test.true))
    print(f"\nBANKING77, {SEEDS} seeds: mean {np.mean(accuracies):.4f}, standard deviation "
          f"{np.std(accuracies, ddof=1):.4f}; ensemble of all seeds, at {SEEDS} times the cost: {ensemble.value:.4f} "
          f"({ensemble.low:.4f} to {ensemble.high:.4f})")  # fmt: skip
    assert np.mean(accuracies) > 0.93


def test_calibration_on_the_sample_shop(tmp_path):
    """Some of the shop's validation labels are wrong, as in practice. The labels of test tickets are right."""
    snapshot = small_shop_snapshot(tmp_path / "s", 10**6)
    classifier, training_metrics = trained(snapshot, tmp_path)
    evaluate_and_print("sample shop", classifier, training_metrics, snapshot)
    validation, test = (outputs_of(classifier, snapshot.records(part)) for part in ("validation", "test"))
    compare_calibrations(validation, test)


class ClassifierOutputs(NamedTuple):
    """A classifier's logits and neighbour votes for some tickets (tickets × categories), and the true categories."""

    logits: np.ndarray
    votes: np.ndarray
    true: list[int]


def outputs_of(classifier, records):
    read = classifier.read([record.text for record in records])
    category_ids = {label: i for i, label in enumerate(classifier.labels)}
    votes = classifier.scope.neighbourhood(read.vectors, len(category_ids)).votes
    return ClassifierOutputs(read.logits, votes, [category_ids[record.category] for record in records])


def compare_calibrations(validation, test):
    """Fits each calibration method on the validation tickets, and prints its scores on the test tickets.

    Returns by how much the neighbours' vote lowers each test ticket's Brier score.
    """
    no_votes = np.zeros_like(validation.votes)
    temperature_only = fit_calibration(validation.logits, no_votes, validation.true)
    with_neighbours = fit_calibration(*validation)
    validation_correct = (validation.logits.argmax(1) == validation.true).astype(int)
    raw_validation, raw_test = probabilities(validation.logits, 1.0), probabilities(test.logits, 1.0)
    log_odds = [np.log(raw.max(1) / (1 - raw.max(1) + 1e-12))[:, None] for raw in (raw_validation, raw_test)]
    predicted = raw_test.argmax(1)
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(raw_validation.max(1), validation_correct)
    platt = LogisticRegression().fit(log_odds[0], validation_correct)
    combined = with_neighbours.probabilities(test.logits, test.votes)
    methods = {
        "none": (predicted, raw_test.max(1)),
        "temperature": (
            predicted,
            temperature_only.probabilities(test.logits, np.zeros_like(test.votes)).max(1),
        ),
        "isotonic regression": (predicted, isotonic.predict(raw_test.max(1))),
        "Platt": (predicted, platt.predict_proba(log_odds[1])[:, 1]),
        "neighbours and temperature": (combined.argmax(1), combined.max(1)),
    }
    brier: dict[str, np.ndarray] = {}
    for name, (categories, confidence) in methods.items():
        correct = (categories == test.true).tolist()
        threshold = choose_threshold(confidence.tolist(), correct, 0.98, 0.5)
        coverage = 0.0 if threshold is None else float(np.mean(confidence >= threshold))
        brier[name] = (confidence - np.asarray(correct)) ** 2
        print(f"  calibration by {name}: accuracy {np.mean(correct):.4f}, expected_calibration_error "
              f"{expected_calibration_error(confidence.tolist(), correct):.4f}, Brier score {brier[name].mean():.4f}, "
              f"coverage at an accuracy of 0.98 (threshold chosen on test tickets) {coverage:.4f}")  # fmt: skip

    gain = brier["temperature"] - brier["neighbours and temperature"]
    print_brier_gain("this model", gain)
    return gain


def print_brier_gain(title, gain):
    measured = mean(gain.tolist())
    print(f"  {title}: Brier score with temperature minus that with neighbours and temperature: {measured.value:.5f} "
          f"({measured.low:.5f} to {measured.high:.5f})")  # fmt: skip


def test_out_of_scope_detection_on_ten_categories_left_out_of_banking77(shared_data, tmp_path):
    """Questions in the left-out categories are the hardest to detect, because they are to the same bank."""
    whole = whole_banking_snapshot(shared_data, tmp_path / "all")
    categories = sorted({record.category for record in whole.records("train")})
    unseen = set(random.Random(0).sample(categories, UNSEEN_CATEGORIES))
    parts = [[record for record in whole.records(part) if record.category not in unseen] for part in PARTS]
    classifier, _ = trained(make_snapshot(tmp_path / "s", *parts), tmp_path)
    questions = {
        "seen categories": parts[2],
        f"{UNSEEN_CATEGORIES} unseen categories": [
            record for record in whole.records("test") if record.category in unseen
        ],
        "questions to a shop": questions_to_a_shop(shared_data, TEST_TICKETS),
    }
    p_values = {}
    for name, records in questions.items():
        predictions = classifier.predict([as_ticket(record) for record in records])
        p_values[name] = np.asarray([prediction.in_scope for prediction in predictions])
        out_of_scope = share(sum(prediction.out_of_scope for prediction in predictions), len(records))
        routed = share(sum(prediction.route == "auto" for prediction in predictions), len(records))
        seen = p_values["seen categories"]
        area = roc_auc_score([1] * len(seen) + [0] * len(records), [*seen, *p_values[name]])
        print(f"\n{name}, {len(records)} questions: out of scope {out_of_scope.value:.3f} ({out_of_scope.low:.3f} to "
              f"{out_of_scope.high:.3f}), routed {routed.value:.3f} ({routed.low:.3f} to {routed.high:.3f}), "
              f"area under the ROC curve {area:.3f}")  # fmt: skip
    print(f"thresholds {classifier.thresholds}")
    assert p_values["questions to a shop"].mean() < p_values["seen categories"].mean()


def test_label_audit_finds_more_than_half_of_the_wrong_labels(shared_data):
    encoder = Encoder.load(Settings())
    sample, filed = shop(3_000)
    wrong_ids = {f"t{i}" for i, labelled in enumerate(sample) if labelled.ticket.category != labelled.true_category}
    print_audit("sample shop, with its own wrong labels", suspects(filed, encoder), wrong_ids)

    rows = banking(shared_data, "train")
    categories = sorted({row.category for row in rows})
    rng, wrong_labels = random.Random(0), {}
    for row in rng.sample(rows, int(WRONG_LABEL_SHARE * len(rows))):
        wrong_labels[row.ticket_id] = rng.choice([name for name in categories if name != row.category])
    noisy = [replace(row, category=wrong_labels.get(row.ticket_id, row.category)) for row in rows]
    title = f"BANKING77, {WRONG_LABEL_SHARE:.0%} of the labels changed to wrong ones"
    recall = print_audit(title, suspects(noisy, encoder), set(wrong_labels))
    assert recall > 0.5


def print_audit(title, audited, wrong_ids):
    """Prints how many of the wrong labels the audit lists. Returns the recall."""
    listed = {suspect.ticket_id for suspect in audited}
    first_listed = {suspect.ticket_id for suspect in audited[: len(wrong_ids)]}
    recall = len(listed & wrong_ids) / len(wrong_ids)
    print(f"\n{title}: {len(wrong_ids)} wrong labels, {len(listed)} tickets listed, recall {recall:.3f}, recall of the "
          f"first {len(wrong_ids)} listed {len(first_listed & wrong_ids) / len(wrong_ids):.3f}")  # fmt: skip
    return recall
