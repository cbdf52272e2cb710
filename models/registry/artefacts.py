"""Stores trained artefacts under the hash of their content, and checks the hash when it loads them.

An artefact is the folder of a trained model. It is stored on this machine, or in a store at an fsspec URL.
`models.registry.versions` and `models.registry.pruning` know which versions use an artefact.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from fsspec.core import url_to_fs

from models.shared.base import files_hash, writing
from ticketing.errors import ModelError, OutputError, TicketingError
from ticketing.settings import Settings


class StoredArtefact(NamedTuple):
    """Where an artefact is stored."""

    path: str  # relative to the home, or a URL
    artefact_hash: str


def artefact_hash(folder: Path) -> str:
    """The SHA-256 of the names and contents of all files in a folder, as hex."""
    files = _files(folder)
    return files_hash(files, lambda name: files[name].open("rb"))


def store(artefact: Path, settings: Settings, undo: ExitStack) -> StoredArtefact:
    """Moves an artefact to its final folder under the home, and uploads it if the settings name a store.

    The same content is stored only once, so several versions can share one artefact.

    Args:
        artefact: a folder under the home.
        settings: the home and the store.
        undo: receives callbacks that move the artefact back and delete the uploaded files. The caller discards them
            once the artefact is registered.

    Raises:
        OutputError: the artefact can't be written, or the store can't be reached.
    """
    digest = artefact_hash(artefact)
    folder = folder_of(digest, settings)
    if not is_intact(folder, digest):
        undo.callback(_put_back, folder, artefact)
        with writing(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            artefact.rename(folder)
    if settings.registry.store is None:
        return StoredArtefact(os.path.relpath(folder, settings.home), digest)
    url = f"{settings.registry.store.rstrip('/')}/{digest[:2]}/{digest}"
    _upload(folder, url, undo)
    return StoredArtefact(url, digest)


def local_copy(stored: StoredArtefact, settings: Settings) -> Path:
    """The artefact's folder on this machine, with a checked hash. An artefact in a store is downloaded if necessary.

    Raises:
        ModelError: the artefact is missing or damaged, or the store can't be reached.
    """
    if not _is_remote(stored):
        folder = settings.home / stored.path
        if not folder.is_dir():
            raise _unusable("gone", folder)
        if not is_intact(folder, stored.artefact_hash):
            raise _unusable("damaged", folder)
        return folder
    folder = folder_of(stored.artefact_hash, settings)
    if not is_intact(folder, stored.artefact_hash):
        _fetch(stored, folder)
    return folder


def check(stored: StoredArtefact, settings: Settings) -> None:
    """Checks that every machine can load the artefact: it checks the store, not only the copy on this machine.

    Raises:
        ModelError: as for `local_copy`.
    """
    local_copy(stored, settings)
    if _is_remote(stored):
        with _store_errors(stored.path, ModelError, "is out of reach"):
            if _remote_hash(stored.path) != stored.artefact_hash:
                raise _unusable("gone or damaged", stored.path)


def size(stored: StoredArtefact, settings: Settings) -> int:
    """The size of the stored artefact, in bytes; 0 if it is missing.

    Raises:
        ModelError: the store can't be reached.
    """
    if not _is_remote(stored):
        return sum(file.stat().st_size for file in _files(settings.home / stored.path).values())
    with _store_errors(stored.path, ModelError, "is out of reach"):
        return sum(_remote_files(stored.path).values())


def remove(stored: StoredArtefact, settings: Settings) -> None:
    """Removes an artefact from its store and from this machine. A missing artefact is no error.

    Raises:
        OutputError: the artefact can't be removed.
    """
    local = folder_of(stored.artefact_hash, settings)
    if _is_remote(stored):
        # A wrong path in the database must not delete other files. Every artefact's path ends with its hash.
        if stored.path.endswith(f"/{stored.artefact_hash[:2]}/{stored.artefact_hash}"):
            with _store_errors(stored.path, OutputError, "can't be removed"), suppress(FileNotFoundError):
                fs, root = url_to_fs(stored.path)
                fs.rm(root, recursive=True)
        folders = [local]
    else:
        folders = [local, (settings.home / stored.path).resolve()]
    for folder in folders:
        if folder.is_dir() and (settings.home / "models").resolve() in folder.resolve().parents:
            with writing(folder):
                shutil.rmtree(folder)
            clear(folder)


def _put_back(folder: Path, artefact: Path) -> None:
    with suppress(OSError):  # the artefact was not moved yet
        folder.rename(artefact)
    clear(folder)


def clear(folder: Path) -> None:
    """Removes a folder, and the parent folder if it is then empty."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # the parent folder has other artefacts
        folder.parent.rmdir()


