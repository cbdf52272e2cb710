import shutil
import threading

import psycopg
import pytest

from models.evaluation.verdicts import record_verdict
from models.generator import manifest as generator_manifest
from models.registry import artefacts
from models.registry.lineage import history
from models.registry.registering import register_kept, workspace
from models.registry.versions import (
    champion,
    champion_versions,
    find,
    latest_candidate,
    promote,
    promote_by_hand,
    rollback,
)
from tests.registered import FAILED, PASSED, add_snapshot, candidate, judged, promoted
from ticketing.database import Role
from ticketing.errors import DatabaseError, GateFailed, ModelError, NoChampion


@pytest.fixture
def snapshot_id(database):
    return add_snapshot(database)


def test_registered_model_is_a_candidate_with_settings_and_library_versions(database, settings, snapshot_id):
    model = candidate(database, settings, snapshot_id)

    assert latest_candidate(database, "classifier", settings) == model
    assert model.state == "candidate"
    assert (model.path / "model.safetensors").read_text() == "weights"
    assert model.parameters["settings"]["seed"] == settings.classifier.seed
    assert model.parameters["gate"]["confidence"] == settings.gate.confidence
    assert "transformers" in model.parameters["libraries"]


def test_failed_training_leaves_no_folder(settings):
    with pytest.raises(RuntimeError), workspace(settings) as artefact:
        artefact.mkdir()
        raise RuntimeError
    assert list((settings.home / "models").iterdir()) == []


def test_kept_artefact_is_registered_only_with_the_kind_snapshot_and_settings_of_its_training(
    database, settings, snapshot_id
):
    with pytest.raises(DatabaseError, match="is kept in .*unregistered/classifier-"):
        candidate(database, settings, "unknown-snapshot")
    another_seed = settings.classifier.model_copy(update={"seed": 7})
    for kind, snapshot, other_settings in (
        ("generator", "unknown-snapshot", settings),
        ("classifier", snapshot_id, settings),
        ("classifier", "unknown-snapshot", settings.model_copy(update={"classifier": another_seed})),
    ):
        assert register_kept(database, kind, snapshot, other_settings) is None
    with database.begin() as conn:
        conn.execute(
            "INSERT INTO ticketing.snapshot (snapshot_id, path, manifest) VALUES ('unknown-snapshot', 'p', '{}')"
        )

    model = register_kept(database, "classifier", "unknown-snapshot", settings)

    assert (model.path / "model.safetensors").read_text() == "weights"
    assert register_kept(database, "classifier", "unknown-snapshot", settings) is None


def test_damaged_kept_artefact_is_not_registered(database, settings):
    with pytest.raises(DatabaseError):
        candidate(database, settings, "unknown-snapshot")
    (weights,) = settings.home.glob("models/unregistered/*/artefact/model.safetensors")
    weights.write_text("other weights")
    assert register_kept(database, "classifier", "unknown-snapshot", settings) is None


def test_artefact_that_a_killed_run_had_already_moved_to_its_folder_is_registered(database, settings, snapshot_id):
    with pytest.raises(DatabaseError):
        candidate(database, settings, "unknown-snapshot")
    (kept,) = settings.home.glob("models/unregistered/*")
    digest = artefacts.artefact_hash(kept / "artefact")
    folder = artefacts.folder_of(digest, settings)
    folder.parent.mkdir()
    (kept / "artefact").rename(folder)
    with database.begin() as conn:
        conn.execute(
            "INSERT INTO ticketing.snapshot (snapshot_id, path, manifest) VALUES ('unknown-snapshot', 'p', '{}')"
        )

    assert register_kept(database, "classifier", "unknown-snapshot", settings).artefact_hash == digest
    assert not kept.exists()


def test_candidate_without_a_promotion_is_not_the_champion(database, settings, snapshot_id):
    candidate(database, settings, snapshot_id)
    with pytest.raises(NoChampion, match="ticketing evaluate"):
        champion(database, "classifier", settings)


def test_promoted_model_replaces_the_champion(database, settings, snapshot_id):
    first, second = (candidate(database, settings, snapshot_id) for _ in range(2))
    for model in (first, second):
        promote(database, [judged(database, model, PASSED)], "the gate", overrule=False)

    assert champion(database, "classifier", settings).version == second.version
    assert find(database, first.version, settings).state == "retired"


def test_no_model_is_promoted_if_one_of_several_promotions_fails(database, settings, snapshot_id):
    passed = candidate(database, settings, snapshot_id)
    failed = candidate(database, settings, snapshot_id, kind="generator")
    promotions = [judged(database, passed, PASSED), judged(database, failed, FAILED)]

    with pytest.raises(DatabaseError):
        promote(database, promotions, "the gate", overrule=False)
    with pytest.raises(NoChampion):
        champion(database, "classifier", settings)


