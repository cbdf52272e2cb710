"""Trains the finder of names and addresses on texts that the project makes up; no real ticket is among them."""

import hashlib
import inspect
import json
import logging
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, PreTrainedTokenizerBase

from models.names import finder as name_finder
from models.names.finder import LABELS, MANIFEST, NameFinder
from models.shared.base import LOAD_ERRORS, made_once, resolve
from models.shared.hardware import compute_dtype
from ticketing.errors import ModelError
from ticketing.privacy.examples import (
    Example,
    generate,
    generate_examples,
    impersonal,
    people,
    sentences,
    streets,
    things,
)
from ticketing.settings import NameFinderSettings, Settings

logger = logging.getLogger("ticketing")

IGNORED = -100
LOG_EVERY_STEPS = 100
BATCHES_SORTED_TOGETHER = 50


class Row(NamedTuple):
    """A text as token ids, and a label's number for each."""

    input_ids: list[int]
    labels: list[int]


def name_finder_for(settings: Settings) -> NameFinder:
    """The finder of names and addresses: from the cache, or trained now, once a machine, in a few minutes.

    Raises:
        ModelError: the base model can't be loaded, or the cached files are damaged.
        OutputError: it can't be written to the cache.
    """
    path = settings.cache / f"name-finder-{version(settings.name_finder)}"
    if not (path / MANIFEST).is_file():
        logger.info("finder of names and addresses: training it, once, into %s", path)
    made_once(path, lambda folder: train(settings, folder), MANIFEST)
    return NameFinder.load(path, settings.privacy.name_threshold)


def version(chosen: NameFinderSettings) -> str:
    """Names what the training is made of: other settings, texts or labels make another finder."""
    texts = (sentences, impersonal, things, people, streets, generate)
    sources = [inspect.getsource(module) for module in (*texts, name_finder, sys.modules[__name__])]
    text = "\n".join([chosen.model_dump_json(), *sources])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def train(settings: Settings, output: Path) -> None:
    """Trains a finder and writes it to `output`.

    Raises:
        ModelError: the base model can't be loaded.
    """
    chosen = settings.name_finder
    torch.manual_seed(chosen.seed)
    base = resolve(chosen.base_model, settings)
    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
        model = AutoModelForTokenClassification.from_pretrained(
            base, num_labels=len(LABELS), num_hidden_layers=chosen.layers, dtype=torch.float32,
            attn_implementation="sdpa" if torch.cuda.is_available() else "eager",
        )  # fmt: skip
    except LOAD_ERRORS as error:
        raise ModelError(
            f"The base model {chosen.base_model!r} can't be loaded ({type(error).__name__}): check "
            "TICKETING_NAME_FINDER__BASE_MODEL."
        ) from error
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device).train()
    examples = generate_examples(chosen.seed, chosen.examples, ordinary_words(tokenizer))
    rows = [as_row(one, tokenizer) for one in examples]
    batches = list(in_batches(rows, chosen))
    warm_up = max(1, len(batches) // 16)
    optimizer = torch.optim.AdamW(model.parameters(), lr=chosen.learning_rate, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / warm_up) * (1 - step / len(batches))
    )
    started = time.monotonic()
    for step, batch in enumerate(batches, 1):
        padded = tokenizer.pad({"input_ids": [row.input_ids for row in batch]}, return_tensors="pt").to(device)
        width = padded["input_ids"].shape[1]
        labels = torch.tensor([row.labels + [IGNORED] * (width - len(row.labels)) for row in batch], device=device)
        with torch.autocast(device, dtype=compute_dtype()):
            logits = model(**padded).logits
        loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % LOG_EVERY_STEPS == 0:
            left = (time.monotonic() - started) / step * (len(batches) - step)
            logger.info(
                "finder of names and addresses: step %d of %d, loss %.4f, %.0f s left",
                step,
                len(batches),
                loss.item(),
                left,
            )
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)
    (output / MANIFEST).write_text(json.dumps({"version": version(chosen)}) + "\n", encoding="utf-8")


def ordinary_words(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """The English words that the base model knows; names are among them, and are for the caller to take out."""
    words = (word for word in tokenizer.get_vocab() if word.isascii() and word.isalpha() and len(word) > 3)
    return sorted(words)


def as_row(example: Example, tokenizer: PreTrainedTokenizerBase) -> Row:
    """A text's tokens with their labels; a token belongs to the span that it begins in."""
    encoded = tokenizer(
        example.text, truncation=True, max_length=name_finder.WINDOW_TOKENS, return_offsets_mapping=True
    )
    labels = []
    for start, end in encoded["offset_mapping"]:
        span = next((span for span in example.spans if span.start <= start < span.end), None)
        if start == end:
            labels.append(IGNORED)
        elif span is None:
            labels.append(0)
        else:
            labels.append(LABELS.index(f"{'B' if start == span.start else 'I'}-{span.kind}"))
    return Row(encoded["input_ids"], labels)


def in_batches(rows: Sequence[Row], chosen: NameFinderSettings) -> Iterator[list[Row]]:
    """Every row once, in random order, rows of like length together."""
    rng = random.Random(chosen.seed)  # noqa: S311 — an order, not a secret
    order = rng.sample(rows, len(rows))
    size = chosen.batch_size
    for start in range(0, len(order), size * BATCHES_SORTED_TOGETHER):
        group = sorted(order[start : start + size * BATCHES_SORTED_TOGETHER], key=lambda row: len(row.input_ids))
        batches = [group[i : i + size] for i in range(0, len(group), size)]
        rng.shuffle(batches)
        yield from batches
