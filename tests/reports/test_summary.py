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


def test_classifier_summary_gives_the_routed_share_and_the_share_for_humans(tmp_path):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT, WRONG, WRONG), snapshot_of(tmp_path, ["en", "en", "en", "zh"]))
    summary = classifier_summary(scored)
    assert summary.startswith(
        "It routes 50.0% of the 4 test tickets by itself (en 67%, zh 0%); 100.0% of these are correct"
    )
    assert "The other 50.0% go to a human. If it routed every ticket, 50.0% would be routed correctly." in summary


def test_classifier_summary_says_when_every_ticket_goes_to_a_human(tmp_path):
    scored = evaluate_classifier(Sorter(WRONG, WRONG), snapshot_of(tmp_path, ["en", "zh"]))
    assert classifier_summary(scored).startswith(
        "It is confident enough on none of the 2 test tickets: all go to a human."
    )


def test_classifier_summary_says_when_it_can_not_detect_out_of_scope_tickets(tmp_path):
    scored = evaluate_classifier(Sorter(RIGHT, RIGHT), snapshot_of(tmp_path, ["en", "zh"]))
    assert "out of scope" not in classifier_summary(scored)
    untold = replace(scored, detects_out_of_scope=False)
    assert "There were too few validation tickets to detect tickets that are out of scope" in classifier_summary(untold)


def test_generator_summary_names_every_system_that_the_candidate_is_compared_with(tmp_path):
    snapshot = snapshot_of(tmp_path, ["en"] * 4)
    records = scored_records(snapshot, None, GateSettings(max_test_replies=9, min_replies=1))
    replies = {
        "tuned": [Completion(record.output, 1, 1, "stop") for record in records],
        "base": [Completion("No.", 1, 1, "stop") for _ in records],
        "nearest": [Completion(records[0].output, 1, 1, "stop") for _ in records],
        CHAMPION: [Completion(record.output, 1, 1, "stop") for record in records],
    }
    evaluation = evaluate_generator("generator-1", snapshot, records, replies, Letters())
    summary = generator_summary(evaluation, frozenset({"en"}))
    assert summary.startswith(
        "On 4 test tickets in en its BLEU score (similarity in wording to the replies of human agents, 0 to 100) is 100.0."
    )
    assert "the champion 100.0" in summary
    assert "The automatic checks find a fault in" in summary
    assert summary.endswith(
        "It writes only en; tickets in other languages get no draft. No blind study of this model has finished yet."
    )


def test_classifier_summary_names_the_category_of_most_tickets_for_humans(tmp_path):
    test = [replace(answered_ticket(i), category="payment" if i > 3 else "after-sales") for i in range(8)]
    snapshot = make_snapshot(tmp_path / "snapshot", [answered_ticket(i + 10) for i in range(10)], test=test)
    scored = evaluate_classifier(Sorter(*[RIGHT] * 4, *[WRONG] * 4), snapshot)
    assert (
        "go to a human, most of them payment tickets: 4 of the 4 test tickets of that category go to a human."
        in classifier_summary(scored)
    )


def test_study_summary_gives_the_win_rate_or_says_that_no_study_has_finished():
    assert study_summary(Measurements()) == "No blind study of this model has finished yet."
    measured = Measurements({("study_against_human", "all"): share(40, 100)})
    assert study_summary(measured).startswith(
        "In a blind study, in which a tie counts as half a win, it won 40% of 100 tickets against the human agent (95 % "
        "confidence interval 30% to"
    )