def test_history_records_that_a_person_overruled_the_gate(database, settings, snapshot_id):
    model = candidate(database, settings, snapshot_id)
    promote(database, [judged(database, model, FAILED)], "ann", overrule=True)

    assert champion(database, "classifier", settings).version == model.version
    with database.begin() as conn:
        assert conn.execute("SELECT overruled, promoted_by FROM ticketing.promotion").fetchall() == [
            {"overruled": True, "promoted_by": "ann"}
        ]


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_changed_or_missing_artefact_raises_a_model_error(database, settings, snapshot_id, damage):
    model = candidate(database, settings, snapshot_id)
    file = model.path / "model.safetensors"
    if damage == "changed":
        file.write_text("other weights")
    else:
        file.unlink()
        model.path.rmdir()

    with pytest.raises(ModelError, match="damaged" if damage == "changed" else "gone"):
        find(database, model.version, settings)


def test_unknown_version_raises_a_model_error(database, settings):
    with pytest.raises(ModelError, match="no model 'x'"):
        find(database, "x", settings)


@pytest.fixture
def champions(database, settings, snapshot_id):
    """Three classifiers that were champion in turn, the oldest first."""
    return [promoted(database, settings, snapshot_id, content=f"weights {i}") for i in range(3)]


def champion_version(database):
    return champion_versions(database)["classifier"]


def test_two_rollbacks_restore_the_first_of_three_champions_and_a_third_is_refused(database, settings, champions):
    first, second, third = champions

    assert rollback(database, "classifier", "ann", settings).version == second.version
    assert champion(database, "classifier", settings).version == second.version
    assert find(database, third.version, settings).state == "retired"

    assert rollback(database, "classifier", "ann", settings).version == first.version
    with pytest.raises(ModelError, match=f"No classifier was champion before {first.version}.*the champion stays"):
        rollback(database, "classifier", "ann", settings)
    assert champion_version(database) == first.version


def test_rollback_of_a_promotion_after_a_rollback_restores_the_champion_that_it_replaced(
    database, settings, snapshot_id, champions
):
    first, second, _ = champions
    rollback(database, "classifier", "ann", settings)
    promoted(database, settings, snapshot_id, content="a later training")

    assert rollback(database, "classifier", "ann", settings).version == second.version
    assert rollback(database, "classifier", "ann", settings).version == first.version


def test_rollback_can_restore_a_named_champion_and_later_a_newer_one(database, settings, champions):
    first, _, third = champions

    assert rollback(database, "classifier", "ann", settings, to=first.version).version == first.version
    assert rollback(database, "classifier", "ann", settings, to=third.version).version == third.version
    assert rollback(database, "classifier", "ann", settings).version == first.version


def test_champion_promoted_twice_is_undone_by_one_rollback(database, settings, champions):
    _, second, third = champions
    promote(database, [judged(database, third, PASSED)], "the gate", overrule=False)
    assert rollback(database, "classifier", "ann", settings).version == second.version


def test_rollback_to_a_version_that_is_not_an_earlier_champion_is_refused(database, settings, snapshot_id, champions):
    new = candidate(database, settings, snapshot_id)
    other_kind = candidate(database, settings, snapshot_id, kind="generator")
    for version, message in (
        (new.version, "never was champion"),
        (other_kind.version, "no classifier generator-"),
        ("x", "There is no model .x."),
        (champions[2].version, "is the champion already"),
    ):
        with pytest.raises(ModelError, match=message):
            rollback(database, "classifier", "ann", settings, to=version)
    with pytest.raises(ModelError, match="No generator has been promoted yet"):
        rollback(database, "generator", "ann", settings)
    assert champion_version(database) == champions[2].version
    assert len(history(database)) == 3


@pytest.mark.parametrize("damage", ["damaged", "gone"])
def test_rollback_to_an_unusable_artefact_is_refused_and_changes_nothing(database, settings, champions, damage):
    second = champions[1]
    if damage == "gone":
        shutil.rmtree(second.path)
    else:
        (second.path / "model.safetensors").write_text("other")

    with pytest.raises(ModelError, match=f"{second.version} can't be used.* is {damage}"):
        rollback(database, "classifier", "ann", settings)

    assert champion_version(database) == champions[2].version
    assert len(history(database)) == 3


def test_rollback_of_one_kind_does_not_change_the_other_kind(database, settings, snapshot_id, champions):
    generator = promoted(database, settings, snapshot_id, kind="generator")
    rollback(database, "classifier", "ann", settings)
    assert champion_versions(database) == {"classifier": champions[1].version, "generator": generator.version}


