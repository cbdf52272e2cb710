"""What the `evaluate` flow does after a verdict: it promotes, asks a person first, or refuses. The judge is a fake."""

import pytest

from flows import evaluate as evaluate_module
from flows.approval import Approval
from flows.evaluate import evaluate
from models.evaluation.judging import JudgedCandidate
from models.evaluation.verdicts import record_verdict
from models.registry.versions import champion_versions, find
from reports.round import Report
from tests.registered import FAILED, PASSED, add_snapshot, candidate, promoted
from tests.seed import rows
from ticketing.errors import GateFailed, InputError, ModelError
from ticketing.settings import get_settings


@pytest.fixture
def judging(prefect, database, settings, flow_settings, monkeypatch):
    """A fake judge that gives every version the test's verdict. No report is written."""
    judge_options = {"verdict": PASSED}

    def judge(context, version):
        model = find(database, version, settings)
        champion = champion_versions(database).get("classifier")
        verdict = judge_options["verdict"]
        return JudgedCandidate(model, None, verdict, record_verdict(database, model, verdict, {}, {}), {}, champion)

    monkeypatch.setattr(evaluate_module, "judge_version", judge)
    monkeypatch.setattr(
        evaluate_module, "write_report", lambda judged, settings: Report(settings.home, "nothing", "", [])
    )
    return judge_options


@pytest.fixture
def asked(monkeypatch, flow_settings):
    """The settings require approval, and a fake person approves.

    `sentences` are the questions to the person. A test can set `meanwhile` to act before the approval.
    """
    flow_settings.setenv("TICKETING_GATE__HUMAN_APPROVAL", "true")
    get_settings.cache_clear()
    log = {"sentences": [], "meanwhile": lambda: None}

    def ask(sentence, settings):
        log["sentences"].append(sentence)
        log["meanwhile"]()
        return Approval("ann", "looks good")

    monkeypatch.setattr(evaluate_module.approval, "ask_a_person", ask)
    return log


def history(database):
    return [
        (row["version"], row["promoted_by"], row["overruled"], row["reason"])
        for row in rows(database, "SELECT * FROM ticketing.promotion ORDER BY promotion_id")
    ]


def test_gate_promotes_candidates_that_pass(judging, database, settings):
    model = candidate(database, settings, add_snapshot(database))
    assert evaluate().promoted == (model.version,)
    assert history(database) == [(model.version, "the gate", False, None)]


def test_candidate_is_promoted_only_after_the_approval(judging, asked, database, settings):
    model = candidate(database, settings, add_snapshot(database))
    asked["meanwhile"] = lambda: asked.update(before=dict(champion_versions(database)))
    evaluate()
    assert asked["before"] == {}
    assert model.short_name in asked["sentences"][0]
    assert history(database) == [(model.version, "ann", False, "looks good")]


def test_served_run_hands_the_proposal_over_and_promotes_nothing(judging, asked, database, settings, monkeypatch):
    handed_over = []
    monkeypatch.setattr(evaluate_module.approval, "is_served", lambda: True)
    monkeypatch.setattr(
        evaluate_module.approval, "hand_over", lambda *arguments: handed_over.append(arguments) or "brave-owl"
    )
    model = candidate(database, settings, add_snapshot(database))
    outcome = evaluate()
    assert outcome.promoted == ()
    assert f"{model.short_name} passed and waits for a person (run brave-owl)" in outcome.sentence
    [([proposal], sentence)] = handed_over
    assert (proposal.version, proposal.replacing) == (model.version, None)
    assert model.short_name in sentence
    assert (asked["sentences"], champion_versions(database)) == ([], {})


def test_candidate_is_not_promoted_when_the_champion_changed_before_the_approval(judging, asked, database, settings):
    snapshot_id = add_snapshot(database)
    promoted(database, settings, snapshot_id, content="old")
    model = candidate(database, settings, snapshot_id, content="new")
    new_champions = []
    asked["meanwhile"] = lambda: new_champions.append(promoted(database, settings, snapshot_id, content="other"))
    with pytest.raises(ModelError, match=f"{model.version} was compared with .* nothing was promoted"):
        evaluate(model.version)
    assert champion_versions(database) == {"classifier": new_champions[0].version}


def test_failed_candidate_is_not_proposed_and_the_champion_stays(judging, asked, database, settings):
    judging["verdict"] = FAILED
    candidate(database, settings, add_snapshot(database))
    with pytest.raises(GateFailed, match="The champion stays"):
        evaluate()
    assert asked["sentences"] == []
    assert champion_versions(database) == {}


def test_overruling_the_gate_requires_the_name_of_a_person(judging, database, settings):
    judging["verdict"] = FAILED
    model = candidate(database, settings, add_snapshot(database))
    with pytest.raises(InputError, match="name in 'by'"):
        evaluate(overrule=True)
    assert evaluate(overrule=True, by="ann").overruled == (model.version,)
    assert history(database) == [(model.version, "ann", True, None)]
