"""Starts vLLM in its own process, sends it conversations and receives completions.

`models.engine.worker` is the code of that process. `ticketing.stages.prompts` writes the conversations.
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

LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # the values that vLLM accepts as max_lora_rank
CLOSE_SECONDS = 10
PROGRESS_SECONDS = 15.0


@dataclass(frozen=True)
class Adapter:
    """A trained LoRA adapter.

    vLLM caches prompts under the adapter's name and path, so each version needs its own name and path.
    """

    name: str
    path: Path


class Engine:
    """vLLM with a base model and at most one adapter, as a context manager.

    vLLM runs in its own process, because its memory is freed only when its process ends. The engine's process also ends
    when this process ends or is killed.
    """

    def __init__(self, base: str, settings: Settings, adapter: Adapter | None = None) -> None:
        self.base = base
        self.settings = settings
        self.adapter = adapter
        self.load_seconds = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None
        self._call_lock = threading.Lock()
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        """Starts the process and waits until the model is loaded.

        Raises:
            EngineError: the engine's process ended, or was not ready within engine.start_timeout_seconds.
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
                # vLLM leaves a temporary file behind at every start, so it gets a temporary folder of its own.
                env={**self.environment(), "TMPDIR": self._scratch.name},
                # Ctrl-C must reach only this process, which finishes some work before it stops the engine.
                start_new_session=True,
            )
        theirs.close()
        self._connection = ours
        try:
            self._send(options)
            self._receive("loading the model", self.settings.engine.start_timeout_seconds)
        except BaseException:
            self._kill()
            raise
        self.load_seconds = time.monotonic() - started
        logger.info("engine: %s is ready after %.0f s, process %d", self.base, self.load_seconds, self._process.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Asks the engine's process to end, and kills it if it does not end in time."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None and kind is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(CLOSE_SECONDS)
        self._kill()

    @property
    def pid(self) -> int | None:
        """The id of the engine's process; None if the engine was not started."""
        return None if self._process is None else self._process.pid

    def chat(
        self,
        conversations: Sequence[list[Message]],
        use_adapter: bool = True,
        max_tokens: int | None = None,
        temperature: float = 0.0,
    ) -> list[Completion]:
        """One completion for each conversation, in order.

        Args:
            conversations: lists of messages, as `ticketing.stages.prompts.messages` returns them.
            use_adapter: whether to use the adapter; without it the base model replies.
            max_tokens: the maximum length of a reply; None means engine.max_reply_tokens.
            temperature: of the sampling; with 0 the most likely token is always chosen.

        Returns:
            Completions with the finish_reason 'stop' or 'length'. If a conversation and a reply of the maximum length
            would exceed engine.max_model_len, the completion has the finish_reason 'error' and no text.

        Raises:
            EngineError: the engine is not running, or it ended or failed. A new engine can repeat the call.
        """
        limit = self.settings.engine.max_reply_tokens if max_tokens is None else max_tokens
        with self._call_lock:
            self._send((list(conversations), use_adapter and self.adapter is not None, limit, temperature))
            answers: list[tuple[str, int, int, str]] = self._receive(f"%d of {len(conversations)} replies finished")
        return [Completion(*answer) for answer in answers]

    def options(self) -> dict[str, Any]:
        """The options that the engine's process receives: what to load, and vLLM's limits.

        Raises:
            ModelError: the base model does not exist.
            EngineError: the adapter can't be read.
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
        """The environment of the engine's process: the environment of this process, and variables for vLLM."""
        project = str(Path(__file__).resolve().parents[2])
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, (project, os.environ.get("PYTHONPATH")))),
            # No further process for vLLM: it could outlive this process, and would need a second copy of torch.
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
            "VLLM_CPU_KVCACHE_SPACE": str(self.settings.engine.kv_cache_gib),
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "VLLM_LOGGING_COLOR": "0",
            # As in ticketing.cli: otherwise waiting OpenMP threads occupy the CPU that other processes need.
            "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", "1000"),
        }

    def _send(self, message: object) -> None:
        if self._connection is None or self._connection.closed:
            raise EngineError("The inference engine is not running: use it as a context manager, and only once.")
        try:
            self._connection.send(message)
        except OSError:
            raise self._ended() from None

    def _receive(self, progress: str, timeout: float = math.inf) -> Any:  # noqa: ANN401
        """The answer of the engine's process. Meanwhile the progress is logged every PROGRESS_SECONDS.

        Args:
            progress: the line to log; "%d" stands for the number of finished replies.
            timeout: in seconds.
        """
        assert self._connection is not None  # noqa: S101 - _send has checked it
        started, logged, finished = time.monotonic(), time.monotonic(), 0
        try:
            while True:
                if self._connection.poll(min(PROGRESS_SECONDS, timeout)):
                    kind, content = self._connection.recv()
                    if kind == "done":
                        return content
                    if kind == "failed":
                        raise EngineError(f"The inference engine failed: {content}. See {self._log}.")
                    finished = content
                now = time.monotonic()
                if now - started >= timeout:
                    raise EngineError(
                        f"The inference engine was not ready after {timeout} s: see {self._log}, or set a higher "
                        "engine.start_timeout_seconds."
                    )
                if now - logged >= PROGRESS_SECONDS:
                    logged = now
                    logger.info("engine: %s, %.0f s", progress.replace("%d", str(finished)), now - started)
        except (EOFError, ConnectionError):
            raise self._ended() from None

    def _ended(self) -> EngineError:
        assert self._process is not None  # noqa: S101 - a connection implies a process
        self._kill()
        code = self._process.returncode
        cause = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        hint = ", probably out of memory: set a lower engine.kv_cache_gib" if code == -signal.SIGKILL else ""
        line = last_error(self._log, self._log_start)
        return EngineError(
            f"The inference engine ended unexpectedly ({cause}{hint}).{f' Its last error: {line}.' if line else ''} "
            f"See {self._log}."
        )

    def _kill(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is None:
            return
        # The signal goes to the process group, so it also ends the children of a process that has ended already.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._scratch is not None:
            self._scratch.cleanup()


def lora_rank(adapter: Adapter) -> int:
    """The smallest rank that vLLM accepts and that is at least the adapter's rank.

    Raises:
        EngineError: the adapter's configuration can't be read.
    """
    try:
        rank = json.loads((adapter.path / "adapter_config.json").read_text())["r"]
    except (OSError, ValueError, KeyError) as error:
        raise EngineError(
            f"The adapter {adapter.name} can't be read from {adapter.path}: {type(error).__name__}."
        ) from error
    return min((allowed for allowed in LORA_RANKS if allowed >= rank), default=math.ceil(rank))


def last_error(log: Path, start: int) -> str:
    """The last line with an error in the log, after the byte offset `start`; '' if there is none."""
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    return next((line.strip()[:300] for line in reversed(lines) if "Error" in line), "")
