"""Trains the reply generator: a LoRA adapter over a base model held in four bits (QLoRA), on replies alone.

Serving the adapter is `models.engine`, judging it `models.evaluation`; the prompt comes from `ticketing.drafting.prompts`.
"""

import ctypes
import hashlib
import json
import logging
import math
import random
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PreTrainedTokenizerBase
from transformers.trainer_callback import TrainerCallback, TrainerControl, TrainerState
from transformers.training_args import TrainingArguments
from trl import SFTConfig, SFTTrainer

from models.base import languages_of, resolve
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.drafting.prompts import PROMPT_VERSION, messages
from ticketing.errors import ModelError
from ticketing.settings import GeneratorSettings, Settings

logger = logging.getLogger("ticketing")

MIN_REPLIES = 20
VALIDATION_REPLIES = 48
MANIFEST = "ticketing.json"
IGNORED = -100  # a label that transformers and trl leave out of the loss


class Row(NamedTuple):
    """One training example: token ids, and the same with the prompt left out of the loss."""

    input_ids: list[int]
    labels: list[int]


def generator_languages(settings: Settings) -> frozenset[str] | None:
    """The languages the generator may write; None: any."""
    languages = settings.generator.languages
    return languages_of(settings.generator.base_model) if languages is None else frozenset(languages)


def with_reply(records: Iterable[Record], languages: frozenset[str] | None) -> list[Record]:
    """The records that have a reply, in a language that the generator may write."""
    return [r for r in records if r.output and (languages is None or r.language in languages)]


def why_no_generator(snapshot: Snapshot, settings: Settings) -> str | None:
    """Why no generator can be trained from this snapshot; None when it can."""
    languages = generator_languages(settings)
    count = len(with_reply(snapshot.records("train"), languages))
    if count >= MIN_REPLIES:
        return None
    where = "" if languages is None else f" in {', '.join(sorted(languages))}"
    return f"{count} training tickets{where} have a reply, and at least {MIN_REPLIES} are needed"


def train_generator(snapshot: Snapshot, settings: Settings, output: Path) -> dict[str, Any]:
    """Trains an adapter and writes it to `output`, in peft's format, which vLLM's LoRARequest takes.

    A training that was killed goes on from its last checkpoint when it is started again on the same snapshot with the
    same settings.

    Returns:
        What was trained on and how well it went: rows, tokens, steps, loss, validation loss (nats a token), perplexity, seconds.

    Raises:
        ModelError: too few replies, a base model that can't be loaded, or no row that fits into the token limit.
    """
    reason = why_no_generator(snapshot, settings)
    if reason is not None:
        raise ModelError(f"No reply generator can be trained: {reason}.")
    chosen = settings.generator
    languages = generator_languages(settings)
    base = str(resolve(chosen.base_model, settings))
    tokenizer = load_tokenizer(base, chosen.base_model)

    records = in_random_order(with_reply(snapshot.records("train"), languages), chosen.seed)
    rows, too_long = fitting_rows(records, tokenizer, chosen.max_tokens, chosen.train_tokens)
    if not rows:
        raise ModelError(
            f"No reply fits into generator.max_tokens = {chosen.max_tokens} together with its ticket: raise the setting."
        )
    held_out = in_random_order(with_reply(snapshot.records("validation"), languages), chosen.seed)[:VALIDATION_REPLIES]
    validation, _ = fitting_rows(held_out, tokenizer, chosen.max_tokens)
    steps = training_steps([len(row.input_ids) for row in rows], chosen)

    work = settings.home / "work" / f"generator-{work_key(snapshot.snapshot_id, chosen)}"
    work.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    trainer_class = SFTTrainer if torch.cuda.is_available() else CpuTrainer
    trainer = trainer_class(
        model=load_quantized(base, chosen.base_model),
        args=training_arguments(chosen, steps, work),
        train_dataset=as_dataset(rows),
        eval_dataset=as_dataset(validation) if validation else None,
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=chosen.lora_rank, lora_alpha=2 * chosen.lora_rank, target_modules="all-linear", task_type="CAUSAL_LM"
        ),
        callbacks=[ProgressLog()],
    )
    with freed_memory_kept():
        trained = trainer.train(resume_from_checkpoint=last_checkpoint(work))
    metrics: dict[str, Any] = {
        "rows": len(rows),
        "rows_too_long": too_long,
        "steps": steps,
        "tokens": sum(len(row.input_ids) for row in rows),
        "epochs": steps * chosen.batch_size / len(rows),
        "train_loss": trained.training_loss,
        "compute": str(training_dtype()),
    }
    if validation:
        loss = trainer.evaluate()["eval_loss"]
        metrics |= {"validation_rows": len(validation), "validation_loss": loss, "validation_perplexity": math.exp(loss)}
    metrics["seconds"] = time.monotonic() - started
    save_adapter(trainer, chosen, languages, output)
    shutil.rmtree(work)
    return metrics


def in_random_order(records: Sequence[Record], seed: int) -> list[Record]:
    """The records in an order that depends on the seed and the tickets' ids alone."""
    shuffled = sorted(records, key=lambda record: record.ticket_id)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    return shuffled


def fitting_rows(
    records: Iterable[Record], tokenizer: PreTrainedTokenizerBase, max_tokens: int, budget: int | None = None
) -> tuple[list[Row], int]:
    """The records as rows, until the budget of tokens is spent, and how many did not fit into `max_tokens`.

    A row that is too long is left out, never cut: a cut reply would teach the model to stop in mid-sentence.
    """
    rows: list[Row] = []
    too_long = spent = 0
    for record in records:
        if budget is not None and spent >= budget:
            break
        row = as_row(record, tokenizer)
        if len(row.input_ids) > max_tokens:
            too_long += 1
            continue
        rows.append(row)
        spent += len(row.input_ids)
    return rows, too_long


