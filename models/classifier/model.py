"""The fine-tuned BERT classifier: the category of a ticket, how sure it is, and whether that is sure enough.

Training it is `models.classifier.training`; judging it is `models.evaluation.classifier`.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self
from zipfile import BadZipFile

import numpy as np
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from models.classifier import tuning
from models.classifier.calibration import Calibration
from models.classifier.scope import Scope
from models.classifier.thresholds import ANY, threshold_for
from models.shared.base import LOAD_ERRORS
from ticketing.errors import ModelError
from ticketing.settings import Settings
from ticketing.stages.protocols import Prediction
from ticketing.tickets import CleanTicket

MANIFEST = "ticketing.json"
SCOPE = "scope.npz"
ALONE = "."  # the folder of a classifier's only member
BATCH = 64
ANYWHERE = Scope(np.zeros((0, 0)), np.zeros(0, int), np.zeros(0))  # of what has not been fitted yet
# A tokenizer takes more time than the model for a text of a megabyte, of which it keeps the beginning only.
CHARACTERS_A_TOKEN = 16


class Read(NamedTuple):
    """What the model makes of texts: logits, texts × categories, and vectors of length 1, texts × dimensions."""

    logits: np.ndarray
    vectors: np.ndarray


class TrainedClassifier:
    """A fine-tuned classifier, ready to predict."""

    def __init__(self, version: str, path: Path, manifest: Mapping[str, Any], scope: Scope = ANYWHERE) -> None:
        self.version = version
        self.labels: list[str] = list(manifest["labels"])
        # Before the neighbours had a vote there was a temperature alone.
        self.calibration = Calibration(**manifest.get("calibration", {"temperature": manifest.get("temperature", 1.0)}))
        self.thresholds = manifest.get("thresholds", {})
        self.target = float(manifest.get("target", 0.0))
        self.least_to_prove = manifest.get("least_to_prove")
        self.validation_tickets: dict[str, int] = manifest.get("validation_tickets", {})
        self.out_of_scope_share = float(manifest.get("out_of_scope_share", 0.0))
        self.scope = scope
        self._max_tokens = int(manifest["max_tokens"])
        members = [path / name for name in manifest.get("members", [ALONE])]
        self._tokenizer = AutoTokenizer.from_pretrained(members[0])  # all members have the same
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._models = [tuning.load(member).to(self._device).eval() for member in members]

    @property
    def tells_out_of_scope(self) -> bool:
        """Whether it was fitted on enough validation tickets to take any ticket for out of scope."""
        return self.scope.can_tell(self.out_of_scope_share)

    @classmethod
    def load(cls, version: str, path: Path, settings: Settings) -> Self:
        """A registered version.

        Raises:
            ModelError: the files are not those of a classifier.
        """
        try:
            manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
            return cls(version, path, manifest, Scope.load(path / SCOPE))
        except (*LOAD_ERRORS, BadZipFile, KeyError, TypeError) as error:
            raise ModelError(
                f"The classifier {version} can't be loaded from {path} ({type(error).__name__})."
            ) from error

    def read(self, texts: Sequence[str]) -> Read:
        """The logits and vectors of texts, in order; of several members the means."""
        logits = np.zeros((len(texts), len(self.labels)), dtype=np.float64)
        vectors = np.zeros((len(texts), self._models[0].config.hidden_size), dtype=np.float32)
        # Texts of like length in one batch: less padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            encoded = encode(self._tokenizer, [texts[i] for i in places], self._max_tokens)
            batch = self._tokenizer.pad(encoded, return_tensors="pt").to(self._device)
            mask = batch["attention_mask"][..., None].float()
            for model in self._models:
                with torch.inference_mode():
                    said = model(**batch, output_hidden_states=True)
                    # A tuned prompt comes before the text, and is no part of it.
                    hidden = said.hidden_states[-1][:, -mask.shape[1] :]
                    mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
                    logits[places] += said.logits.double().cpu().numpy() / len(self._models)
                    vectors[places] += torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()
        return Read(logits, vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))

    def predict(self, tickets: Sequence[CleanTicket]) -> list[Prediction]:
        """One prediction a ticket, in order; the route is human where it is not sure enough, with the reason."""
        return self.predict_from(tickets, self.read([ticket.text for ticket in tickets]))

    def predict_from(self, tickets: Sequence[CleanTicket], read: Read) -> list[Prediction]:
        """What `predict` makes of tickets that were read already."""
        near = self.scope.near(read.vectors, len(self.labels))
        rows = self.calibration.probabilities(read.logits, near.votes)
        return [
            self._route(ticket, row, float(usual)) for ticket, row, usual in zip(tickets, rows, near.usual, strict=True)
        ]

    def _route(self, ticket: CleanTicket, row: np.ndarray, in_scope: float) -> Prediction:
        first, *others = np.argsort(-row, kind="stable")
        category, confidence = self.labels[int(first)], float(row[first])
        threshold = threshold_for(self.thresholds, ticket.language, category)
        out_of_scope = in_scope <= self.out_of_scope_share
        reason = None
        if out_of_scope:
            reason = "it is unlike every ticket that a department has handled"
        elif ticket.language not in self.thresholds:
            reason = f"too few tickets in language {ticket.language!r} to know how sure it is"
        elif threshold is None:
            reason = self._unproven(ticket.language, category)
        elif confidence < threshold:
            reason = f"not sure enough: confidence {confidence:.3f} is below {threshold:.3f}"
        return Prediction(
            category=category,
            confidence=confidence,
            threshold=threshold,
            route="human" if reason else "auto",
            reason=reason,
            second_category=self.labels[int(others[0])] if others else None,
            second_confidence=float(row[others[0]]) if others else None,
            in_scope=in_scope,
            out_of_scope=out_of_scope,
        )

    def _unproven(self, language: str, category: str) -> str:
        if self.thresholds[language].get(ANY) is not None:
            return f"accuracy {self.target:.2f} is not proven for {category!r} in language {language!r}"
        reason = f"accuracy {self.target:.2f} is not proven in language {language!r}"
        had = self.validation_tickets.get(language)
        if had is None:  # trained before this was kept
            return reason
        if self.least_to_prove is not None and had < self.least_to_prove:
            return f"{reason} ({had} validation tickets, {self.least_to_prove} at least are needed)"
        return f"{reason} (too many of the surest of {had} validation tickets are wrong)"


def encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_tokens: int) -> dict[str, list[list[int]]]:
    """The texts as `input_ids` and `attention_mask`, cut to `max_tokens`, without padding; broken UTF-8 is replaced."""
    cut = [text[: max_tokens * CHARACTERS_A_TOKEN].encode("utf-8", "replace").decode("utf-8") for text in texts]
    encoded = tokenizer(cut, truncation=True, max_length=max_tokens)
    return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"]}
