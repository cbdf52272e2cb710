"""What the `evaluate` flow does with verdicts: promotes, asks a person first, refuses; judging itself is a fake."""

from types import SimpleNamespace

import pytest

from flows import evaluate as module
from flows.approval import Approval
from flows.evaluate import Beside, Judged, champion_beside, evaluate
from models.registry.versions import champion_versions, promote, record_verdict, register, workspace
from models.shared.base import weights_hash
from models.shared.manifest import save_manifest
from reports.page import Section
from tests.registered import FAILED, PASSED, add_snapshot, candidate, judged, promoted, with_base_model
from tests.seed import rows
from ticketing.errors import GateFailed, InputError, ModelError
from ticketing.settings import get_settings
from ticketing.stages.prompts import PROMPT_VERSION

NOTHING = Section("nothing")


@pytest.fixture
def judging(prefect, database, settings, flow_settings, monkeypatch):
    """The newest candidate gets the verdict that a test chooses."""
    chosen = {"verdict": PASSED}

    def judge_classifier(version):
        model = module.registry.find(database, version, settings)
        champion = champion_versions(database).get("classifier")
        verdict = chosen["verdict"]
        number = record_verdict(database, model, verdict, {}, {})
        return Judged(version, verdict, number, "It routes.", NOTHING, [], NOTHING, champion)

    monkeypatch.setattr(module, "judge_classifier", judge_classifier)
    return chosen


@pytest.fixture
def asked(monkeypatch, flow_settings):
    """The settings want a person, who says yes; a test may do something meanwhile."""
    flow_settings.setenv("TICKETING_GATE__HUMAN_APPROVAL", "true")
    get_settings.cache_clear()
    log = {"sentences": [], "meanwhile": lambda: None}

    def ask(sentence, settings):
        log["sentences"].append(sentence)
        log["meanwhile"]()
        return Approval("ann", "looks good")

    monkeypatch.setattr(module.approval, "ask_a_person", ask)
    return log


def history(database):
    return [
        (row["version"], row["promoted_by"], row["overruled"], row["reason"])
        for row in rows(database, "SELECT * FROM ticketing.promotion ORDER BY promotion_id")
    ]


def test_what_passes_is_promoted_by_the_gate(judging, database, settings):
    model = candidate(database, settings, add_snapshot(database))
    assert evaluate().promoted == (model.version,)
    assert history(database) == [(model.version, "the gate", False, None)]


def test_where_a_person_is_wanted_nothing_is_promoted_before_the_yes(judging, asked, database, settings):
    model = candidate(database, settings, add_snapshot(database))
    asked["meanwhile"] = lambda: asked.update(before=dict(champion_versions(database)))
    evaluate()
    assert asked["before"] == {}
    assert model.version in asked["sentences"][0]
    assert history(database) == [(model.version, "ann", False, "looks good")]


def test_a_served_run_hands_over_and_promotes_nothing_itself(judging, asked, database, settings, monkeypatch):
    handed = []
    monkeypatch.setattr(module.approval, "is_served", lambda: True)
    monkeypatch.setattr(module.approval, "hand_over", lambda *what: handed.append(what) or "brave-owl")
    model = candidate(database, settings, add_snapshot(database))
    outcome = evaluate()
    assert outcome.promoted == ()
    assert f"{model.version} passed and waits for a person (run brave-owl)" in outcome.sentence
    [([proposal], sentence)] = handed
    assert (proposal.version, proposal.replacing) == (model.version, None)
    assert model.version in sentence
    assert (asked["sentences"], champion_versions(database)) == ([], {})


def test_a_champion_that_changed_while_the_person_thought_stays(judging, asked, database, settings):
    snapshot_id = add_snapshot(database)
    promoted(database, settings, snapshot_id, content="old")
    model = candidate(database, settings, snapshot_id, content="new")
    others = []
    asked["meanwhile"] = lambda: others.append(promoted(database, settings, snapshot_id, content="other"))
    with pytest.raises(ModelError, match=f"{model.version} was judged beside .* nothing was promoted"):
        evaluate(model.version)
    assert champion_versions(database) == {"classifier": others[0].version}


def test_what_fails_is_not_asked_about_and_the_champion_stays(judging, asked, database, settings):
    judging["verdict"] = FAILED
    candidate(database, settings, add_snapshot(database))
    with pytest.raises(GateFailed, match="The champion stays"):
        evaluate()
    assert asked["sentences"] == []
    assert champion_versions(database) == {}


def test_the_gate_does_not_overrule_itself(judging, database, settings):
    judging["verdict"] = FAILED
    model = candidate(database, settings, add_snapshot(database))
    with pytest.raises(InputError, match="say in 'by' who does"):
        evaluate(overrule=True)
    assert evaluate(overrule=True, by="ann").overruled == (model.version,)
    assert history(database) == [(model.version, "ann", True, None)]


@pytest.fixture
def generators(database, settings, flow_settings, monkeypatch):
    """A champion, and a candidate; the test says with which prompts the champion was trained."""
    monkeypatch.setattr(module, "get_run_logger", lambda: SimpleNamespace(warning=lambda *_: None))
    monkeypatch.setattr(module, "seen_by", lambda model: frozenset({"t1"}))
    snapshot_id = add_snapshot(database)

    def make(prompts, weights=None):
        own = with_base_model(settings)
        weights = weights or weights_hash(own.generator.base_model)
        with workspace(settings) as artefact:
            artefact.mkdir()
            save_manifest(artefact, {"languages": ["en"], "prompt_version": prompts, "base_weights": weights})
            champion = register(database, "generator", snapshot_id, artefact, {}, own)
        promote(database, [judged(database, champion, PASSED)], "the gate", overrule=False)
        return champion, candidate(database, settings, snapshot_id, kind="generator", content="new")

    return make


def test_what_is_compared_with_is_the_champion_of_when_judging_began(generators):
    champion, new = generators(PROMPT_VERSION)
    beside = champion_beside(new)
    assert (beside.version, beside.champion.version, beside.seen) == (champion.version, champion.version, {"t1"})
    assert champion_beside(champion) == Beside(champion.version, absent=frozenset({"champion"}))


@pytest.mark.parametrize("other", [("0",), (PROMPT_VERSION, "other weights")])
def test_a_champion_that_can_not_be_served_any_more_does_not_keep_others_from_being_judged(generators, other):
    champion, new = generators(*other)
    assert champion_beside(new) == Beside(champion.version), "missing, not absent: the rules against it fail"


def test_before_the_first_promotion_there_is_nobody_beside(database, settings, flow_settings):
    model = candidate(database, settings, add_snapshot(database))
    assert champion_beside(model) == Beside(None, absent=frozenset({"champion"}))
