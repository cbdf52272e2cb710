"""What the report says of candidates: every number that a reader of the gate's verdict asks for."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.classifier_evaluation import evaluate_classifier
from models.gate import judge
from models.generator_evaluation import ReplyExample, evaluate_generator, scored_records
from models.registry import ModelVersion
from reports.evaluation import classifier_sections, generator_sections, verdict_section
from reports.page import headlines
from tests.models.small_corpus import answered_ticket, make_snapshot
from tests.models.test_classifier_evaluation import RIGHT, WRONG, Sorter
from tests.models.test_generator_evaluation import Letters
from ticketing.drafting.drafter import Completion
from ticketing.settings import GateRule, GateSettings

MODEL = ModelVersion(
    version="generator-1",
    kind="generator",
    state="candidate",
    snapshot_id="5afe",
    base_model="embedded:SmolLM2-135M-Instruct",
    path=Path("unused"),
    artefact_hash="abc123",
    parameters={"settings": {"seed": 7}, "libraries": {"torch": "2.13.0"}},
    metrics={"validation_loss": 0.25, "learning_curve": [(1.0, 0.5), (2.0, 0.25)]},
)


@pytest.fixture
def snapshot(tmp_path):
    test = [replace(answered_ticket(i), language="zh" if i == 3 else "en") for i in range(4)]
    return make_snapshot(tmp_path / "snapshot", [answered_ticket(i + 10) for i in range(10)], test=test)


def test_the_classifiers_numbers_are_told_for_all_tickets_and_by_language(snapshot):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT, WRONG, WRONG), snapshot)
    sections = classifier_sections(scored, MODEL, 0.98)

    everything, english, chinese = headlines(sections)
    assert everything.startswith("Classifier: tickets of all, tickets 4, accuracy 0.500 (0.068–0.932)")
    assert "tickets of en, tickets 3" in english
    assert "selective_accuracy —" in chinese
    assert [row[0] for section in sections if "category" in section.heading for row in section.rows] == [
        "after-sales",
        "payment",
    ]
    svgs = [svg for section in sections for svg in section.svgs]
    assert len(svgs) == 4, "coverage, reliability, learning curve, confusion"
    assert all(svg.lstrip().startswith("<svg") for svg in svgs)


def test_every_rule_is_told_with_its_number_interval_bound_and_margin(snapshot):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT, WRONG, WRONG), snapshot)
    rules = [
        GateRule(kind="classifier", metric="accuracy", value=0.98),
        GateRule(kind="classifier", metric="accuracy", against="champion"),
        GateRule(kind="classifier", metric="unheard_of", value=0.5),
    ]
    failed, skipped, missing = verdict_section("classifier-1", judge(rules, scored.measured), scored.measured).rows
    assert failed[:2] == ("accuracy", "0.5000") and failed[-1] == "✗ no"
    assert failed[4:7] == (">= 0.9800", "-0.4800", 4)
    assert skipped[-1] == "there is no other champion"
    assert missing[1] == "—" and missing[-1] == "✗ no"


def test_what_was_measured_without_a_rule_that_asks_for_it_is_named(snapshot):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT, WRONG, WRONG), snapshot)
    rules = [GateRule(kind="classifier", metric="accuracy", value=0.98)]
    note = verdict_section("classifier-1", judge(rules, scored.measured), scored.measured).note
    assert "asked for by no rule: coverage, expected_calibration_error, macro_f1, out_of_scope" in note


def evaluated(snapshot):
    records = scored_records(snapshot, frozenset({"en"}), GateSettings(max_test_replies=9, min_replies=1))
    replies = {
        "tuned": [Completion(record.output, 1, 1, "stop") for record in records],
        "base": [Completion("No.", 1, 1, "stop") for _ in records],
        "nearest": [Completion(records[0].output, 1, 1, "stop") for _ in records],
    }
    return evaluate_generator("generator-1", snapshot, records, replies, Letters())


def test_tuned_replies_stand_beside_the_agents_and_the_baselines_with_the_signatures(snapshot):
    numbers, compared, faults, _, worst, typical = generator_sections(evaluated(snapshot), MODEL)

    assert [row[:2] for row in numbers.rows] == [("en", name) for name in ("agent", "tuned", "nearest", "base")][1:]
    assert "nrefs:1" in numbers.note
    assert {(row[1], row[2]) for row in compared.rows} == {
        (metric, other) for metric in ("bleu", "chrf", "any_fault") for other in ("base", "nearest")
    }
    assert [row[1] for row in faults.rows] == ["agent", "tuned", "nearest", "base"]
    assert worst.texts and typical.texts
    assert "kettle" not in " ".join(headlines([numbers, compared, faults, worst, typical]))


def test_the_worst_reply_is_the_one_with_faults_and_then_the_one_least_like_the_agents(snapshot):
    scored = evaluated(snapshot)
    examples = [
        ReplyExample("a", "en", f"ticket {n}", "reference", {"tuned": f"reply {n}"}, chrf, faults)
        for n, (chrf, faults) in enumerate([(50.0, ()), (10.0, ()), (90.0, ("invented_fact",)), (60.0, ())])
    ]
    *_, worst, _ = generator_sections(replace(scored, examples=examples), MODEL)
    assert [row[3] for row in worst.rows] == ["ticket 2", "ticket 1", "ticket 0", "ticket 3"]
