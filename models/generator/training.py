"""Trains the reply generator: a LoRA adapter over a base model held in four bits (QLoRA), on replies alone.

Serving the adapter is `models.engine.process`, judging it `models.evaluation.generator`; the prompts are
`ticketing.stages.prompts`.
"""

import hashlib
import json
import logging
import math
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.trainer_callback import PrinterCallback

from models.generator.manifest import write_manifest
from models.generator.qlora import (
    IGNORED,
    CpuTrainer,
    LoraPlusTrainer,
    ProgressLog,
    freed_memory_kept,
    load_quantized,
    training_arguments,
)
from models.shared.base import languages_of, resolve, weights_hash
from models.shared.hardware import compute_dtype, cost_since
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.errors import ModelError
from ticketing.settings import GeneratorSettings, Settings
from ticketing.stages.prompts import PROMPT_VERSION, messages

logger = logging.getLogger("ticketing")

MIN_REPLIES = 20
VALIDATION_REPLIES = 48


class Row(NamedTuple):
    """One training example: token ids, and the same with the prompt left out of the loss."""

    input_ids: list[int]
    labels: list[int]


def generator_languages(settings: Settings) -> frozenset[str] | None:
    """The languages the generator may write; None: any."""
    languages = settings.generator.languages
    return languages_of(settings.generator.base_model) if languages is None else frozenset(languages)


def written_languages(snapshot: Snapshot, settings: Settings) -> frozenset[str] | None:
    """The languages that a generator of this snapshot learns and drafts in: those it may write that can be judged.

    A language with fewer test replies than `gate.min_replies` stays with humans. Where no language has as many the
    generator writes all that it may, and the default gate says no.
    """
    may = generator_languages(settings)
    counts = Counter(record.language for record in with_reply(snapshot.records("test"), may))
    return frozenset(name for name, count in counts.items() if count >= settings.gate.min_replies) or may


def with_reply(records: Iterable[Record], languages: frozenset[str] | None) -> list[Record]:
    """The records that have a reply, in a language that the generator may write."""
    return [r for r in records if r.output and (languages is None or r.language in languages)]


