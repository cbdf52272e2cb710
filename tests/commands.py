"""Runs the `ticketing` command in a home of its own, as a user does."""

import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-c", "from ticketing.cli import main; main()"]
# Trained in seconds; it finds far less than the one that users have.
SMALL_FINDER = {
    "TICKETING_NAME_FINDER__LAYERS": "2",
    "TICKETING_NAME_FINDER__EXAMPLES": "6000",
    "TICKETING_NAME_FINDER__LEARNING_RATE": "5e-4",
}
ROOT = Path(__file__).parent.parent


def environment(home, **settings):
    """The environment of a user who has set these TICKETING_… variables."""
    return {**os.environ, "TICKETING_HOME": str(home), "PYTHONPATH": str(ROOT), **settings}


def ticketing(env, folder, *arguments, timeout=600):
    """One call of the command, to its end."""
    return subprocess.run([*COMMAND, *arguments], env=env, cwd=folder, capture_output=True, text=True, timeout=timeout)
