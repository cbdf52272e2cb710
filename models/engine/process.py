"""Runs vLLM in a process of its own and talks to it: conversations in, completions out.

What happens inside that process is `models.engine.worker`; what the conversations say is `ticketing.drafting`.
"""

import json
import logging
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from models.shared.base import resolve
from ticketing.errors import EngineError
from ticketing.settings import Settings
from ticketing.stages.prompts import Message
from ticketing.stages.protocols import Completion

logger = logging.getLogger("ticketing")

LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # what vLLM's max_lora_rank may be
CLOSE_SECONDS = 10


@dataclass(frozen=True)
class Adapter:
    """A trained LoRA adapter. vLLM's prefix cache goes by name and path: a new version needs a new one of both."""

    name: str
    path: Path


class Engine:
    """vLLM with a base model and at most one adapter, from `__enter__` to `__exit__`.

    The memory of an engine comes back only when its process ends; so it has one of its own, which ends with this one,
    however this one ends.
    """

    def __init__(self, base: str, settings: Settings, adapter: Adapter | None = None) -> None:
        self.base = base
        self.settings = settings
        self.adapter = adapter
        self.load_seconds = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None
        self._one_at_a_time = threading.Lock()
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        """Starts the process and waits until the model is loaded.

        Raises:
            EngineError: it ended, or was not ready within engine.start_timeout_seconds.
        """
        started = time.monotonic()
        logs = self.settings.home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._log = logs / f"engine-{datetime.now(UTC):%Y-%m-%d}.log"
        options = self.options()
        self._scratch = tempfile.TemporaryDirectory(prefix="ticketing-engine-")
        ours, theirs = Pipe()
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "models.engine.worker", str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # vLLM leaves a file behind for every start.
                env={**self.environment(), "TMPDIR": self._scratch.name},
                # Ctrl-C is for this process: it decides what is finished before the engine goes.
                start_new_session=True,
            )
        theirs.close()
        self._connection = ours
        try:
            self._send(options)
            self._receive(self.settings.engine.start_timeout_seconds)
        except BaseException:
            self._kill()
            raise
        self.load_seconds = time.monotonic() - started
        logger.info("engine: %s is ready after %.0f s, process %d", self.base, self.load_seconds, self._process.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ends the process: it is asked first, and killed when it does not listen."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None and kind is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(CLOSE_SECONDS)
        self._kill()

    @property
    def pid(self) -> int | None:
        """The engine's process; None when there is none."""
        return None if self._process is None else self._process.pid

    def chat(
        self,
        conversations: Sequence[list[Message]],
        use_adapter: bool = True,
        max_tokens: int | None = None,
        temperature: float = 0.0,
    ) -> list[Completion]:
        """One completion a conversation, in order.

        Args:
            conversations: a list of messages each, as `ticketing.stages.prompts.messages` gives it.
            use_adapter: False asks the bare base model.
            max_tokens: the longest reply; engine.max_reply_tokens if left out.
            temperature: 0 takes the likeliest token each time.

        Returns:
            Completions with finish_reason 'stop' or 'length', or 'error' (and no text) for a conversation that leaves
            no room for a reply within engine.max_model_len.

        Raises:
            EngineError: the engine is not running, or ended or failed on the way. Nothing is lost: ask a new engine.
        """
        limit = self.settings.engine.max_reply_tokens if max_tokens is None else max_tokens
        with self._one_at_a_time:
            self._send((list(conversations), use_adapter and self.adapter is not None, limit, temperature))
            answers: list[tuple[str, int, int, str]] = self._receive(None)
        return [Completion(*answer) for answer in answers]

    def options(self) -> dict[str, Any]:
        """What the process is told to load.

        Raises:
            ModelError: there is no such base model or adapter.
        """
        chosen = self.settings.engine
        adapter = None if self.adapter is None else (self.adapter.name, str(self.adapter.path.resolve()))
        return {
            "model": str(resolve(self.base, self.settings)),
            "adapter": adapter,
            "max_lora_rank": 0 if self.adapter is None else lora_rank(self.adapter),
            "max_model_len": chosen.max_model_len,
            "max_num_seqs": chosen.max_num_seqs,
            "gpu_memory_utilization": chosen.gpu_memory_utilization,
        }

    def environment(self) -> dict[str, str]:
        """The environment of the process: this one's, and what vLLM reads from there."""
        project = str(Path(__file__).resolve().parents[2])
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, (project, os.environ.get("PYTHONPATH")))),
            # One process: nothing that could outlive it, and no second copy of torch in memory.
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
            "VLLM_CPU_KVCACHE_SPACE": str(self.settings.engine.kv_cache_gib),
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "VLLM_LOGGING_COLOR": "0",
            # As in ticketing.cli: spinning threads starve whoever else is on the processor.
            "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", "1000"),
        }

    def _send(self, message: object) -> None:
        if self._connection is None or self._connection.closed:
            raise EngineError("The inference engine is not running: it is used as a context manager, once.")
        try:
            self._connection.send(message)
        except OSError:
            raise self._ended() from None

    def _receive(self, timeout: float | None) -> Any:  # noqa: ANN401
        assert self._connection is not None  # noqa: S101 - _send has looked
        try:
            if not self._connection.poll(timeout):
                raise EngineError(
                    f"The inference engine was not ready after {timeout} s: raise engine.start_timeout_seconds, "
                    f"or see {self._log}."
                )
            failed, answer = self._connection.recv()
        except (EOFError, ConnectionError):
            raise self._ended() from None
        if failed:
            raise EngineError(f"The inference engine failed: {answer}. See {self._log}.")
        return answer

    def _ended(self) -> EngineError:
        assert self._process is not None  # noqa: S101 - there was a connection
        self._kill()
        code = self._process.returncode
        how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        hint = ", most likely because memory ran out: lower engine.kv_cache_gib" if code == -signal.SIGKILL else ""
        line = last_error(self._log, self._log_start)
        return EngineError(
            f"The inference engine ended by itself ({how}{hint}).{f' It said: {line}' if line else ''} See {self._log}."
        )

    def _kill(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is None:
            return
        # Ended by itself or not, none of its children may stay. It leads a process group of its own.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._scratch is not None:
            self._scratch.cleanup()


def lora_rank(adapter: Adapter) -> int:
    """The smallest rank vLLM can be told that holds this adapter.

    Raises:
        EngineError: the adapter is gone, or too large.
    """
    try:
        rank = json.loads((adapter.path / "adapter_config.json").read_text())["r"]
    except (OSError, ValueError, KeyError) as error:
        raise EngineError(
            f"The adapter {adapter.name} can't be read from {adapter.path}: {type(error).__name__}."
        ) from error
    return min((allowed for allowed in LORA_RANKS if allowed >= rank), default=math.ceil(rank))


def last_error(log: Path, start: int) -> str:
    """The last line since `start` (a byte offset) that names an error; '' when there is none."""
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    return next((line.strip()[:300] for line in reversed(lines) if "Error" in line), "")