def as_row(record: Record, tokenizer: PreTrainedTokenizerBase) -> Row:
    """Prompt as the engine will render it, reply, end-of-turn token; only the last two are learnt."""
    prompt = tokenizer.apply_chat_template(
        messages(record.instruction, record.input),
        add_generation_prompt=True,
        enable_thinking=False,
        return_dict=False,
    )
    reply = tokenizer.encode((record.output or "").strip(), add_special_tokens=False) + [tokenizer.eos_token_id]
    return Row(prompt + reply, [IGNORED] * len(prompt) + reply)


def training_steps(lengths: Sequence[int], chosen: GeneratorSettings) -> int:
    """How many steps fit into the budget of tokens: at least one, at most `epochs` times the rows."""
    most = chosen.epochs * math.ceil(len(lengths) / chosen.batch_size)
    tokens_a_step = sum(lengths) / len(lengths) * min(chosen.batch_size, len(lengths))
    return max(1, min(most, round(chosen.train_tokens / tokens_a_step)))


def as_dataset(rows: Sequence[Row]) -> Dataset:
    """The rows as trl takes them when they need no preparation any more."""
    return Dataset.from_list([{**row._asdict(), "length": len(row.input_ids)} for row in rows])


def training_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively, else float32: emulated bfloat16 is slower than float32."""
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32


def training_arguments(chosen: GeneratorSettings, steps: int, work: Path) -> SFTConfig:
    """How trl trains. The gradient checkpoints that it sets by default cost a third of the speed and save memory we have."""
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
        bf16=training_dtype() == torch.bfloat16,
        fp16=training_dtype() == torch.float16,
        use_cpu=on_cpu,
        dataloader_pin_memory=not on_cpu,
        gradient_checkpointing=not on_cpu,
        max_length=None,
        train_sampling_strategy="group_by_length",
        seed=chosen.seed,
        data_seed=chosen.seed,
        logging_steps=max(1, min(10, steps // 10)),
        save_strategy="steps",
        save_steps=max(20, steps // 8),
        save_total_limit=1,
        report_to="none",
        disable_tqdm=True,
    )


def load_tokenizer(base: str, name: str) -> PreTrainedTokenizerBase:
    """The base model's tokenizer.

    Raises:
        ModelError: there is none, or it has no chat template or no end token.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError) as error:
        raise ModelError(f"The tokenizer of {name!r} can't be loaded ({type(error).__name__}): {error}") from error
    if not tokenizer.chat_template or tokenizer.eos_token_id is None:
        raise ModelError(f"{name!r} has no chat template or no end token: take an instruction-tuned model.")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer  # type: ignore[no-any-return]


def load_quantized(base: str, name: str) -> torch.nn.Module:
    """The base model in NF4 (QLoRA, Dettmers et al. 2023, arXiv:2305.14314), computing in `training_dtype`.

    Raises:
        ModelError: it can't be loaded.
    """
    quantization = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=training_dtype()
    )
    # torch's fused attention spends more time on short rows than plain matrix products do (measured: a quarter of the
    # whole step on a CPU); on a GPU it is the other way round.
    attention = "sdpa" if torch.cuda.is_available() else "eager"
    try:
        return AutoModelForCausalLM.from_pretrained(  # type: ignore[no-any-return]
            base, quantization_config=quantization, dtype=training_dtype(), attn_implementation=attention
        )
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(f"The base model {name!r} can't be loaded ({type(error).__name__}): {error}") from error


def work_key(snapshot_id: str, chosen: GeneratorSettings) -> str:
    """Names the folder of checkpoints: another snapshot, prompt or setting never goes on from this one's."""
    text = f"{snapshot_id} {PROMPT_VERSION} {chosen.model_dump_json()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def last_checkpoint(work: Path) -> str | None:
    """The newest complete checkpoint; one that was killed while being written is removed."""
    complete: dict[int, Path] = {}
    for folder in work.glob("checkpoint-*"):
        try:
            # The trainer writes this file last.
            complete[json.loads((folder / "trainer_state.json").read_text())["global_step"]] = folder
        except (OSError, ValueError, KeyError):
            shutil.rmtree(folder)
    if not complete:
        return None
    step = max(complete)
    logger.info("generator: going on from step %d of an earlier training", step)
    return str(complete[step])


def save_adapter(
    trainer: SFTTrainer, chosen: GeneratorSettings, languages: frozenset[str] | None, output: Path
) -> None:
    """Writes the adapter and what serving needs to know of it; `output` is complete or not there."""
    # The name, not the path: the folder must not differ from machine to machine.
    trainer.model.peft_config["default"].base_model_name_or_path = chosen.base_model
    part = output.with_name(output.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    trainer.model.save_pretrained(part)
    (part / "README.md").unlink(missing_ok=True)
    manifest = {
        "base_model": chosen.base_model,
        "languages": None if languages is None else sorted(languages),
        "prompt_version": PROMPT_VERSION,
    }
    (part / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    part.rename(output)


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


class CpuTrainer(SFTTrainer):
    """trl's trainer with a loss that scores the replies alone.

    Without Triton, trl 1.16 puts every position through the vocabulary, prompts too, and works out statistics of it that
    nobody reads here: half of a step's time on a CPU.
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
    """Says how far the training is, without a word of any ticket."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.first_step = 0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:  # noqa: ANN401
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
        seconds = (time.monotonic() - self.started) / max(1, state.global_step - self.first_step)
        logger.info(
            "generator: step %d of %d, loss %.3f, %.0f tokens, %.0f s left",
            state.global_step,
            state.max_steps,
            logs["loss"],
            logs.get("num_tokens", 0),
            seconds * (state.max_steps - state.global_step),
        )
