"""Trains the reply generator: a LoRA adapter on a four-bit base model (QLoRA), with a loss on the replies only.

`ticketing.stages.prompts` writes the prompts. `models.engine.process` serves the adapter, and
`models.evaluation.generator` evaluates it.
"""

import hashlib
import json
import logging
import math
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
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
    keep_freed_memory,
    load_quantized,
    load_rounded,
    training_arguments,
)
from models.generator.served_base import served_base
from models.shared.base import languages_of, loading, resolve, weights_hash
from models.shared.hardware import compute_dtype, cost_since
from models.shared.progress import ProgressLog
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.corpus.splitting import Part
from ticketing.errors import ModelError
from ticketing.settings import GeneratorSettings, Settings
from ticketing.stages.prompts import PROMPT_VERSION, messages

logger = logging.getLogger("ticketing")

MIN_REPLIES = 20
VALIDATION_REPLIES = 48
READ_BATCH = 10_000  # records; one batch usually suffices for `generator.train_tokens`


class Row(NamedTuple):
    """A training example."""

    input_ids: list[int]  # the tokens of prompt and reply
    labels: list[int]  # the same tokens, but IGNORED in the prompt


def generator_languages(settings: Settings) -> frozenset[str] | None:
    """The languages that the settings allow the generator to write; None means any."""
    languages = settings.generator.languages
    return languages_of(settings.generator.base_model) if languages is None else frozenset(languages)


def written_languages(snapshot: Snapshot, settings: Settings) -> frozenset[str] | None:
    """The languages that a generator is trained on and drafts in: the allowed languages with enough test replies.

    Enough means at least `gate.min_replies`. Human agents answer the other languages. If no language has enough, the
    generator writes all allowed languages and fails the default gate.
    """
    allowed = generator_languages(settings)
    counts = Counter(record.language for record in answered_records(snapshot, "test", allowed))
    return frozenset(language for language, count in counts.items() if count >= settings.gate.min_replies) or allowed


def answered_records(snapshot: Snapshot, part: Part, languages: frozenset[str] | None) -> Iterator[Record]:
    """The tickets of a part that have a reply and one of the languages (None: any language), read in batches."""
    return (r for r in snapshot.iterate(part) if r.output and (languages is None or r.language in languages))


def why_no_generator(snapshot: Snapshot, settings: Settings) -> str | None:
    """Why no generator can be trained on this snapshot; None if one can."""
    languages = written_languages(snapshot, settings)
    count = sum(1 for _ in islice(answered_records(snapshot, "train", languages), MIN_REPLIES))
    if count >= MIN_REPLIES:
        return None
    where = "" if languages is None else f" in {', '.join(sorted(languages))}"
    return f"{count} training tickets{where} have a reply, but at least {MIN_REPLIES} are needed"


def train_generator(snapshot: Snapshot, settings: Settings, output: Path) -> dict[str, Any]:
    """Trains an adapter and writes it to `output` in peft's format, which vLLM can load.

    After a kill, the next training with the same snapshot and settings resumes from the last checkpoint.

    Returns:
        Rows, tokens, steps, losses in nats per token, perplexity and seconds.

    Raises:
        ModelError: there are too few replies, the base model can't be loaded, no reply fits into the token limit, or
            the snapshot has prompts of another version.
    """
    reason = why_no_generator(snapshot, settings)
    if reason is not None:
        raise ModelError(f"No reply generator can be trained: {reason}.")
    prompts = snapshot.manifest["prompt_version"]
    if prompts != PROMPT_VERSION:
        raise ModelError(
            f"Snapshot {snapshot.snapshot_id} has prompts of version {prompts}, and this code writes version "
            f"{PROMPT_VERSION}: run 'ticketing prepare' first."
        )
    started = time.monotonic()
    options = settings.generator
    languages = written_languages(snapshot, settings)
    base = str(resolve(options.base_model, settings))
    tokenizer = load_tokenizer(base, options.base_model)

    records = in_random_order(snapshot, "train", languages, options.seed)
    rows, too_long = fitting_rows(records, tokenizer, options.max_tokens, options.train_tokens)
    if not rows:
        raise ModelError(
            f"No reply together with its ticket fits into generator.max_tokens = {options.max_tokens}: raise it."
        )
    held_out = islice(in_random_order(snapshot, "validation", languages, options.seed), VALIDATION_REPLIES)
    validation, _ = fitting_rows(held_out, tokenizer, options.max_tokens)
    validation.sort(key=lambda row: len(row.input_ids))  # rows of similar length in a batch need less padding
    steps = training_steps([len(row.input_ids) for row in rows], options)
    weights = weights_hash(base)
    logger.info("generator: loading the base model, to train on %d tickets in %d steps", len(rows), steps)

    work = settings.home / "work" / f"generator-{work_key(snapshot.snapshot_id, options, languages)}"
    work.mkdir(parents=True, exist_ok=True)
    progress = ProgressLog("generator")
    trainer_class = LoraPlusTrainer if torch.cuda.is_available() else CpuTrainer
    trainer = trainer_class(
        model=_load_base(base, weights, settings),
        args=training_arguments(options, steps, work),
        train_dataset=as_dataset(rows),
        eval_dataset=as_dataset(validation) if validation else None,
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=options.lora_rank, lora_alpha=2 * options.lora_rank, target_modules="all-linear", task_type="CAUSAL_LM"
        ),
        callbacks=[progress],
        lr_ratio=options.lora_plus_ratio,
    )
    trainer.remove_callback(PrinterCallback)  # it would print what ProgressLog logs
    with keep_freed_memory():
        trained = trainer.train(resume_from_checkpoint=last_checkpoint(work))
        logger.info("generator: measuring the loss on %d validation tickets", len(validation))
        loss = trainer.evaluate()["eval_loss"] if validation else None
    save_adapter(trainer.model, options, weights, languages, output)
    shutil.rmtree(work)
    return {
        "rows": len(rows),
        "rows_too_long": too_long,
        "tokens": sum(len(row.input_ids) for row in rows),
        "steps": steps,
        "epochs": steps * options.batch_size / len(rows),
        "train_loss": trained.training_loss,
        "learning_curve": progress.losses,
        "learning_curve_of": "training loss (nats per token)",
        "validation_rows": len(validation),
        "validation_loss": loss,
        "validation_perplexity": None if loss is None else math.exp(loss),
        "compute": str(compute_dtype()).removeprefix("torch."),
        **cost_since(started),
    }


