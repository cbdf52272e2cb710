from dataclasses import replace

from models.evaluation.classifier import CHAMPION, evaluate_classifier
from models.evaluation.generator import evaluate_generator
from models.evaluation.measurements import Measurements, share
from models.evaluation.scored_replies import scored_records
from reports.summary import classifier_summary, generator_summary, study_summary
from tests.models.evaluation.test_classifier import RIGHT, WRONG, Sorter
from tests.models.evaluation.test_generator import Letters
from tests.models.small_corpus import answered_ticket, make_snapshot
from ticketing.settings import GateSettings
from ticketing.stages.protocols import Completion


def snapshot_of(tmp_path, languages):
    test = [replace(answered_ticket(i), language=language) for i, language in enumerate(languages)]
    return make_snapshot(tmp_path / "snapshot", [answered_ticket(i + 10) for i in range(10)], test=test)


def test_a_classifier_is_told_by_what_it_routes_and_what_it_leaves_to_people(tmp_path):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT, WRONG, WRONG), snapshot_of(tmp_path, ["en", "en", "en", "zh"]))
    said = classifier_summary(scored)
    assert said.startswith("It routes 50.0% of the 4 test tickets by itself (en 67%, zh 0%), of which 100.0% are right")
    assert "the other 50.0% go to a human. Of all tickets it would get 50.0% right." in said


def test_a_classifier_that_routes_nothing_says_so(tmp_path):
    scored = evaluate_classifier(Sorter(WRONG, WRONG), snapshot_of(tmp_path, ["en", "zh"]))
    assert classifier_summary(scored).startswith("It is sure enough of none of the 2 test tickets: all go to a human.")


def test_that_nothing_is_taken_for_out_of_scope_is_said(tmp_path):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT), snapshot_of(tmp_path, ["en", "zh"]))
    assert "out of scope" not in classifier_summary(scored)
    untold = replace(scored, tells_out_of_scope=False)
    assert "There were too few validation tickets to tell what is out of scope" in classifier_summary(untold)


def test_a_generator_is_told_beside_everybody_it_was_compared_with(tmp_path):
    snapshot = snapshot_of(tmp_path, ["en"] * 4)
    records = scored_records(snapshot, None, GateSettings(max_test_replies=9, min_replies=1))
    said = {
        "tuned": [Completion(record.output, 1, 1, "stop") for record in records],
        "base": [Completion("No.", 1, 1, "stop") for _ in records],
        "nearest": [Completion(records[0].output, 1, 1, "stop") for _ in records],
        CHAMPION: [Completion(record.output, 1, 1, "stop") for record in records],
    }
    words = generator_summary(evaluate_generator("generator-1", snapshot, records, said, Letters()), frozenset({"en"}))
    assert words.startswith("On 4 test tickets in en its likeness to the agents' replies (BLEU, 0 to 100) is 100.0;")
    assert "the champion 100.0" in words
    assert "A check finds a fault in" in words
    assert words.endswith("It writes en only; other tickets get no draft. No blind study of it is closed yet.")


def test_most_of_what_is_left_to_people_is_named(tmp_path):
    test = [replace(answered_ticket(i), category="payment" if i > 3 else "after-sales") for i in range(8)]
    snapshot = make_snapshot(tmp_path / "snapshot", [answered_ticket(i + 10) for i in range(10)], test=test)
    scored = evaluate_classifier(Sorter(*[RIGHT] * 4, *[WRONG] * 4), snapshot)
    assert "go to a human, most of them payment (4 of 4)." in classifier_summary(scored)


def test_a_blind_study_is_told_or_that_there_is_none():
    assert study_summary(Measurements()) == "No blind study of it is closed yet."
    measured = Measurements({("study_against_human", "all"): share(40, 100)})
    assert study_summary(measured).startswith(
        "In a blind study it won, ties as half, 40% of 100 tickets against human (30%"
    )
