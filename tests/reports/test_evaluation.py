"""The sections of the report on a classifier and on the gate's rules hold every number of the verdict."""

import pytest

from models.evaluation.classifier import Rival, evaluate_classifier
from models.evaluation.gate import judge
from reports.evaluation import classifier_sections, verdict_section
from reports.page import headlines
from tests.models.evaluation.test_classifier import RIGHT, WRONG, Sorter
from tests.reports.registered import MODEL
from ticketing.gate_settings import GateRule


def test_report_shows_the_measurements_for_all_tickets_and_by_language(snapshot):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT, WRONG, WRONG), snapshot)
    sections = classifier_sections(scored, MODEL, 0.98)

    all_tickets, english, chinese = headlines(sections)
    assert all_tickets.startswith("Classifier: scope all, tickets 4, accuracy 0.500 (0.068–0.932)")
    assert "scope en, tickets 3" in english
    assert "selective_accuracy —" in chinese
    assert [row[0] for section in sections if "category" in section.heading for row in section.rows] == [
        "after-sales",
        "payment",
    ]
    svgs = [svg for section in sections for svg in section.svgs]
    assert len(svgs) == 4, "coverage, reliability, learning curve, confusion"
    assert all(svg.lstrip().startswith("<svg") for svg in svgs)


def test_champion_is_compared_only_on_tickets_that_it_was_not_trained_on(snapshot):
    candidate, champion = Sorter(RIGHT, RIGHT, WRONG, WRONG), Sorter(WRONG, RIGHT, WRONG, WRONG)
    scored = evaluate_classifier(candidate, snapshot, Rival(champion, {"t00001"}))
    (comparison,) = [section for section in classifier_sections(scored, MODEL, 0.98) if "champion" in section.heading]
    assert comparison.rows[0][:4] == ("all", "accuracy", "champion", pytest.approx(1 / 3))
    assert comparison.rows[0][-1] == 3
    without_champion = classifier_sections(evaluate_classifier(candidate, snapshot), MODEL, 0.98)
    assert not any("champion" in section.heading for section in without_champion)


def test_report_shows_each_rule_with_value_requirement_and_margin(snapshot):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT, WRONG, WRONG), snapshot)
    rules = [
        GateRule(kind="classifier", metric="accuracy", value=0.98),
        GateRule(kind="classifier", metric="accuracy", against="champion"),
        GateRule(kind="classifier", metric="unknown_metric", value=0.5),
    ]
    failed, skipped, missing = verdict_section("classifier-1", judge(rules, scored.measured), scored.measured).rows
    assert failed[:2] == ("accuracy", "0.5000") and failed[-1] == "✗ failed"
    assert failed[4:7] == (">= 0.9800", "-0.4800", 4)
    assert skipped[-1] == "not judged: no champion to compare with"
    assert missing[1] == "—" and missing[-1] == "✗ failed: not measured"


def test_report_lists_the_metrics_that_no_rule_uses(snapshot):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT, WRONG, WRONG), snapshot)
    rules = [GateRule(kind="classifier", metric="accuracy", value=0.98)]
    note = verdict_section("classifier-1", judge(rules, scored.measured), scored.measured).note
    assert "no rule uses: coverage, expected_calibration_error, macro_f1, out_of_scope" in note
