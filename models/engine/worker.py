"""The process that runs vLLM: it loads a model, receives requests and sends replies over a pipe.

Only `models.engine.process` starts this process. It ends when its parent process ends.
"""

import io
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

PARENT_CHECK_SECONDS = 0.5


def end_with(parent: int) -> None:
    """Ends this process as soon as its parent process is gone, even during a generation."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_SECONDS)
        os._exit(1)

    # Linux can signal a child when its parent dies, but it takes the thread that started the child for the parent. A
    # flow's task runs in a thread that ends long before the flow.
    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


def progress_bar(report: Callable[[int], None]) -> Callable[..., Any]:
    """A progress bar for vLLM that draws nothing, and calls `report` with the number of finished replies."""
    from tqdm import tqdm

    class FinishedReplies(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            # A disabled bar has no elapsed time, by which vLLM divides; the environment can disable all bars.
            super().__init__(*args, **kwargs, disable=False, file=io.StringIO())

        def update(self, n: float | None = 1) -> bool | None:
            shown: bool | None = super().update(n)
            if self.iterable is None:  # vLLM also iterates over the prompts with a bar
                report(int(self.n))
            return shown

    return FinishedReplies


class Worker:
    """A model that vLLM has loaded."""

    def __init__(self, options: dict[str, Any]) -> None:
        # These imports take half a minute. They are here, because `end_with` must watch the parent meanwhile.
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
            # On a CPU, vLLM does not compile with an adapter. Without one, compiling takes longer than it saves.
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
        self,
        conversations: list[list[dict[str, str]]],
        use_adapter: bool,
        max_tokens: int,
        temperature: float,
        report: Callable[[int], None],
    ) -> list[tuple[str, int, int, str]]:
        """(text, number of prompt tokens, number of reply tokens, finish reason) of each conversation, in order.

        `report` is called with the number of finished replies whenever a reply is finished.
        """
        from vllm import SamplingParams

        # The adapter was trained on prompts that were rendered without thinking.
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
            use_tqdm=progress_bar(report),
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
    """Loads the model that the parent names, then answers requests until the parent closes the pipe."""
    connection: Connection[Any, Any] = Connection(int(sys.argv[1]))
    end_with(int(sys.argv[2]))
    try:
        worker = Worker(connection.recv())
    except Exception as error:
        traceback.print_exc()
        connection.send(("failed", f"{type(error).__name__}: {str(error)[:300]}"))
        return
    connection.send(("done", "ready"))
    while True:
        try:
            request: tuple[list[list[dict[str, str]]], bool, int, float] = connection.recv()
        except EOFError:
            os._exit(0)  # only the log is open, and vLLM's own shutdown would take seconds
        try:
            answers = worker.chat(*request, lambda finished: connection.send(("finished", finished)))
            message: tuple[str, Any] = ("done", answers)
        except Exception as error:
            # The exception's message is not logged, because it may contain text of a ticket.
            traceback.print_tb(error.__traceback__)
            logging.getLogger("vllm").error("a generation failed: %s", type(error).__name__)
            message = ("failed", type(error).__name__)
        connection.send(message)


if __name__ == "__main__":
    main()
