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
    """Settings with a remote store for artefacts."""
    url = f"file://{tmp_path}/store" if request.param == "file" else "memory://store/models"
    yield with_store(settings, url)
    if request.param == "memory":
        fsspec.filesystem("memory").rm("/store", recursive=True)


def with_store(settings, url):
    return settings.model_copy(update={"registry": RegistrySettings(store=url)})


def of_another_machine(settings, tmp_path):
    """The settings of another machine with the same database and store."""
    return settings.model_copy(update={"home": tmp_path / "another machine"})


def stored_files(url):
    fs, root = fsspec.core.url_to_fs(url)
    return fs.find(root)


def files_under(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def stored_path(database, model):
    with database.begin() as conn:
        return conn.execute("SELECT path FROM ticketing.model WHERE version = %s", (model.version,)).fetchone()["path"]


def test_artefact_is_stored_in_a_folder_named_after_the_hash_of_its_content(database, settings, snapshot_id):
    model = candidate(database, settings, snapshot_id)
    digest = model.artefact_hash
    assert model.path == settings.home / "models" / digest[:2] / digest
    assert artefacts.artefact_hash(model.path) == digest
    assert stored_path(database, model) == f"models/{digest[:2]}/{digest}"


def test_versions_with_the_same_content_share_one_artefact(database, settings, snapshot_id):
    first, second = (candidate(database, settings, snapshot_id) for _ in range(2))
    other = candidate(database, settings, snapshot_id, content="other weights")

    assert first.version != second.version
    assert first.path == second.path != other.path
    assert len(files_under(settings.home / "models")) == 2


def test_artefact_hash_depends_on_file_names_and_contents(tmp_path):
    hashes = set()
    for i, (name, text) in enumerate([("a", "x"), ("b", "x"), ("a", "y"), ("a/b", "x"), ("a-b", "x")]):
        file = tmp_path / str(i) / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
        hashes.add(artefacts.artefact_hash(tmp_path / str(i)))
    assert len(hashes) == 5


def test_registering_the_same_content_repairs_a_damaged_artefact(database, settings, snapshot_id):
    first = candidate(database, settings, snapshot_id)
    (first.path / "model.safetensors").write_text("damaged")
    candidate(database, settings, snapshot_id)
    assert (find(database, first.version, settings).path / "model.safetensors").read_text() == "weights"


def test_artefact_of_an_old_registration_without_the_hash_in_its_path_still_loads(database, settings, snapshot_id):
    model = candidate(database, settings, snapshot_id)
    model.path.rename(settings.home / "models" / model.version)
    with database.begin(role=None) as conn:
        conn.execute("UPDATE ticketing.model SET path = %s", (f"models/{model.version}",))

    assert find(database, model.version, settings).path == settings.home / "models" / model.version


def test_artefacts_whose_registration_failed_are_kept_in_a_separate_folder(database, settings, snapshot_id):
    registered = candidate(database, settings, snapshot_id)
    for content in ("weights", "never registered"):
        with pytest.raises(DatabaseError):
            candidate(database, settings, "no such snapshot", content=content)
    registered_file = f"{registered.path.parent.name}/{registered.path.name}/model.safetensors"
    weights = [file for file in files_under(settings.home / "models") if file.endswith(".safetensors")]
    assert [file for file in weights if not file.startswith("unregistered/")] == [registered_file]
    assert len(weights) == 3
    assert find(database, registered.version, settings) == registered


def test_another_machine_gets_the_artefact_from_the_remote_store(database, remote, snapshot_id, tmp_path):
    model = candidate(database, remote, snapshot_id)
    assert len(stored_files(remote.registry.store)) == 1
    assert stored_path(database, model).startswith(remote.registry.store)

    other_machine = of_another_machine(remote, tmp_path)
    found = find(database, model.version, other_machine)

    assert found.path == other_machine.home / "models" / model.artefact_hash[:2] / model.artefact_hash
    assert files_under(found.path) == ["model.safetensors"]
    assert (found.path / "model.safetensors").read_text() == "weights"


def test_machine_downloads_an_artefact_once_and_again_if_the_local_copy_is_damaged(
    database, remote, snapshot_id, tmp_path
):
    model = candidate(database, remote, snapshot_id)
    other_machine = of_another_machine(remote, tmp_path)
    file = find(database, model.version, other_machine).path / "model.safetensors"
    modified = file.stat().st_mtime_ns

    find(database, model.version, other_machine)
    assert file.stat().st_mtime_ns == modified

    file.write_text("damaged")
    find(database, model.version, other_machine)
    assert file.read_text() == "weights"


def test_download_with_a_wrong_hash_is_refused(database, remote, snapshot_id, tmp_path):
    model = candidate(database, remote, snapshot_id)
    fs, root = fsspec.core.url_to_fs(stored_path(database, model))
    fs.pipe(f"{root}/model.safetensors", b"WEIGHTS")
    other_machine = of_another_machine(remote, tmp_path)

    with pytest.raises(ModelError, match="is damaged"):
        find(database, model.version, other_machine)
    assert files_under(other_machine.home / "models") == [".fetching"]

    fs.rm(root, recursive=True)
    with pytest.raises(ModelError, match="is gone"):
        find(database, model.version, other_machine)


def delete_artefact(fs, root):
    fs.rm(root, recursive=True)


def change_artefact(fs, root):
    fs.pipe(f"{root}/model.safetensors", b"BEFORE")


@pytest.mark.parametrize("damage", [delete_artefact, change_artefact])
def test_rollback_is_refused_if_only_this_machine_still_has_the_artefact(database, remote, snapshot_id, damage):
    old = promoted(database, remote, snapshot_id, content="before")
    champion = promoted(database, remote, snapshot_id, content="now")
    damage(*fsspec.core.url_to_fs(stored_path(database, old)))

    with pytest.raises(ModelError, match="is gone"):
        rollback(database, "classifier", "ann", remote)
    assert find(database, champion.version, remote).state == "champion"


def test_registering_the_same_content_repairs_the_artefact_in_the_store(database, remote, snapshot_id):
    model = candidate(database, remote, snapshot_id, content="before")
    fs, root = fsspec.core.url_to_fs(stored_path(database, model))
    change_artefact(fs, root)
    fs.pipe(f"{root}/extra.txt", b"not part of the artefact")
    again = candidate(database, remote, snapshot_id, content="before")
    fs, root = fsspec.core.url_to_fs(stored_path(database, again))
    assert fs.cat(f"{root}/model.safetensors") == b"before"
    assert not fs.exists(f"{root}/extra.txt")


def test_killed_download_leaves_no_complete_artefact_and_the_next_download_succeeds(
    database, settings, snapshot_id, tmp_path
):
    remote = with_store(settings, f"file://{tmp_path}/store")
    model = candidate(database, remote, snapshot_id)
    other_machine = of_another_machine(remote, tmp_path)
    # The process kills itself when half of the file is written.
    code = f"""
        import os, signal
        from pathlib import Path
        from fsspec.implementations.local import LocalFileSystem
        from models.registry import artefacts
        from ticketing.settings import Settings

        def write_half(self, source, target, **_):
            Path(target).write_bytes(Path(source).read_bytes()[:3])
            os.kill(os.getpid(), signal.SIGKILL)

        LocalFileSystem.get_file = write_half
        stored = artefacts.StoredArtefact({stored_path(database, model)!r}, {model.artefact_hash!r})
        artefacts.local_copy(stored, Settings(home={str(other_machine.home)!r}))
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env={**os.environ, "PYTHONPATH": "."})
    assert killed.returncode == -signal.SIGKILL
    left_files = [name for name in files_under(other_machine.home / "models") if name != ".fetching"]
    assert left_files == [f"{model.artefact_hash[:2]}/.{model.artefact_hash}.part/model.safetensors"]

    found = find(database, model.version, other_machine)

    assert (found.path / "model.safetensors").read_text() == "weights"
    assert files_under(other_machine.home / "models") == [
        ".fetching",
        f"{model.artefact_hash[:2]}/{model.artefact_hash}/model.safetensors",
    ]


def test_failed_upload_registers_nothing_and_the_kept_artefact_can_be_registered_later(
    database, settings, snapshot_id, tmp_path
):
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


def test_upload_to_a_full_store_leaves_no_files_there_and_keeps_the_local_artefact(
    database, settings, snapshot_id, tmp_path
):
    with small_disk(tmp_path / "small", 1):
        with pytest.raises(OutputError, match="No space left"):
            candidate(database, with_store(settings, f"file://{tmp_path}/small"), snapshot_id, content="w" * 2_000_000)
        assert files_under(tmp_path / "small") == []
    local_files = [Path(file).name for file in files_under(settings.home / "models")]
    assert sorted(local_files) == ["model.safetensors", "training.json"]


def test_download_to_a_full_disk_raises_an_error_and_leaves_no_files(database, settings, snapshot_id, tmp_path):
    remote = with_store(settings, f"file://{tmp_path}/store")
    model = candidate(database, remote, snapshot_id, content="w" * 2_000_000)
    with small_disk(tmp_path / "small", 1):
        with_small_disk = remote.model_copy(update={"home": tmp_path / "small"})
        with pytest.raises(ModelError, match="No space left"):
            find(database, model.version, with_small_disk)
        assert files_under(with_small_disk.home / "models") == [".fetching"]


def test_repeated_upload_replaces_only_the_incomplete_file(settings, tmp_path):
    remote = with_store(settings, f"file://{tmp_path}/store")
    for attempt in ("first", "second"):
        artefact = settings.home / attempt
        artefact.mkdir()
        for name in ("a", "b"):
            (artefact / name).write_text(name * 9)
        with ExitStack() as undo:
            stored = artefacts.store(artefact, remote, undo)
            undo.pop_all()
        folder = tmp_path / "store" / stored.artefact_hash[:2] / stored.artefact_hash
        if attempt == "first":
            (folder / "b").write_text("bb")  # as if a killed process had written only a part of the file
            modified = (folder / "a").stat().st_mtime_ns
    assert (folder / "a").stat().st_mtime_ns == modified
    assert artefacts.artefact_hash(folder) == stored.artefact_hash


def test_error_for_a_store_without_its_library_names_the_library(database, settings, snapshot_id):
    with pytest.raises(OutputError, match="s3fs"):
        candidate(database, with_store(settings, "s3://bucket/models"), snapshot_id)


@pytest.mark.parametrize("url", ["s3://key:hunter2@bucket/models", "/mnt/models", "models"])
def test_store_that_is_no_url_or_contains_a_password_is_refused(url, monkeypatch):
    monkeypatch.setenv("TICKETING_REGISTRY__STORE", url)
    get_settings.cache_clear()
    with pytest.raises(ConfigurationError, match="registry.store") as raised:
        get_settings()
    assert "hunter2" not in str(raised.value)


def test_remove_deletes_no_path_that_is_not_an_artefact(settings, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    for path in (str(precious), "../precious", f"file://{precious}"):
        artefacts.remove(artefacts.StoredArtefact(path, "0" * 64), settings)
    assert (precious / "file").exists()
