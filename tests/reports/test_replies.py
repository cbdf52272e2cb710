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


def test_tuned_replies_stand_beside_the_agents_and_the_baselines_with_the_signatures(snapshot):
    numbers, compared, faults, _, worst, typical = generator_sections(evaluated(snapshot), MODEL)

    assert [row[:2] for row in numbers.rows] == [("en", name) for name in ("agent", "tuned", "nearest", "base")][1:]
    assert "nrefs:1" in numbers.note
    assert f"the most similar of {len(snapshot.records('train'))} answered training tickets. " in numbers.note
    assert {(row[1], row[2]) for row in compared.rows} == {
        (metric, other) for metric in ("bleu", "chrf", "any_fault") for other in ("base", "nearest")
    }
    assert [row[1] for row in faults.rows] == ["agent", "tuned", "nearest", "base"]
    assert worst.texts and typical.texts
    assert "kettle" not in " ".join(headlines([numbers, compared, faults, worst, typical]))


def test_the_note_says_that_a_sample_of_the_training_tickets_was_searched(snapshot):
    scored = replace(evaluated(snapshot), training_replies=20_000, training_replies_of=1_000_000)
    [numbers, *_] = generator_sections(scored, MODEL)
    assert "20,000 answered training tickets (a sample of 1,000,000, by language and category)" in numbers.note


def test_the_worst_reply_is_the_one_with_faults_and_then_the_one_least_like_the_agents(snapshot):
    scored = evaluated(snapshot)
    examples = [
        ReplyExample("a", "en", f"ticket {n}", "reference", {"tuned": f"reply {n}"}, chrf, faults)
        for n, (chrf, faults) in enumerate([(50.0, ()), (10.0, ()), (90.0, ("invented_fact",)), (60.0, ())])
    ]
    *_, worst, _ = generator_sections(replace(scored, examples=examples), MODEL)
    assert [row[3] for row in worst.rows] == ["ticket 2", "ticket 1", "ticket 0", "ticket 3"]


def test_a_category_in_two_languages_has_its_scores_in_each(tmp_path):
    test = [replace(answered_ticket(i), language="zh" if i % 2 else "en", category="payment") for i in range(8)]
    both = make_snapshot(tmp_path / "both", [answered_ticket(i + 10) for i in range(10)], test=test)
    records = scored_records(both, None, GateSettings(max_test_replies=9, min_replies=1))
    copied = [Completion(record.output, 1, 1, "stop") for record in records]
    scored = evaluate_generator("g", both, records, {"tuned": copied, "base": copied, "nearest": copied}, Letters())
    (table,) = [one for one in generator_sections(scored, MODEL) if "by category" in one.heading]
    assert [row[:2] for row in table.rows] == [("payment", 8), ("en: payment", 4), ("zh: payment", 4)]
    assert [row[2] == "—" for row in table.rows] == [True, False, False]
