import numpy as np
import pytest

from models.classifier.calibration import Calibration, fit_calibration, probabilities
from models.shared.statistics import expected_calibration_error

UNIFORM_VOTES = np.full((4000, 5), 0.2)


def random_logits_and_labels(temperature, count=4000, seed=0):
    """Calibrated logits multiplied by `temperature`, and their labels. Above 1 the classifier is overconfident."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, size=(count, 5))
    labels = np.asarray([rng.choice(5, p=row) for row in probabilities(logits, 1.0)])
    return logits * temperature, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_fit_recovers_the_true_temperature(temperature):
    logits, labels = random_logits_and_labels(temperature)
    fitted = fit_calibration(logits, UNIFORM_VOTES, labels)
    assert fitted == (pytest.approx(temperature, rel=0.1), 0.0, pytest.approx(1.0, rel=0.01))


@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_calibration_error_is_small_on_held_out_tickets(temperature):
    logits, labels = random_logits_and_labels(temperature)
    held_out_logits, held_out_labels = random_logits_and_labels(temperature, seed=1)

    def error(calibration):
        rows = calibration.probabilities(held_out_logits, UNIFORM_VOTES)
        return expected_calibration_error(rows.max(axis=1).tolist(), (rows.argmax(axis=1) == held_out_labels).tolist())

    assert error(fit_calibration(logits, UNIFORM_VOTES, labels)) < 0.03 < error(Calibration())


def test_temperature_does_not_change_the_predicted_category():
    logits, _ = random_logits_and_labels(3.0)
    assert (Calibration(2.5).probabilities(logits, UNIFORM_VOTES).argmax(axis=1) == logits.argmax(axis=1)).all()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_accurate_neighbours_get_weight_and_raise_the_accuracy_at_every_temperature(temperature):
    logits, labels = random_logits_and_labels(temperature)
    rng = np.random.default_rng(7)
    votes = np.eye(5)[np.where(rng.random(4000) < 0.9, labels, rng.integers(5, size=4000))]
    fitted = fit_calibration(logits[:2000], votes[:2000], labels[:2000])
    rows = fitted.probabilities(logits[2000:], votes[2000:])
    assert fitted.neighbours == 0.5
    assert (rows.argmax(axis=1) == labels[2000:]).mean() > (logits[2000:].argmax(axis=1) == labels[2000:]).mean() + 0.1
    assert rows.sum(axis=1) == pytest.approx(np.ones(2000))
    correct = (rows.argmax(axis=1) == labels[2000:]).tolist()
    assert expected_calibration_error(rows.max(axis=1).tolist(), correct) < 0.06


def test_fit_without_tickets_is_the_identity():
    assert fit_calibration(np.zeros((0, 3)), np.zeros((0, 3)), []) == Calibration(1.0, 0.0, 1.0)


def test_confidence_stays_below_1_when_all_predictions_are_right():
    labels = np.arange(300) % 3
    logits, votes = np.eye(3)[labels] * 4, np.eye(3)[labels]
    fitted = fit_calibration(logits, votes, labels)
    assert 0.99 < fitted.probabilities(logits, votes).max() < 0.9999
