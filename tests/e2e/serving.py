"""Runs `ticketing up` as an operator does, and starts and watches flow runs through Prefect's API."""

import os
import signal
import socket
import subprocess
import time

import httpx
import psutil

from flows.server import server_is_up
from tests.commands import COMMAND

ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds=300, process=None):
    """Waits until the condition returns a true value, and returns that value. Fails if the process ends first."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert process is None or process.poll() is None, f"the process ended with exit code {process.returncode}"
        assert time.monotonic() < deadline, f"the condition was not true within {seconds} seconds"
        time.sleep(0.1)
    return found


class Served:
    """A running `ticketing up`. It runs in a folder, and writes its output to `up.log` there."""

    def __init__(self, env: dict[str, str], folder) -> None:
        self.url = f"http://127.0.0.1:{env['TICKETING_PREFECT__PORT']}/api"
        with (folder / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "up"],
                # Prefect looks for new runs less often by default, and the tests would wait longer.
                env={**env, "PREFECT_RUNNER_POLL_FREQUENCY": "1"},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # The process gets its own process group, as in a terminal, so that Ctrl-C reaches its children too.
                start_new_session=True,
            )
        wait_for(lambda: server_is_up(self.url) and len(self.deployments()) == 9, process=self.process)

    def deployments(self) -> dict[str, dict]:
        return {row["name"]: row for row in self._post("deployments/filter")}

    def start(self, deployment: str) -> str:
        """Starts a flow run, as the button in the UI does. Returns the run's id."""
        row = self.deployments()[deployment]
        return self._post(f"deployments/{row['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})["id"]

    def state(self, run_id: str) -> dict:
        return httpx.get(f"{self.url}/flow_runs/{run_id}", timeout=30).raise_for_status().json()["state"]

    def final_state(self, run_id: str) -> dict:
        """Waits until a run has ended, and returns its final state."""
        wait_for(lambda: self.state(run_id)["type"] in ENDED, 600, self.process)
        return self.state(run_id)

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def engine(self) -> psutil.Process | None:
        """The process of vLLM, or None when no run has started it."""
        for process in self.descendants():
            try:
                if "models.engine.worker" in process.cmdline():
                    return process
            except psutil.Error:
                continue
        return None

    def stop(self, stop_signal: signal.Signals) -> int:
        """Sends a signal, and waits for the process to end. Returns the exit code."""
        if stop_signal == signal.SIGINT:
            os.killpg(self.process.pid, stop_signal)
        else:
            self.process.send_signal(stop_signal)
        return self.process.wait(90)

    def _post(self, path: str, body: dict | None = None):
        return httpx.post(f"{self.url}/{path}", json=body or {}, timeout=30).raise_for_status().json()
