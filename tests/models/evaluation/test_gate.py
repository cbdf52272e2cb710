import math

import numpy as np
import pytest
from pydantic import ValidationError

from models.evaluation.gate import Verdict, default_rules, judge, rules_of
from models.evaluation.measurements import Comparison, Measurement, Measurements, count, share, share_difference
from ticketing.gate_settings import GateRule, GateSettings
from ticketing.settings import Settings


def rule(metric="accuracy", **fields):
    return GateRule(kind="classifier", metric=metric, **({"value": 0.98} | fields))


def rule_against(system, **fields):
    return GateRule(kind="classifier", metric="accuracy", against=system, **fields)


def measurement(value):
    """A measurement on 100 tickets whose confidence bounds equal its value."""
    return Measurement(value, value, value, 100)


def measurements(**values):
    return Measurements({(name, "all"): value for name, value in values.items()})


@pytest.mark.parametrize(
    ("measured_value", "operator", "required", "passed"),
    [
        (0.98, ">=", 0.98, True),
        (0.9799, ">=", 0.98, False),
        (30.0, ">", 30.0, False),
        (30.1, ">", 30.0, True),
        (0.02, "<=", 0.02, True),
        (0.03, "<=", 0.02, False),
        (0.02, "<", 0.02, False),
        (math.nan, ">=", 0.0, False),
    ],
)
def test_rule_passes_only_if_the_measured_value_reaches_the_required_value(measured_value, operator, required, passed):
    verdict = judge([rule(operator=operator, value=required)], measurements(accuracy=measurement(measured_value)))
    assert verdict.passed is passed


def test_rule_without_a_measurement_fails_and_the_verdict_names_the_metric():
    verdict = judge([rule("selective_accuracy")], measurements(accuracy=measurement(1.0)))
    assert not verdict.passed
    assert "selective_accuracy could not be measured" in verdict.sentence


def test_rule_for_each_language_fails_if_no_language_was_measured():
    assert not judge([rule(scope="each language")], measurements(accuracy=measurement(1.0))).passed


def test_rule_for_each_language_is_judged_separately_in_every_language():
    values = {
        ("accuracy", f"language={language}"): measurement(value) for language, value in (("en", 0.99), ("zh", 0.9))
    }
    verdict = judge([rule(scope="each language")], Measurements(values))
    assert [(result.name, result.passed) for result in verdict.rules] == [
        ("accuracy (language=en)", True),
        ("accuracy (language=zh)", False),
    ]


def test_rule_for_each_language_fails_for_an_expected_language_without_measurements():
    values = {("accuracy", "language=en"): measurement(0.99)}
    expected = frozenset({"language=en", "language=zh", "category=payment"})
    verdict = judge([rule(scope="each language")], Measurements(values, expected_scopes=expected))
    assert [(result.name, result.passed) for result in verdict.rules] == [
        ("accuracy (language=en)", True),
        ("accuracy (language=zh)", False),
    ]
    assert "accuracy (language=zh) could not be measured" in verdict.sentence


def test_routed_language_without_test_tickets_fails_the_default_rules():
    values = {("tickets", scope): count(500) for scope in ("all", "language=en")}
    values |= {(name, "all"): share(500, 500) for name in ("accuracy", "selective_accuracy", "coverage")}
    rules = rules_of(GateSettings(), "classifier")
    no_champion = frozenset({"champion"})
    assert judge(rules, Measurements(values, missing_systems=no_champion)).passed
    verdict = judge(
        rules, Measurements(values, missing_systems=no_champion, expected_scopes=frozenset({"language=zh"}))
    )
    assert not verdict.passed
    assert verdict.sentence == "tickets (language=zh) could not be measured"


def test_98_of_100_correct_routed_tickets_fail_the_default_confidence_bound():
    values = {("tickets", scope): count(100) for scope in ("all", "language=en")}
    values |= {("coverage", "all"): share(100, 100), ("selective_accuracy", "all"): share(98, 100)}
    verdict = judge(
        rules_of(GateSettings(), "classifier"), Measurements(values, missing_systems=frozenset({"champion"}))
    )
    assert verdict.sentence.startswith(
        "lower confidence bound 0.9477 of selective_accuracy (measured 0.9800, 95 % interval 0.9296 to 0.9976, 100 tickets) "
        "must be >= 0.9700, margin -0.0223"
    )


