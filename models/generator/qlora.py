"""QLoRA: how trl and peft train a LoRA adapter on a base model in four bits, with what makes it fast on a CPU.

The training rows and the written adapter are `models.generator.training`.
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
    """The base model in NF4; it computes in `compute_dtype`.

    Source: T. Dettmers et al., QLoRA: efficient finetuning of quantized LLMs, NeurIPS 2023.

    Raises:
        ModelError: it can't be loaded.
    """
    quantization = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute_dtype()
    )
    # On a CPU torch's fused attention is slower on rows of a few hundred tokens than plain matrix products are.
    attention = "sdpa" if torch.cuda.is_available() else "eager"
    with loading(f"The base model {name!r}", "check TICKETING_GENERATOR__BASE_MODEL."):
        model: torch.nn.Module = AutoModelForCausalLM.from_pretrained(
            base, quantization_config=quantization, dtype=compute_dtype(), attn_implementation=attention
        )
    return model


def load_rounded(folder: str) -> torch.nn.Module:
    """The base model with its NF4 weights expanded to `compute_dtype`, from a folder of `served_base`.

    The values are the same as those of `load_quantized`, which expands them anew in every forward and backward pass: on
    a CPU that is a fifth of a step's time.

    Raises:
        ModelError: it can't be loaded.
    """
    with loading(f"The rounded base model in {folder}"):
        model: torch.nn.Module = AutoModelForCausalLM.from_pretrained(
            folder, dtype=compute_dtype(), attn_implementation="eager"
        )
    return model


def training_arguments(chosen: GeneratorSettings, steps: int, work: Path) -> SFTConfig:
    """The Trainer's schedule and logging; its checkpoints go to `work`."""
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
        # It saves memory, which is scarce on a GPU, and costs a third of the speed, which is scarce on a CPU.
        gradient_checkpointing=not on_cpu,
        max_length=None,  # `fitting_rows` has checked the length
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

    By default glibc returns it to the kernel, and hundreds of thousands of page faults cost a sixth of each step's time
    (measured on a virtual machine).
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
    """trl's trainer with LoRA+: a higher learning rate for the second matrix of each adapter, which needs fewer tokens.

    Source: S. Hayou et al., LoRA+: efficient low rank adaptation of large models, ICML 2024.
    """

    optimizer: torch.optim.Optimizer | None

    def __init__(self, *args: Any, lr_ratio: float, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._lr_ratio = lr_ratio

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW; the matrices that start at zero have `lr_ratio` times the learning rate."""
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
    """A trainer without the work that only a GPU has time for.

    It computes the output layer at the reply's tokens only; without Triton, trl 1.16 computes it at every position,
    prompts included, and statistics that are not used here. And it keeps the inputs of an adapter in bfloat16: peft
    casts them to float32, the adapter's type, and autocast casts them back before the product.
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
            learnt = targets != IGNORED
            logits = base.get_output_embeddings()(hidden[:, :-1][learnt])
        loss = torch.nn.functional.cross_entropy(logits.float(), targets[learnt], reduction="sum")
        return loss / (learnt.sum() if num_items_in_batch is None else num_items_in_batch)
