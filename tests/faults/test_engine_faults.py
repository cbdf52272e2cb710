"""The engine when its process or parent is killed, or when it does not start: nothing hangs, and no process stays."""

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

# An untrained model rarely ends a reply by itself, so four replies of up to 1,500 tokens leave time to kill the engine.
LONG_REPLY_TOKENS = 1_500


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


def test_engine_killed_while_it_writes_raises_an_error_that_names_the_signal(tiny, settings):
    with Engine(str(tiny), settings) as engine:
        threading.Timer(2, os.kill, (engine.pid, signal.SIGKILL)).start()

        with pytest.raises(EngineError, match="SIGKILL"):
            while True:
                engine.chat([messages("Answer.", "Where is my parcel?")] * 4, max_tokens=LONG_REPLY_TOKENS)

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
# As in a flow, the thread that starts the engine ends long before the process.
thread = threading.Thread(target=engine.__enter__)
thread.start()
thread.join()
print(engine.pid, flush=True)
while True:
    engine.chat([messages("Answer.", "Where is my parcel?")] * 4, max_tokens=1_500)
    print("answered", flush=True)
"""


def test_engine_outlives_the_thread_that_started_it_but_ends_when_its_parent_is_killed(tiny, tmp_path):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, tmp_path, tiny], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    assert parent.stdout.readline() == "answered\n"

    parent.kill()
    parent.wait()

    assert wait_until_gone(pid)
    parent.stdout.close()


def test_engine_that_does_not_start_in_time_is_ended(tiny, tmp_path):
    settings = Settings(home=tmp_path, engine={"start_timeout_seconds": 1})
    engine = Engine(str(tiny), settings)

    with pytest.raises(EngineError, match="start_timeout_seconds"):
        engine.__enter__()

    assert wait_until_gone(engine.pid, 1)


def test_error_for_a_model_that_vllm_cannot_load_contains_the_reason(tmp_path, settings):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text('{"model_type": "no-such-model", "architectures": ["NoSuchModel"]}')
    engine = Engine(str(broken), settings)

    with pytest.raises(EngineError, match="no-such-model|NoSuchModel"):
        engine.__enter__()

    assert wait_until_gone(engine.pid, 1)
