"""Which champion a candidate is compared with. Other tests cover the scores."""

import pytest

from models.context import Context
from models.evaluation import judging
from models.evaluation.judging import ChampionComparison, compare_with_champion
from models.registry.registering import register, workspace
from models.registry.versions import promote
from models.shared.base import weights_hash
from models.shared.manifest import save_manifest
from tests.registered import PASSED, add_snapshot, candidate, judged, with_base_model
from ticketing.stages.prompts import PROMPT_VERSION


@pytest.fixture
def context(database, settings):
    with Context(settings) as context:
        context.database = database
        yield context


@pytest.fixture
def generators(database, settings, monkeypatch):
    """Makes a champion and a candidate. The test sets the champion's prompt version and the hash of its base model."""
    monkeypatch.setattr(judging, "training_ticket_ids", lambda context, model: frozenset({"t1"}))
    snapshot_id = add_snapshot(database)

    def make(prompt_version, base_weights=None):
        with_base = with_base_model(settings)
        base_weights = base_weights or weights_hash(with_base.generator.base_model)
        with workspace(with_base) as artefact:
            artefact.mkdir()
            save_manifest(
                artefact, {"languages": ["en"], "prompt_version": prompt_version, "base_weights": base_weights}
            )
            champion = register(database, "generator", snapshot_id, artefact, {}, with_base)
        promote(database, [judged(database, champion, PASSED)], "the gate", overrule=False)
        return champion, candidate(database, settings, snapshot_id, kind="generator", content="new")

    return make


def test_candidate_is_compared_with_the_champion_but_the_champion_not_with_itself(context, generators):
    champion, new = generators(PROMPT_VERSION)
    comparison = compare_with_champion(context, new)
    assert (comparison.version, comparison.champion.version, comparison.training_ticket_ids) == (
        champion.version,
        champion.version,
        {"t1"},
    )
    assert compare_with_champion(context, champion) == ChampionComparison(
        champion.version, missing_systems=frozenset({"champion"})
    )


@pytest.mark.parametrize("champion_manifest", [("0",), (PROMPT_VERSION, "other weights")])
def test_champion_that_can_no_longer_be_served_is_not_compared_and_not_absent(context, generators, champion_manifest):
    """Because the champion is not absent, the rules against the champion fail and are not skipped."""
    champion, new = generators(*champion_manifest)
    assert compare_with_champion(context, new) == ChampionComparison(champion.version)


def test_champion_is_absent_before_the_first_promotion(context, database, settings):
    model = candidate(database, settings, add_snapshot(database))
    assert compare_with_champion(context, model) == ChampionComparison(None, missing_systems=frozenset({"champion"}))
