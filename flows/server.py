"""Connects this process to a Prefect server, and starts a server if none is running.

This module sets Prefect's environment variables, so its functions must run before `prefect` is imported.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ticketing.errors import ServiceError
from ticketing.settings import Settings

START_TIMEOUT_SECONDS = 120
PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def prefect_environment(settings: Settings) -> dict[str, str]:
    """Prefect's environment variables: state under the home, no telemetry, and the pipeline's log lines in run logs."""
    return {
        "PREFECT_HOME": str(settings.home / "prefect"),
        "PREFECT_PROFILES_PATH": str(settings.home / "prefect" / "profiles.toml"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "ticketing",
        "PREFECT_LOGGING_LEVEL": settings.log_level,
        "DO_NOT_TRACK": "1",
    }


def server_is_up(api_url: str) -> bool:
    """Whether a Prefect API answers at this address."""
    try:
        with urllib.request.urlopen(f"{api_url}/health", timeout=2) as response:  # noqa: S310 — our own address
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def port_is_free(host: str, port: int) -> bool:
    """Whether no process listens on the port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def api_url(settings: Settings, port: int | None = None) -> str:
    """The URL of the API on a port, by default the port of the settings."""
    return f"http://{settings.prefect.host}:{port or settings.prefect.port}/api"


@contextmanager
def prefect_api(settings: Settings) -> Iterator[str]:
    """Connects this process to a Prefect API.

    It takes the API of PREFECT_API_URL, otherwise that of a running `ticketing up`. Otherwise it starts a server.

    Yields:
        The URL of the API.

    Raises:
        ServiceError: the server did not start.
    """
    os.environ.update(prefect_environment(settings))
    running = os.environ.get("PREFECT_API_URL") or api_url(settings)
    if "PREFECT_API_URL" in os.environ or server_is_up(running):
        os.environ["PREFECT_API_URL"] = running
        yield running
        return
    with prefect_server(settings, _free_port(settings)) as url:
        yield url


@contextmanager
def prefect_server(settings: Settings, port: int) -> Iterator[str]:
    """Runs a Prefect server on `port` until the block ends, and connects this process to it.

    Raises:
        ServiceError: the port is taken, or the server did not start.
    """
    host = settings.prefect.host
    if not port_is_free(host, port):
        raise ServiceError(
            f"Port {port} on {host} is in use: stop the process that listens there, or set TICKETING_PREFECT__PORT to "
            "another port."
        )
    os.environ.update(prefect_environment(settings))
    log_path = settings.home / "logs" / "prefect-server.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    url = api_url(settings, port)
    with log_path.open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", host, "--port", str(port)],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            # Without this variable the UI would look for the API on port 4200, whatever the server's port is.
            env={"PREFECT_UI_API_URL": url, **os.environ},
            # In its own session the server does not receive Ctrl-C. This process stops it after the flows have ended.
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
    before = os.environ.get("PREFECT_API_URL")
    try:
        _wait_until_up(server, url, log_path)
        os.environ["PREFECT_API_URL"] = url
        yield url
    finally:
        if before is None:
            os.environ.pop("PREFECT_API_URL", None)
        else:
            os.environ["PREFECT_API_URL"] = before
        _drain()
        _stop(server)


def _free_port(settings: Settings) -> int:
    if port_is_free(settings.prefect.host, settings.prefect.port):
        return settings.prefect.port
    with socket.socket() as probe:
        probe.bind((settings.prefect.host, 0))
        return int(probe.getsockname()[1])


def _wait_until_up(server: subprocess.Popen[bytes], url: str, log_path: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise ServiceError(f"The Prefect server ended with code {server.returncode}: see {log_path}.")
        if server_is_up(url):
            return
        time.sleep(0.2)
    raise ServiceError(f"The Prefect server did not answer within {START_TIMEOUT_SECONDS} s: see {log_path}.")


def _end_with_parent() -> None:
    # This runs in the server's process. If the parent is killed, the kernel then stops the server.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _drain() -> None:
    # Prefect sends log lines and events from threads. What they have not sent when the server stops is lost.
    if "prefect" not in sys.modules:
        return
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=10)


def _stop(server: subprocess.Popen[bytes]) -> None:
    # The server starts further processes for its services, so the signal goes to the whole process group.
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, sign)
        except ProcessLookupError:
            return
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
