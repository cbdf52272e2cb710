"""Runs the `ticketing` command within the process of the test. This saves the seconds that a new interpreter takes."""

import logging
import signal
import subprocess
import sys

import pytest

from ticketing.cli import main
from ticketing.cli.common import console, output
from ticketing.settings import get_settings


@pytest.fixture
def command(settings, tmp_path, monkeypatch, capsys):
    """A function that runs the command. Its `variables` change the environment for one call; None removes a variable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TICKETING_HOME", str(settings.home))
    monkeypatch.setenv("TICKETING_DATABASE_URL", settings.database_url.get_secret_value())
    before = signal.getsignal(signal.SIGTERM), logging.getLogger("ticketing").level

    def call(*arguments, columns=80, **variables):
        capsys.readouterr()
        with monkeypatch.context() as patch, pytest.raises(SystemExit) as exit_info:
            for name, value in variables.items():
                patch.delenv(name) if value is None else patch.setenv(name, value)
            patch.setattr(sys, "argv", ["ticketing", *arguments])
            for stream in (console, output):
                patch.setattr(stream, "_width", columns)
            get_settings.cache_clear()
            main()
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, exit_info.value.code, printed.out, printed.err)

    yield call
    get_settings.cache_clear()
    signal.signal(signal.SIGTERM, before[0])
    logging.getLogger("ticketing").setLevel(before[1])


@pytest.fixture
def refused(command):
    """A function that runs a command which must fail with exit code 1 and one sentence. Returns the sentence."""

    def call(*arguments, **options):
        # A narrow terminal breaks the long paths of tests in the middle of a word.
        result = command(*arguments, **{"columns": 400, **options})
        message = " ".join(result.stderr.split())
        assert result.returncode == 1, result
        assert result.stdout == ""
        assert message.startswith("error: ") and "Traceback" not in message
        return message

    return call
