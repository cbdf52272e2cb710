"""The evaluation of a generator against the other systems, and the verdict of the default gate."""

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
    """A fake encoder: texts with the same letters are similar."""

    name = "letters"

    def similarity(self, texts, others):
        return [float(set(a) == set(b)) for a, b in zip(texts, others, strict=True)]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    test = [answered_ticket(i) for i in range(60)]
    return make_snapshot(
        tmp_path_factory.mktemp("s") / "snapshot", [answered_ticket(i + 60) for i in range(40)], test=test
    )


def said(texts):
    return [Completion(text, 10, 10, "stop") for text in texts]


def evaluated(snapshot, **systems):
    records = scored_records(snapshot, None, GateSettings(max_test_replies=60, min_replies=1))
    replies = {name: said(of(record) for record in records) for name, of in systems.items()}
    return evaluate_generator("generator-1", snapshot, records, replies, Letters())


def agents(record):
    return record.output


def nonsense(record):
    return "Thank you for writing. No."


def verdict(scored):
    return judge(rules_of(GateSettings(), "generator"), scored.measured)


def test_agent_like_replies_pass_against_worse_baselines(snapshot):
    scored = evaluated(snapshot, tuned=agents, base=nonsense, nearest=nonsense)
    assert scored.measured.values["bleu", "language=en"].value == pytest.approx(100)
    assert scored.measured.comparisons["bleu", "language=en", "nearest"].p_value < 0.01
    assert verdict(scored).passed, verdict(scored).sentence


@pytest.mark.parametrize(
    ("tuned", "nearest"), [(nonsense, agents), (agents, agents)], ids=["worse", "an adapter that changes nothing"]
)
def test_a_generator_that_is_not_better_than_a_baseline_is_refused(snapshot, tuned, nearest):
    assert not verdict(evaluated(snapshot, tuned=tuned, base=nonsense, nearest=nearest)).passed


def test_a_generator_that_writes_what_the_base_model_writes_is_refused(snapshot):
    refused = verdict(evaluated(snapshot, tuned=nonsense, base=nonsense, nearest=nonsense))
    assert not refused.passed
    assert "bleu (language=en) minus that of the base 0 " in refused.sentence


def test_a_generator_that_writes_worse_than_the_champion_is_refused(snapshot):
    def cut(record):
        return record.output.rsplit(" ", 3)[0]

    scored = evaluated(snapshot, tuned=cut, base=nonsense, nearest=nonsense, champion=agents)
    refused = verdict(scored)
    assert not refused.passed
    assert "minus that of the champion" in refused.sentence


def test_ten_replies_are_too_few_to_pass(snapshot, tmp_path):
    few = make_snapshot(tmp_path / "few", snapshot.records("train"), test=snapshot.records("test")[:10])
    refused = verdict(evaluated(few, tuned=agents, base=nonsense, nearest=nonsense))
    assert not refused.passed
    assert "replies (language=en) 10 must be >= 50" in refused.sentence


def test_replies_that_name_no_order_where_the_agent_did_are_counted(snapshot):
    def vague(record):
        return record.output.replace("<ORDER_ID_1>", "yours")

    scored = evaluated(snapshot, tuned=vague, base=nonsense, nearest=nonsense)
    assert scored.measured.values["wrong_order_number", "language=en"].value == 1.0
    assert scored.systems["agent"]["wrong_order_number", "language=en"].value == 0.0
    assert "wrong_order_number" in verdict(scored).sentence


def test_the_champion_is_not_compared_on_tickets_that_it_was_trained_on(snapshot):
    records = scored_records(snapshot, None, GateSettings(max_test_replies=60, min_replies=1))
    replies = {name: said(map(agents, records)) for name in ("tuned", "champion", "base", "nearest")}
    seen = frozenset(record.ticket_id for record in records[:20])
    scored = evaluate_generator("generator-1", snapshot, records, replies, Letters(), seen)
    assert scored.measured.comparisons["bleu", "language=en", "champion"].count == 40
    assert scored.measured.comparisons["bleu", "language=en", "base"].count == 60