def test_history_records_the_person_the_action_the_reason_and_the_verdict(database, settings, snapshot_id):
    first = promoted(database, settings, snapshot_id, content="1")
    second = candidate(database, settings, snapshot_id, content="2")
    record_verdict(database, second, FAILED, {}, {})
    promote_by_hand(database, second.version, "ann", True, "the new range is worth it", settings)
    rollback(database, "classifier", "bob", settings, reason="complaints")

    promotion, overruled, back = history(database)

    assert (promotion["action"], promotion["by_whom"], promotion["overruled"]) == ("promoted", "the gate", False)
    assert (overruled["version"], overruled["replaced"]) == (second.version, first.version)
    assert (overruled["by_whom"], overruled["overruled"]) == ("ann", True)
    assert (overruled["verdict_passed"], overruled["failed_rules"]) == (False, ["accuracy"])
    assert overruled["reason"] == "the new range is worth it"
    assert (back["action"], back["version"], back["replaced"]) == ("rolled back", first.version, second.version)
    assert (back["by_whom"], back["reason"], back["verdict_passed"]) == ("bob", "complaints", True)
    assert [row["version"] for row in history(database, first.version)] == [
        first.version,
        second.version,
        first.version,
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ticketing.promotion SET promoted_by = 'nobody'",
        "UPDATE ticketing.promotion SET reason = 'none'",
        "DELETE FROM ticketing.promotion WHERE action = 'rolled back'",
        "TRUNCATE ticketing.promotion",
    ],
)
def test_not_even_the_owner_of_the_table_can_change_the_history(database, settings, champions, statement):
    rollback(database, "classifier", "ann", settings)
    history_before = history(database)
    with pytest.raises(DatabaseError), database.begin(role=None) as conn:
        conn.execute(statement)
    assert history(database) == history_before


def test_readonly_role_can_read_the_history_but_not_promote_prune_or_roll_back(database, settings, champions):
    with database.begin(Role.READONLY) as conn:
        assert len(conn.execute("SELECT * FROM ticketing.model_history").fetchall()) == 3
    for statement in (
        "SELECT ticketing.rollback_v1('classifier', NULL, 'me', NULL)",
        "SELECT ticketing.prune_model_v1('m', 'me')",
        "SELECT ticketing.promote_v2('m', 1, 'me', true, NULL)",
    ):
        with psycopg.connect(database.libpq_uri()) as conn:
            conn.execute("SET ROLE ticketing_readonly")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement)


def test_first_version_of_the_promote_function_still_works(database, settings, snapshot_id, champions):
    """A process that was started before the migration calls the old function."""
    model = candidate(database, settings, snapshot_id)
    with database.begin() as conn:
        conn.execute(
            "SELECT ticketing.promote_v1(%(version)s, %(verdict_id)s, 'the gate', false)",
            judged(database, model, PASSED)._asdict(),
        )
    assert champion_version(database) == model.version
    assert history(database)[-1]["action"] == "promoted"


def test_two_concurrent_rollbacks_go_back_two_champions(database, settings, champions):
    rollbacks = [threading.Thread(target=rollback, args=(database, "classifier", "ann", settings)) for _ in range(2)]
    for thread in rollbacks:
        thread.start()
    for thread in rollbacks:
        thread.join()
    assert champion_version(database) == champions[0].version


def test_promotion_by_hand_requires_that_the_last_verdict_passed(database, settings, snapshot_id):
    model = candidate(database, settings, snapshot_id)
    with pytest.raises(ModelError, match="never evaluated: run .ticketing evaluate --classifier classifier-1."):
        promote_by_hand(database, model.version, "ann", True, None, settings)
    record_verdict(database, model, PASSED, {}, {})
    record_verdict(database, model, FAILED, {}, {})
    with pytest.raises(GateFailed, match="--overrule"):
        promote_by_hand(database, model.version, "ann", False, None, settings)
    with pytest.raises(NoChampion):
        champion(database, "classifier", settings)


def test_promotion_by_hand_is_refused_if_the_champion_changed_since_the_verdict(database, settings, snapshot_id):
    first, waiting, second = (candidate(database, settings, snapshot_id, content=str(i)) for i in range(3))
    promote(database, [judged(database, first, PASSED)], "the gate", overrule=False)
    record_verdict(database, waiting, PASSED, {"champion": first.version}, {})
    promote(database, [judged(database, second, PASSED)], "the gate", overrule=False)
    with pytest.raises(ModelError, match=f"compared with {first.version}, but now {second.version} is champion"):
        promote_by_hand(database, waiting.version, "ann", False, None, settings)
    assert champion_version(database) == second.version
    promote_by_hand(database, waiting.version, "ann", True, "it reads better", settings)
    assert champion_version(database) == waiting.version


def test_rollback_to_a_generator_with_another_prompt_version_is_refused(database, settings, snapshot_id, monkeypatch):
    old = promoted(database, settings, snapshot_id, kind="generator", content="old")
    monkeypatch.setattr(generator_manifest, "PROMPT_VERSION", "2")
    new = promoted(database, settings, snapshot_id, kind="generator", content="new")
    for restore_old in (
        lambda: rollback(database, "generator", "ann", settings),
        lambda: promote_by_hand(database, old.version, "ann", True, None, settings),
    ):
        with pytest.raises(ModelError, match="prompts of version 1, and this code writes version 2"):
            restore_old()
    assert champion_versions(database)["generator"] == new.version