def test_verdict_without_rules_does_not_pass():
    assert not Verdict(()).passed
    assert not judge([], measurements(accuracy=measurement(1.0))).passed


def test_failed_verdict_names_only_the_failed_rule_with_its_interval_and_margin():
    verdict = judge(
        [rule(), rule("coverage", value=0.2)], measurements(accuracy=share(95, 100), coverage=measurement(0.9))
    )
    assert not verdict.passed
    assert verdict.sentence == (
        "accuracy 0.9500 (95 % interval 0.8872 to 0.9836, 100 tickets) must be >= 0.9800, margin -0.0300"
    )
    assert "coverage" not in verdict.sentence


def test_rule_with_a_confidence_judges_the_confidence_bound():
    few, many = measurements(accuracy=share(99, 100)), measurements(accuracy=share(9_900, 10_000))
    with_confidence = rule(confidence=0.95)
    assert judge([rule()], few).passed
    assert not judge([with_confidence], few).passed
    assert judge([with_confidence], many).passed


def test_rule_against_the_champion_is_skipped_before_the_first_promotion():
    without_champion = Measurements({("accuracy", "all"): measurement(0.99)}, missing_systems=frozenset({"champion"}))
    verdict = judge([rule(), rule_against("champion")], without_champion)
    assert verdict.passed
    assert verdict.rules[1].skipped == "not judged: no champion to compare with"
    assert not judge([rule_against("champion")], without_champion).passed, "a verdict passed without a judged rule"


def test_rule_fails_if_the_comparison_with_the_champion_is_missing():
    assert not judge([rule(), rule_against("champion")], measurements(accuracy=measurement(0.99))).passed


def test_candidate_slightly_worse_than_the_champion_passes_only_a_rule_with_a_margin():
    candidate_correct, champion_correct = [True] * 296 + [False] * 4, [True] * 297 + [False] * 3
    difference = share_difference(candidate_correct, champion_correct)
    compared = Measurements(comparisons={("accuracy", "all", "champion"): difference})
    verdict = judge([rule_against("champion")], compared)
    assert not verdict.passed
    assert "accuracy minus that of the champion -0.0033 (95 % interval" in verdict.sentence
    assert "300 tickets) must be >= 0, margin -0.0033" in verdict.sentence
    assert judge([rule_against("champion", margin=0.01)], compared).passed


def test_insignificant_difference_fails_a_rule_with_a_confidence():
    samples = tuple(np.linspace(-1.0, 5.0, 1000).tolist())
    compared = Measurements(comparisons={("accuracy", "all", "champion"): Comparison(2.0, -1, 5, 0.2, 10, "", samples)})
    assert judge([rule_against("champion", operator=">")], compared).passed
    assert not judge([rule_against("champion", operator=">", confidence=0.95)], compared).passed


def test_ten_correct_test_tickets_are_not_enough_for_the_default_rules():
    rules = [rule for rule in default_rules(GateSettings()) if rule.kind == "classifier"]
    values = {"accuracy": share(10, 10), "selective_accuracy": share(10, 10), "coverage": share(10, 10)}
    few = Measurements(
        {(name, "all"): value for name, value in {**values, "tickets": count(10)}.items()},
        missing_systems=frozenset({"champion"}),
    )
    verdict = judge(rules, few)
    assert not verdict.passed
    assert verdict.sentence.startswith("tickets 10 must be >= 100, margin -90")


@pytest.mark.parametrize(
    ("configured", "values"),
    [
        (rule("selective_accuracy"), {("selective_accuracy", "all"): share(10, 10)}),
        (rule("selective_accuracy", confidence=0.6, value=0.8), {("selective_accuracy", "all"): share(20, 20)}),
        (rule("recall", scope="each category"), {("recall", "category=payment"): share(99, 99)}),
    ],
)
def test_configured_rule_fails_on_fewer_tickets_than_its_min_count(configured, values):
    gate = GateSettings(rules=(configured,))
    verdict = judge(rules_of(gate, "classifier"), Measurements(values))
    assert not verdict.passed
    assert "tickets, but at least 100 are needed" in verdict.sentence
    lower_minimum = GateSettings(rules=(configured.model_copy(update={"min_count": 10}),))
    assert judge(rules_of(lower_minimum, "classifier"), Measurements(values)).passed


