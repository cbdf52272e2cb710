"""The trained classifier: the category of a ticket, its confidence, and whether the ticket is routed or needs a human.

Training is `models.classifier.training`, evaluation `models.evaluation.classifier`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from models.classifier.calibration import Calibration
from models.classifier.reader import Outputs, TextReader
from models.classifier.scope import Scope
from models.classifier.thresholds import ANY, threshold_for
from models.shared.base import loading
from models.shared.manifest import load_manifest
from ticketing.settings import Settings
from ticketing.stages.protocols import Prediction
from ticketing.tickets import CleanTicket

SCOPE_FILE = "scope.npz"


class TrainedClassifier:
    """A trained classifier that is ready to predict."""

    def __init__(self, version: str, path: Path, manifest: Mapping[str, Any]) -> None:
        self.version = version
        self.labels: list[str] = manifest["labels"]
        self.calibration = Calibration(**manifest["calibration"])
        self.thresholds = manifest["thresholds"]
        self.target: float = manifest["target"]
        self.least_to_prove: int | None = manifest["least_to_prove"]
        self.validation_tickets: dict[str, int] = manifest["validation_tickets"]
        self.out_of_scope_share: float = manifest["out_of_scope_share"]
        self.scope = Scope.load(path / SCOPE_FILE)
        folders = [path / name for name in manifest["members"]]
        self._reader = TextReader(folders, len(self.labels), manifest["max_tokens"])

    @property
    def tells_out_of_scope(self) -> bool:
        """Whether there were enough validation tickets to call any ticket out of scope."""
        return self.scope.can_tell(self.out_of_scope_share)

    @classmethod
    def load(cls, version: str, path: Path, settings: Settings) -> Self:
        """Loads a registered version.

        Raises:
            ModelError: the files are not those of a classifier.
        """
        with loading(f"The classifier {version} in {path}"):
            return cls(version, path, load_manifest(path))

    def read(self, texts: Sequence[str]) -> Outputs:
        """The logits and vectors of texts, in their order."""
        return self._reader.read(texts)

    def predict(self, tickets: Sequence[CleanTicket]) -> list[Prediction]:
        """One prediction per ticket, in order. A ticket below its threshold gets the route human, with a reason."""
        return self.predict_from(tickets, self.read([ticket.text for ticket in tickets]))

    def predict_from(self, tickets: Sequence[CleanTicket], outputs: Outputs) -> list[Prediction]:
        """The predictions for tickets, from the outputs of `read` for their texts."""
        near = self.scope.near(outputs.vectors, len(self.labels))
        rows = self.calibration.probabilities(outputs.logits, near.votes)
        return [
            self._route(ticket, row, float(p_value))
            for ticket, row, p_value in zip(tickets, rows, near.p_values, strict=True)
        ]

    def _route(self, ticket: CleanTicket, probabilities: np.ndarray, in_scope: float) -> Prediction:
        first, *others = np.argsort(-probabilities, kind="stable")
        category, confidence = self.labels[int(first)], float(probabilities[first])
        threshold = threshold_for(self.thresholds, ticket.language, category)
        out_of_scope = in_scope <= self.out_of_scope_share
        reason = None
        if out_of_scope:
            reason = "the ticket is unlike any training ticket (out of scope)"
        elif ticket.language not in self.thresholds:
            reason = f"no validation ticket is in language {ticket.language!r}, so it has no confidence threshold"
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
            second_confidence=float(probabilities[others[0]]) if others else None,
            in_scope=in_scope,
            out_of_scope=out_of_scope,
        )

    def _unproven(self, language: str, category: str) -> str:
        if self.thresholds[language].get(ANY) is not None:
            return (
                f"no confidence threshold reaches accuracy {self.target:.2f} for {category!r} in language {language!r}"
            )
        reason = f"no confidence threshold reaches accuracy {self.target:.2f} in language {language!r}"
        tickets = self.validation_tickets[language]
        if self.least_to_prove is not None and tickets < self.least_to_prove:
            return f"{reason} ({tickets} validation tickets, but at least {self.least_to_prove} are needed)"
        return f"{reason} ({tickets} validation tickets, and too many confident predictions are wrong)"
