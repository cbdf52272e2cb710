"""The process that vLLM lives in: loads a model, answers over a pipe, ends when its parent does.

Only `models.engine.process` starts it. No text of a ticket may reach a log: an exception that is raised while tickets
are processed is logged without its message.
"""

import logging
import os
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any

PARENT_CHECK_SECONDS = 0.5


def end_with(parent: int) -> None:
    """Ends this process as soon as `parent` is no longer its parent, also in the midst of a generation."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_SECONDS)
        os._exit(1)

    # Linux can signal a child at its parent's death, but means the death of the thread that started it: a flow's task
    # runs in a thread that ends long before the flow does.
    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


class Worker:
    """A loaded model."""

    def __init__(self, options: dict[str, Any]) -> None:
        # Imported here, so that a parent that has died is noticed during the half minute that this takes.
        import torch
        from vllm import LLM
        from vllm.lora.request import LoRARequest

        from models.shared.hardware import compute_dtype

        adapter = options.pop("adapter")
        rank = options.pop("max_lora_rank")
        self.max_model_len: int = options["max_model_len"]
        lora = {"enable_lora": True, "max_lora_rank": rank, "max_loras": 1} if adapter else {}
        if adapter and not torch.cuda.is_available():
            from models.engine.cpu_lora import use_dense_products

            use_dense_products()
        self.llm = LLM(
            dtype=str(compute_dtype()).removeprefix("torch."),
            # Adapters turn compilation off on a CPU anyway, and there it costs more than it brings.
            enforce_eager=not torch.cuda.is_available(),
            enable_prefix_caching=True,
            seed=0,
            disable_log_stats=True,
            **lora,
            **options,
        )
        self.tokenizer = self.llm.get_tokenizer()
        self.adapter = LoRARequest(adapter[0], 1, adapter[1]) if adapter else None

    def chat(
        self, conversations: list[list[dict[str, str]]], use_adapter: bool, max_tokens: int, temperature: float
    ) -> list[tuple[str, int, int, str]]:
        """Text, prompt tokens, reply tokens and finish reason of each conversation, in order."""
        from vllm import SamplingParams

        # Reasoning models would think aloud; the adapter is trained on prompts rendered without it.
        template = {"enable_thinking": False}
        lengths = [
            len(self.tokenizer.apply_chat_template(c, add_generation_prompt=True, return_dict=False, **template))
            for c in conversations
        ]
        answers = [("", length, 0, "error") for length in lengths]
        fitting = [i for i, length in enumerate(lengths) if length + max_tokens <= self.max_model_len]
        if not fitting:
            return answers
        outputs = self.llm.chat(
            [conversations[i] for i in fitting],
            SamplingParams(temperature=temperature, max_tokens=max_tokens, seed=0),
            use_tqdm=False,
            lora_request=self.adapter if use_adapter else None,
            chat_template_kwargs=template,
        )
        for i, output in zip(fitting, outputs, strict=True):
            reply = output.outputs[0]
            answers[i] = (
                reply.text.strip(),
                len(output.prompt_token_ids),
                len(reply.token_ids),
                "length" if reply.finish_reason == "length" else "stop",
            )
        return answers


def main() -> None:
    """Loads what the parent asks for, then answers until the parent hangs up."""
    connection: Connection[Any, Any] = Connection(int(sys.argv[1]))
    end_with(int(sys.argv[2]))
    try:
        worker = Worker(connection.recv())
    except Exception as error:
        traceback.print_exc()
        connection.send((True, f"{type(error).__name__}: {str(error)[:300]}"))
        return
    connection.send((False, "ready"))
    while True:
        try:
            request = connection.recv()
        except EOFError:
            os._exit(0)  # nothing is open but a log; vLLM's own farewell takes seconds
        try:
            answer: tuple[bool, Any] = (False, worker.chat(*request))
        except Exception as error:
            traceback.print_tb(error.__traceback__)
            logging.getLogger("vllm").error("a generation failed: %s", type(error).__name__)
            answer = (True, type(error).__name__)
        connection.send(answer)


if __name__ == "__main__":
    main()