def test_comparison_with_the_champion_on_too_few_tickets_fails():
    few = Measurements(comparisons={("accuracy", "all", "champion"): share_difference([True] * 3, [False] * 3)})
    verdict = judge(rules_of(GateSettings(rules=(rule_against("champion"),)), "classifier"), few)
    assert not verdict.passed


def test_rule_on_a_study_of_one_ticket_fails():
    study_rule = GateRule(kind="generator", metric="study_against_human", value=0.5)
    win_rate = Measurements({("study_against_human", "all"): Measurement(1.0, 0.2, 1.0, 1)})
    assert not judge(rules_of(GateSettings(rules=(study_rule,)), "generator"), win_rate).passed


@pytest.mark.parametrize("metric", ["selective_accuracy", "macro_f1", "tickets"])
def test_rule_against_the_champion_on_a_metric_that_is_not_compared_is_refused(metric):
    with pytest.raises(ValidationError, match=f"{metric} is not compared with the champion.*accuracy, coverage"):
        GateRule(kind="classifier", metric=metric, against="champion")


@pytest.mark.parametrize("scope", ["each category", "category=payment"])
def test_rule_on_the_accuracy_of_a_category_is_refused_and_the_error_suggests_recall(scope):
    with pytest.raises(ValidationError, match="set metric = 'recall'"):
        rule(scope=scope)
    assert rule("recall", scope=scope).metric == "recall"


@pytest.mark.parametrize("metric", ["recall", "precision"])
def test_rule_on_recall_or_precision_needs_a_category(metric):
    with pytest.raises(ValidationError, match="set scope = 'each category'"):
        rule(metric)


def test_rule_that_requires_more_faults_than_the_champion_is_refused():
    with pytest.raises(ValidationError, match="a lower any_fault is better"):
        GateRule(kind="generator", metric="any_fault", against="champion")
    assert GateRule(kind="generator", metric="any_fault", against="champion", operator="<=").margin == 0.0


def test_stored_rule_contains_the_judged_bound_and_the_margin():
    (result,) = judge([rule(confidence=0.9)], measurements(accuracy=share(990, 1000))).rules
    stored = result.as_dict()
    assert stored["margin"] == pytest.approx(stored["judged"] - 0.98)
    assert (stored["confidence"], stored["against"], stored["count"]) == (0.9, None, 1000)


@pytest.mark.parametrize("fields", [{"value": 0.9, "against": "base"}, {"value": None}])
def test_rule_needs_either_a_value_or_another_system(fields):
    with pytest.raises(ValidationError, match="either 'value' or 'against'"):
        rule(**fields)


def test_rules_come_from_the_settings_file(tmp_path, monkeypatch):
    (tmp_path / "ticketing.toml").write_text(
        '[[gate.rules]]\nkind = "generator"\nmetric = "bleu"\nscope = "language=en"\nagainst = "nearest"\n'
        'operator = ">"\nconfidence = 0.99\n'
    )
    monkeypatch.chdir(tmp_path)
    [loaded] = Settings().gate.rules
    assert (loaded.metric, loaded.scope, loaded.against, loaded.confidence) == ("bleu", "language=en", "nearest", 0.99)


@pytest.mark.parametrize(
    ("operator", "correct_count", "unsure"),
    [(">=", 990, False), (">=", 985, True), ("<=", 950, False), ("<=", 978, True)],
)
def test_passed_rule_is_unsure_if_the_confidence_interval_contains_the_required_value(operator, correct_count, unsure):
    rule = GateRule(kind="classifier", metric="accuracy", operator=operator, value=0.98)
    (result,) = judge([rule], Measurements({("accuracy", "all"): share(correct_count, 1000)})).rules
    assert (result.passed, result.unsure) == (True, unsure)


def test_rule_with_a_confidence_is_never_unsure():
    rule = GateRule(kind="classifier", metric="accuracy", value=0.98, confidence=0.9)
    (result,) = judge([rule], Measurements({("accuracy", "all"): share(987, 1000)})).rules
    assert (result.passed, result.unsure) == (True, False)
    assert result.low < 0.98


def test_kind_without_configured_rules_gets_the_default_rules():
    generator_rule = GateRule(kind="generator", metric="bleu", against="nearest")
    gate = GateSettings(rules=(generator_rule,))
    assert [rule.metric for rule in rules_of(gate, "generator")] == ["bleu"]
    assert "selective_accuracy" in {rule.metric for rule in rules_of(gate, "classifier")}
