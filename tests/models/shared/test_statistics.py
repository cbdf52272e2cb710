import pytest
from scipy.stats import beta

from models.shared.statistics import clopper_pearson_lower_bound, expected_calibration_error, reliability


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    assert expected_calibration_error([0.8] * 10, [True] * 8 + [False] * 2) == pytest.approx(0.0)
    assert expected_calibration_error([1.0] * 10, [True] * 8 + [False] * 2) == pytest.approx(0.2)


def test_tickets_of_similar_confidence_share_a_bin():
    bins = reliability([0.95] * 8 + [0.2] * 2, [True] * 6 + [False] * 2 + [True, False])
    assert [(round(b.confidence, 2), b.accuracy, b.tickets) for b in bins] == [(0.2, 0.5, 2), (0.95, 0.75, 8)]


def test_lower_bound_equals_the_clopper_pearson_bound():
    assert clopper_pearson_lower_bound(0, 10, 0.95) == 0.0
    assert clopper_pearson_lower_bound(10, 10, 0.95) == pytest.approx(0.05 ** (1 / 10))
    assert clopper_pearson_lower_bound(95, 100, 0.9) == pytest.approx(beta.ppf(0.1, 95, 6))
