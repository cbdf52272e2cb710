import pytest

from models.gate import judge
from models.measurements import Measurements, share
from models.registry import (
    Promotion,
    champion,
    find,
    latest_candidate,
    promote,
    record_verdict,
    register,
    workspace,
)
from ticketing.errors import DatabaseError, ModelError, NoChampion
from ticketing.settings import GateRule

RULES = [GateRule(kind="classifier", metric="accuracy", value=0.98)]
PASSED = judge(RULES, Measurements({("accuracy", "all"): share(990, 1000)}))
FAILED = judge(RULES, Measurements({("accuracy", "all"): share(900, 1000)}))


@pytest.fixture
def snapshot_id(database):
    with database.begin() as conn:
        conn.execute("INSERT INTO ticketing.snapshot (snapshot_id, path, manifest) VALUES ('0123456789', 'p', '{}')")
    return "0123456789"


def candidate(database, settings, snapshot_id, kind="classifier", content="weights"):
    with workspace(settings) as artefact:
        artefact.mkdir()
        (artefact / "model.safetensors").write_text(content)
        return register(database, kind, snapshot_id, artefact, {"validation_accuracy": 0.9}, settings)


def judged(database, model, verdict):
    return Promotion(model.version, record_verdict(database, model, verdict, {}, {}))


def test_a_registered_model_is_a_candidate_with_all_that_is_needed_to_train_it_again(database, settings, snapshot_id):
    model = candidate(database, settings, snapshot_id)

    assert latest_candidate(database, "classifier", settings) == model
    assert model.state == "candidate"
    assert (model.path / "model.safetensors").read_text() == "weights"
    assert model.parameters["settings"]["seed"] == settings.classifier.seed
    assert model.parameters["gate"]["confidence"] == settings.gate.confidence
    assert "transformers" in model.parameters["libraries"]


def test_a_failed_training_leaves_no_folder(settings):
    with pytest.raises(RuntimeError), workspace(settings) as artefact:
        artefact.mkdir()
        raise RuntimeError
    assert list((settings.home / "models").iterdir()) == []


def test_without_a_promotion_there_is_no_champion(database, settings, snapshot_id):
    candidate(database, settings, snapshot_id)
    with pytest.raises(NoChampion, match="ticketing evaluate"):
        champion(database, "classifier", settings)


def test_a_promoted_model_replaces_the_champion(database, settings, snapshot_id):
    first, second = (candidate(database, settings, snapshot_id) for _ in range(2))
    for model in (first, second):
        promote(database, [judged(database, model, PASSED)], "the gate", overrule=False)

    assert champion(database, "classifier", settings).version == second.version
    assert find(database, first.version, settings).state == "retired"


def test_promotions_happen_all_or_none(database, settings, snapshot_id):
    good = candidate(database, settings, snapshot_id)
    bad = candidate(database, settings, snapshot_id, kind="generator")
    both = [judged(database, good, PASSED), judged(database, bad, FAILED)]

    with pytest.raises(DatabaseError):
        promote(database, both, "the gate", overrule=False)
    with pytest.raises(NoChampion):
        champion(database, "classifier", settings)


def test_a_person_overrules_the_gate_and_it_is_remembered(database, settings, snapshot_id):
    model = candidate(database, settings, snapshot_id)
    promote(database, [judged(database, model, FAILED)], "ann", overrule=True)

    assert champion(database, "classifier", settings).version == model.version
    with database.begin() as conn:
        assert conn.execute("SELECT overruled, promoted_by FROM ticketing.promotion").fetchall() == [
            {"overruled": True, "promoted_by": "ann"}
        ]


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_damaged_artefact_is_not_served(database, settings, snapshot_id, damage):
    model = candidate(database, settings, snapshot_id)
    file = model.path / "model.safetensors"
    if damage == "changed":
        file.write_text("other weights")
    else:
        file.unlink()
        model.path.rmdir()

    with pytest.raises(ModelError, match="damaged" if damage == "changed" else "gone"):
        find(database, model.version, settings)


def test_an_unknown_version_is_told(database, settings):
    with pytest.raises(ModelError, match="no model 'x'"):
        find(database, "x", settings)
