"""What is measured of a candidate on held-out tickets, and what the gate makes of it."""

from dataclasses import replace

import pytest

from models import evaluation
from models.evaluation import GeneratorEvaluation, evaluate_classifier, judge_classifier, judge_generator
from models.metrics import reply_metrics
from tests.models.small_corpus import answered_ticket, make_snapshot
from ticketing.drafting.drafter import Prediction
from ticketing.settings import GateSettings

REFERENCES = ["Dear customer, the parcel is on its way to you.", "Dear customer, the money is back on your card."]


class Sorter:
    """Says what it is told to, ticket by ticket."""

    version = "classifier-1"

    def __init__(self, *said):
        self.said = said

    def predict(self, tickets):
        assert len(tickets) == len(self.said)
        return [Prediction(category, sure, 0.8, route, None) for category, sure, route in self.said]


@pytest.fixture
def snapshot(tmp_path):
    test = [replace(answered_ticket(i), language=language) for i, language in enumerate(("en", "en", "en", "zh"))]
    return make_snapshot(tmp_path / "snapshot", [answered_ticket(9)], test=test)


def test_accuracy_on_all_tickets_and_on_those_it_routes_itself(snapshot):
    right, wrong = ("after-sales", 0.9, "auto"), ("payment", 0.4, "human")
    scored = evaluate_classifier(Sorter(right, right, wrong, wrong), snapshot)

    assert scored.metrics.accuracy == scored.overall.accuracy == 0.5
    assert (scored.overall.coverage, scored.overall.selective_accuracy) == (0.5, 1.0)
    assert (scored.languages["en"].count, scored.languages["en"].coverage) == (3, pytest.approx(2 / 3))
    assert scored.languages["zh"].selective_accuracy is None


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ([("after-sales", 0.9, "auto")] * 4, True),
        ([("after-sales", 0.9, "auto")] * 3 + [("payment", 0.9, "auto")], False),
        ([("after-sales", 0.9, "human")] * 4, False),
    ],
)
def test_the_gate_wants_accuracy_on_what_is_routed_and_enough_of_it(snapshot, said, passed):
    assert judge_classifier(evaluate_classifier(Sorter(*said), snapshot), GateSettings()).passed is passed


def test_the_same_test_tickets_are_scored_every_time_and_only_those_it_can_write(snapshot):
    chosen = evaluation.test_records(snapshot, frozenset({"en"}), 2)
    assert chosen == evaluation.test_records(snapshot, frozenset({"en"}), 2)
    assert len(chosen) == 2
    assert {record.language for record in evaluation.test_records(snapshot, None, 9)} == {"en", "zh"}


@pytest.mark.parametrize(
    ("tuned", "nearest", "passed"),
    [(REFERENCES, ["No.", "No."], True), (["No.", "No."], REFERENCES, False), (REFERENCES, REFERENCES, False)],
)
def test_a_generator_must_beat_both_baselines(tuned, nearest, passed):
    systems = {"tuned": tuned, "base": ["It is.", "It is not."], "nearest": nearest}
    scores = {system: {"en": reply_metrics(said, REFERENCES, "en")} for system, said in systems.items()}
    scored = GeneratorEvaluation("generator-1", "5afe", scores, 0.0, 1.0, 20, [])
    assert judge_generator(scored).passed is passed
