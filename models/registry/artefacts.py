"""Stores trained artefacts under the hash of their content, on this machine or at an fsspec URL, and checks the hash.

It does not know which versions use an artefact: `models.registry.versions` and `models.registry.pruning` do.
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
    """Where an artefact is stored: a path relative to the home, or a URL; and the hash of its content."""

    path: str
    artefact_hash: str


def artefact_hash(folder: Path) -> str:
    """The SHA-256 of the names and contents of all files of a folder, as hex."""
    files = _files(folder)
    return files_hash(files, lambda name: files[name].open("rb"))


def store(artefact: Path, settings: Settings, undo: ExitStack) -> StoredArtefact:
    """Moves an artefact to its place under the home, and uploads it if the settings name a store.

    It does not store the same content twice: several versions can share one artefact.

    Args:
        artefact: a folder under the home.
        settings: the home and the store.
        undo: receives the callbacks that move the artefact back and empty the store. The caller discards them after
            registering the artefact.

    Raises:
        OutputError: the artefact can't be written, or the store can't be reached.
    """
    digest = artefact_hash(artefact)
    place = place_of(digest, settings)
    if not is_intact(place, digest):
        undo.callback(_put_back, place, artefact)
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(place, ignore_errors=True)
            artefact.rename(place)
    if settings.registry.store is None:
        return StoredArtefact(os.path.relpath(place, settings.home), digest)
    url = f"{settings.registry.store.rstrip('/')}/{digest[:2]}/{digest}"
    _upload(place, url, undo)
    return StoredArtefact(url, digest)


def local_copy(stored: StoredArtefact, settings: Settings) -> Path:
    """The artefact's folder on this machine, with its hash checked; downloads it first if it is in a store.

    Raises:
        ModelError: the artefact is missing or damaged, or the store can't be reached.
    """
    if not _is_remote(stored):
        place = settings.home / stored.path
        if not place.is_dir():
            raise _unusable("gone", place)
        if not is_intact(place, stored.artefact_hash):
            raise _unusable("damaged", place)
        return place
    place = place_of(stored.artefact_hash, settings)
    if not is_intact(place, stored.artefact_hash):
        _fetch(stored, place)
    return place


def check(stored: StoredArtefact, settings: Settings) -> None:
    """Checks that every machine can load the artefact. This machine's copy alone does not suffice.

    Raises:
        ModelError: as for `local_copy`.
    """
    local_copy(stored, settings)
    if _is_remote(stored):
        with _store_errors(stored.path, ModelError, "is out of reach"):
            if _remote_hash(stored.path) != stored.artefact_hash:
                raise _unusable("gone or damaged", stored.path)


def size(stored: StoredArtefact, settings: Settings) -> int:
    """The size of the artefact in its store, in bytes; 0 if it is missing.

    Raises:
        ModelError: the store can't be reached.
    """
    if not _is_remote(stored):
        return sum(file.stat().st_size for file in _files(settings.home / stored.path).values())
    with _store_errors(stored.path, ModelError, "is out of reach"):
        return sum(_remote_files(stored.path).values())


def remove(stored: StoredArtefact, settings: Settings) -> None:
    """Removes an artefact from its store and from this machine; does nothing if it is missing.

    Raises:
        OutputError: the artefact can't be removed.
    """
    place = place_of(stored.artefact_hash, settings)
    if _is_remote(stored):
        # A wrong path in the database must not delete other files: an artefact's path ends with its hash.
        if stored.path.endswith(f"/{stored.artefact_hash[:2]}/{stored.artefact_hash}"):
            with _store_errors(stored.path, OutputError, "can't be removed"), suppress(FileNotFoundError):
                fs, root = url_to_fs(stored.path)
                fs.rm(root, recursive=True)
        folders = [place]
    else:
        folders = [place, (settings.home / stored.path).resolve()]
    for folder in folders:
        if folder.is_dir() and (settings.home / "models").resolve() in folder.resolve().parents:
            with writing(folder):
                shutil.rmtree(folder)
            clear(folder)


def _put_back(place: Path, artefact: Path) -> None:
    with suppress(OSError):  # not moved yet
        place.rename(artefact)
    clear(place)


def clear(place: Path) -> None:
    """Removes a folder, and its parent folder if that is empty then."""
    shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):  # the folder holds other artefacts
        place.parent.rmdir()


def place_of(digest: str, settings: Settings) -> Path:
    """The folder on this machine for content with this hash."""
    return settings.home / "models" / digest[:2] / digest


def is_intact(place: Path, digest: str) -> bool:
    """Whether a folder is there and its content has this hash."""
    return place.is_dir() and artefact_hash(place) == digest


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


def _missing_files(place: Path, url: str) -> dict[str, Path]:
    remote_sizes = _remote_files(url)
    return {name: path for name, path in _files(place).items() if remote_sizes.get(name) != path.stat().st_size}


def _upload(place: Path, url: str, undo: ExitStack) -> None:
    # Uploads only the files that the store lacks: a killed upload continues where it stopped.
    with _store_errors(url, OutputError, "can't be written"):
        fs, root = url_to_fs(url)
        _put(_missing_files(place, url), url, undo)
        if _remote_hash(url) != place.name:  # the store holds damaged or additional files
            fs.rm(root, recursive=True)
            _put(_files(place), url, undo)


def _put(files: Mapping[str, Path], url: str, undo: ExitStack) -> None:
    fs, root = url_to_fs(url)
    for name, path in files.items():
        undo.callback(_delete_uploaded, fs, f"{root}/{name}")
        fs.makedirs(str(PurePosixPath(f"{root}/{name}").parent), exist_ok=True)
        fs.put_file(str(path), f"{root}/{name}")


def _delete_uploaded(fs: Any, path: str) -> None:  # noqa: ANN401 — fsspec has no types
    with suppress(Exception):  # the cause of the failed upload probably prevents this as well
        fs.rm_file(path)


def _fetch(stored: StoredArtefact, place: Path) -> None:
    with _store_errors(stored.path, ModelError, "is out of reach"):
        place.parent.mkdir(parents=True, exist_ok=True)
        with _process_lock(place.parent.parent / ".fetching"):
            if is_intact(place, stored.artefact_hash):  # another process has fetched it meanwhile
                return
            part = place.with_name(f".{place.name}.part")
            shutil.rmtree(part, ignore_errors=True)  # left by a killed process
            try:
                _download(stored.path, part)
                if artefact_hash(part) != stored.artefact_hash:
                    raise _unusable("damaged", stored.path)
                shutil.rmtree(place, ignore_errors=True)
                part.rename(place)
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
    # Several drafting runs can start at once on one machine: the first one downloads, the others wait for it.
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
