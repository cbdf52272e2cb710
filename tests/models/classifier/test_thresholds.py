import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.classifier.thresholds import (
    ANY,
    ValidationTicket,
    choose_threshold,
    choose_thresholds,
    min_tickets_for_target,
    threshold_for,
)
from models.shared.statistics import clopper_pearson_lower_bound


def test_too_few_tickets_give_no_threshold_even_if_all_are_correct():
    assert min_tickets_for_target(0.98, 0.9) == 114  # 0.98 ** n must fall to 0.1
    assert choose_threshold([0.9] * 113, [True] * 113, 0.98, 0.9) is None
    assert choose_threshold([0.9] * 115, [True] * 115, 0.98, 0.9) == 0.9


def test_no_number_of_tickets_is_enough_for_a_target_accuracy_of_1():
    assert min_tickets_for_target(1.0, 0.9) is None
    assert choose_threshold([0.9] * 5000, [True] * 5000, 1.0, 0.9) is None


def test_threshold_excludes_wrong_predictions_with_low_confidence():
    confidences = [0.99] * 300 + [0.5] * 50
    assert choose_threshold(confidences, [True] * 300 + [False] * 50, 0.98, 0.9) == 0.99


def test_errors_with_high_confidence_give_no_threshold():
    assert choose_threshold([0.9] * 500 + [0.5] * 500, [False] * 500 + [True] * 500, 0.98, 0.9) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=200))
def test_tickets_at_or_above_the_threshold_reach_the_target(pairs):
    confidences, correct = [confidence for confidence, _ in pairs], [is_correct for _, is_correct in pairs]
    threshold = choose_threshold(confidences, correct, 0.6, 0.8)
    if threshold is not None:
        routed = [is_correct for confidence, is_correct in pairs if confidence >= threshold]
        assert clopper_pearson_lower_bound(sum(routed), len(routed), 0.8) >= 0.6


def test_true_accuracy_reaches_the_target_about_as_often_as_the_confidence_level():
    # The classifier is calibrated, so its accuracy above a threshold equals its mean confidence there.
    rng = np.random.default_rng(0)
    population = rng.beta(12, 1, size=200_000)
    reached = []
    for _ in range(300):
        confidences = rng.beta(12, 1, size=400)
        threshold = choose_threshold(confidences.tolist(), (rng.random(400) < confidences).tolist(), 0.95, 0.9)
        if threshold is not None:
            reached.append(population[population >= threshold].mean() >= 0.95)

    assert len(reached) > 250
    assert np.mean(reached) > 0.87


def validated(count, language="en", predicted="payment", confidence=0.9, correct=True):
    return [ValidationTicket(language, predicted, confidence, correct)] * count


def test_category_with_a_lower_accuracy_than_its_language_gets_a_higher_threshold():
    tickets = [
        *validated(2000),
        *validated(20, predicted="account", confidence=0.99),
        *validated(6, predicted="account", confidence=0.95, correct=False),
    ]
    thresholds = choose_thresholds(tickets, 0.98, 0.9)
    assert threshold_for(thresholds, "en", "payment") == 0.9
    assert threshold_for(thresholds, "en", "account") == 0.99


def test_category_whose_predictions_are_all_wrong_is_not_routed():
    tickets = [*validated(600), *validated(2, predicted="account", confidence=0.99, correct=False)]
    assert threshold_for(choose_thresholds(tickets, 0.98, 0.9), "en", "account") is None


def test_category_never_predicted_in_a_language_is_not_routed_there():
    tickets = [*validated(600), *validated(600, language="zh"), *validated(20, language="zh", predicted="account")]
    thresholds = choose_thresholds(tickets, 0.98, 0.9, ["payment", "account"])
    assert threshold_for(thresholds, "en", "payment") == threshold_for(thresholds, "zh", "account") == 0.9
    assert threshold_for(thresholds, "en", "account") is None


def test_category_that_reaches_the_target_alone_may_have_a_lower_threshold():
    tickets = [
        *validated(300, confidence=0.7),
        *validated(300, predicted="account", confidence=0.95),
        *validated(60, predicted="account", confidence=0.7, correct=False),
    ]
    thresholds = choose_thresholds(tickets, 0.98, 0.9)
    assert threshold_for(thresholds, "en", "payment") == 0.7
    assert threshold_for(thresholds, "en", "account") == 0.95


def test_languages_with_too_few_or_no_validation_tickets_route_nothing():
    thresholds = choose_thresholds([*validated(300), *validated(50, language="zh")], 0.98, 0.9)
    assert thresholds["zh"] == {ANY: None}
    assert threshold_for(thresholds, "zh", "payment") is None
    assert threshold_for(thresholds, "de", "payment") is None


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from([0.5, 0.7, 0.9]), st.booleans()),
        max_size=150,
    )
)
def test_routed_tickets_of_each_language_or_else_of_each_routed_category_reach_the_target(rows):
    tickets = [ValidationTicket(*row) for row in rows]
    thresholds = choose_thresholds(tickets, 0.6, 0.8)
    for language in thresholds:
        routed = [
            ticket
            for ticket in tickets
            if ticket.language == language
            and (threshold := threshold_for(thresholds, language, ticket.predicted)) is not None
            and ticket.confidence >= threshold
        ]
        if routed and thresholds[language][ANY] is not None:
            assert sum(ticket.correct for ticket in routed) / len(routed) >= 0.6
        for category in {ticket.predicted for ticket in routed} if thresholds[language][ANY] is None else ():
            correct = [ticket.correct for ticket in routed if ticket.predicted == category]
            assert clopper_pearson_lower_bound(sum(correct), len(correct), 0.8) >= 0.6
