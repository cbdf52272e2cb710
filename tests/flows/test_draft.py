"""The `draft` flow with a real Prefect server and fake models."""

import pytest
from prefect import flow

from flows.draft import draft_new_tickets
from models.context import Context
from models.registry.versions import rollback
from tests.models.engine.test_champions import FakeLoaders
from tests.registered import add_snapshot, promoted
from tests.seed import add_clean, rows
from ticketing.settings import DraftSettings


@pytest.fixture
def loaders(monkeypatch):
    loaders = FakeLoaders()
    monkeypatch.setattr("models.engine.champions.TrainedClassifier", loaders)
    monkeypatch.setattr("models.engine.champions.serve_generator", loaders.serve)
    return loaders


def test_rollback_takes_effect_on_the_next_chunk_of_a_running_draft_flow(prefect, database, settings, loaders):
    snapshot_id = add_snapshot(database)
    first, second = (promoted(database, settings, snapshot_id, content=str(i)) for i in range(2))
    with database.begin() as conn:
        add_clean(conn, "T1", "T2", "T3")

    def roll_back_once():
        loaders.on_predict = lambda: None
        rollback(database, "classifier", "ann", settings)

    loaders.on_predict = roll_back_once

    @flow(name="drafting", persist_result=False)
    def drafting():
        with Context(settings.model_copy(update={"draft": DraftSettings(chunk_size=1)})) as context:
            context.database, context.scrubber = database, None
            return draft_new_tickets(context)

    outcome = drafting()

    assert (outcome.claimed, outcome.to_human) == (3, 3)
    routed = rows(database, "SELECT classifier_version FROM ticketing.routing ORDER BY routed_at")
    assert [row["classifier_version"] for row in routed] == [second.version, first.version, first.version]
