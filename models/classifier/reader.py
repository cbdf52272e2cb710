"""Runs a fine-tuned classifier over texts: logits, and the vectors that neighbours are searched with.

Confidence, threshold and route are `models.classifier.model`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from models.classifier import tuning

BATCH = 64
# A tokenizer takes longer than the model for a text of a megabyte, and all but its beginning is cut off anyway.
CHARACTERS_A_TOKEN = 16


class Outputs(NamedTuple):
    """The outputs of a model: logits, texts × categories, and vectors of length 1, texts × dimensions."""

    logits: np.ndarray
    vectors: np.ndarray


class TextReader:
    """The tokenizer and the models of a classifier; the outputs of several models are averaged."""

    def __init__(self, folders: Sequence[Path], categories: int, max_tokens: int) -> None:
        self._categories, self._max_tokens = categories, max_tokens
        self._tokenizer = AutoTokenizer.from_pretrained(folders[0])  # all models have the same
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._models = [tuning.load(folder).to(self._device).eval() for folder in folders]

    def read(self, texts: Sequence[str]) -> Outputs:
        """The logits and vectors of texts, in their order."""
        logits = np.zeros((len(texts), self._categories), dtype=np.float64)
        vectors = np.zeros((len(texts), self._models[0].config.hidden_size), dtype=np.float32)
        # Texts of similar length share a batch: less padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            encoded = encode(self._tokenizer, [texts[i] for i in places], self._max_tokens)
            batch = self._tokenizer.pad(encoded, return_tensors="pt").to(self._device)
            mask = batch["attention_mask"][..., None].float()
            for model in self._models:
                with torch.inference_mode():
                    outputs = model(**batch, output_hidden_states=True)
                    # A tuned prompt stands before the text and is not part of it.
                    hidden = outputs.hidden_states[-1][:, -mask.shape[1] :]
                    mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
                    logits[places] += outputs.logits.double().cpu().numpy() / len(self._models)
                    vectors[places] += torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()
        return Outputs(logits, vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_tokens: int) -> dict[str, list[list[int]]]:
    """The texts as `input_ids` and `attention_mask`, cut to `max_tokens`, not padded. Broken UTF-8 is replaced.

    The tokenizer takes up to 70 kB a text until it returns, so encode many texts in batches.
    """
    cut = [text[: max_tokens * CHARACTERS_A_TOKEN].encode("utf-8", "replace").decode("utf-8") for text in texts]
    encoded = tokenizer(cut, truncation=True, max_length=max_tokens)
    return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"]}
