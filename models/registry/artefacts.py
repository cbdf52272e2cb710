"""Trained artefacts as files: kept once under the hash of their content, here or at any fsspec URL, checked when used.

Which version an artefact belongs to, and whether anybody still needs it, the registry knows.
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
    """Where an artefact is: a path relative to the home, or a URL."""

    path: str
    artefact_hash: str


def artefact_hash(folder: Path) -> str:
    """SHA-256 over the names and contents of a folder's files, as hex."""
    files = _files(folder)
    return files_hash(files, lambda name: files[name].open("rb"))


def store(artefact: Path, settings: Settings, undo: ExitStack) -> StoredArtefact:
    """Moves an artefact to its place, and to the store where there is one.

    Content that is there already is left as it is: whoever registered it before shares it.

    Args:
        artefact: a folder under the home.
        settings: the home and the store.
        undo: takes back what was done here, unless it is emptied once the artefact is registered.

    Raises:
        OutputError: it can't be written there, or the store can't be reached.
    """
    digest = artefact_hash(artefact)
    place = _place(digest, settings)
    if not _is_intact(place, digest):
        undo.callback(_clear, place)
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(place, ignore_errors=True)
            artefact.rename(place)
    if settings.registry.store is None:
        return StoredArtefact(os.path.relpath(place, settings.home), digest)
    url = f"{settings.registry.store.rstrip('/')}/{digest[:2]}/{digest}"
    _upload(place, url, undo)
    return StoredArtefact(url, digest)


def local_copy(at: StoredArtefact, settings: Settings) -> Path:
    """The artefact on this machine, its content checked; fetched first where it is elsewhere.

    Raises:
        ModelError: it is gone or damaged, or the store can't be reached.
    """
    if not _is_remote(at):
        place = settings.home / at.path
        if not place.is_dir():
            raise _lost("gone", place)
        if not _is_intact(place, at.artefact_hash):
            raise _lost("damaged", place)
        return place
    place = _place(at.artefact_hash, settings)
    if not _is_intact(place, at.artefact_hash):
        _fetch(at, place)
    return place


def check(at: StoredArtefact, settings: Settings) -> None:
    """Makes sure that every machine can load it, not only this one, which may have a copy.

    Raises:
        ModelError: as for `local_copy`.
    """
    local_copy(at, settings)
    if _is_remote(at):
        with _talking_to(at.path, ModelError, "is out of reach"):
            if _remote_hash(at.path) != at.artefact_hash:
                raise _lost("gone or damaged", at.path)


def size(at: StoredArtefact, settings: Settings) -> int:
    """The bytes it takes up in its store; 0 when it is gone.

    Raises:
        ModelError: the store can't be reached.
    """
    if not _is_remote(at):
        return sum(file.stat().st_size for file in _files(settings.home / at.path).values())
    with _talking_to(at.path, ModelError, "is out of reach"):
        return sum(_remote_files(at.path).values())


def remove(at: StoredArtefact, settings: Settings) -> None:
    """Takes an artefact away, in its store and here; one that is gone already is no error.

    Raises:
        OutputError: it can't be removed.
    """
    place = _place(at.artefact_hash, settings)
    if _is_remote(at):
        # Whatever a row of the database says, nothing but an artefact is removed.
        if at.path.endswith(f"/{at.artefact_hash[:2]}/{at.artefact_hash}"):
            with _talking_to(at.path, OutputError, "can't be removed"), suppress(FileNotFoundError):
                fs, root = url_to_fs(at.path)
                fs.rm(root, recursive=True)
        folders = [place]
    else:
        folders = [place, (settings.home / at.path).resolve()]
    for folder in folders:
        if folder.is_dir() and (settings.home / "models").resolve() in folder.resolve().parents:
            with writing(folder):
                shutil.rmtree(folder)
            _clear(folder)


def _clear(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):  # there are others beside it
        place.parent.rmdir()


def _place(digest: str, settings: Settings) -> Path:
    return settings.home / "models" / digest[:2] / digest


def _is_intact(place: Path, digest: str) -> bool:
    return place.is_dir() and artefact_hash(place) == digest


def _is_remote(at: StoredArtefact) -> bool:
    return "://" in at.path


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


def _not_there(place: Path, url: str) -> dict[str, Path]:
    there = _remote_files(url)
    return {name: path for name, path in _files(place).items() if there.get(name) != path.stat().st_size}


def _upload(place: Path, url: str, undo: ExitStack) -> None:
    # File by file, and only what is not there yet: an upload that was killed goes on where it stopped.
    with _talking_to(url, OutputError, "can't be written"):
        fs, root = url_to_fs(url)
        _put(_not_there(place, url), url, undo)
        if _remote_hash(url) != place.name:  # what was there was damaged, or more than belongs there
            fs.rm(root, recursive=True)
            _put(_files(place), url, undo)


def _put(files: Mapping[str, Path], url: str, undo: ExitStack) -> None:
    fs, root = url_to_fs(url)
    for name, path in files.items():
        undo.callback(_take_back, fs, f"{root}/{name}")
        fs.makedirs(str(PurePosixPath(f"{root}/{name}").parent), exist_ok=True)
        fs.put_file(str(path), f"{root}/{name}")


def _take_back(fs: Any, path: str) -> None:  # noqa: ANN401 — fsspec has no types
    with suppress(Exception):  # what made the upload fail most likely hinders this too
        fs.rm_file(path)


def _fetch(at: StoredArtefact, place: Path) -> None:
    with _talking_to(at.path, ModelError, "is out of reach"):
        place.parent.mkdir(parents=True, exist_ok=True)
        with _one_process(place.parent.parent / ".fetching"):
            if _is_intact(place, at.artefact_hash):  # another process was faster
                return
            part = place.with_name(f".{place.name}.part")
            shutil.rmtree(part, ignore_errors=True)  # what a killed process left
            try:
                _download(at.path, part)
                if artefact_hash(part) != at.artefact_hash:
                    raise _lost("damaged", at.path)
                shutil.rmtree(place, ignore_errors=True)
                part.rename(place)
            finally:
                shutil.rmtree(part, ignore_errors=True)


def _download(url: str, part: Path) -> None:
    fs, root = url_to_fs(url)
    names = _remote_files(url)
    if not names:
        raise _lost("gone", url)
    for name in names:
        if ".." in PurePosixPath(name).parts:
            raise _lost("damaged", url)
        target = part / name
        target.parent.mkdir(parents=True, exist_ok=True)
        fs.get_file(f"{root}/{name}", str(target))


@contextmanager
def _one_process(lock: Path) -> Iterator[None]:
    # Several drafting runs of one machine start at once: the first fetches, the others find it done.
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _talking_to(url: str, error_class: type[TicketingError], what: str) -> Iterator[None]:
    try:
        yield
    except TicketingError:
        raise
    except Exception as error:  # every kind of store has errors of its own
        reason = str(error) if isinstance(error, ImportError) else getattr(error, "strerror", None)
        raise error_class(
            f"The artefact {url} {what}: {reason or type(error).__name__}. Look at registry.store, the network, the "
            "disk, and the credentials in the environment."
        ) from error


def _lost(how: str, place: Path | str) -> ModelError:
    return ModelError(
        f"The artefact {place} is {how}: restore it from a backup, go back to another version with 'ticketing models "
        "rollback', or train anew. Where several machines share the work, registry.store must name a place all reach."
    )
