"""Measures the speed of vLLM's `LLM.chat` alone, in a separate process; the `draft` flow is compared with it."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from models.engine.process import Adapter, Engine
from ticketing.settings import Settings


class RawSpeed(NamedTuple):
    """The time and tokens that vLLM alone took for the conversations, after loading and a warm-up."""

    seconds: float
    completion_tokens: int


def raw_chat(base: str, settings: Settings, adapter: Adapter | None, conversations: list) -> RawSpeed:
    """Measures one call of `LLM.chat` for all conversations, with the same options as the engine."""
    engine = Engine(base, settings, adapter)
    job = {
        "options": engine.options(),
        "conversations": conversations,
        "max_tokens": settings.engine.max_reply_tokens,
    }
    finished = subprocess.run(
        [sys.executable, "-m", "tests.bench.raw_chat"],
        input=json.dumps(job),
        env=engine.environment(),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return RawSpeed(**json.loads(finished.stdout.splitlines()[-1]))


def main() -> None:
    """The measuring process: reads a job from stdin, and prints the result as the last line of stdout."""
    from vllm import SamplingParams

    from models.engine.worker import Worker

    job = json.load(sys.stdin)
    worker = Worker(job["options"])
    worker.llm.chat([[{"role": "user", "content": "Hello."}]], SamplingParams(max_tokens=4), use_tqdm=False)
    started = time.monotonic()
    outputs = worker.llm.chat(
        job["conversations"],
        SamplingParams(temperature=0, max_tokens=job["max_tokens"]),
        use_tqdm=False,
        lora_request=worker.adapter,
    )
    seconds = time.monotonic() - started
    tokens = sum(len(output.outputs[0].token_ids) for output in outputs)
    print(json.dumps({"seconds": seconds, "completion_tokens": tokens}))


if __name__ == "__main__":
    main()
