"""The `ticketing` command in the test's own process: the user's command, without the seconds that a new interpreter takes."""

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
    """Runs the command; `variables` change the environment for one call; None removes a variable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TICKETING_HOME", str(settings.home))
    monkeypatch.setenv("TICKETING_DATABASE_URL", settings.database_url.get_secret_value())
    before = signal.getsignal(signal.SIGTERM), logging.getLogger("ticketing").level

    def call(*arguments, columns=80, **variables):
        capsys.readouterr()
        with monkeypatch.context() as patch, pytest.raises(SystemExit) as ended:
            for name, value in variables.items():
                patch.delenv(name) if value is None else patch.setenv(name, value)
            patch.setattr(sys, "argv", ["ticketing", *arguments])
            for each in (console, output):
                patch.setattr(each, "_width", columns)
            get_settings.cache_clear()
            main()
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, ended.value.code, printed.out, printed.err)

    yield call
    get_settings.cache_clear()
    signal.signal(signal.SIGTERM, before[0])
    logging.getLogger("ticketing").setLevel(before[1])


@pytest.fixture
def refused(command):
    """Runs a command that must fail with one sentence and exit code 1. Returns the sentence."""

    def call(*arguments, **options):
        done = command(*arguments, **options)
        message = " ".join(done.stderr.split())
        assert done.returncode == 1, done
        assert done.stdout == ""
        assert message.startswith("error: ") and "Traceback" not in message
        return message

    return call
