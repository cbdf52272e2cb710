"""Runs a fine-tuned classifier on texts and returns logits, and vectors for finding the nearest training tickets.

`models.classifier.model` derives the confidence, the threshold and the route from these outputs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from models.classifier import tuning

BATCH = 64
# Texts over `max_tokens` × this many characters are truncated before tokenising. The tokenizer would take longer for a
# text of a megabyte than the model does, and then keep only the beginning anyway.
CHARACTERS_PER_TOKEN = 16


class Outputs(NamedTuple):
    """What a classifier computes for some texts."""

    logits: np.ndarray  # texts × categories
    vectors: np.ndarray  # texts × dimensions, unit-norm


class TextReader:
    """The tokenizer and the models of a classifier. A classifier of several models averages their outputs."""

    def __init__(self, folders: Sequence[Path], category_count: int, max_tokens: int) -> None:
        self._category_count, self._max_tokens = category_count, max_tokens
        self._tokenizer = AutoTokenizer.from_pretrained(folders[0])  # all models have the same tokenizer
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._models = [tuning.load(folder).to(self._device).eval() for folder in folders]

    def read(self, texts: Sequence[str]) -> Outputs:
        """The logits and the unit-norm vectors of the texts, in the same order."""
        logits = np.zeros((len(texts), self._category_count), dtype=np.float64)
        vectors = np.zeros((len(texts), self._models[0].config.hidden_size), dtype=np.float32)
        # Texts of similar length share a batch, which saves padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), BATCH):
            positions = order[start : start + BATCH]
            encoded = encode(self._tokenizer, [texts[i] for i in positions], self._max_tokens)
            batch = self._tokenizer.pad(encoded, return_tensors="pt").to(self._device)
            mask = batch["attention_mask"][..., None].float()
            for model in self._models:
                with torch.inference_mode():
                    outputs = model(**batch, output_hidden_states=True)
                    # Prompt tuning prepends virtual tokens, which the mean leaves out.
                    hidden = outputs.hidden_states[-1][:, -mask.shape[1] :]
                    mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
                    logits[positions] += outputs.logits.double().cpu().numpy() / len(self._models)
                    vectors[positions] += torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()
        return Outputs(logits, vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_tokens: int) -> dict[str, list[list[int]]]:
    """The texts as `input_ids` and `attention_mask`, truncated to `max_tokens`, not padded.

    Characters that UTF-8 can't encode become question marks. The tokenizer holds up to 70 kB per text until it returns,
    so encode many texts in batches.
    """
    beginnings = [
        text[: max_tokens * CHARACTERS_PER_TOKEN].encode("utf-8", "replace").decode("utf-8") for text in texts
    ]
    encoded = tokenizer(beginnings, truncation=True, max_length=max_tokens)
    return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"]}
