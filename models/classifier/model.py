"""The trained classifier: the category of a ticket, its confidence, and whether the ticket is routed or needs a human.

`models.classifier.training` trains it. `models.evaluation.classifier` evaluates it.
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
    """A trained classifier, loaded from its artefact."""

    def __init__(self, version: str, path: Path, manifest: Mapping[str, Any]) -> None:
        self.version = version
        self.labels: list[str] = manifest["labels"]
        self.calibration = Calibration(**manifest["calibration"])
        self.thresholds = manifest["thresholds"]
        self.target: float = manifest["target"]
        self.min_tickets_for_target: int | None = manifest["least_to_prove"]
        self.validation_tickets: dict[str, int] = manifest["validation_tickets"]
        self.out_of_scope_share: float = manifest["out_of_scope_share"]
        self.scope = Scope.load(path / SCOPE_FILE)
        folders = [path / name for name in manifest["members"]]
        self._reader = TextReader(folders, len(self.labels), manifest["max_tokens"])

    @property
    def detects_out_of_scope(self) -> bool:
        """Whether there were enough validation tickets to detect tickets that are out of scope."""
        return self.scope.can_detect(self.out_of_scope_share)

    @classmethod
    def load(cls, version: str, path: Path, settings: Settings) -> Self:
        """Loads a registered version.

        Raises:
            ModelError: the files are not those of a classifier.
        """
        with loading(f"The classifier {version} in {path}"):
            return cls(version, path, load_manifest(path))

    def read(self, texts: Sequence[str]) -> Outputs:
        """The logits and the unit-norm vectors of the texts, in the same order."""
        return self._reader.read(texts)

    def predict(self, tickets: Sequence[CleanTicket]) -> list[Prediction]:
        """One prediction per ticket, in order. A ticket that is not routed gets the route human and a reason."""
        return self.predict_from(tickets, self.read([ticket.text for ticket in tickets]))

    def predict_from(self, tickets: Sequence[CleanTicket], outputs: Outputs) -> list[Prediction]:
        """The predictions for tickets, from the outputs of `read` for their texts."""
        neighbourhood = self.scope.neighbourhood(outputs.vectors, len(self.labels))
        rows = self.calibration.probabilities(outputs.logits, neighbourhood.votes)
        return [
            self._route(ticket, row, float(p_value))
            for ticket, row, p_value in zip(tickets, rows, neighbourhood.p_values, strict=True)
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
            reason = self._why_no_threshold(ticket.language, category)
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

    def _why_no_threshold(self, language: str, category: str) -> str:
        if self.thresholds[language].get(ANY) is not None:
            return (
                f"no confidence threshold reaches accuracy {self.target:.2f} for {category!r} in language {language!r}"
            )
        reason = f"no confidence threshold reaches accuracy {self.target:.2f} in language {language!r}"
        tickets = self.validation_tickets[language]
        if self.min_tickets_for_target is not None and tickets < self.min_tickets_for_target:
            return f"{reason} ({tickets} validation tickets, but at least {self.min_tickets_for_target} are needed)"
        return f"{reason} ({tickets} validation tickets, and too many confident predictions are wrong)"
