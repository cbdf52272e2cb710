"""Measures the models' quality on real data, with the same commands that a user runs."""

import contextlib
import csv
import json

import pytest

from models.evaluation.measurements import share
from models.evaluation.metrics import coverage_accuracy_curve
from models.shared.statistics import expected_calibration_error
from tests.commands import environment, ticketing
from tests.seed import rows
from ticketing.database import Database
from ticketing.settings import Settings

pytestmark = [pytest.mark.bench, pytest.mark.timeout(4 * 3600)]
HOUR_SECONDS = 3600
# The classifier's verdict comes first, because a run judges the classifier before the generator.
VERDICTS = "SELECT metrics FROM ticketing.verdict ORDER BY verdict_id"


def interval(correct):
    accuracy = share(sum(correct), len(correct))
    return f"95 % interval {accuracy.low:.4f} to {accuracy.high:.4f}"


@pytest.fixture
def run(tmp_path):
    """Runs a command that must succeed, and returns what it prints."""
    env = environment(
        tmp_path / "home",
        TICKETING_PREFECT__PORT="4298",
        TICKETING_GENERATOR__TRAIN_TOKENS="250000",
        TICKETING_GATE__MAX_TEST_REPLIES="200",
    )

    def call(*arguments, **settings):
        finished = ticketing({**env, **settings}, tmp_path, *arguments, timeout=4 * HOUR_SECONDS)
        print(finished.stdout)
        assert finished.returncode == 0, finished.stderr[-4000:]
        return finished.stdout

    return call


@pytest.mark.learning
def test_banking77_accuracy_on_its_test_set_is_not_significantly_below_the_aim(run, shared_data, tmp_path):
    """For comparison: bert-base-uncased, which is five times larger, reaches an accuracy of 0.9308 there.

    The aim of 0.94 is for the mean of three seeds (`test_learning.py`). Seeds differ by 0.003, so the one seed here may
    miss the aim by chance. The upper confidence bound of its accuracy must reach the aim.
    """
    with (shared_data / "banking77" / "test.csv").open(encoding="utf-8") as file:
        tests = list(csv.DictReader(file))
    questions = tmp_path / "test.jsonl"
    questions.write_text("".join(json.dumps({"id": i, "body": row["text"]}) + "\n" for i, row in enumerate(tests)))

    run("import", str(shared_data / "banking77" / "train.csv"), "--map", "body=text")
    # BANKING77 has a separate test set, so few tickets of the training file are held out for the gate.
    run("prepare", TICKETING_CORPUS__TEST_SHARE="0.02")
    run("train")
    run("evaluate", "--promote")
    run("classify", "--input", str(questions), "--output", str(tmp_path / "predictions.jsonl"))

    predictions = [json.loads(line) for line in (tmp_path / "predictions.jsonl").read_text().splitlines()]
    correct = [prediction["category"] == row["category"] for prediction, row in zip(predictions, tests, strict=True)]
    correct_of_routed = [
        is_correct for is_correct, prediction in zip(correct, predictions, strict=True) if prediction["route"] == "auto"
    ]
    confidences = [prediction["confidence"] for prediction in predictions]
    coverage, accuracy = coverage_accuracy_curve(confidences, correct)
    print(f"BANKING77 test accuracy {sum(correct) / len(correct):.4f}, {interval(correct)}")
    print(
        f"  routed tickets: coverage {len(correct_of_routed) / len(correct):.4f}, "
        f"accuracy {sum(correct_of_routed) / max(len(correct_of_routed), 1):.4f}"
    )
    best_coverage = max((c for c, a in zip(coverage, accuracy, strict=True) if a >= 0.98), default=0)
    print(f"  coverage at an accuracy of 0.98: {best_coverage:.4f}")
    error = expected_calibration_error(confidences, correct)
    print(f"  expected_calibration_error {error:.4f} (aim: under 0.02)")
    print((tmp_path / "home" / "reports" / "evaluation.md").read_text().split("## Classifier by category")[0])

    # A shop's questions are out of scope for a bank.
    with (shared_data / "bitext" / "tickets.csv").open(encoding="utf-8") as file:
        shop_questions = [row["instruction"] for row in csv.DictReader(file)][::4]
    questions.write_text("".join(json.dumps({"id": i, "body": text}) + "\n" for i, text in enumerate(shop_questions)))
    run("classify", "--input", str(questions), "--output", str(tmp_path / "out_of_scope.jsonl"))
    routes = [json.loads(line)["route"] for line in (tmp_path / "out_of_scope.jsonl").read_text().splitlines()]
    print(f"the bank's classifier routes {routes.count('auto') / len(routes):.4f} of {len(routes)} questions to a shop")
    assert share(sum(correct), len(correct)).high >= 0.94
    assert error < 0.02


def test_bitext_accuracy_reaches_the_aim_and_tuned_replies_beat_both_baselines(run, shared_data, tmp_path):
    """`evaluate` and its report show all metrics. Each near-duplicate group is in one part of the split."""
    run(
        "import", str(shared_data / "bitext" / "tickets.csv"),
        "--map", "body=instruction", "--map", "category=category", "--map", "reply=response",
    )  # fmt: skip
    for command in ("prepare", "train"):
        run(command)
    sentence = run("evaluate")  # fails when the gate refuses a model: tuned replies must beat both baselines
    assert "bleu (language=en) minus that of the nearest" in " ".join(sentence.split())
    print((tmp_path / "home" / "reports" / "evaluation.md").read_text().split("## The worst replies")[0])

    with contextlib.closing(Database.open(Settings(home=tmp_path / "home"))) as database:
        classifier, generator = (row["metrics"] for row in rows(database, VERDICTS))
    accuracy = classifier["values"]["accuracy"]["all"]["value"]
    nearest = generator["comparisons"]["bleu"]["language=en"]["nearest"]
    print(f"accuracy on all test tickets {accuracy:.4f} (aim 0.98), BLEU minus the nearest reply's "
          f"{nearest['difference']:.2f}, p {nearest['p_value']:.4f} (aim: more than 0, p < 0.01)")  # fmt: skip
    assert accuracy >= 0.98
    assert nearest["difference"] > 0 and nearest["p_value"] < 0.01
