"""How the classifier learns best from what there is: methods by amount of data, what keeps it from learning by heart,
seeds, and labels that are wrong.
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
from tests.bench.corpora import banking, ever_rarer, few_of_shop, of_each_category, questions_to_a_shop, shop
from tests.models.small_corpus import make_snapshot
from ticketing.corpus.splitting import PARTS
from ticketing.settings import ClassifierSettings, Settings

pytestmark = [pytest.mark.bench, pytest.mark.learning, pytest.mark.timeout(3 * 3600)]
TEST_TICKETS, VALIDATION_TICKETS = 1_000, 500
METHODS = ("full", "lora", "prefix", "prompt")
TICKETS = 30  # a category
NOISE = 0.05
SEEDS = 3
UNSEEN = 10  # categories
VARIANTS = {
    "plain": {"adversarial": 0.0},
    "adversarial words": {"adversarial": 0.5},
    "no label smoothing": {"adversarial": 0.0, "label_smoothing": 0.0},
    "three seeds that vote": {"adversarial": 0.0, "seeds": 3},
    "no early stopping": {"adversarial": 0.0, "patience": 100},
}
# Of categories that are not equally common: how much the rare ones weigh, all else plain.
WEIGHTS = {
    "no weights": {"class_weights": 0.0},
    "square roots": {"class_weights": 0.5},
    "balanced weights": {"class_weights": 1.0},
}
COMMON, RARE = 60, 5  # tickets of the commonest category, and of the rarest


def few_of_banking(shared_data, folder, tickets):
    rows, test = banking(shared_data, "train"), banking(shared_data, "test")
    train = of_each_category(rows[VALIDATION_TICKETS:], tickets)
    return make_snapshot(folder, train, rows[:VALIDATION_TICKETS], test[:TEST_TICKETS])


def all_of_banking(shared_data, folder):
    rows = banking(shared_data, "train")
    return make_snapshot(folder, rows[1_000:], rows[:1_000], banking(shared_data, "test"))


def trained(snapshot, tmp_path, **chosen):
    settings = Settings(home=tmp_path, classifier=ClassifierSettings(**chosen))
    cost = train_classifier(snapshot, settings, tmp_path / "artefact")
    return TrainedClassifier.load("c", tmp_path / "artefact", settings), cost


def tell(title, classifier, cost, snapshot):
    measured = evaluate_classifier(classifier, snapshot).measured.values
    accuracy, macro_f1 = measured["accuracy", "all"], measured["macro_f1", "all"]
    print(f"\n{title}: accuracy {accuracy.value:.4f} ({accuracy.low:.4f} to {accuracy.high:.4f}), macro_f1 "
          f"{macro_f1.value:.4f}, {cost['seconds']:.0f} s, peak {cost['process_peak_memory_gb']:.1f} GB")  # fmt: skip
    assert accuracy.count == len(snapshot.records("test"))


def tell_seeds(title, snapshot, tmp_path, **chosen):
    measured = []
    for seed in range(SEEDS):
        (tmp_path / str(seed)).mkdir()
        classifier, _ = trained(snapshot, tmp_path / str(seed), seed=seed, **chosen)
        values = evaluate_classifier(classifier, snapshot).measured.values
        measured.append([values[metric, "all"].value for metric in ("accuracy", "macro_f1")])
    (accuracy, macro_f1), (accuracy_sd, f1_sd) = np.mean(measured, axis=0), np.std(measured, axis=0, ddof=1)
    print(f"\n{title}, {SEEDS} seeds: accuracy {accuracy:.4f} (standard deviation {accuracy_sd:.4f}), "
          f"macro_f1 {macro_f1:.4f} ({f1_sd:.4f})")  # fmt: skip
    assert accuracy > 0.5


@pytest.mark.parametrize("tickets", [10, 30])
@pytest.mark.parametrize("method", METHODS)
def test_methods_on_banking77(shared_data, tmp_path, method, tickets):
    snapshot = few_of_banking(shared_data, tmp_path / "s", tickets)
    tell(f"BANKING77, {method}, {tickets} tickets a category", *trained(snapshot, tmp_path, method=method), snapshot)


@pytest.mark.parametrize("method", METHODS)
def test_methods_on_the_sample_shop(tmp_path, method):
    snapshot = few_of_shop(tmp_path / "s", TICKETS)
    chosen = {"method": method, "adversarial": 0.0}
    tell(f"sample shop, {method}, {TICKETS} tickets a category", *trained(snapshot, tmp_path, **chosen), snapshot)


@pytest.mark.parametrize("variant", VARIANTS)
def test_against_learning_banking77_by_heart(shared_data, tmp_path, variant):
    snapshot = few_of_banking(shared_data, tmp_path / "s", TICKETS)
    tell(f"BANKING77, {TICKETS} a category, {variant}", *trained(snapshot, tmp_path, **VARIANTS[variant]), snapshot)


@pytest.mark.parametrize("variant", VARIANTS)
def test_against_learning_the_sample_shop_by_heart(tmp_path, variant):
    snapshot = few_of_shop(tmp_path / "s", TICKETS)
    tell(f"sample shop, {TICKETS} a category, {variant}", *trained(snapshot, tmp_path, **VARIANTS[variant]), snapshot)


@pytest.mark.parametrize("schedule", ["constant_with_warmup", "cosine"])
@pytest.mark.parametrize("corpus", ["BANKING77", "sample shop"])
def test_schedules_of_the_learning_rate(shared_data, tmp_path, monkeypatch, corpus, schedule):
    """What is used falls in a straight line: it is the plain variant."""
    monkeypatch.setattr(classifier_trainer, "SCHEDULE", schedule)
    folder = tmp_path / "s"
    snapshot = few_of_shop(folder, TICKETS) if corpus == "sample shop" else few_of_banking(shared_data, folder, TICKETS)
    tell(f"{corpus}, {TICKETS} a category, {schedule}", *trained(snapshot, tmp_path, **VARIANTS["plain"]), snapshot)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("corpus", ["BANKING77", "sample shop"])
def test_rare_categories(shared_data, tmp_path, corpus, weights):
    """Only among the training tickets are they rare; in macro_f1 all categories count the same."""
    folder = tmp_path / "all"
    all_of = few_of_shop(folder, COMMON) if corpus == "sample shop" else few_of_banking(shared_data, folder, COMMON)
    train, validation, test = (all_of.records(part) for part in PARTS)
    snapshot = make_snapshot(tmp_path / "s", ever_rarer(train, COMMON, RARE), validation, test)
    title = f"{corpus}, {RARE} to {COMMON} a category, {weights}"
    tell_seeds(title, snapshot, tmp_path, adversarial=0.0, **WEIGHTS[weights])


@pytest.mark.parametrize("variant", ["plain", "adversarial words"])
def test_a_language_learnt_anew(tmp_path, variant):
    tell_seeds(f"sample shop, {TICKETS} a category, {variant}", few_of_shop(tmp_path / "s", TICKETS), tmp_path,
               **VARIANTS[variant])  # fmt: skip


def test_plain_learning_on_all_of_banking77(shared_data, tmp_path):
    """What the default is held against: the seeds' test has the same with adversarial words."""
    snapshot = all_of_banking(shared_data, tmp_path / "s")
    tell("BANKING77, plain, seed 0", *trained(snapshot, tmp_path, **VARIANTS["plain"]), snapshot)


