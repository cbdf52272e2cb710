from dataclasses import replace

from models.evaluation.generator import ReplyExample, evaluate_generator
from models.evaluation.scored_replies import scored_records
from reports.page import headlines
from reports.replies import generator_sections
from tests.models.evaluation.test_generator import Letters
from tests.models.small_corpus import answered_ticket, make_snapshot
from tests.reports.registered import MODEL
from ticketing.settings import GateSettings
from ticketing.stages.protocols import Completion


def evaluated(snapshot):
    records = scored_records(snapshot, frozenset({"en"}), GateSettings(max_test_replies=9, min_replies=1))
    replies = {
        "tuned": [Completion(record.output, 1, 1, "stop") for record in records],
        "base": [Completion("No.", 1, 1, "stop") for _ in records],
        "nearest": [Completion(records[0].output, 1, 1, "stop") for _ in records],
    }
    return evaluate_generator("generator-1", snapshot, records, replies, Letters())


def test_report_shows_the_candidate_beside_the_human_agents_and_the_baselines(snapshot):
    scores, comparisons, faults, _, worst, typical = generator_sections(evaluated(snapshot), MODEL)

    assert [row[:2] for row in scores.rows] == [("en", name) for name in ("candidate", "nearest", "base")]
    assert "nrefs:1" in scores.note
    assert f"out of {len(snapshot.records('train'))} answered training tickets." in dict(scores.terms)["nearest"]
    assert {(row[1], row[2]) for row in comparisons.rows} == {
        (metric, other) for metric in ("bleu", "chrf", "any_fault") for other in ("base", "nearest")
    }
    assert [row[1] for row in faults.rows] == ["human agent", "candidate", "nearest", "base"]
    assert worst.keeps_line_breaks and typical.keeps_line_breaks
    assert "kettle" not in " ".join(headlines([scores, comparisons, faults, worst, typical]))


def test_terms_say_when_only_a_sample_of_the_training_tickets_was_searched(snapshot):
    scored = replace(evaluated(snapshot), training_replies=20_000, training_replies_of=1_000_000)
    [scores, *_] = generator_sections(scored, MODEL)
    sampled = "20,000 answered training tickets (a sample of all 1,000,000, drawn by language and category)"
    assert sampled in dict(scores.terms)["nearest"]


def test_worst_replies_are_sorted_by_faults_and_then_by_chrf(snapshot):
    scored = evaluated(snapshot)
    examples = [
        ReplyExample("a", "en", f"ticket {n}", "reference", {"tuned": f"reply {n}"}, chrf, faults)
        for n, (chrf, faults) in enumerate([(50.0, ()), (10.0, ()), (90.0, ("invented_fact",)), (60.0, ())])
    ]
    *_, worst, _ = generator_sections(replace(scored, examples=examples), MODEL)
    assert [row[3] for row in worst.rows] == ["ticket 2", "ticket 1", "ticket 0", "ticket 3"]


def test_category_in_two_languages_has_separate_scores_in_each_language(tmp_path):
    test = [replace(answered_ticket(i), language="zh" if i % 2 else "en", category="payment") for i in range(8)]
    both = make_snapshot(tmp_path / "both", [answered_ticket(i + 10) for i in range(10)], test=test)
    records = scored_records(both, None, GateSettings(max_test_replies=9, min_replies=1))
    copied = [Completion(record.output, 1, 1, "stop") for record in records]
    scored = evaluate_generator("g", both, records, {"tuned": copied, "base": copied, "nearest": copied}, Letters())
    (table,) = [section for section in generator_sections(scored, MODEL) if "by category" in section.heading]
    assert [row[:2] for row in table.rows] == [("payment", 8), ("en: payment", 4), ("zh: payment", 4)]
    assert [row[2] == "—" for row in table.rows] == [True, False, False]
