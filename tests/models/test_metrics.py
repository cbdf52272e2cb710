import pytest

from models.metrics import (
    classification_metrics,
    coverage_accuracy_curve,
    expected_calibration_error,
    reply_metrics,
)


def test_accuracy_macro_f1_and_the_confusion_matrix_are_the_textbooks():
    metrics = classification_metrics(["a", "a", "b", "b"], ["a", "b", "b", "b"])

    assert metrics.accuracy == 0.75
    assert metrics.macro_f1 == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert metrics.labels == ("a", "b")
    assert metrics.confusion == ((1, 1), (0, 2))
    assert (metrics.categories[0].precision, metrics.categories[0].recall, metrics.categories[0].support) == (
        1.0,
        0.5,
        2,
    )


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    assert expected_calibration_error([0.8] * 10, [True] * 8 + [False] * 2) == pytest.approx(0.0)
    assert expected_calibration_error([1.0] * 10, [True] * 8 + [False] * 2) == pytest.approx(0.2)


def test_the_curve_begins_with_the_surest_ticket():
    coverage, accuracy = coverage_accuracy_curve([0.5, 0.9, 0.7, 0.6], [False, True, True, False])

    assert coverage == [0.25, 0.5, 0.75, 1.0]
    assert accuracy == pytest.approx([1.0, 1.0, 2 / 3, 0.5])


def test_equal_replies_score_100_and_unlike_ones_next_to_nothing():
    reference = ["Your parcel leaves our warehouse tomorrow morning."]

    assert reply_metrics(reference, reference, "en").bleu.value == pytest.approx(100)
    assert reply_metrics(["Completely different words stand in here instead."], reference, "en").bleu.value < 10


def test_chinese_is_scored_by_characters_and_says_so():
    score = reply_metrics(["您的包裹明天送到，请放心"], ["您的包裹后天送到，请放心"], "zh").bleu

    assert "tok:zh" in score.signature
    assert 20 < score.value < 100


def test_a_score_names_its_seed_and_its_interval_holds_it():
    references = [f"your order number {i} is on its way to you now" for i in range(20)]
    replies = [" ".join(reference.split()[: 5 + i % 5]) for i, reference in enumerate(references)]
    score = reply_metrics(replies, references, "en").bleu

    assert "seed:12345" in score.signature
    assert score.low < score.value < score.high


def test_nothing_to_score_is_an_error():
    with pytest.raises(ValueError, match="no replies"):
        reply_metrics([], [], "en")
