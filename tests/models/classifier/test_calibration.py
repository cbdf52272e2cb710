import numpy as np
import pytest

from models.classifier.calibration import Calibration, fit_calibration, probabilities
from models.shared.statistics import expected_calibration_error

NOBODY = np.full((4000, 5), 0.2)  # uninformative votes


def drawn(temperature, count=4000, seed=0):
    """Labels, and the logits of an overconfident classifier: calibrated logits times `temperature`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, size=(count, 5))
    labels = np.asarray([rng.choice(5, p=row) for row in probabilities(logits, 1.0)])
    return logits * temperature, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_fit_recovers_the_true_temperature(temperature):
    logits, labels = drawn(temperature)
    found = fit_calibration(logits, NOBODY, labels)
    assert found == (pytest.approx(temperature, rel=0.1), 0.0, pytest.approx(1.0, rel=0.01))


@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_calibration_error_is_small_on_held_out_tickets(temperature):
    logits, labels = drawn(temperature)
    others, true = drawn(temperature, seed=1)

    def error(calibration):
        rows = calibration.probabilities(others, NOBODY)
        return expected_calibration_error(rows.max(axis=1).tolist(), (rows.argmax(axis=1) == true).tolist())

    assert error(fit_calibration(logits, NOBODY, labels)) < 0.03 < error(Calibration())


def test_temperature_does_not_change_the_predicted_category():
    logits, _ = drawn(3.0)
    assert (Calibration(2.5).probabilities(logits, NOBODY).argmax(axis=1) == logits.argmax(axis=1)).all()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_accurate_neighbours_get_weight_despite_an_overconfident_network(temperature):
    logits, labels = drawn(temperature)
    rng = np.random.default_rng(7)
    votes = np.eye(5)[np.where(rng.random(4000) < 0.9, labels, rng.integers(5, size=4000))]
    fitted = fit_calibration(logits[:2000], votes[:2000], labels[:2000])
    rows = fitted.probabilities(logits[2000:], votes[2000:])
    assert fitted.neighbours == 0.5
    assert (rows.argmax(axis=1) == labels[2000:]).mean() > (logits[2000:].argmax(axis=1) == labels[2000:]).mean() + 0.1
    assert rows.sum(axis=1) == pytest.approx(np.ones(2000))
    right = (rows.argmax(axis=1) == labels[2000:]).tolist()
    assert expected_calibration_error(rows.max(axis=1).tolist(), right) < 0.06


def test_fit_without_tickets_is_the_identity():
    assert fit_calibration(np.zeros((0, 3)), np.zeros((0, 3)), []) == Calibration(1.0, 0.0, 1.0)


def test_confidence_stays_below_1_when_all_predictions_are_right():
    logits, votes, true = np.eye(3)[np.arange(300) % 3] * 4, np.eye(3)[np.arange(300) % 3], np.arange(300) % 3
    fitted = fit_calibration(logits, votes, true)
    assert 0.99 < fitted.probabilities(logits, votes).max() < 0.9999
