"""How trl and peft are told to train a LoRA adapter on a four-bit base on this machine, fast where that is a CPU.

What is trained on, and what becomes of the adapter, is `models.generator.training`.
"""

import ctypes
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft.optimizers import create_loraplus_optimizer
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
from transformers.trainer_callback import TrainerCallback, TrainerControl, TrainerState
from transformers.training_args import TrainingArguments
from trl import SFTConfig, SFTTrainer

from models.shared.hardware import compute_dtype
from ticketing.errors import ModelError
from ticketing.settings import GeneratorSettings

logger = logging.getLogger("ticketing")

IGNORED = -100  # a label that transformers and trl leave out of the loss
LOG_EVERY_STEPS = 10


def load_quantized(base: str, name: str) -> torch.nn.Module:
    """The base model in NF4, computing in `compute_dtype`.

    Source: T. Dettmers et al., QLoRA: efficient finetuning of quantized LLMs, NeurIPS 2023.

    Raises:
        ModelError: it can't be loaded.
    """
    quantization = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute_dtype()
    )
    # On a CPU torch's fused attention is slower on rows of a few hundred tokens than plain matrix products are.
    attention = "sdpa" if torch.cuda.is_available() else "eager"
    try:
        model: torch.nn.Module = AutoModelForCausalLM.from_pretrained(
            base, quantization_config=quantization, dtype=compute_dtype(), attn_implementation=attention
        )
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(f"The base model {name!r} can't be loaded ({type(error).__name__}): {error}") from error
    return model


def training_arguments(chosen: GeneratorSettings, steps: int, work: Path) -> SFTConfig:
    """How trl trains; its checkpoints go to `work`."""
    on_cpu = not torch.cuda.is_available()
    return SFTConfig(
        output_dir=str(work),
        max_steps=steps,
        per_device_train_batch_size=chosen.batch_size,
        per_device_eval_batch_size=chosen.batch_size,
        learning_rate=chosen.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,
        weight_decay=0.0,
        max_grad_norm=1.0,
        bf16=compute_dtype() == torch.bfloat16,
        fp16=compute_dtype() == torch.float16,
        use_cpu=on_cpu,
        dataloader_pin_memory=not on_cpu,
        # Saves memory, which a GPU is short of, for a third of the speed, which a CPU is short of.
        gradient_checkpointing=not on_cpu,
        max_length=None,  # the rows fit already
        train_sampling_strategy="group_by_length",
        seed=chosen.seed,
        data_seed=chosen.seed,
        logging_steps=min(LOG_EVERY_STEPS, max(1, steps // 10)),
        save_strategy="steps",
        save_steps=max(20, steps // 8),
        save_total_limit=1,
        report_to="none",
        disable_tqdm=True,
    )


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Lets glibc keep the memory that a training step frees, for the next step.

    By default it goes back to the kernel, and a step's hundreds of thousands of page faults cost a sixth of its time
    (measured on a virtual machine, whose host takes the pages too).
    """
    mmap_max, trim_threshold = -4, -1  # M_MMAP_MAX and M_TRIM_THRESHOLD of malloc.h
    libc = ctypes.CDLL(None)
    libc.mallopt(mmap_max, 0)
    libc.mallopt(trim_threshold, 2**31 - 1)
    try:
        yield
    finally:
        libc.mallopt(mmap_max, 65536)  # both defaults, see mallopt(3)
        libc.mallopt(trim_threshold, 128 * 1024)
        libc.malloc_trim(0)


class LoraPlusTrainer(SFTTrainer):  # type: ignore[misc]
    """trl's trainer with a learning rate for each of an adapter's two matrices: fewer tokens make as good replies.

    Source: S. Hayou et al., LoRA+: efficient low rank adaptation of large models, ICML 2024.
    """

    optimizer: torch.optim.Optimizer | None

    def __init__(self, *args: Any, lr_ratio: float, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._lr_ratio = lr_ratio

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW, in which the matrix that starts at zero learns `lr_ratio` times as fast."""
        if self.optimizer is None:
            self.optimizer = create_loraplus_optimizer(
                self.model if model is None else model,
                torch.optim.AdamW,
                lr=self.args.learning_rate,
                loraplus_lr_ratio=self._lr_ratio,
                weight_decay=0.0,
                fused=True,
            )
        return self.optimizer


class CpuTrainer(LoraPlusTrainer):
    """A trainer with a loss that scores the replies alone.

    Without Triton, trl 1.16 puts every position through the vocabulary, prompts too, and works out statistics that
    nobody reads here.
    """

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The mean negative log-likelihood of the learnt tokens, in nats."""
        base = self.accelerator.unwrap_model(model).get_base_model()
        with self.accelerator.autocast():
            hidden = base.base_model(inputs["input_ids"], inputs["attention_mask"], use_cache=False).last_hidden_state
            targets = inputs["labels"][:, 1:]
            learnt = targets != IGNORED
            logits = base.get_output_embeddings()(hidden[:, :-1][learnt])
        loss = torch.nn.functional.cross_entropy(logits.float(), targets[learnt], reduction="sum")
        return loss / (learnt.sum() if num_items_in_batch is None else num_items_in_batch)


class ProgressLog(TrainerCallback):
    """Says how far the training is, without a word of any ticket, and keeps it for the report: (epoch, loss)."""

    def __init__(self) -> None:
        self.curve: list[tuple[float, float]] = []
        self.started = time.monotonic()
        self.first_step = 0

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Starts the clock; a training that goes on from a checkpoint does not begin at step 0."""
        self.started, self.first_step = time.monotonic(), state.global_step

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """One line every few steps."""
        if not logs or "loss" not in logs:
            return
        self.curve.append((float(state.epoch or 0), float(logs["loss"])))
        seconds = (time.monotonic() - self.started) / max(1, state.global_step - self.first_step)
        logger.info(
            "generator: step %d of %d, loss %.3f, %.0f s left",
            state.global_step,
            state.max_steps,
            float(logs["loss"]),
            seconds * (state.max_steps - state.global_step),
        )
