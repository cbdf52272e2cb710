"""The evaluation of a classifier on test tickets, and the default gate's verdict on it."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from models.classifier.reader import Outputs
from models.evaluation.classifier import Rival, evaluate_classifier
from models.evaluation.gate import default_rules, judge
from tests.models.small_corpus import answered_ticket, make_snapshot
from ticketing.settings import GateSettings
from ticketing.stages.protocols import Prediction

RIGHT, WRONG = ("after-sales", 0.9, "auto"), ("payment", 0.4, "human")


class Sorter:
    """A fake classifier: ticket `t<i>` gets the i-th prediction that it was created with."""

    version, labels = "classifier-1", ("after-sales", "payment")
    detects_out_of_scope = True
    thresholds = MappingProxyType({"en": {"*": 0.8}, "de": {"*": None}})

    def __init__(self, *predictions):
        self.predictions = predictions

    def predict(self, tickets):
        chosen = [self.predictions[int(ticket.ticket_id[1:])] for ticket in tickets]
        return [
            Prediction(
                category,
                confidence,
                0.8,
                route,
                None if route == "auto" else f"not sure enough: confidence {confidence:.3f} is below 0.800",
            )
            for category, confidence, route in chosen
        ]

    def read(self, texts):
        return Outputs(np.zeros((len(texts), 2)), np.zeros((len(texts), 2)))

    def predict_from(self, tickets, read):
        return self.predict(tickets)


def snapshot_of(tmp_path, count=4):
    """A snapshot with test tickets of category after-sales; the fourth is Chinese, the others are English."""
    test = [replace(answered_ticket(i), language="zh" if i == 3 else "en") for i in range(count)]
    return make_snapshot(tmp_path / "snapshot", [answered_ticket(900)], test=test)


def values(scored, scope="all"):
    return {
        metric: measurement.value
        for (metric, measured_scope), measurement in scored.measured.values.items()
        if measured_scope == scope
    }


def test_accuracy_is_measured_on_all_tickets_and_on_routed_tickets(tmp_path):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT, WRONG, WRONG), snapshot_of(tmp_path))

    overall = values(scored)
    assert (overall["accuracy"], overall["coverage"], overall["selective_accuracy"]) == (0.5, 0.5, 1.0)
    assert values(scored, "language=en")["coverage"] == pytest.approx(2 / 3)
    assert "selective_accuracy" not in values(scored, "language=zh"), "no Chinese ticket is routed"
    category_values = values(scored, "category=after-sales")
    assert (category_values["recall"], category_values["precision"]) == (0.5, 1.0)
    assert {"accuracy", "macro_f1"}.isdisjoint(category_values)
    assert scored.reasons == {"not sure enough": 2}


def test_measurements_are_expected_for_every_routed_language_and_every_category(tmp_path):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT, WRONG, WRONG), snapshot_of(tmp_path))
    assert scored.measured.expected_scopes == {"language=en", "category=after-sales", "category=payment"}


def test_reasons_that_differ_only_in_the_confidence_are_counted_together(tmp_path):
    scored = evaluate_classifier(Sorter(RIGHT, ("payment", 0.41, "human"), WRONG, WRONG), snapshot_of(tmp_path))
    assert scored.reasons == {"not sure enough": 3}


def test_champion_is_compared_only_on_tickets_that_it_was_not_trained_on(tmp_path):
    snapshot = snapshot_of(tmp_path)
    candidate, champion = Sorter(RIGHT, RIGHT, WRONG, WRONG), Sorter(RIGHT, WRONG, RIGHT, WRONG)
    comparisons = evaluate_classifier(candidate, snapshot, Rival(champion, {"t00002"})).measured.comparisons
    accuracy = comparisons["accuracy", "all", "champion"]
    assert (accuracy.count, accuracy.difference) == (3, pytest.approx(1 / 3))
    assert comparisons["recall", "category=after-sales", "champion"].difference == pytest.approx(1 / 3)
    assert ("accuracy", "category=after-sales", "champion") not in comparisons


@pytest.mark.parametrize(
    ("predictions", "passed"),
    [
        ([RIGHT] * 120, True),
        ([RIGHT] * 117 + [("payment", 0.9, "auto")] * 3, False),
        ([("after-sales", 0.9, "human")] * 120, False),
        ([RIGHT] * 10, False),
    ],
)
def test_gate_requires_enough_tickets_selective_accuracy_and_coverage(tmp_path, predictions, passed):
    scored = evaluate_classifier(Sorter(*predictions), snapshot_of(tmp_path, len(predictions)))
    rules = [rule for rule in default_rules(GateSettings()) if rule.kind == "classifier"]
    assert judge(rules, scored.measured).passed is passed