def why_no_generator(snapshot: Snapshot, settings: Settings) -> str | None:
    """Why no generator can be trained from this snapshot; None when it can."""
    languages = written_languages(snapshot, settings)
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
        What was trained on and how it went: rows, tokens, steps, losses in nats a token, perplexity, seconds.

    Raises:
        ModelError: too few replies, a base model that can't be loaded, no row that fits into the token limit, or a
            snapshot with prompts of another version.
    """
    reason = why_no_generator(snapshot, settings)
    if reason is not None:
        raise ModelError(f"No reply generator can be trained: {reason}.")
    prompts = snapshot.manifest.get("prompt_version", PROMPT_VERSION)
    if prompts != PROMPT_VERSION:
        raise ModelError(
            f"Snapshot {snapshot.snapshot_id} has prompts of version {prompts}, and this code writes version "
            f"{PROMPT_VERSION}: run 'ticketing prepare' first."
        )
    started = time.monotonic()
    chosen = settings.generator
    languages = written_languages(snapshot, settings)
    base = str(resolve(chosen.base_model, settings))
    tokenizer = load_tokenizer(base, chosen.base_model)

    records = in_random_order(with_reply(snapshot.records("train"), languages), chosen.seed)
    rows, too_long = fitting_rows(records, tokenizer, chosen.max_tokens, chosen.train_tokens)
    if not rows:
        raise ModelError(
            f"No reply fits into generator.max_tokens = {chosen.max_tokens} together with its ticket: raise it."
        )
    held_out = in_random_order(with_reply(snapshot.records("validation"), languages), chosen.seed)
    validation, _ = fitting_rows(held_out[:VALIDATION_REPLIES], tokenizer, chosen.max_tokens)
    validation.sort(key=lambda row: len(row.input_ids))  # like lengths in one batch: less padding
    steps = training_steps([len(row.input_ids) for row in rows], chosen)

    work = settings.home / "work" / f"generator-{work_key(snapshot.snapshot_id, chosen, languages)}"
    work.mkdir(parents=True, exist_ok=True)
    progress = ProgressLog()
    trainer_class = LoraPlusTrainer if torch.cuda.is_available() else CpuTrainer
    trainer = trainer_class(
        model=load_quantized(base, chosen.base_model),
        args=training_arguments(chosen, steps, work),
        train_dataset=as_dataset(rows),
        eval_dataset=as_dataset(validation) if validation else None,
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=chosen.lora_rank, lora_alpha=2 * chosen.lora_rank, target_modules="all-linear", task_type="CAUSAL_LM"
        ),
        callbacks=[progress],
        lr_ratio=chosen.lora_plus_ratio,
    )
    trainer.remove_callback(PrinterCallback)  # it prints what ProgressLog logs
    with freed_memory_kept():
        trained = trainer.train(resume_from_checkpoint=last_checkpoint(work))
        loss = trainer.evaluate()["eval_loss"] if validation else None
    save_adapter(trainer.model, chosen, base, languages, output)
    shutil.rmtree(work)
    return {
        "rows": len(rows),
        "rows_too_long": too_long,
        "tokens": sum(len(row.input_ids) for row in rows),
        "steps": steps,
        "epochs": steps * chosen.batch_size / len(rows),
        "train_loss": trained.training_loss,
        "learning_curve": progress.curve,
        "learning_curve_of": "training loss, nats a token",
        "validation_rows": len(validation),
        "validation_loss": loss,
        "validation_perplexity": None if loss is None else math.exp(loss),
        "compute": str(compute_dtype()).removeprefix("torch."),
        **cost_since(started),
    }


def load_tokenizer(base: str, name: str) -> PreTrainedTokenizerBase:
    """The base model's tokenizer.

    Raises:
        ModelError: there is none, or it has no chat template or no end token.
    """
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError) as error:
        raise ModelError(f"The tokenizer of {name!r} can't be loaded ({type(error).__name__}): {error}") from error
    if not tokenizer.chat_template or tokenizer.eos_token_id is None:
        raise ModelError(f"{name!r} has no chat template or no end token: take an instruction-tuned model.")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


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
    """The prompt as the engine renders it, the reply, the end-of-turn token; only the last two are learnt."""
    prompt = tokenizer.apply_chat_template(
        messages(record.instruction, record.input),
        add_generation_prompt=True,
        enable_thinking=False,
        return_dict=False,
    )
    reply = tokenizer.encode((record.output or "").strip(), add_special_tokens=False)
    learnt = [*reply, tokenizer.eos_token_id]
    return Row([*prompt, *learnt], [*[IGNORED] * len(prompt), *learnt])


def training_steps(lengths: Sequence[int], chosen: GeneratorSettings) -> int:
    """How many steps fit into the budget of tokens: at least one, at most `epochs` times the rows."""
    most = chosen.epochs * math.ceil(len(lengths) / chosen.batch_size)
    tokens_a_step = sum(lengths) / len(lengths) * min(chosen.batch_size, len(lengths))
    return max(1, min(most, round(chosen.train_tokens / tokens_a_step)))


def as_dataset(rows: Sequence[Row]) -> Dataset:
    """The rows as trl takes them when they need no preparation any more."""
    return Dataset.from_list([{**row._asdict(), "length": len(row.input_ids)} for row in rows])


def work_key(snapshot_id: str, chosen: GeneratorSettings, languages: frozenset[str] | None) -> str:
    """Names the folder of checkpoints: another snapshot, prompt, language or setting never goes on from this one's."""
    written = "any" if languages is None else ",".join(sorted(languages))
    text = f"{snapshot_id} {PROMPT_VERSION} {written} {chosen.model_dump_json()}"
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
    model: PeftModel, chosen: GeneratorSettings, base: str, languages: frozenset[str] | None, output: Path
) -> None:
    """Writes the adapter and what serving needs to know of it; `output` is complete or not there."""
    # The name, not the path, and in one order: the files must not differ from machine to machine.
    config = model.peft_config["default"]
    config.base_model_name_or_path = chosen.base_model
    config.target_modules = sorted(config.target_modules)
    part = output.with_name(output.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    # The vocabulary has not changed; left to itself peft would look it up under the base's name.
    model.save_pretrained(part, save_embedding_layers=False)
    (part / "README.md").unlink(missing_ok=True)
    write_manifest(part, chosen.base_model, weights_hash(base), languages)
    part.rename(output)