def test_seeds_and_calibration_on_all_of_banking77(shared_data, tmp_path):
    """Reference: bert-base-uncased, five times larger, 0.9308; ModernBERT-base 0.9399."""
    snapshot = all_of_banking(shared_data, tmp_path / "s")
    accuracies, said, gains = [], [], []
    for seed in range(SEEDS):
        (tmp_path / str(seed)).mkdir()
        classifier, cost = trained(snapshot, tmp_path / str(seed), seed=seed)
        tell(f"BANKING77, seed {seed}", classifier, cost, snapshot)
        validation, measured = (look(classifier, snapshot.records(part)) for part in ("validation", "test"))
        said.append(classifier.calibration.probabilities(measured.logits, measured.votes))
        accuracies.append(float(np.mean(said[-1].argmax(1) == measured.true)))
        print(f"  thresholds {classifier.thresholds}, {classifier.calibration}")
        gains.append(tell_calibration(validation, measured))
    tell_gain(f"{SEEDS} seeds", np.mean(gains, axis=0))
    right = int((np.mean(said, axis=0).argmax(1) == measured.true).sum())
    together = share(right, len(measured.true))
    print(f"\nBANKING77, {SEEDS} seeds: mean {np.mean(accuracies):.4f}, standard deviation "
          f"{np.std(accuracies, ddof=1):.4f}; voting, at {SEEDS} times the cost: {together.value:.4f} "
          f"({together.low:.4f} to {together.high:.4f})")  # fmt: skip
    assert np.mean(accuracies) > 0.93


def test_calibration_on_the_sample_shop(tmp_path):
    """Some of its validation labels are wrong, as they are in life; those of the test tickets are right."""
    snapshot = few_of_shop(tmp_path / "s", 10**6)
    classifier, cost = trained(snapshot, tmp_path)
    tell("sample shop", classifier, cost, snapshot)
    validation, measured = (look(classifier, snapshot.records(part)) for part in ("validation", "test"))
    tell_calibration(validation, measured)


