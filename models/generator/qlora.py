"""QLoRA training with trl and peft: the four-bit base model, the training arguments, and trainers for GPU and CPU.

`models.generator.training` makes the training rows and writes the adapter.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft.optimizers import create_loraplus_optimizer
from peft.tuners.lora import LoraLayer
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
from trl import SFTConfig, SFTTrainer

from models.shared.base import loading
from models.shared.hardware import compute_dtype
from ticketing.settings import GeneratorSettings

IGNORED = -100  # transformers and trl ignore this label in the loss
LOG_EVERY_STEPS = 10


def load_quantized(base: str, name: str) -> torch.nn.Module:
    """The base model with weights in NF4, a four-bit format. Computation uses `compute_dtype`.

    Source: T. Dettmers et al., QLoRA: efficient finetuning of quantized LLMs, NeurIPS 2023.

    Raises:
        ModelError: the base model can't be loaded.
    """
    quantization = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute_dtype()
    )
    # On a CPU, for rows of a few hundred tokens, torch's fused attention is slower than plain matrix products.
    attention = "sdpa" if torch.cuda.is_available() else "eager"
    with loading(f"The base model {name!r}", "check TICKETING_GENERATOR__BASE_MODEL."):
        model: torch.nn.Module = AutoModelForCausalLM.from_pretrained(
            base, quantization_config=quantization, dtype=compute_dtype(), attn_implementation=attention
        )
    return model


def load_rounded(folder: str) -> torch.nn.Module:
    """The base model with its NF4 weights expanded to `compute_dtype`, from a folder that `served_base` made.

    The weights have the same values as with `load_quantized`. That function's model expands them in every forward and
    backward pass, which on a CPU takes a fifth of a step's time.

    Raises:
        ModelError: the folder can't be loaded.
    """
    with loading(f"The rounded base model in {folder}"):
        model: torch.nn.Module = AutoModelForCausalLM.from_pretrained(
            folder, dtype=compute_dtype(), attn_implementation="eager"
        )
    return model


def training_arguments(options: GeneratorSettings, steps: int, work: Path) -> SFTConfig:
    """The Trainer's schedule and logging. The Trainer writes checkpoints to the folder `work`."""
    on_cpu = not torch.cuda.is_available()
    return SFTConfig(
        output_dir=str(work),
        max_steps=steps,
        per_device_train_batch_size=options.batch_size,
        per_device_eval_batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,
        weight_decay=0.0,
        max_grad_norm=1.0,
        bf16=compute_dtype() == torch.bfloat16,
        fp16=compute_dtype() == torch.float16,
        use_cpu=on_cpu,
        dataloader_pin_memory=not on_cpu,
        # Checkpointing saves memory, which is scarce on a GPU. It costs a third of the speed, which a CPU can't spare.
        gradient_checkpointing=not on_cpu,
        max_length=None,  # no truncation: `fitting_rows` has left out rows that are too long
        train_sampling_strategy="group_by_length",
        seed=options.seed,
        data_seed=options.seed,
        logging_steps=min(LOG_EVERY_STEPS, max(1, steps // 10)),
        save_strategy="steps",
        save_steps=max(20, steps // 8),
        save_total_limit=1,
        report_to="none",
        disable_tqdm=True,
    )


@contextmanager
def keep_freed_memory() -> Iterator[None]:
    """Makes glibc keep the memory that a training step frees, so that the next step can reuse it.

    By default glibc returns this memory to the kernel. Each step then causes hundreds of thousands of page faults,
    which take a sixth of its time (measured on a virtual machine).
    """
    mmap_max, trim_threshold = -4, -1  # M_MMAP_MAX and M_TRIM_THRESHOLD in malloc.h
    libc = ctypes.CDLL(None)
    libc.mallopt(mmap_max, 0)
    libc.mallopt(trim_threshold, 2**31 - 1)
    try:
        yield
    finally:
        libc.mallopt(mmap_max, 65536)  # this and the next value are the defaults: see mallopt(3)
        libc.mallopt(trim_threshold, 128 * 1024)
        libc.malloc_trim(0)


class LoraPlusTrainer(SFTTrainer):  # type: ignore[misc]
    """trl's trainer with LoRA+: the second matrix of each adapter layer has a higher learning rate.

    The adapter then needs fewer training tokens.

    Source: S. Hayou et al., LoRA+: efficient low rank adaptation of large models, ICML 2024.
    """

    optimizer: torch.optim.Optimizer | None

    def __init__(self, *args: Any, lr_ratio: float, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._lr_ratio = lr_ratio

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW, with `lr_ratio` times the learning rate for the second matrices, which start at zero."""
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
    """A trainer that skips work which would take too long on a CPU.

    It computes the output layer only for the reply's tokens. Without Triton, trl 1.16 computes it for every token,
    including the prompt, and also computes statistics that are not used here. This trainer also keeps the adapter's
    inputs in bfloat16. By default peft casts them to float32, the adapter's type, and autocast casts them back before
    the matrix product.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        for module in self.model.modules():
            if isinstance(module, LoraLayer):
                module.cast_input_dtype_enabled = False

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The mean negative log-likelihood of the reply's tokens, in nats."""
        base = self.accelerator.unwrap_model(model).get_base_model()
        with self.accelerator.autocast():
            hidden = base.base_model(inputs["input_ids"], inputs["attention_mask"], use_cache=False).last_hidden_state
            targets = inputs["labels"][:, 1:]
            is_reply = targets != IGNORED
            logits = base.get_output_embeddings()(hidden[:, :-1][is_reply])
        loss = torch.nn.functional.cross_entropy(logits.float(), targets[is_reply], reduction="sum")
        return loss / (is_reply.sum() if num_items_in_batch is None else num_items_in_batch)
