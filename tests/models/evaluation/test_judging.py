"""The systems that a candidate is compared with; other tests cover the scores."""

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
    """A champion and a candidate; the test sets the prompt version of the champion."""
    monkeypatch.setattr(judging, "training_ticket_ids", lambda context, model: frozenset({"t1"}))
    snapshot_id = add_snapshot(database)

    def make(prompts, weights=None):
        own = with_base_model(settings)
        weights = weights or weights_hash(own.generator.base_model)
        with workspace(own) as artefact:
            artefact.mkdir()
            save_manifest(artefact, {"languages": ["en"], "prompt_version": prompts, "base_weights": weights})
            champion = register(database, "generator", snapshot_id, artefact, {}, own)
        promote(database, [judged(database, champion, PASSED)], "the gate", overrule=False)
        return champion, candidate(database, settings, snapshot_id, kind="generator", content="new")

    return make


def test_candidate_is_compared_with_the_champion_at_the_start_of_judging(context, generators):
    champion, new = generators(PROMPT_VERSION)
    comparison = compare_with_champion(context, new)
    assert (comparison.version, comparison.champion.version, comparison.training_ticket_ids) == (
        champion.version,
        champion.version,
        {"t1"},
    )
    assert compare_with_champion(context, champion) == ChampionComparison(
        champion.version, absent=frozenset({"champion"})
    )


@pytest.mark.parametrize("other", [("0",), (PROMPT_VERSION, "other weights")])
def test_a_champion_that_can_no_longer_be_served_does_not_stop_the_judging(context, generators, other):
    champion, new = generators(*other)
    assert compare_with_champion(context, new) == ChampionComparison(champion.version), (
        "missing, not absent: the rules against it fail"
    )


def test_before_the_first_promotion_there_is_no_champion_to_compare_with(context, database, settings):
    model = candidate(database, settings, add_snapshot(database))
    assert compare_with_champion(context, model) == ChampionComparison(None, absent=frozenset({"champion"}))