def test_scored_tickets_are_always_the_same_and_in_the_generators_languages(snapshot, tmp_path):
    mixed = [replace(one, language="zh" if i % 2 else "en") for i, one in enumerate(snapshot.records("test"))]
    both = make_snapshot(tmp_path / "both", snapshot.records("train"), test=mixed)
    chosen = scored_records(both, frozenset({"en"}), GateSettings(max_test_replies=20, min_replies=1))
    assert chosen == scored_records(both, frozenset({"en"}), GateSettings(max_test_replies=20, min_replies=1))
    assert {record.language for record in chosen} == {"en"}
    assert {
        record.language for record in scored_records(both, None, GateSettings(max_test_replies=60, min_replies=1))
    } == {"en", "zh"}
    with pytest.raises(CorpusError, match="No test ticket has a reply"):
        scored_records(both, frozenset({"fr"}), GateSettings(max_test_replies=20, min_replies=1))


def test_small_language_has_min_replies_scored(snapshot, tmp_path):
    train, test = snapshot.records("train"), [answered_ticket(i) for i in range(600)]
    test = [replace(one, language="zh" if i % 10 == 0 else "en") for i, one in enumerate(test)]
    few = make_snapshot(tmp_path / "few", train, test=test)
    chosen = [
        record.language for record in scored_records(few, None, GateSettings(max_test_replies=150, min_replies=50))
    ]
    assert (len(chosen), chosen.count("zh") >= 50) == (150, True)
    assert len(scored_records(few, None, GateSettings(max_test_replies=80, min_replies=50))) == 100
    seen = frozenset(record.ticket_id for record in test[:500])
    fair = scored_records(few, None, GateSettings(max_test_replies=90, min_replies=1), seen)
    assert {record.ticket_id for record in fair}.isdisjoint(seen), "the champion can be compared with on these"


def test_check_has_no_number_in_a_language_that_it_does_not_support(snapshot, tmp_path):
    german = [replace(one, language="de") for one in snapshot.records("test")]
    other = make_snapshot(tmp_path / "de", snapshot.records("train"), test=german)
    values = evaluated(other, tuned=agents, base=nonsense, nearest=nonsense).measured.values
    assert ("unknown_promise", "language=de") not in values
    assert values["invented_fact", "language=de"].count == 60


def test_faults_are_compared_on_the_same_tickets(snapshot):
    def vague(record):
        return record.output.replace("<ORDER_ID_1>", "yours")

    compared = evaluated(snapshot, tuned=agents, base=vague, nearest=agents).measured.comparisons
    base, nearest = (compared["any_fault", "language=en", other] for other in ("base", "nearest"))
    assert base.difference == -1.0
    assert base.p_value < 0.001
    assert (nearest.difference, nearest.p_value) == (0.0, 1.0)


class TakesOutNumbers:
    def scrub(self, groups):
        return [SimpleNamespace(texts=[re.sub(r"\d{5,}", "<PHONE_NUMBER_1>", text) for text in one]) for one in groups]


def test_invented_personal_data_is_scrubbed_from_the_examples(snapshot):
    def telling(record):
        return f"{record.output} Call 0171234567."

    scored = evaluated(snapshot, tuned=agents, base=telling, nearest=agents)
    shown = without_personal_data(scored.examples, TakesOutNumbers())
    assert all(one.replies["base"].endswith("Call <PHONE_NUMBER_1>.") for one in shown)
    assert [one.replies["tuned"] for one in shown] == [one.reference for one in shown]


def test_stored_verdict_contains_no_ticket_text(snapshot):
    scored = evaluated(snapshot, tuned=agents, base=nonsense, nearest=nonsense)
    kept = repr(scored.stored_metrics)
    assert "kettle" not in kept
    assert np.isfinite(scored.measured.values["chrf", "language=en"].value)


def test_numbers_include_the_size_of_the_training_reply_sample(snapshot, monkeypatch):
    monkeypatch.setattr("models.evaluation.training_replies.MAX_REPLIES", 30)
    numbers = evaluated(snapshot, tuned=agents, base=nonsense, nearest=nonsense).stored_metrics
    assert (numbers["training_replies"], numbers["training_replies_of"]) == (30, 40)