def folder_of(digest: str, settings: Settings) -> Path:
    """The folder on this machine for an artefact with this hash."""
    return settings.home / "models" / digest[:2] / digest


def is_intact(folder: Path, digest: str) -> bool:
    """Whether a folder exists and its content has this hash."""
    return folder.is_dir() and artefact_hash(folder) == digest


def _is_remote(stored: StoredArtefact) -> bool:
    return "://" in stored.path


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _remote_files(url: str) -> dict[str, int]:
    fs, root = url_to_fs(url)
    fs.invalidate_cache()
    found: dict[str, dict[str, Any]] = {}
    with suppress(FileNotFoundError):
        found = fs.find(root, detail=True)
    return {name.removeprefix(root).lstrip("/"): int(info["size"]) for name, info in found.items()}


def _remote_hash(url: str) -> str:
    fs, root = url_to_fs(url)
    return files_hash(_remote_files(url), lambda name: fs.open(f"{root}/{name}", "rb"))


def _missing_files(folder: Path, url: str) -> dict[str, Path]:
    remote_sizes = _remote_files(url)
    return {name: path for name, path in _files(folder).items() if remote_sizes.get(name) != path.stat().st_size}


def _upload(folder: Path, url: str, undo: ExitStack) -> None:
    # Only the files that the store lacks are uploaded, so a killed upload resumes where it stopped.
    with _store_errors(url, OutputError, "can't be written"):
        fs, root = url_to_fs(url)
        _put(_missing_files(folder, url), url, undo)
        if _remote_hash(url) != folder.name:  # the store holds damaged or additional files
            fs.rm(root, recursive=True)
            _put(_files(folder), url, undo)


def _put(files: Mapping[str, Path], url: str, undo: ExitStack) -> None:
    fs, root = url_to_fs(url)
    for name, path in files.items():
        undo.callback(_delete_uploaded, fs, f"{root}/{name}")
        fs.makedirs(str(PurePosixPath(f"{root}/{name}").parent), exist_ok=True)
        fs.put_file(str(path), f"{root}/{name}")


def _delete_uploaded(fs: Any, path: str) -> None:  # noqa: ANN401 — fsspec has no types
    with suppress(Exception):  # whatever made the upload fail probably makes the deletion fail too
        fs.rm_file(path)


def _fetch(stored: StoredArtefact, folder: Path) -> None:
    with _store_errors(stored.path, ModelError, "is out of reach"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _process_lock(folder.parent.parent / ".fetching"):
            if is_intact(folder, stored.artefact_hash):  # another process has downloaded it meanwhile
                return
            part = folder.with_name(f".{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)  # left by a killed process
            try:
                _download(stored.path, part)
                if artefact_hash(part) != stored.artefact_hash:
                    raise _unusable("damaged", stored.path)
                shutil.rmtree(folder, ignore_errors=True)
                part.rename(folder)
            finally:
                shutil.rmtree(part, ignore_errors=True)


def _download(url: str, part: Path) -> None:
    fs, root = url_to_fs(url)
    names = _remote_files(url)
    if not names:
        raise _unusable("gone", url)
    for name in names:
        if ".." in PurePosixPath(name).parts:
            raise _unusable("damaged", url)
        target = part / name
        target.parent.mkdir(parents=True, exist_ok=True)
        fs.get_file(f"{root}/{name}", str(target))


@contextmanager
def _process_lock(lock: Path) -> Iterator[None]:
    # Several drafting runs may start at once on one machine. The first one downloads, and the others wait for it.
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _store_errors(url: str, error_class: type[TicketingError], problem: str) -> Iterator[None]:
    try:
        yield
    except TicketingError:
        raise
    except Exception as error:  # each fsspec implementation raises its own errors
        reason = str(error) if isinstance(error, ImportError) else getattr(error, "strerror", None)
        raise error_class(
            f"The artefact {url} {problem}: {reason or type(error).__name__}. Check registry.store, the network, the "
            "disk, and the credentials in the environment."
        ) from error


def _unusable(problem: str, place: Path | str) -> ModelError:
    return ModelError(
        f"The artefact {place} is {problem}: restore it from a backup, go back to another version with 'ticketing "
        "models rollback', or train again. If several machines share the work, registry.store must name a place that "
        "all of them can reach."
    )
