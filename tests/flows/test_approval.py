"""A promotion that waits for a person's approval, with a real Prefect server; a client in a thread plays the person."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.client.schemas.objects import StateType

from flows import approval
from flows.approval import Proposal
from models.registry.versions import champion_versions
from tests.registered import PASSED, add_snapshot, candidate, judged, promoted
from tests.seed import rows
from ticketing.errors import GateFailed, ServiceError
from ticketing.settings import GateSettings


@pytest.fixture(autouse=True)
def short_poll_interval(monkeypatch):
    monkeypatch.setattr(approval, "POLL_SECONDS", 0.5)


def asking_flow(settings, name, seconds=60):
    """A flow that asks a person in a subflow, like `retrain`."""
    settings = settings.model_copy(update={"gate": GateSettings(approval_timeout_seconds=seconds)})

    @flow(name="asking", flow_run_name=name, persist_result=False)
    def ask():
        return approval.ask_a_person("classifier-2 passed: accuracy 0.99", settings)

    @flow(name="outer", persist_result=False)
    def outer():
        return ask()

    return outer


def run_named(client, name):
    (run,) = client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[name]))) or [None]
    return run


class Person(threading.Thread):
    """Waits for the run to pause, reads the form, and answers it.

    `asked` is the form's description; `refused` lists the answers that Prefect did not accept.
    """

    def __init__(self, server, name, *answers):
        super().__init__()
        self.server, self.run_name, self.answers = server, name, answers
        self.refused, self.asked = [], None

    def run(self):
        with get_client(sync_client=True) as client:
            assert str(client.api_url).startswith(self.server)
            while (run := run_named(client, self.run_name)) is None or run.state.type != StateType.PAUSED:
                time.sleep(0.2)
            keys = run.state.state_details.run_input_keyset
            while self.asked is None:
                time.sleep(0.2)
                response = client._client.get(f"/flow_runs/{run.id}/input/{keys['description']}")
                self.asked = response.json() if response.status_code == 200 else None
            for answer in self.answers:
                result = client.resume_flow_run(run.id, run_input=answer)
                if result.status.value != "ACCEPT":
                    self.refused.append(answer)


def run_with_answers(server, settings, name, *answers):
    """Runs the asking flow while a person gives these answers. Returns the approval and the person."""
    person = Person(server, name, *answers)
    person.start()
    try:
        return asking_flow(settings, name)(), person
    finally:
        person.join(60)


def test_approval_continues_the_run_with_name_and_reason(prefect, settings):
    approved, person = run_with_answers(
        prefect, settings, "yes", {"approve": True, "name": " ann ", "reason": "looks good"}
    )
    assert approved == ("ann", "looks good")
    assert "classifier-2 passed: accuracy 0.99" in person.asked


def test_refusal_fails_the_run_and_names_the_person(prefect, settings):
    with pytest.raises(GateFailed, match="ann refused the promotion: too few tickets. The champion stays"):
        run_with_answers(prefect, settings, "no", {"approve": False, "name": "ann", "reason": "too few tickets"})
    with get_client(sync_client=True) as client:
        assert run_named(client, "no").state.type == StateType.FAILED


def test_answers_without_a_name_are_refused(prefect, settings):
    approved, person = run_with_answers(
        prefect,
        settings,
        "nameless",
        {"approve": True},
        {"approve": True, "name": "  "},
        {"approve": True, "name": "ann"},
    )
    assert approved == ("ann", None)
    assert len(person.refused) == 2


def test_missing_answer_within_the_timeout_is_a_refusal(prefect, settings):
    with pytest.raises(GateFailed, match="Nobody approved the promotion within 2 s.*'ticketing models promote'"):
        asking_flow(settings, "late", seconds=2)()
    with get_client(sync_client=True) as client:
        assert run_named(client, "late").state.type == StateType.FAILED


ROOT = Path(__file__).parents[2]
SERVE = "from prefect import serve; from flows.approval import *; serve(approve.to_deployment(APPROVE), limit=1)"


@pytest.fixture
def served(prefect, flow_settings):
    """A process that serves the flow `approve`, one run at a time, like `serve_deployments`."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE], cwd=ROOT, env={**os.environ, "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
    )
    yield process
    process.terminate()
    process.wait(30)


def wait_for(condition, seconds=240):
    deadline = time.monotonic() + seconds
    while (found := condition()) is None:
        assert time.monotonic() < deadline, f"the condition returned None for {seconds} seconds"
        time.sleep(0.3)
    return found


def hand_over(*proposals):
    """Hands proposals over as soon as a process serves `approve`. Returns the name of the waiting run."""

    def attempt():
        try:
            return approval.hand_over(proposals, "classifier-2 passed: accuracy 0.99")
        except ServiceError as error:
            assert "no process serves the flow 'approve'" in str(error)
            return None

    return wait_for(attempt)


def wait_for_state(client, name, *states):
    def run_in_state():
        run = run_named(client, name)
        return run if run and run.state.name in states else None

    return wait_for(run_in_state)


def test_suspended_run_does_not_block_another_run_and_promotes_when_resumed(served, database, settings):
    snapshot_id = add_snapshot(database)
    old = promoted(database, settings, snapshot_id, content="old")
    new, late = (candidate(database, settings, snapshot_id, content=name) for name in ("new", "late"))
    proposals = [Proposal(**judged(database, model, PASSED)._asdict(), replacing=old.version) for model in (new, late)]
    with get_client(sync_client=True) as client:
        first = wait_for_state(client, hand_over(proposals[0]), "Suspended")
        second = wait_for_state(client, hand_over(proposals[1]), "Suspended")
        assert champion_versions(database) == {"classifier": old.version}

        for run, expected_state in ((first, "Completed"), (second, "Failed")):
            client.resume_flow_run(run.id, run_input={"approve": True, "name": " ann ", "reason": "it reads well"})
            ended = wait_for_state(client, run.name, "Completed", "Failed")
            assert ended.state.name == expected_state
        assert f"{late.version} was compared with {old.version}, but now {new.version}" in ended.state.message
    assert champion_versions(database) == {"classifier": new.version}
    promotions = rows(database, "SELECT promoted_by, reason FROM ticketing.promotion WHERE version <> %s", old.version)
    assert promotions == [{"promoted_by": "ann", "reason": "it reads well"}]


def test_refused_suspended_run_promotes_nothing(served, database, settings):
    model = candidate(database, settings, add_snapshot(database))
    proposal = Proposal(**judged(database, model, PASSED)._asdict(), replacing=None)
    with get_client(sync_client=True) as client:
        run = wait_for_state(client, hand_over(proposal), "Suspended")
        client.resume_flow_run(run.id, run_input={"approve": False, "name": "ann", "reason": "too few tickets"})
        ended = wait_for_state(client, run.name, "Completed", "Failed")
    assert "ann refused the promotion: too few tickets" in ended.state.message
    assert champion_versions(database) == {}
