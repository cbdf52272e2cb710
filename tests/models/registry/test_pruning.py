import fsspec
import pytest

from models.registry import artefacts, pruning
from models.registry.lineage import history, lineage
from models.registry.versions import find, promote, rollback
from tests.registered import PASSED, add_snapshot, candidate, judged, promoted
from ticketing.errors import DatabaseError, ModelError, OutputError
from ticketing.settings import RegistrySettings

SIZE = len("weights 0")


@pytest.fixture
def snapshot_id(database):
    return add_snapshot(database)


@pytest.fixture
def champions(database, settings, snapshot_id):
    """Five classifiers that were champion in turn, the oldest first."""
    return [promoted(database, settings, snapshot_id, content=f"weights {i}") for i in range(5)]


def prune(database, settings, keep):
    planned = pruning.plan(database, keep, settings)
    freed = pruning.prune(database, planned.versions, "ann", settings)
    assert freed == planned.bytes
    return planned


def test_pruning_keeps_the_last_champions(database, settings, champions):
    assert prune(database, settings, keep=3) == (tuple(model.version for model in champions[:2]), 2 * SIZE)
    assert [model.path.exists() for model in champions] == [False, False, True, True, True]
    assert pruning.plan(database, 3, settings) == ((), 0)


def test_rollback_target_is_never_pruned(database, settings, champions):
    rollback(database, "classifier", "ann", settings, to=champions[2].version)

    planned = prune(database, settings, keep=1)

    assert set(planned.versions) == {champions[i].version for i in (0, 3, 4)}
    assert rollback(database, "classifier", "ann", settings).version == champions[1].version


def test_only_candidates_older_than_the_champion_are_pruned(database, settings, snapshot_id):
    old = candidate(database, settings, snapshot_id, content="old")
    planned_without_champion = pruning.plan(database, 1, settings)
    champion = promoted(database, settings, snapshot_id, content="champion")
    new = candidate(database, settings, snapshot_id, content="new")

    assert planned_without_champion == ((), 0)
    assert prune(database, settings, keep=1).versions == (old.version,)
    assert champion.path.exists()
    assert new.path.exists()


def test_champions_of_each_kind_are_counted_separately(database, settings, snapshot_id, champions):
    generator = promoted(database, settings, snapshot_id, kind="generator", content="adapter")
    prune(database, settings, keep=1)
    assert find(database, generator.version, settings).state == "champion"


def test_artefact_that_a_kept_version_shares_stays(database, settings, snapshot_id, champions):
    again = candidate(database, settings, snapshot_id, content="weights 0")
    promote(database, [judged(database, again, PASSED)], "the gate", overrule=False)

    assert prune(database, settings, keep=2) == (tuple(model.version for model in champions[:4]), 3 * SIZE)
    assert champions[0].path.exists()
    assert find(database, again.version, settings).path == champions[0].path


def test_lineage_and_history_of_a_pruned_version_stay_and_name_who_pruned_it(database, settings, champions):
    prune(database, settings, keep=3)
    found = lineage(database, champions[0].version)
    assert found.model["parameters"] == champions[0].parameters
    assert found.verdicts[0]["passed"]
    assert [(row["action"], row["by_whom"]) for row in found.history if row["action"] == "pruned"] == [
        ("pruned", "ann")
    ]
    assert len(history(database)) == 7


def test_pruned_version_cannot_be_loaded_or_promoted_or_restored_by_a_rollback(database, settings, champions):
    prune(database, settings, keep=3)
    with pytest.raises(ModelError, match="was pruned on .* by ann"):
        find(database, champions[0].version, settings)
    with pytest.raises(ModelError, match="was pruned on .*; the champion stays"):
        rollback(database, "classifier", "ann", settings, to=champions[0].version)
    with pytest.raises(DatabaseError):
        promote(database, [judged(database, champions[0], PASSED)], "the gate", overrule=False)
    assert find(database, champions[4].version, settings).state == "champion"


def test_database_refuses_to_prune_a_planned_version_that_became_champion(database, settings, champions):
    """A rollback between plan and pruning can make a planned version champion. Then no version is pruned."""
    planned = pruning.plan(database, 1, settings)
    rollback(database, "classifier", "ann", settings, to=champions[2].version)
    assert champions[2].version in planned.versions

    with pytest.raises(ModelError, match="nothing was pruned"):
        pruning.prune(database, planned.versions, "ann", settings)

    assert all(find(database, model.version, settings) for model in champions)


def test_next_pruning_completes_an_interrupted_pruning(database, settings, champions, monkeypatch):
    def interrupted(*_):
        raise OutputError

    with monkeypatch.context() as patch:
        patch.setattr(artefacts, "remove", interrupted)
        with pytest.raises(OutputError):
            prune(database, settings, keep=3)
    assert champions[0].path.exists()

    assert prune(database, settings, keep=3) == ((), 2 * SIZE)
    assert not champions[0].path.exists()
    assert not champions[1].path.exists()


def test_pruning_also_deletes_the_artefact_in_the_remote_store(database, settings, snapshot_id, tmp_path):
    remote = settings.model_copy(update={"registry": RegistrySettings(store=f"file://{tmp_path}/store")})
    models = [promoted(database, remote, snapshot_id, content=f"weights {i}") for i in range(3)]

    assert prune(database, remote, keep=2) == ((models[0].version,), SIZE)

    fs = fsspec.filesystem("file")
    assert len(fs.find(f"{tmp_path}/store")) == 2
    assert not models[0].path.exists()


def test_content_of_a_pruned_version_can_be_registered_again(database, settings, snapshot_id, champions):
    prune(database, settings, keep=3)
    again = candidate(database, settings, snapshot_id, content="weights 0")
    assert pruning.plan(database, 3, settings).versions == ()
    assert find(database, again.version, settings).path.exists()
