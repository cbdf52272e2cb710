import math

import pytest

from models.gate import Verdict, rule


@pytest.mark.parametrize(
    ("value", "operator", "bound", "passed"),
    [
        (0.98, ">=", 0.98, True),
        (0.9799, ">=", 0.98, False),
        (30.0, ">", 30.0, False),
        (30.1, ">", 30.0, True),
        (None, ">=", 0.0, False),
        (math.nan, ">=", 0.0, False),
        (1.0, ">", None, False),
        (1.0, ">", math.nan, False),
    ],
)
def test_a_rule_passes_only_on_numbers_that_reach_its_bound(value, operator, bound, passed):
    assert rule("accuracy", value, operator, bound).passed is passed


def test_a_verdict_without_rules_does_not_pass():
    assert not Verdict(()).passed


def test_a_failed_verdict_names_the_rule_that_failed_and_by_how_much():
    verdict = Verdict((rule("accuracy", 0.95, ">=", 0.98), rule("coverage", 0.9, ">=", 0.2)))

    assert not verdict.passed
    assert "accuracy 0.9500" in verdict.sentence
    assert "-0.0300" in verdict.sentence
    assert "coverage" not in verdict.sentence


def test_a_missing_number_is_told_as_such():
    assert "could not be measured" in Verdict((rule("accuracy", None, ">=", 0.98),)).sentence
