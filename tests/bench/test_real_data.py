"""Quality on real data, through the same commands that a user runs."""

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
HOURS = 3600
# In the order in which a run judges: the classifier, the generator.
VERDICTS = "SELECT metrics FROM ticketing.verdict ORDER BY verdict_id"


def interval(right):
    one = share(sum(right), len(right))
    return f"95 % {one.low:.4f} to {one.high:.4f}"


@pytest.fixture
def run(tmp_path):
    env = environment(
        tmp_path / "home",
        TICKETING_PREFECT__PORT="4298",
        TICKETING_GENERATOR__TRAIN_TOKENS="250000",
        TICKETING_GATE__MAX_TEST_REPLIES="200",
    )

    def call(*arguments, **settings):
        done = ticketing({**env, **settings}, tmp_path, *arguments, timeout=4 * HOURS)
        print(done.stdout)
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    return call


@pytest.mark.learning
def test_banking77_accuracy_on_its_own_test_set(run, shared_data, tmp_path):
    """Reference: bert-base-uncased, five times larger, reaches 0.9308 there.

    The aim of 0.94 is for the mean of three seeds (`test_learning.py`); seeds differ by 0.003, so the one that is
    trained here may fall short of it by chance alone, and must not fall short of it for sure.
    """
    with (shared_data / "banking77" / "test.csv").open(encoding="utf-8") as file:
        tests = list(csv.DictReader(file))
    questions = tmp_path / "test.jsonl"
    questions.write_text("".join(json.dumps({"id": i, "body": row["text"]}) + "\n" for i, row in enumerate(tests)))

    run("import", str(shared_data / "banking77" / "train.csv"), "--map", "body=text")
    # It has a test set of its own: less of the rest need be held out to judge by, but as much to choose thresholds on.
    run("prepare", TICKETING_CORPUS__TEST_SHARE="0.02")
    run("train")
    run("evaluate", "--promote")
    run("classify", "--input", str(questions), "--output", str(tmp_path / "said.jsonl"))

    said = [json.loads(line) for line in (tmp_path / "said.jsonl").read_text().splitlines()]
    right = [one["category"] == row["category"] for one, row in zip(said, tests, strict=True)]
    itself = [ok for ok, one in zip(right, said, strict=True) if one["route"] == "auto"]
    sure = [one["confidence"] for one in said]
    coverage, accuracy = coverage_accuracy_curve(sure, right)
    print(f"BANKING77 test accuracy {sum(right) / len(right):.4f}, {interval(right)}")
    print(f"  by itself: coverage {len(itself) / len(right):.4f}, accuracy {sum(itself) / max(len(itself), 1):.4f}")
    print(
        f"  coverage at 0.98: {max((c for c, a in zip(coverage, accuracy, strict=True) if a >= 0.98), default=0):.4f}"
    )
    error = expected_calibration_error(sure, right)
    print(f"  expected_calibration_error {error:.4f} (aim: under 0.02)")
    print((tmp_path / "home" / "reports" / "evaluation.md").read_text().split("## Classifier by category")[0])

    # A shop's customers have nothing to ask a bank.
    with (shared_data / "bitext" / "tickets.csv").open(encoding="utf-8") as file:
        strangers = [row["instruction"] for row in csv.DictReader(file)][::4]
    questions.write_text("".join(json.dumps({"id": i, "body": text}) + "\n" for i, text in enumerate(strangers)))
    run("classify", "--input", str(questions), "--output", str(tmp_path / "strangers.jsonl"))
    routed = [json.loads(line)["route"] for line in (tmp_path / "strangers.jsonl").read_text().splitlines()]
    print(f"of {len(routed)} questions to a shop the bank's classifier routes {routed.count('auto') / len(routed):.4f}")
    assert share(sum(right), len(right)).high >= 0.94
    assert error < 0.02


def test_bitext_tuned_replies_beat_the_base_and_the_nearest_reply(run, shared_data, tmp_path):
    """The split keeps near-duplicates on one side; the numbers are in what `evaluate` prints and in the report."""
    run(
        "import", str(shared_data / "bitext" / "tickets.csv"),
        "--map", "body=instruction", "--map", "category=category", "--map", "reply=response",
    )  # fmt: skip
    for command in ("prepare", "train"):
        run(command)
    sentence = run("evaluate")  # ends with an error when the gate says no: tuned replies must beat both baselines
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
