import numpy as np
import pytest

from models.calibration import fit_temperature, probabilities
from models.metrics import expected_calibration_error


def drawn(temperature, count=4000, seed=0):
    """Logits of a classifier that says `temperature` times as much as it knows, and the labels."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, size=(count, 5))
    labels = np.asarray([rng.choice(5, p=row) for row in probabilities(logits, 1.0)])
    return logits * temperature, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_was_put_in_is_found(temperature):
    logits, labels = drawn(temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.1)


def test_confidence_means_what_it_says_on_tickets_that_it_was_not_fitted_on():
    logits, labels = drawn(3.0)
    others, true = drawn(3.0, seed=1)
    temperature = fit_temperature(logits, labels)

    def error(of):
        rows = probabilities(others, of)
        return expected_calibration_error(rows.max(axis=1).tolist(), (rows.argmax(axis=1) == true).tolist())

    assert error(temperature) < 0.03 < error(1.0)


def test_what_comes_first_stays_first():
    logits, labels = drawn(3.0)
    temperature = fit_temperature(logits, labels)
    assert (probabilities(logits, temperature).argmax(axis=1) == logits.argmax(axis=1)).all()


def test_nothing_to_fit_on_changes_nothing():
    assert fit_temperature(np.zeros((0, 3)), []) == 1.0


def test_a_classifier_that_made_no_mistake_yet_is_not_surely_right():
    logits = np.eye(3)[np.arange(300) % 3] * 4
    temperature = fit_temperature(logits, np.arange(300) % 3)
    assert 0.99 < probabilities(logits, temperature).max() < 0.9999