def _load_base(base: str, weights: str, settings: Settings) -> torch.nn.Module:
    name = settings.generator.base_model
    if torch.cuda.is_available():
        return load_quantized(base, name)
    return load_rounded(served_base(name, settings, weights))


def load_tokenizer(base: str, name: str) -> PreTrainedTokenizerBase:
    """The base model's tokenizer.

    Raises:
        ModelError: the tokenizer is missing, or it has no chat template or no end token.
    """
    with loading(f"The tokenizer of {name!r}", "check TICKETING_GENERATOR__BASE_MODEL."):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(base)
    if not tokenizer.chat_template or tokenizer.eos_token_id is None:
        raise ModelError(f"{name!r} has no chat template or no end token: choose an instruction-tuned model.")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def in_random_order(snapshot: Snapshot, part: Part, languages: frozenset[str] | None, seed: int) -> Iterator[Record]:
    """The answered tickets of a part in a random order that depends only on the seed and the tickets' ids.

    To save memory, only the ids of all tickets are kept. Each batch of `READ_BATCH` records takes one pass over the
    part.
    """
    ids = sorted(record.ticket_id for record in answered_records(snapshot, part, languages))
    random.Random(seed).shuffle(ids)  # noqa: S311 — for shuffling, not for a secret
    for start in range(0, len(ids), READ_BATCH):
        batch_ids = ids[start : start + READ_BATCH]
        batch = frozenset(batch_ids)
        records = {r.ticket_id: r for r in answered_records(snapshot, part, languages) if r.ticket_id in batch}
        yield from (records[ticket_id] for ticket_id in batch_ids)


def fitting_rows(
    records: Iterable[Record], tokenizer: PreTrainedTokenizerBase, max_tokens: int, budget: int | None = None
) -> tuple[list[Row], int]:
    """The training rows of the first records, until the token budget is spent, and the number of rows left out.

    A row longer than `max_tokens` is left out and not truncated: a truncated reply would teach the model to stop within
    a sentence.
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
    """The training row of a record: the prompt as the engine renders it, the reply, and the end-of-turn token."""
    prompt = tokenizer.apply_chat_template(
        messages(record.instruction, record.input),
        add_generation_prompt=True,
        enable_thinking=False,
        return_dict=False,
    )
    reply = tokenizer.encode((record.output or "").strip(), add_special_tokens=False)
    target = [*reply, tokenizer.eos_token_id]
    return Row([*prompt, *target], [*[IGNORED] * len(prompt), *target])


def training_steps(lengths: Sequence[int], options: GeneratorSettings) -> int:
    """The number of steps that the token budget allows: at least one step, at most `epochs` epochs."""
    max_steps = options.epochs * math.ceil(len(lengths) / options.batch_size)
    tokens_per_step = sum(lengths) / len(lengths) * min(options.batch_size, len(lengths))
    return max(1, min(max_steps, round(options.train_tokens / tokens_per_step)))


def as_dataset(rows: Sequence[Row]) -> Dataset:
    """The rows as a dataset with their lengths for the sampler. trl uses it as it is, because it is tokenised."""
    return Dataset.from_list([{**row._asdict(), "length": len(row.input_ids)} for row in rows])


def work_key(snapshot_id: str, options: GeneratorSettings, languages: frozenset[str] | None) -> str:
    """The key of the checkpoint folder, which ensures that no training resumes from other data or settings."""
    language_names = "any" if languages is None else ",".join(sorted(languages))
    text = f"{snapshot_id} {PROMPT_VERSION} {language_names} {options.model_dump_json()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def last_checkpoint(work: Path) -> str | None:
    """The newest complete checkpoint; None if there is none. Incomplete checkpoints of a killed run are removed."""
    complete: dict[int, Path] = {}
    for folder in work.glob("checkpoint-*"):
        try:
            # The Trainer writes this file last.
            complete[json.loads((folder / "trainer_state.json").read_text())["global_step"]] = folder
        except (OSError, ValueError, KeyError):
            shutil.rmtree(folder)
    if not complete:
        return None
    step = max(complete)
    logger.info("generator: continuing from step %d of an earlier training", step)
    return str(complete[step])


def save_adapter(
    model: PeftModel, options: GeneratorSettings, weights: str, languages: frozenset[str] | None, output: Path
) -> None:
    """Writes the adapter and its manifest. A killed run leaves no incomplete `output`.

    Args:
        model: the trained model.
        options: the settings of the training.
        weights: the hash of the base model's weights.
        languages: the languages that the generator writes; None means any.
        output: the artefact's folder.
    """
    # The files must be the same on every machine, so the base model's name replaces its path, and modules are sorted.
    config = model.peft_config["default"]
    config.base_model_name_or_path = options.base_model
    config.target_modules = sorted(config.target_modules)
    part = output.with_name(output.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    # By default peft looks the base model up by its name, to find out whether the vocabulary has changed. It has not.
    model.save_pretrained(part, save_embedding_layers=False)
    (part / "README.md").unlink(missing_ok=True)
    write_manifest(part, options.base_model, weights, languages)
    part.rename(output)
