"""`LLM.chat` by itself, in a process of its own: the speed that everything around it is held against."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from models.engine.process import Adapter, Engine
from ticketing.settings import Settings


class RawSpeed(NamedTuple):
    """What vLLM alone took for the conversations, without loading, after a warm-up."""

    seconds: float
    completion_tokens: int


def raw_chat(base: str, settings: Settings, adapter: Adapter | None, conversations: list) -> RawSpeed:
    """Measures `LLM.chat` with the engine's own options on these conversations, all at once."""
    engine = Engine(base, settings, adapter)
    job = {
        "options": engine.options(),
        "conversations": conversations,
        "max_tokens": settings.engine.max_reply_tokens,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.raw_chat"],
        input=json.dumps(job),
        env=engine.environment(),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return RawSpeed(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """The measuring process: a job on stdin, the result as the last line of stdout."""
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
