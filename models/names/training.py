"""Trains the name finder, which finds names and addresses, on synthetic texts. It uses no real ticket."""

import hashlib
import json
import logging
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, PreTrainedTokenizerBase

from models.names.finder import LABELS, OVERLAP_TOKENS, REVISION, WINDOW_TOKENS, NameFinder
from models.shared.base import WEIGHTS, files_hash, loading, make_once, resolve
from models.shared.hardware import compute_dtype
from models.shared.manifest import MANIFEST, save_manifest
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
# The name finder's version covers this many generated examples and the texts that they are made of. The examples show a
# change to the code that generates them. The texts also show a change to a text that is in none of the examples.
VERSION_EXAMPLES = 500
VERSION_WORDS = ("kettle", "delivery", "yesterday", "broken", "please")  # the ordinary words in those examples
TEXTS = (sentences, impersonal, things, people, streets, generate)
BASE_FILES = ("config.json", *WEIGHTS, "tokenizer*", "vocab*")


class Recipe(NamedTuple):
    """The hyperparameters that are not settings. They, and their names, are part of the name finder's version."""

    revision: int = 1  # raise it when the training changes but no other field does
    optimizer: str = "AdamW"
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    warm_up_share: float = 1 / 16  # share of the steps; after the warm-up the learning rate falls linearly to zero
    batches_sorted_together: int = 50


class Row(NamedTuple):
    """A tokenised training text."""

    input_ids: list[int]
    labels: list[int]  # of each token: an index into `LABELS`, or IGNORED


RECIPE = Recipe()


def name_finder_for(settings: Settings) -> NameFinder:
    """The name finder from the cache. If the cache has none for these settings, this trains it, which takes minutes.

    Raises:
        ModelError: the base model can't be loaded, or the cached files are damaged.
        OutputError: the cache can't be written.
    """
    path = settings.cache / f"name-finder-{version(settings)}"
    if not (path / MANIFEST).is_file():
        logger.info("finder of names and addresses: trained once per machine; training starts, into %s", path)
    make_once(path, lambda folder: train(settings, folder), MANIFEST)
    return NameFinder.load(path, settings.privacy.name_threshold)


def version(settings: Settings) -> str:
    """A hash of everything that affects the name finder's results. Computing it takes about a second.

    It covers settings, base model, labels, examples, recipe and windows. It does not cover the source text of the code:
    a changed comment must not force every user to train again and to scrub every ticket again.

    Raises:
        ModelError: the base model is missing.
    """
    options = settings.name_finder
    base = resolve(options.base_model, settings)
    parts = {
        "settings": options.model_dump(mode="json"),
        "base": _base_digest(base),
        "labels": LABELS,
        "texts": {module.__name__: _constants(vars(module)) for module in TEXTS},
        "examples": list(generate_examples(options.seed, VERSION_EXAMPLES, VERSION_WORDS)),
        "recipe": RECIPE._asdict(),
        "finder": {"revision": REVISION, "window": WINDOW_TOKENS, "overlap": OVERLAP_TOKENS},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def train(settings: Settings, output: Path) -> None:
    """Trains a name finder and writes it to `output`.

    Raises:
        ModelError: the base model can't be loaded.
    """
    options = settings.name_finder
    torch.manual_seed(options.seed)
    base = resolve(options.base_model, settings)
    with loading(f"The base model {options.base_model!r}", "check TICKETING_NAME_FINDER__BASE_MODEL."):
        tokenizer = AutoTokenizer.from_pretrained(base)
        model = AutoModelForTokenClassification.from_pretrained(
            base,
            num_labels=len(LABELS),
            num_hidden_layers=options.layers,
            dtype=torch.float32,
            attn_implementation="sdpa" if torch.cuda.is_available() else "eager",
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device).train()
    examples = generate_examples(options.seed, options.examples, ordinary_words(tokenizer))
    rows = [as_row(example, tokenizer) for example in examples]
    batches = list(in_batches(rows, options))
    warm_up = max(1, int(len(batches) * RECIPE.warm_up_share))
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=options.learning_rate, weight_decay=RECIPE.weight_decay, fused=True
    )
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
        torch.nn.utils.clip_grad_norm_(model.parameters(), RECIPE.max_grad_norm)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % LOG_EVERY_STEPS == 0:
            logger.info(
                "finder of names and addresses: step %d of %d, loss %.4f, %.0f s left",
                step,
                len(batches),
                loss.item(),
                (time.monotonic() - started) / step * (len(batches) - step),
            )
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)
    save_manifest(output, {"version": version(settings)})


def ordinary_words(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """The English words in the base model's vocabulary, in alphabetical order. They include names."""
    words = (word for word in tokenizer.get_vocab() if word.isascii() and word.isalpha() and len(word) > 3)
    return sorted(words)


def as_row(example: Example, tokenizer: PreTrainedTokenizerBase) -> Row:
    """A text's tokens with their labels. A token belongs to the span in which the token begins."""
    encoded = tokenizer(example.text, truncation=True, max_length=WINDOW_TOKENS, return_offsets_mapping=True)
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


def in_batches(rows: Sequence[Row], options: NameFinderSettings) -> Iterator[list[Row]]:
    """Batches with every row once, in random order, and with rows of similar length in the same batch."""
    rng = random.Random(options.seed)  # noqa: S311 — for shuffling, not for a secret
    shuffled = rng.sample(rows, len(rows))
    size = options.batch_size
    group_size = size * RECIPE.batches_sorted_together
    for start in range(0, len(shuffled), group_size):
        group = sorted(shuffled[start : start + group_size], key=lambda row: len(row.input_ids))
        batches = [group[i : i + size] for i in range(0, len(group), size)]
        rng.shuffle(batches)
        yield from batches


def _constants(names: dict[str, object]) -> dict[str, object]:
    """The constants of a module of texts. They must not be sets: JSON refuses sets, which have no fixed order."""
    return {name: value for name, value in names.items() if name.isupper()}


def _base_digest(base: str) -> str:
    """A hash of the model and the tokenizer in a folder. For a published model, its id instead."""
    folder = Path(base)
    if not folder.is_dir():
        return base
    files = {path.name: path for pattern in BASE_FILES for path in folder.glob(pattern)}
    return files_hash(files, lambda name: files[name].open("rb"))
