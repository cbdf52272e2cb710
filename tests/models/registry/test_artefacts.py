import os
import signal
import subprocess
import sys
import textwrap
from contextlib import ExitStack
from pathlib import Path

import fsspec
import pytest

from models.registry import artefacts
from models.registry.registering import register_kept
from models.registry.versions import find, latest_candidate, rollback
from tests.faults.disk import small_disk
from tests.registered import add_snapshot, candidate, promoted
from ticketing.errors import ConfigurationError, DatabaseError, ModelError, OutputError
from ticketing.settings import RegistrySettings, get_settings


@pytest.fixture
def snapshot_id(database):
    return add_snapshot(database)


@pytest.fixture(params=["file", "memory"])
def remote(request, settings, tmp_path):
    """Settings with a store elsewhere."""
    url = f"file://{tmp_path}/store" if request.param == "file" else "memory://store/models"
    yield with_store(settings, url)
    if request.param == "memory":
        fsspec.filesystem("memory").rm("/store", recursive=True)


def with_store(settings, url):
    return settings.model_copy(update={"registry": RegistrySettings(store=url)})


def elsewhere(settings, tmp_path):
    """The same database and store, seen from another machine."""
    return settings.model_copy(update={"home": tmp_path / "another machine"})


def stored_files(url):
    fs, root = fsspec.core.url_to_fs(url)
    return fs.find(root)


