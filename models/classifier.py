"""The fine-tuned BERT classifier: the category of a ticket, how sure it is, and whether that is sure enough.

Training it is `models.classifier_training`; judging it is `models.evaluation`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedTokenizerBase

from models.base import LOAD_ERRORS
from ticketing.drafting.drafter import Prediction
from ticketing.errors import ModelError
from ticketing.settings import Settings
from ticketing.tickets import CleanTicket

MANIFEST = "ticketing.json"
BATCH = 64
# A tokenizer takes more time than the model for a text of a megabyte, of which it keeps the beginning only.
CHARACTERS_A_TOKEN = 16


class TrainedClassifier:
    """A fine-tuned classifier, ready to predict."""

    def __init__(
        self, version: str, path: Path, labels: Sequence[str], thresholds: dict[str, float | None], max_tokens: int,
        target: float = 0.0,
    ) -> None:  # fmt: skip
        self.version = version
        self.labels = list(labels)
        self.thresholds = thresholds
        self.target = target
        self._max_tokens = max_tokens
        self._tokenizer = AutoTokenizer.from_pretrained(path)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = AutoModelForSequenceClassification.from_pretrained(path, dtype=torch.float32).to(device).eval()

    @classmethod
    def load(cls, version: str, path: Path, settings: Settings) -> Self:
        """A registered version.

        Raises:
            ModelError: the files are not those of a classifier.
        """
        try:
            manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
            return cls(
                version, path, manifest["labels"], manifest["thresholds"], manifest["max_tokens"], manifest["target"]
            )
        except (*LOAD_ERRORS, KeyError) as error:
            raise ModelError(
                f"The classifier {version} can't be loaded from {path} ({type(error).__name__})."
            ) from error

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """The probability of each category: len(texts) × len(labels), rows sum to 1."""
        result = np.zeros((len(texts), len(self.labels)), dtype=np.float64)
        # Texts of like length in one batch: less padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            encoded = encode(self._tokenizer, [texts[i] for i in places], self._max_tokens)
            batch = self._tokenizer.pad(encoded, return_tensors="pt").to(self._model.device)
            with torch.inference_mode():
                result[places] = torch.softmax(self._model(**batch).logits.double(), dim=-1).cpu().numpy()
        return result

    def predict(self, tickets: Sequence[CleanTicket]) -> list[Prediction]:
        """One prediction a ticket, in order; the route is human where it is not sure enough, with the reason."""
        probabilities = self.probabilities([ticket.text for ticket in tickets])
        return [
            self._route(self.labels[int(row.argmax())], float(row.max()), ticket.language)
            for ticket, row in zip(tickets, probabilities, strict=True)
        ]

    def _route(self, category: str, confidence: float, language: str) -> Prediction:
        threshold = self.thresholds.get(language)
        if language not in self.thresholds:
            reason = f"too few tickets in language {language!r} to know how sure it is"
        elif threshold is None:
            reason = f"no threshold reaches accuracy {self.target:.2f} in language {language!r}"
        elif confidence < threshold:
            reason = f"confidence {confidence:.3f} is below {threshold:.3f}"
        else:
            return Prediction(category, confidence, threshold, "auto", None)
        return Prediction(category, confidence, threshold, "human", reason)


def encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_tokens: int) -> dict[str, list[list[int]]]:
    """The texts as `input_ids` and `attention_mask`, cut to `max_tokens`, without padding; broken UTF-8 is replaced."""
    cut = [text[: max_tokens * CHARACTERS_A_TOKEN].encode("utf-8", "replace").decode("utf-8") for text in texts]
    encoded = tokenizer(cut, truncation=True, max_length=max_tokens)
    return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"]}
