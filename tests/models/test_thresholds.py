import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.thresholds import accuracy_lower_bound, choose_threshold


def test_the_lower_bound_is_clopper_and_pearsons():
    # All of n right: the bound is (1 - confidence) ** (1 / n).
    assert accuracy_lower_bound(50, 50, 0.9) == pytest.approx(0.1 ** (1 / 50))
    assert accuracy_lower_bound(0, 50, 0.9) == 0.0


def test_too_few_tickets_give_no_threshold_even_when_all_are_right():
    # 0.98 ** n must fall to 0.1: that takes 114 tickets.
    assert choose_threshold([0.9] * 113, [True] * 113, 0.98, 0.9) is None
    assert choose_threshold([0.9] * 115, [True] * 115, 0.98, 0.9) == 0.9


def test_the_unsure_and_wrong_ones_are_left_out():
    confidences = [0.99] * 300 + [0.5] * 50
    assert choose_threshold(confidences, [True] * 300 + [False] * 50, 0.98, 0.9) == 0.99


def test_a_model_that_is_wrong_when_it_is_sure_gets_no_threshold():
    assert choose_threshold([0.9] * 500 + [0.5] * 500, [False] * 500 + [True] * 500, 0.98, 0.9) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=200))
def test_what_lies_at_or_above_the_threshold_reaches_the_target(pairs):
    confidences, correct = [c for c, _ in pairs], [right for _, right in pairs]
    threshold = choose_threshold(confidences, correct, 0.6, 0.8)
    if threshold is not None:
        routed = [right for c, right in pairs if c >= threshold]
        assert accuracy_lower_bound(sum(routed), len(routed), 0.8) >= 0.6


def test_the_target_is_truly_reached_about_as_often_as_the_confidence_says():
    # A calibrated classifier: how often it is right above a threshold is its mean confidence there.
    rng = np.random.default_rng(0)
    population = rng.beta(12, 1, size=200_000)
    reached = []
    for _ in range(300):
        sure = rng.beta(12, 1, size=400)
        threshold = choose_threshold(sure.tolist(), (rng.random(400) < sure).tolist(), 0.95, 0.9)
        if threshold is not None:
            reached.append(population[population >= threshold].mean() >= 0.95)

    assert len(reached) > 250
    assert np.mean(reached) > 0.87
