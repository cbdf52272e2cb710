"""Runs the `ticketing` command as a user does: in a new process, with its own home."""

import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-c", "from ticketing.cli import main; main()"]
# A name finder that is trained in seconds. It finds far fewer names than the one with the default settings.
SMALL_FINDER = {
    "TICKETING_NAME_FINDER__LAYERS": "2",
    "TICKETING_NAME_FINDER__EXAMPLES": "6000",
    "TICKETING_NAME_FINDER__LEARNING_RATE": "5e-4",
}
ROOT = Path(__file__).parent.parent


def environment(home, **settings):
    """The environment of a user with this home, who has also set these TICKETING_… variables."""
    # A narrow terminal breaks the long paths of tests in the middle of a word.
    return {**os.environ, "COLUMNS": "400", "TICKETING_HOME": str(home), "PYTHONPATH": str(ROOT), **settings}


def ticketing(env, folder, *arguments, timeout=600):
    """Runs the command in a folder, and waits until it ends."""
    return subprocess.run([*COMMAND, *arguments], env=env, cwd=folder, capture_output=True, text=True, timeout=timeout)
