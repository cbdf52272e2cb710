"""The engine's process is killed, its parent is killed, it does not come up: nothing hangs and nothing stays behind."""

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from models.engine.process import Engine
from tests.models.tiny_model import save_tiny_model
from ticketing.errors import EngineError
from ticketing.settings import Settings
from ticketing.stages.prompts import messages

# Thousands of tokens from an untrained model, which never ends a reply by itself: long enough to be killed on the way.
LONG = 1_500


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, engine={"kv_cache_gib": 1, "max_model_len": 2_000, "start_timeout_seconds": 240})


def wait_until_gone(pid: int, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False


def test_engine_killed_while_it_writes_is_an_error_that_says_so(tiny, settings):
    with Engine(str(tiny), settings) as engine:
        threading.Timer(2, os.kill, (engine.pid, signal.SIGKILL)).start()

        with pytest.raises(EngineError, match="SIGKILL"):
            while True:
                engine.chat([messages("Answer.", "Where is my parcel?")] * 4, max_tokens=LONG)

        with pytest.raises(EngineError, match="not running"):
            engine.chat([messages("Answer.", "Are you still there?")])


PARENT = """
import sys, threading
from pathlib import Path
from models.engine.process import Engine
from ticketing.stages.prompts import messages
from ticketing.settings import Settings
settings = Settings(home=Path(sys.argv[1]), engine={"kv_cache_gib": 1, "max_model_len": 2_000})
engine = Engine(sys.argv[2], settings)
# As in a flow: the thread that starts the engine ends long before the process does.
thread = threading.Thread(target=engine.__enter__)
thread.start()
thread.join()
print(engine.pid, flush=True)
while True:
    engine.chat([messages("Answer.", "Where is my parcel?")] * 4, max_tokens=1_500)
    print("answered", flush=True)
"""


def test_engine_ends_when_its_parent_is_killed_but_not_when_the_starting_thread_ends(tiny, tmp_path):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, tmp_path, tiny], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    assert parent.stdout.readline() == "answered\n"

    parent.kill()
    parent.wait()

    assert wait_until_gone(pid)
    parent.stdout.close()


def test_engine_that_does_not_come_up_in_time_is_ended(tiny, tmp_path):
    settings = Settings(home=tmp_path, engine={"start_timeout_seconds": 1})
    engine = Engine(str(tiny), settings)

    with pytest.raises(EngineError, match="start_timeout_seconds"):
        engine.__enter__()

    assert wait_until_gone(engine.pid, 1)


def test_a_model_that_vllm_can_not_load_is_named_with_its_reason(tmp_path, settings):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text('{"model_type": "no-such-model", "architectures": ["NoSuchModel"]}')
    engine = Engine(str(broken), settings)

    with pytest.raises(EngineError, match="no-such-model|NoSuchModel"):
        engine.__enter__()

    assert wait_until_gone(engine.pid, 1)
