"""`ticketing up` as an operator has it: the process, Prefect's API, and the runs that it starts."""

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


def wait_for(condition, seconds=300, alive=None):
    """What the condition gives as soon as it gives something; an error when `alive`, a process, ends before."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert alive is None or alive.poll() is None, f"the process ended with {alive.returncode}"
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.1)
    return found


class Served:
    """A running `ticketing up`; its output goes to a file beside the home."""

    def __init__(self, env: dict[str, str], folder) -> None:
        self.url = f"http://127.0.0.1:{env['TICKETING_PREFECT__PORT']}/api"
        with (folder / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "up"],
                # Looked at more often than Prefect does by itself, which a test would have to wait for.
                env={**env, "PREFECT_RUNNER_POLL_FREQUENCY": "1"},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A group of its own, as in a terminal: Ctrl-C reaches all that is in it.
                start_new_session=True,
            )
        wait_for(lambda: server_is_up(self.url) and len(self.deployments()) == 9, alive=self.process)

    def deployments(self) -> dict[str, dict]:
        return {row["name"]: row for row in self._post("deployments/filter")}

    def start(self, deployment: str) -> str:
        """Starts a run, as the button in the UI does. Returns its id."""
        row = self.deployments()[deployment]
        return self._post(f"deployments/{row['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})["id"]

    def state(self, run_id: str) -> dict:
        return httpx.get(f"{self.url}/flow_runs/{run_id}", timeout=30).raise_for_status().json()["state"]

    def end_of(self, run_id: str) -> dict:
        """The state in which a run ended."""
        wait_for(lambda: self.state(run_id)["type"] in ENDED, 600, self.process)
        return self.state(run_id)

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def engine(self) -> psutil.Process | None:
        """The process of vLLM, if a run has started it."""
        for process in self.descendants():
            try:
                if "models.engine.worker" in process.cmdline():
                    return process
            except psutil.Error:
                continue
        return None

    def end(self, sign: signal.Signals) -> int:
        """Sends a signal and waits. Returns the exit code."""
        if sign == signal.SIGINT:
            os.killpg(self.process.pid, sign)
        else:
            self.process.send_signal(sign)
        return self.process.wait(90)

    def _post(self, path: str, body: dict | None = None):
        return httpx.post(f"{self.url}/{path}", json=body or {}, timeout=30).raise_for_status().json()
