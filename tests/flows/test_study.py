"""The tasks of the `study` flow, called one after the other, with a fake generator."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from flows import study as study_flow
from models.context import Context
from models.evaluation import study_creation
from models.evaluation.study_creation import StudyRequest
from models.registry.registering import register, workspace
from models.shared.manifest import MANIFEST
from tests.finders import JOHN
from tests.models.small_corpus import answered_ticket, make_snapshot
from tests.seed import rows
from ticketing.errors import ModelError, StudyError
from ticketing.privacy.scrubber import Scrubber
from ticketing.settings import PrivacySettings
from ticketing.stages.prompts import PROMPT_VERSION
from ticketing.stages.protocols import Completion
from ticketing.study import studies


class FakeGenerator:
    """Its replies to tickets about a kettle contain an invented e-mail address, so the guard refuses these replies."""

    def __init__(self, version):
        self.version = version

    def complete(self, conversations, again=False):
        return [
            Completion("Write to jane.doe@example.com", 9, 9, "stop")
            if "kettle" in ticket["content"]
            else Completion(f" {self.version} says: it is about <ORDER_ID_1> ", 9, 9, "stop")
            for _, ticket in conversations
        ]


@pytest.fixture
def versions(database, settings, monkeypatch):
    """The versions of a champion and a candidate, registered for a snapshot with ten test tickets."""
    test = [replace(answered_ticket(n), category="ab"[n % 2]) for n in range(10)]
    snapshot = make_snapshot(settings.home / "5afe", [answered_ticket(n) for n in range(10, 20)], test=test)
    with database.begin(None) as conn:
        conn.execute("INSERT INTO ticketing.snapshot (snapshot_id, path, manifest) VALUES ('5afe', '5afe', '{}')")
    versions = []
    for _ in range(2):
        with workspace(settings) as artefact:
            artefact.mkdir()
            (artefact / MANIFEST).write_text(
                f'{{"languages": ["en"], "base_weights": "1a2b", "prompt_version": "{PROMPT_VERSION}"}}'
            )
            versions.append(register(database, "generator", "5afe", artefact, {}, settings).version)
    with database.begin(None) as conn:
        conn.execute("UPDATE ticketing.model SET state = 'champion' WHERE version = %s", (versions[0],))

    @contextmanager
    def serve(model, settings):
        yield FakeGenerator(model.version)

    monkeypatch.setattr(study_creation, "serve_generator", serve)
    monkeypatch.setattr(study_creation, "find_snapshot", lambda database, settings, snapshot_id: snapshot)
    return versions


@pytest.fixture
def context(database, settings):
    with Context(settings) as context:
        context.database = database
        context.scrubber = Scrubber(PrivacySettings(), JOHN)
        yield context


@pytest.fixture
def draw(context):
    def draw(size=1000, candidate=None, overlap=0.4, raters=2, seed=3):
        return study_flow.draw.fn(context, StudyRequest(size, candidate, overlap, raters, seed, None, "ann"))

    return draw


@pytest.fixture
def run(context, draw):
    def run(candidate=None, size=1000):
        study_id = draw(size, candidate)
        study_flow.find_nearest.fn(context, study_id)
        for system in ["champion"] + (["candidate"] if candidate else []):
            study_flow.generate.fn(context, study_id, system)
        return study_flow.open_study.fn(context, study_id)

    return run


def test_study_contains_only_tickets_with_an_accepted_reply_of_every_system(database, versions, run):
    champion, candidate = versions
    opened = run(candidate)

    # Two of the ten tickets are about a kettle, and the guard refuses the replies to them.
    assert (opened.items, opened.requested, opened.left_out) == (8, 1000, 2)
    assert "2 left out" in opened.sentence and "1,000 were requested" in opened.sentence
    found = rows(database, "SELECT system, body, told_in FROM ticketing.study_reply")
    by_system = {
        name: [row for row in found if row["system"] == name] for name in ("human", "nearest", "champion", "candidate")
    }
    assert {name: len(replies) for name, replies in by_system.items()} == dict.fromkeys(by_system, 8)
    for system, version in (("champion", champion), ("candidate", candidate)):
        assert {row["body"] for row in by_system[system]} == {f"{version} says: it is about <ORDER_ID_1>"}
    assert all("We are sorry" in row["body"] for row in by_system["human"] + by_system["nearest"])
    assert all(row["told_in"][0].startswith("t0001") for row in by_system["nearest"])
    assert studies.find(database, opened.study_id).systems["candidate"] == candidate


def test_study_without_a_candidate_compares_three_systems(database, versions, run):
    assert studies.find(database, run(size=4).study_id).systems.keys() == {"human", "nearest", "champion"}


def test_same_seed_draws_the_same_tickets_and_another_seed_draws_others(database, versions, draw):
    drawn = [studies.tickets(database, draw(5, overlap=0.2, seed=seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_champion_and_classifier_are_refused_as_study_candidate(database, versions, settings, draw):
    with pytest.raises(StudyError, match="is the champion"):
        draw(5, versions[0])
    with workspace(settings) as artefact:
        artefact.mkdir()
        classifier = register(database, "classifier", "5afe", artefact, {}, settings).version
    with pytest.raises(ModelError, match="a study compares generators"):
        draw(5, classifier)