class Looked(NamedTuple):
    """What a classifier makes of tickets: logits and neighbours' votes, tickets × categories, and what is true."""

    logits: np.ndarray
    votes: np.ndarray
    true: list[int]


def look(classifier, records):
    read = classifier.read([one.text for one in records])
    places = {label: i for i, label in enumerate(classifier.labels)}
    votes = classifier.scope.neighbourhood(read.vectors, len(places)).votes
    return Looked(read.logits, votes, [places[one.category] for one in records])


def tell_calibration(validation, measured):
    """What each way of calibrating makes of the confidence: fitted on validation tickets, measured on test tickets.

    Returns by how much the neighbours' vote lowers each test ticket's Brier score.
    """
    nobody = np.zeros_like(validation.votes)
    alone = fit_calibration(validation.logits, nobody, validation.true)
    together = fit_calibration(*validation)
    correct = (validation.logits.argmax(1) == validation.true).astype(int)
    raw, sure = probabilities(validation.logits, 1.0), probabilities(measured.logits, 1.0)
    odds = [np.log(one.max(1) / (1 - one.max(1) + 1e-12))[:, None] for one in (raw, sure)]
    first = sure.argmax(1)
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(raw.max(1), correct).predict(sure.max(1))
    platt = LogisticRegression().fit(odds[0], correct).predict_proba(odds[1])[:, 1]
    both = together.probabilities(measured.logits, measured.votes)
    ways = {
        "none": (first, sure.max(1)),
        "temperature": (first, alone.probabilities(measured.logits, np.zeros_like(measured.votes)).max(1)),
        "isotonic regression": (first, isotonic),
        "Platt": (first, platt),
        "neighbours and temperature": (both.argmax(1), both.max(1)),
    }
    errors: dict[str, np.ndarray] = {}
    for name, (said, confidence) in ways.items():
        right = (said == measured.true).tolist()
        threshold = choose_threshold(confidence.tolist(), right, 0.98, 0.5)
        routable = 0.0 if threshold is None else float(np.mean(confidence >= threshold))
        errors[name] = (confidence - np.asarray(right)) ** 2
        print(f"  calibration by {name}: accuracy {np.mean(right):.4f}, expected_calibration_error "
              f"{expected_calibration_error(confidence.tolist(), right):.4f}, Brier score {errors[name].mean():.4f}, "
              f"coverage at 0.98, the threshold chosen on the test tickets, {routable:.4f}")  # fmt: skip

    gain = errors["temperature"] - errors["neighbours and temperature"]
    tell_gain("this model", gain)
    return gain


def tell_gain(whose, gain):
    better = mean(gain.tolist())
    print(f"  {whose}: Brier score, temperature minus neighbours and temperature: {better.value:.5f} "
          f"({better.low:.5f} to {better.high:.5f})")  # fmt: skip


def test_out_of_scope_on_banking77_without_ten_of_its_categories(shared_data, tmp_path):
    """Questions of categories that the classifier never saw are the hardest: they are to the same bank."""
    everything = all_of_banking(shared_data, tmp_path / "all")
    categories = sorted({one.category for one in everything.records("train")})
    unseen = set(random.Random(0).sample(categories, UNSEEN))
    parts = [[one for one in everything.records(part) if one.category not in unseen] for part in PARTS]
    classifier, _ = trained(make_snapshot(tmp_path / "s", *parts), tmp_path)
    strangers = {
        "seen categories": parts[2],
        f"{UNSEEN} unseen categories": [one for one in everything.records("test") if one.category in unseen],
        "questions to a shop": questions_to_a_shop(shared_data, TEST_TICKETS),
    }
    usual = {}
    for name, records in strangers.items():
        said = classifier.predict([as_ticket(one) for one in records])
        usual[name] = np.asarray([one.in_scope for one in said])
        out, routed = (share(sum(x), len(x)) for x in ([one.out_of_scope for one in said],
                                                       [one.route == "auto" for one in said]))  # fmt: skip
        known = usual["seen categories"]
        area = roc_auc_score([1] * len(known) + [0] * len(records), [*known, *usual[name]])
        print(f"\n{name}, {len(records)}: out of scope {out.value:.3f} ({out.low:.3f} to {out.high:.3f}), routed "
              f"{routed.value:.3f} ({routed.low:.3f} to {routed.high:.3f}), area under the ROC curve {area:.3f}")  # fmt: skip
    print(f"thresholds {classifier.thresholds}")
    assert usual["questions to a shop"].mean() < usual["seen categories"].mean()


def test_the_label_audit_on_planted_mistakes(shared_data):
    encoder = Encoder.load(Settings())
    sample, filed = shop(3_000)
    wrong = {f"t{i}" for i, one in enumerate(sample) if one.ticket.category != one.true_category}
    show("sample shop, its own wrong labels", suspects(filed, encoder), wrong)

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
