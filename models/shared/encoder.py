"""Turns texts into vectors with the classifier's base model before fine-tuning: the mean over its last layer.

The embedded base model is an English sentence encoder (sentence-transformers).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from models.shared.base import loading, resolve, weights_hash
from models.shared.hardware import compute_dtype
from ticketing.settings import Settings

BATCH = 64
MAX_TOKENS = 256


class Encoder:
    """A loaded base model. `name` becomes part of the signature of every metric that is computed with the encoder."""

    def __init__(self, base: str, name: str) -> None:
        self.name = name
        self._tokenizer = AutoTokenizer.from_pretrained(base)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = AutoModel.from_pretrained(base, dtype=compute_dtype()).to(device).eval()

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """Loads the base model of the setting `classifier.base_model`.

        Raises:
            ModelError: the base model can't be loaded.
        """
        name = settings.classifier.base_model
        base = resolve(name, settings)
        with loading(f"The base model {name!r}"):
            return cls(base, f"{Path(name).name} {weights_hash(base)[:12]}")

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """One unit-norm vector per text: texts × hidden size."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        rows = np.zeros((len(texts), self._model.config.hidden_size), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            positions = order[start : start + BATCH]
            batch = self._tokenizer(
                [texts[i] for i in positions], truncation=True, max_length=MAX_TOKENS, padding=True, return_tensors="pt"
            ).to(self._model.device)
            with torch.inference_mode():
                hidden = self._model(**batch).last_hidden_state.float()
            mask = batch["attention_mask"][..., None].float()
            vectors = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
            rows[positions] = torch.nn.functional.normalize(vectors, dim=-1).cpu().numpy()
        return rows

    def similarity(self, texts: Sequence[str], others: Sequence[str]) -> list[float]:
        """The cosine similarity of each text with the text at the same position in `others`, -1..1."""
        if not texts:
            return []
        return [float(x) for x in (self.embed(texts) * self.embed(others)).sum(axis=1)]
