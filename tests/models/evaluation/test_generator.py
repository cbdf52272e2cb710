"""The evaluation of a generator against the other systems, and the default gate's verdict on it."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from models.evaluation.gate import judge, rules_of
from models.evaluation.generator import evaluate_generator, without_personal_data
from models.evaluation.scored_replies import scored_records
from tests.models.small_corpus import answered_ticket, make_snapshot
from ticketing.errors import CorpusError
from ticketing.settings import GateSettings
from ticketing.stages.protocols import Completion


class Letters:
    """A fake encoder: the similarity of two texts is 1 if they consist of the same characters, else 0."""

    name = "letters"

    def similarity(self, texts, others):
        return [float(set(a) == set(b)) for a, b in zip(texts, others, strict=True)]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    test = [answered_ticket(i) for i in range(60)]
    return make_snapshot(
        tmp_path_factory.mktemp("s") / "snapshot", [answered_ticket(i + 60) for i in range(40)], test=test
    )


def completions(texts):
    return [Completion(text, 10, 10, "stop") for text in texts]


def evaluated(snapshot, **systems):
    """Evaluates the replies of these systems; each system is a function from a ticket to its reply."""
    records = scored_records(snapshot, None, GateSettings(max_test_replies=60, min_replies=1))
    replies = {name: completions(reply_to(record) for record in records) for name, reply_to in systems.items()}
    return evaluate_generator("generator-1", snapshot, records, replies, Letters())


def agent_reply(record):
    return record.output


def useless_reply(record):
    return "Thank you for writing. No."


def reply_without_the_order_number(record):
    return record.output.replace("<ORDER_ID_1>", "yours")


def verdict(scored):
    return judge(rules_of(GateSettings(), "generator"), scored.measured)


def test_generator_that_writes_the_agents_replies_passes_against_worse_baselines(snapshot):
    scored = evaluated(snapshot, tuned=agent_reply, base=useless_reply, nearest=useless_reply)
    assert scored.measured.values["bleu", "language=en"].value == pytest.approx(100)
    assert scored.measured.comparisons["bleu", "language=en", "nearest"].p_value < 0.01
    assert verdict(scored).passed, verdict(scored).sentence


@pytest.mark.parametrize(
    ("tuned", "nearest"), [(useless_reply, agent_reply), (agent_reply, agent_reply)], ids=["worse", "equal"]
)
def test_generator_that_is_not_better_than_the_nearest_reply_is_refused(snapshot, tuned, nearest):
    assert not verdict(evaluated(snapshot, tuned=tuned, base=useless_reply, nearest=nearest)).passed


def test_generator_that_writes_the_replies_of_the_base_model_is_refused(snapshot):
    refused = verdict(evaluated(snapshot, tuned=useless_reply, base=useless_reply, nearest=useless_reply))
    assert not refused.passed
    assert "bleu (language=en) minus that of the base 0 " in refused.sentence


def test_generator_that_is_worse_than_the_champion_is_refused(snapshot):
    def truncated_reply(record):
        return record.output.rsplit(" ", 3)[0]

    scored = evaluated(snapshot, tuned=truncated_reply, base=useless_reply, nearest=useless_reply, champion=agent_reply)
    refused = verdict(scored)
    assert not refused.passed
    assert "minus that of the champion" in refused.sentence


def test_ten_replies_are_too_few_to_pass(snapshot, tmp_path):
    few = make_snapshot(tmp_path / "few", snapshot.records("train"), test=snapshot.records("test")[:10])
    refused = verdict(evaluated(few, tuned=agent_reply, base=useless_reply, nearest=useless_reply))
    assert not refused.passed
    assert "replies (language=en) 10 must be >= 50" in refused.sentence


def test_replies_without_the_order_number_of_the_agents_reply_are_counted(snapshot):
    scored = evaluated(snapshot, tuned=reply_without_the_order_number, base=useless_reply, nearest=useless_reply)
    assert scored.measured.values["wrong_order_number", "language=en"].value == 1.0
    assert scored.systems["agent"]["wrong_order_number", "language=en"].value == 0.0
    assert "wrong_order_number" in verdict(scored).sentence


def test_champion_is_not_compared_on_tickets_that_it_was_trained_on(snapshot):
    records = scored_records(snapshot, None, GateSettings(max_test_replies=60, min_replies=1))
    replies = {name: completions(map(agent_reply, records)) for name in ("tuned", "champion", "base", "nearest")}
    champion_training_ids = frozenset(record.ticket_id for record in records[:20])
    scored = evaluate_generator("generator-1", snapshot, records, replies, Letters(), champion_training_ids)
    assert scored.measured.comparisons["bleu", "language=en", "champion"].count == 40
    assert scored.measured.comparisons["bleu", "language=en", "base"].count == 60


def test_scored_tickets_are_the_same_in_every_call_and_in_the_languages_of_the_generator(snapshot, tmp_path):
    mixed = [replace(record, language="zh" if i % 2 else "en") for i, record in enumerate(snapshot.records("test"))]
    both = make_snapshot(tmp_path / "both", snapshot.records("train"), test=mixed)
    scored = scored_records(both, frozenset({"en"}), GateSettings(max_test_replies=20, min_replies=1))
    assert scored == scored_records(both, frozenset({"en"}), GateSettings(max_test_replies=20, min_replies=1))
    assert {record.language for record in scored} == {"en"}
    assert {
        record.language for record in scored_records(both, None, GateSettings(max_test_replies=60, min_replies=1))
    } == {"en", "zh"}
    with pytest.raises(CorpusError, match="No test ticket has a reply"):
        scored_records(both, frozenset({"fr"}), GateSettings(max_test_replies=20, min_replies=1))


def test_at_least_min_replies_are_scored_in_a_small_language(snapshot, tmp_path):
    train, test = snapshot.records("train"), [answered_ticket(i) for i in range(600)]
    test = [replace(record, language="zh" if i % 10 == 0 else "en") for i, record in enumerate(test)]
    mixed = make_snapshot(tmp_path / "mixed", train, test=test)
    languages = [
        record.language for record in scored_records(mixed, None, GateSettings(max_test_replies=150, min_replies=50))
    ]
    assert (len(languages), languages.count("zh") >= 50) == (150, True)
    assert len(scored_records(mixed, None, GateSettings(max_test_replies=80, min_replies=50))) == 100


def test_tickets_that_the_champion_was_trained_on_are_scored_last(snapshot, tmp_path):
    test = [answered_ticket(i) for i in range(600)]
    large = make_snapshot(tmp_path / "large", snapshot.records("train"), test=test)
    champion_training_ids = frozenset(record.ticket_id for record in test[:500])
    scored = scored_records(large, None, GateSettings(max_test_replies=90, min_replies=1), champion_training_ids)
    assert {record.ticket_id for record in scored}.isdisjoint(champion_training_ids)


def test_check_is_not_measured_in_a_language_that_it_does_not_support(snapshot, tmp_path):
    german = [replace(record, language="de") for record in snapshot.records("test")]
    other = make_snapshot(tmp_path / "de", snapshot.records("train"), test=german)
    values = evaluated(other, tuned=agent_reply, base=useless_reply, nearest=useless_reply).measured.values
    assert ("unknown_promise", "language=de") not in values
    assert values["invented_fact", "language=de"].count == 60


def test_shares_of_faulty_replies_are_compared_with_the_other_systems(snapshot):
    scored = evaluated(snapshot, tuned=agent_reply, base=reply_without_the_order_number, nearest=agent_reply)
    comparisons = scored.measured.comparisons
    base, nearest = (comparisons["any_fault", "language=en", other] for other in ("base", "nearest"))
    assert base.difference == -1.0
    assert base.p_value < 0.001
    assert (nearest.difference, nearest.p_value) == (0.0, 1.0)


class NumberScrubber:
    """A fake scrubber that takes every long number for a telephone number."""

    def scrub(self, groups):
        return [
            SimpleNamespace(texts=[re.sub(r"\d{5,}", "<PHONE_NUMBER_1>", text) for text in group]) for group in groups
        ]


def test_invented_personal_data_is_scrubbed_from_the_examples(snapshot):
    def reply_with_a_number(record):
        return f"{record.output} Call 0171234567."

    scored = evaluated(snapshot, tuned=agent_reply, base=reply_with_a_number, nearest=agent_reply)
    examples = without_personal_data(scored.examples, NumberScrubber())
    assert all(example.replies["base"].endswith("Call <PHONE_NUMBER_1>.") for example in examples)
    assert [example.replies["tuned"] for example in examples] == [example.reference for example in examples]


def test_stored_verdict_contains_no_ticket_text(snapshot):
    scored = evaluated(snapshot, tuned=agent_reply, base=useless_reply, nearest=useless_reply)
    assert "kettle" not in repr(scored.stored_metrics)
    assert np.isfinite(scored.measured.values["chrf", "language=en"].value)


def test_stored_numbers_include_the_size_of_the_sample_of_training_replies(snapshot, monkeypatch):
    monkeypatch.setattr("models.evaluation.training_replies.MAX_REPLIES", 30)
    numbers = evaluated(snapshot, tuned=agent_reply, base=useless_reply, nearest=useless_reply).stored_metrics
    assert (numbers["training_replies"], numbers["training_replies_of"]) == (30, 40)
