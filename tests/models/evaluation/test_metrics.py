import pytest

from models.evaluation.metrics import (
    classification_metrics,
    coverage_accuracy_curve,
    macro_f1,
    reply_scores,
)


def test_accuracy_macro_f1_and_confusion_matrix_equal_known_values():
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


def test_coverage_accuracy_curve_starts_with_the_most_confident_ticket():
    coverage, accuracy = coverage_accuracy_curve([0.5, 0.9, 0.7, 0.6], [False, True, True, False])

    assert coverage == [0.25, 0.5, 0.75, 1.0]
    assert accuracy == pytest.approx([1.0, 1.0, 2 / 3, 0.5])


def bleu_of(replies, references, language="en"):
    return reply_scores({"tuned": replies}, references, language).values["bleu", "tuned"]


def test_equal_replies_score_100_and_different_replies_near_0():
    reference = ["Your parcel leaves our warehouse tomorrow morning."]

    assert bleu_of(reference, reference).value == pytest.approx(100)
    assert bleu_of(["Completely different words stand in here instead."], reference).value < 10


def test_chinese_is_scored_with_the_chinese_tokenizer_and_the_signature_names_it():
    score = bleu_of(["您的包裹明天送到，请放心"], ["您的包裹后天送到，请放心"], "zh")

    assert "tok:zh" in score.signature
    assert 20 < score.value < 100


def test_bleu_lies_within_its_confidence_interval():
    references = [f"your order number {i} is on its way to you now" for i in range(20)]
    replies = [" ".join(reference.split()[: 5 + i % 5]) for i, reference in enumerate(references)]
    score = bleu_of(replies, references)

    assert score.low < score.value < score.high
    assert score.lower(0.5) == pytest.approx(score.value, abs=3)


def test_comparison_of_two_systems_has_a_p_value_and_a_signature():
    references = [f"your order number {i} is on its way to you now" for i in range(30)]
    worse = [reference.replace("on its way", "somewhere") for reference in references]
    scored = reply_scores({"tuned": references, "base": worse, "same": references}, references, "en")

    against_base = scored.comparisons["bleu", "base"]
    assert against_base.difference > 0 and against_base.low > 0
    assert against_base.p_value < 0.01
    assert "bs:1000" in against_base.signature and "seed:12345" in against_base.signature
    assert scored.comparisons["bleu", "same"].difference == 0
    assert scored.comparisons["chrf", "base"].count == 30


def test_macro_f1_has_a_confidence_interval_and_the_value_of_the_classification_metrics():
    true, predicted = ["a"] * 90 + ["b"] * 10, ["a"] * 95 + ["b"] * 5
    found = macro_f1(true, predicted)
    assert found.value == pytest.approx(classification_metrics(true, predicted).macro_f1)
    assert found.low < found.value < found.high


def test_scoring_no_replies_raises_an_error():
    with pytest.raises(ValueError, match="no replies"):
        reply_scores({"tuned": []}, [], "en")
