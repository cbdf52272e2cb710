import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.measurements import mean, share, share_difference
from models.shared.statistics import clopper_pearson_lower_bound


def test_share_has_the_clopper_pearson_interval():
    # With 50 of 50 successes, the lower bound of Clopper and Pearson's 95 % interval is 0.025 ** (1 / 50).
    all_of_50 = share(50, 50)
    assert all_of_50.value == all_of_50.high == 1.0
    assert all_of_50.low == pytest.approx(0.025 ** (1 / 50))
    assert all_of_50.lower(0.9) == pytest.approx(clopper_pearson_lower_bound(50, 50, 0.9))
    assert all_of_50.lower(0.9) == pytest.approx(0.1 ** (1 / 50))
    assert share(0, 50).upper(0.9) == pytest.approx(1 - 0.1 ** (1 / 50))


def test_no_tickets_give_no_measurement():
    assert share(0, 0) is None
    assert mean([]) is None
    assert share_difference([], []) is None


def test_p_value_depends_only_on_the_tickets_on_which_two_classifiers_differ():
    first_correct, second_correct = [True] * 90 + [False] * 10, [True] * 80 + [False] * 20
    found = share_difference(first_correct, second_correct)
    # The first classifier wins all ten tickets on which the two differ. Ten tosses of a fair coin are equal with a
    # probability of 2 / 1,024.
    assert found.difference == pytest.approx(0.1)
    assert found.p_value == pytest.approx(2 / 1024)
    assert found.low > 0


def test_interval_is_not_empty_when_two_systems_agree_on_every_ticket():
    found = share_difference([True] * 100, [True] * 100)
    assert (found.difference, found.p_value) == (0.0, 1.0)
    assert found.low == pytest.approx(-found.high)
    # Bonett and Price's interval: z * sqrt(2 / (n + 2) / (n + 2)).
    assert found.lower(0.95) == pytest.approx(-1.6449 * math.sqrt(2) / 102, abs=1e-4)


@pytest.mark.parametrize("tickets", [50, 100, 400])
def test_classifier_worse_by_the_margin_rarely_passes_as_non_inferior(tickets):
    rng = np.random.default_rng(0)
    passed = []
    for _ in range(2000):
        champion = rng.random(tickets) < 0.97
        candidate = champion & (rng.random(tickets) >= 0.02 / 0.97) | ~champion & (rng.random(tickets) < 0.01 / 0.03)
        passed.append(share_difference(candidate.tolist(), champion.tolist()).lower(0.95) >= -0.01)
    assert np.mean(passed) < 0.08, "the nominal error rate is 5 %"


def test_classifier_is_not_better_than_itself():
    found = share_difference([True, False] * 20, [True, False] * 20)
    assert (found.difference, found.p_value) == (0.0, 1.0)
    assert found.low < 0 < found.high


def test_bootstrap_interval_of_a_mean_has_about_its_nominal_coverage():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        found = mean(rng.normal(1.0, 1.0, size=60).tolist())
        covered += found.low <= 1.0 <= found.high
    assert 0.89 <= covered / 200 <= 0.99


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_confidence_bounds_of_a_share_enclose_the_share(successes_and_count):
    found = share(*successes_and_count)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.lower(0.95) <= found.value <= found.upper(0.95)