def files_under(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def stored_at(database, model):
    with database.begin() as conn:
        return conn.execute("SELECT path FROM ticketing.model WHERE version = %s", (model.version,)).fetchone()["path"]


def test_an_artefact_lies_under_the_hash_of_its_content(database, settings, snapshot_id):
    model = candidate(database, settings, snapshot_id)
    digest = model.artefact_hash
    assert model.path == settings.home / "models" / digest[:2] / digest
    assert artefacts.artefact_hash(model.path) == digest
    assert stored_at(database, model) == f"models/{digest[:2]}/{digest}"


def test_two_versions_with_the_same_content_share_one_artefact(database, settings, snapshot_id):
    first, second = (candidate(database, settings, snapshot_id) for _ in range(2))
    other = candidate(database, settings, snapshot_id, content="other weights")

    assert first.version != second.version
    assert first.path == second.path != other.path
    assert len(files_under(settings.home / "models")) == 2


def test_the_hash_is_over_names_and_contents(tmp_path):
    hashes = set()
    for i, (name, text) in enumerate([("a", "x"), ("b", "x"), ("a", "y"), ("a/b", "x"), ("a-b", "x")]):
        file = tmp_path / str(i) / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
        hashes.add(artefacts.artefact_hash(tmp_path / str(i)))
    assert len(hashes) == 5


def test_a_damaged_artefact_is_made_whole_by_registering_its_content_again(database, settings, snapshot_id):
    first = candidate(database, settings, snapshot_id)
    (first.path / "model.safetensors").write_text("rotten")
    candidate(database, settings, snapshot_id)
    assert (find(database, first.version, settings).path / "model.safetensors").read_text() == "weights"


def test_an_artefact_registered_before_there_were_hashes_in_paths_still_loads(database, settings, snapshot_id):
    model = candidate(database, settings, snapshot_id)
    model.path.rename(settings.home / "models" / model.version)
    with database.begin(role=None) as conn:
        conn.execute("UPDATE ticketing.model SET path = %s", (f"models/{model.version}",))

    assert find(database, model.version, settings).path == settings.home / "models" / model.version


def test_what_cant_be_registered_is_kept_apart_from_what_another_version_uses(database, settings, snapshot_id):
    registered = candidate(database, settings, snapshot_id)
    for content in ("weights", "never registered"):
        with pytest.raises(DatabaseError):
            candidate(database, settings, "no such snapshot", content=content)
    place = f"{registered.path.parent.name}/{registered.path.name}/model.safetensors"
    weights = [file for file in files_under(settings.home / "models") if file.endswith(".safetensors")]
    assert [file for file in weights if not file.startswith("unregistered/")] == [place]
    assert len(weights) == 3
    assert find(database, registered.version, settings) == registered


def test_a_store_elsewhere_serves_every_machine(database, remote, snapshot_id, tmp_path):
    model = candidate(database, remote, snapshot_id)
    assert len(stored_files(remote.registry.store)) == 1
    assert stored_at(database, model).startswith(remote.registry.store)

    there = elsewhere(remote, tmp_path)
    found = find(database, model.version, there)

    assert found.path == there.home / "models" / model.artefact_hash[:2] / model.artefact_hash
    assert files_under(found.path) == ["model.safetensors"]
    assert (found.path / "model.safetensors").read_text() == "weights"


def test_a_machine_fetches_once_and_again_when_its_copy_is_damaged(database, remote, snapshot_id, tmp_path):
    model = candidate(database, remote, snapshot_id)
    there = elsewhere(remote, tmp_path)
    file = find(database, model.version, there).path / "model.safetensors"
    before = file.stat().st_mtime_ns

    find(database, model.version, there)
    assert file.stat().st_mtime_ns == before

    file.write_text("rotten")
    find(database, model.version, there)
    assert file.read_text() == "weights"


def test_the_store_is_not_believed_either(database, remote, snapshot_id, tmp_path):
    model = candidate(database, remote, snapshot_id)
    fs, root = fsspec.core.url_to_fs(stored_at(database, model))
    fs.pipe(f"{root}/model.safetensors", b"WEIGHTS")
    there = elsewhere(remote, tmp_path)

    with pytest.raises(ModelError, match="is damaged"):
        find(database, model.version, there)
    assert files_under(there.home / "models") == [".fetching"]

    fs.rm(root, recursive=True)
    with pytest.raises(ModelError, match="is gone"):
        find(database, model.version, there)


def lose(fs, root):
    fs.rm(root, recursive=True)


def spoil(fs, root):
    fs.pipe(f"{root}/model.safetensors", b"BEFORE")


@pytest.mark.parametrize("harm", [lose, spoil])
def test_a_rollback_is_refused_when_only_this_machine_still_has_the_artefact(database, remote, snapshot_id, harm):
    before = promoted(database, remote, snapshot_id, content="before")
    now = promoted(database, remote, snapshot_id, content="now")
    harm(*fsspec.core.url_to_fs(stored_at(database, before)))

    with pytest.raises(ModelError, match="is gone"):
        rollback(database, "classifier", "ann", remote)
    assert find(database, now.version, remote).state == "champion"


def test_what_was_damaged_in_the_store_is_put_there_again_with_the_same_content(database, remote, snapshot_id):
    model = candidate(database, remote, snapshot_id, content="before")
    fs, root = fsspec.core.url_to_fs(stored_at(database, model))
    spoil(fs, root)
    fs.pipe(f"{root}/stranger.txt", b"what does not belong there")
    again = candidate(database, remote, snapshot_id, content="before")
    fs, root = fsspec.core.url_to_fs(stored_at(database, again))
    assert fs.cat(f"{root}/model.safetensors") == b"before"
    assert not fs.exists(f"{root}/stranger.txt")


def test_a_killed_fetch_leaves_nothing_usable_and_the_next_one_succeeds(database, settings, snapshot_id, tmp_path):
    remote = with_store(settings, f"file://{tmp_path}/store")
    model = candidate(database, remote, snapshot_id)
    there = elsewhere(remote, tmp_path)
    # Kills itself when the first half of the file is there.
    code = f"""
        import os, signal
        from pathlib import Path
        from fsspec.implementations.local import LocalFileSystem
        from models.registry import artefacts
        from ticketing.settings import Settings

        def half(self, source, target, **_):
            Path(target).write_bytes(Path(source).read_bytes()[:3])
            os.kill(os.getpid(), signal.SIGKILL)

        LocalFileSystem.get_file = half
        at = artefacts.StoredArtefact({stored_at(database, model)!r}, {model.artefact_hash!r})
        artefacts.local_copy(at, Settings(home={str(there.home)!r}))
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env={**os.environ, "PYTHONPATH": "."})
    assert killed.returncode == -signal.SIGKILL
    half = [name for name in files_under(there.home / "models") if name != ".fetching"]
    assert half == [f"{model.artefact_hash[:2]}/.{model.artefact_hash}.part/model.safetensors"]

    found = find(database, model.version, there)

    assert (found.path / "model.safetensors").read_text() == "weights"
    assert files_under(there.home / "models") == [
        ".fetching",
        f"{model.artefact_hash[:2]}/{model.artefact_hash}/model.safetensors",
    ]


def test_an_upload_that_fails_registers_nothing_and_keeps_the_artefact(database, settings, snapshot_id, tmp_path):
    (tmp_path / "store").write_text("a file where the folder should be")
    remote = with_store(settings, f"file://{tmp_path}/store/models")
    with pytest.raises(OutputError, match="can't be written.*registry.store.*run 'ticketing train' again"):
        candidate(database, remote, snapshot_id)
    assert latest_candidate(database, "classifier", settings) is None

    (tmp_path / "store").unlink()
    model = register_kept(database, "classifier", snapshot_id, remote)

    assert (model.path / "model.safetensors").read_text() == "weights"
    assert model.metrics == {"validation_accuracy": 0.9}
    assert not (settings.home / "models" / "unregistered").exists()


def test_a_full_store_keeps_no_half_of_an_artefact(database, settings, snapshot_id, tmp_path):
    with small_disk(tmp_path / "small", 1):
        with pytest.raises(OutputError, match="No space left"):
            candidate(database, with_store(settings, f"file://{tmp_path}/small"), snapshot_id, content="w" * 2_000_000)
        assert files_under(tmp_path / "small") == []
    kept = [Path(file).name for file in files_under(settings.home / "models")]
    assert sorted(kept) == ["model.safetensors", "training.json"]


def test_a_disk_that_is_full_when_fetching_is_told_and_nothing_is_left(database, settings, snapshot_id, tmp_path):
    remote = with_store(settings, f"file://{tmp_path}/store")
    model = candidate(database, remote, snapshot_id, content="w" * 2_000_000)
    with small_disk(tmp_path / "small", 1):
        there = remote.model_copy(update={"home": tmp_path / "small"})
        with pytest.raises(ModelError, match="No space left"):
            find(database, model.version, there)
        assert files_under(there.home / "models") == [".fetching"]


def test_an_interrupted_upload_goes_on_with_what_is_missing(settings, tmp_path):
    remote = with_store(settings, f"file://{tmp_path}/store")
    for attempt in ("first", "second"):
        artefact = settings.home / attempt
        artefact.mkdir()
        for name in ("a", "b"):
            (artefact / name).write_text(name * 9)
        with ExitStack() as undo:
            at = artefacts.store(artefact, remote, undo)
            undo.pop_all()
        whole = tmp_path / "store" / at.artefact_hash[:2] / at.artefact_hash
        if attempt == "first":
            (whole / "b").write_text("bb")  # as a process leaves it that was killed on the way
            kept = (whole / "a").stat().st_mtime_ns
    assert (whole / "a").stat().st_mtime_ns == kept
    assert artefacts.artefact_hash(whole) == at.artefact_hash


def test_a_store_whose_library_is_missing_names_it(database, settings, snapshot_id):
    with pytest.raises(OutputError, match="s3fs"):
        candidate(database, with_store(settings, "s3://bucket/models"), snapshot_id)


@pytest.mark.parametrize("url", ["s3://key:hunter2@bucket/models", "/mnt/models", "models"])
def test_a_store_is_a_url_without_a_password(url, monkeypatch):
    monkeypatch.setenv("TICKETING_REGISTRY__STORE", url)
    get_settings.cache_clear()
    with pytest.raises(ConfigurationError, match="registry.store") as told:
        get_settings()
    assert "hunter2" not in str(told.value)


def test_nothing_but_an_artefact_is_ever_removed(settings, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    for path in (str(precious), "../precious", f"file://{precious}"):
        artefacts.remove(artefacts.StoredArtefact(path, "0" * 64), settings)
    assert (precious / "file").exists()
