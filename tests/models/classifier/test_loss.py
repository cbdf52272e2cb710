import pytest

from models.classifier.loss import MAX_WEIGHT, class_weights

CATEGORIES = ["payment"] * 90 + ["logistics"] * 9 + ["praise"]
LABELS = ["logistics", "payment", "praise"]


def test_exponent_determines_how_much_more_rare_categories_weigh():
    assert class_weights(CATEGORIES, LABELS, 0.0).tolist() == [1.0, 1.0, 1.0]
    logistics, payment, praise = class_weights(CATEGORIES, LABELS, 0.5).tolist()
    assert payment < 1 < logistics < praise == MAX_WEIGHT
    assert logistics / payment == pytest.approx(10**0.5)
    logistics, payment = class_weights(CATEGORIES[:-1], LABELS[:-1], 1.0).tolist()
    assert logistics == MAX_WEIGHT
    assert payment == pytest.approx(99 / (2 * 90))
