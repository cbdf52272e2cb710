"""The evaluation of a classifier on held-out tickets, and the verdict of the default gate."""

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
    """A fake classifier that returns the predictions given by a test."""

    version, labels = "classifier-1", ("after-sales", "payment")
    detects_out_of_scope = True
    thresholds = MappingProxyType({"en": {"*": 0.8}, "de": {"*": None}})

    def __init__(self, *said):
        self.said = said

    def predict(self, tickets):
        chosen = [self.said[int(ticket.ticket_id[1:])] for ticket in tickets]
        return [
            Prediction(
                category,
                sure,
                0.8,
                route,
                None if route == "auto" else f"not sure enough: confidence {sure:.3f} is below 0.800",
            )
            for category, sure, route in chosen
        ]

    def read(self, texts):
        return Outputs(np.zeros((len(texts), 2)), np.zeros((len(texts), 2)))

    def predict_from(self, tickets, read):
        return self.predict(tickets)


def snapshot_of(tmp_path, count=4):
    test = [replace(answered_ticket(i), language="zh" if i == 3 else "en") for i in range(count)]
    return make_snapshot(tmp_path / "snapshot", [answered_ticket(900)], test=test)


def values(scored, scope="all"):
    return {metric: one.value for (metric, of), one in scored.measured.values.items() if of == scope}


def test_accuracy_is_measured_on_all_tickets_and_on_routed_tickets(tmp_path):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT, WRONG, WRONG), snapshot_of(tmp_path))

    everything = values(scored)
    assert (everything["accuracy"], everything["coverage"], everything["selective_accuracy"]) == (0.5, 0.5, 1.0)
    assert values(scored, "language=en")["coverage"] == pytest.approx(2 / 3)
    assert "selective_accuracy" not in values(scored, "language=zh"), "it routes nothing there"
    of_category = values(scored, "category=after-sales")
    assert (of_category["recall"], of_category["precision"]) == (0.5, 1.0)
    assert {"accuracy", "macro_f1"}.isdisjoint(of_category)
    assert scored.reasons == {"not sure enough": 2}


def test_every_routed_language_and_every_category_is_expected(tmp_path):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT, WRONG, WRONG), snapshot_of(tmp_path))
    assert scored.measured.expected_scopes == {"language=en", "category=after-sales", "category=payment"}


def test_reasons_for_a_human_are_counted_without_their_numbers(tmp_path):
    scored = evaluate_classifier(Sorter(RIGHT, ("payment", 0.41, "human"), WRONG, WRONG), snapshot_of(tmp_path))
    assert scored.reasons == {"not sure enough": 3}


def test_the_champion_is_compared_on_tickets_that_it_has_not_seen(tmp_path):
    snapshot = snapshot_of(tmp_path)
    candidate, champion = Sorter(RIGHT, RIGHT, WRONG, WRONG), Sorter(RIGHT, WRONG, RIGHT, WRONG)
    compared = evaluate_classifier(candidate, snapshot, Rival(champion, {"t00002"})).measured.comparisons
    one = compared["accuracy", "all", "champion"]
    assert (one.count, one.difference) == (3, pytest.approx(1 / 3))
    assert compared["recall", "category=after-sales", "champion"].difference == pytest.approx(1 / 3)
    assert ("accuracy", "category=after-sales", "champion") not in compared


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ([RIGHT] * 120, True),
        ([RIGHT] * 117 + [("payment", 0.9, "auto")] * 3, False),
        ([("after-sales", 0.9, "human")] * 120, False),
        ([RIGHT] * 10, False),
    ],
)
def test_gate_requires_selective_accuracy_and_coverage(tmp_path, said, passed):
    scored = evaluate_classifier(Sorter(*said), snapshot_of(tmp_path, len(said)))
    rules = [one for one in default_rules(GateSettings()) if one.kind == "classifier"]
    assert judge(rules, scored.measured).passed is passed
