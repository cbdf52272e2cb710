"""How commands end after Ctrl-C, SIGTERM, a closed pipe, a full disk or an unexpected error."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import psutil
import pytest

from tests.commands import COMMAND, environment, ticketing
from tests.models.tiny_model import save_tiny_model
from tests.seed import rows
from ticketing.cli import status

INTERRUPTED = "interrupted: run the same command again, and it continues where it stopped"


@pytest.fixture
def env(settings):
    return environment(settings.home, TICKETING_DATABASE_URL=settings.database_url.get_secret_value())


def ignore_interrupts():
    # A non-interactive shell starts background processes with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def started(env, folder, *arguments, background=True):
    """Starts the command, as a shell's background process if `background`. Kills it when the block ends."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env=env,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=ignore_interrupts if background else None,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(("stop_signal", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_interrupted_import_reports_the_interruption_and_stores_nothing(
    env, tmp_path, database, stop_signal, exit_code
):
    with (tmp_path / "tickets.csv").open("w") as file:
        file.write("body,category\n,refused\n")
        file.writelines(f"Where is parcel {number}?,logistics\n" for number in range(1_000_000))

    with started(env, tmp_path, "import", "tickets.csv", background=stop_signal == signal.SIGTERM) as process:
        while not list(tmp_path.glob(".*.partial")):  # The import has begun when the list of refused rows exists.
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(stop_signal)
        stdout, stderr = process.communicate(timeout=60)

    assert (process.returncode, stdout) == (exit_code, "")
    assert INTERRUPTED in " ".join(stderr.split()) and "Traceback" not in stderr
    assert rows(database, "SELECT count(*) AS n FROM ticketing.imported_ticket") == [{"n": 0}]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["tickets.csv"]


def test_sigterm_stops_the_up_command_and_its_server_even_if_sigint_is_ignored(env, tmp_path):
    port = free_port()
    with started({**env, "TICKETING_PREFECT__PORT": str(port)}, tmp_path, "up") as process:
        killer = threading.Timer(120, process.kill)
        killer.start()
        for line in process.stderr:
            if "Ctrl-C stops everything" in line:
                break
        killer.cancel()
        time.sleep(3)
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.send_signal(signal.SIGTERM)
        stderr = process.communicate(timeout=60)[1]

    assert process.returncode in (0, 143)
    assert "Traceback" not in stderr
    assert not [child for child in psutil.wait_procs(children, timeout=20)[1] if child.is_running()]


@pytest.mark.parametrize("command", ["db schema", "models --help"])
def test_closed_pipe_prints_no_traceback(env, tmp_path, command):
    program = " ".join(f"'{part}'" for part in COMMAND)
    shell = f"{program} {command} | head -c 10"
    result = subprocess.run(["sh", "-c", shell], env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert len(result.stdout) == 10
    assert result.stderr == ""


def test_full_disk_for_the_output_raises_an_error(env, tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        result = subprocess.run(
            [*COMMAND, "status"], env=env, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 1
    assert result.stderr.strip() == "error: the output can't be written: the disk is full"


def test_unexpected_error_prints_one_line_and_stores_the_stack_without_error_messages(command, settings, monkeypatch):
    secret = "Ann Smith, 12 High Street"

    def fail(conn):
        body = secret
        try:
            raise KeyError(body)
        except KeyError as error:
            raise ValueError(f"can't read {body}") from error

    monkeypatch.setattr(status, "status", fail)
    result = command("status", columns=200)

    assert result.returncode == 1
    assert secret not in result.stdout + result.stderr
    (path,) = re.fullmatch(r"unexpected error ValueError; the stack trace is in (\S+)\n", result.stderr).groups()
    assert path.startswith(f"{settings.home}/logs/error-")
    with open(path) as file:  # noqa: PTH123
        stack = file.read()
    assert "builtins.ValueError" in stack and "builtins.KeyError" in stack and "print_status" in stack
    assert secret not in stack


def test_stack_of_an_unexpected_error_is_stored_elsewhere_if_the_home_is_not_writable(command, monkeypatch, tmp_path):
    monkeypatch.setattr(status, "open_database", lambda settings: 1 / 0)
    (tmp_path / "file").write_text("")
    result = command("status", columns=200, TICKETING_HOME=str(tmp_path / "file"))
    path = result.stderr.rsplit(" ", 1)[1].strip()
    with open(path) as file:  # noqa: PTH123
        assert "builtins.ZeroDivisionError" in file.read()


LOAD_A_MODEL = """
import sys
from ticketing.cli import main
sys.argv = ["ticketing", "--help"]
try:
    main()
except SystemExit:
    pass
from transformers import AutoModelForCausalLM
AutoModelForCausalLM.from_pretrained("{folder}").save_pretrained("{folder}/again")
"""


def test_libraries_print_no_progress_bars(env, tmp_path):
    code = LOAD_A_MODEL.format(folder=save_tiny_model(tmp_path / "tiny"))
    result = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0
    assert result.stderr == ""


def test_invalid_utf_8_on_stdin_is_refused(env, tmp_path):
    result = subprocess.run(
        [*COMMAND, "privacy", "forget", "--customer", "-"],
        env=env,
        cwd=tmp_path,
        input=b"\xff\n",
        capture_output=True,
        check=False,
    )
    assert result.returncode == 1
    assert b"The text on stdin is not UTF-8: nothing was changed" in b" ".join(result.stderr.split())


def test_error_in_a_flow_is_reported_in_one_sentence_without_a_stack(env, tmp_path):
    result = ticketing({**env, "TICKETING_PREFECT__PORT": str(free_port())}, tmp_path, "evaluate")
    assert (result.returncode, result.stdout) == (1, "")
    sentence = "error: ModelError: There is no candidate to evaluate: run 'ticketing train' first."
    assert " ".join(result.stderr.split()) == sentence
