"""Evaluates a classifier on test tickets: overall, by language, by category, and against the champion.

`models.evaluation.gate` applies rules to the measurements. `models.evaluation.generator` evaluates replies.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.classifier.calibration import uncalibrated_error
from models.classifier.model import TrainedClassifier
from models.classifier.thresholds import routed_languages
from models.evaluation.measurements import (
    ALL,
    Comparison,
    Measurement,
    Measurements,
    bootstrap_measurement,
    bootstrap_rows,
    count,
    share,
    share_difference,
)
from models.evaluation.metrics import (
    ClassificationMetrics,
    classification_metrics,
    coverage_accuracy_curve,
    macro_f1,
)
from models.shared.statistics import ReliabilityBin, expected_calibration_error, reliability
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.stages.protocols import Prediction
from ticketing.tickets import CleanTicket

CHAMPION = "champion"
CALIBRATION_SAMPLES = 200  # of the bootstrap


@dataclass(frozen=True)
class ClassifierEvaluation:
    """The evaluation of a classifier on the test part of a snapshot."""

    version: str
    snapshot_id: str
    metrics: ClassificationMetrics
    measured: Measurements
    uncalibrated_error: float
    curve_coverage: list[float]
    curve_accuracy: list[float]
    reliability: list[ReliabilityBin]
    detects_out_of_scope: bool
    reasons: dict[str, int] = field(default_factory=dict)  # reason for the route human → number of tickets

    def ticket_count(self, scope: str) -> int:
        """The number of test tickets in a scope."""
        return self.measured.values["tickets", scope].count

    @property
    def stored_metrics(self) -> dict[str, object]:
        """The metrics that are stored with the verdict."""
        return {
            **self.measured.as_dict(),
            "uncalibrated_error": self.uncalibrated_error,
            "to_a_human": self.reasons,
        }


@dataclass(frozen=True)
class Rival:
    """The champion that a candidate is compared with, and the ids of the tickets that the champion was trained on.

    The comparison leaves these tickets out, because the champion would have an advantage on them (leakage).
    """

    classifier: TrainedClassifier
    training_ticket_ids: Collection[str]


def evaluate_classifier(
    classifier: TrainedClassifier,
    snapshot: Snapshot,
    rival: Rival | None = None,
    missing_systems: frozenset[str] = frozenset({CHAMPION}),
) -> ClassifierEvaluation:
    """The metrics of a candidate on all test tickets, and its comparison with the champion on the same tickets.

    Args:
        classifier: the candidate.
        snapshot: the candidate's snapshot.
        rival: the champion; None if there is none, or if it can't be loaded.
        missing_systems: contains `CHAMPION` if there is no champion. A champion that can't be loaded is not among the
            missing systems, so that the rules against it fail.
    """
    records = snapshot.records("test")
    tickets = [as_ticket(record) for record in records]
    outputs = classifier.read([ticket.text for ticket in tickets])
    predictions = classifier.predict_from(tickets, outputs)
    true, predicted = [record.category for record in records], [p.category for p in predictions]
    correct = [a == b for a, b in zip(true, predicted, strict=True)]
    confidences = [p.confidence for p in predictions]
    coverage, accuracy = coverage_accuracy_curve(confidences, correct)
    category_ids = {label: i for i, label in enumerate(classifier.labels)}
    scopes = scopes_of(records)
    values: dict[tuple[str, str], Measurement] = {}
    for scope, rows in scopes.items():
        values |= _values(scope, rows, true, predictions, correct)
    return ClassifierEvaluation(
        version=classifier.version,
        snapshot_id=snapshot.snapshot_id,
        metrics=classification_metrics(true, predicted),
        measured=Measurements(
            values,
            {} if rival is None else _compare(rival, records, tickets, predictions, scopes),
            missing_systems if rival is None else frozenset(),
            expected_scopes=_expected_scopes(classifier),
        ),
        # A category that occurs only in the test part has no index: every prediction for its tickets counts as wrong.
        uncalibrated_error=uncalibrated_error(outputs.logits, [category_ids.get(category, -1) for category in true]),
        curve_coverage=coverage,
        curve_accuracy=accuracy,
        reliability=reliability(confidences, correct),
        detects_out_of_scope=classifier.detects_out_of_scope,
        reasons=_counted_reasons(predictions),
    )


def _expected_scopes(classifier: TrainedClassifier) -> frozenset[str]:
    """The scopes that must have measurements: each language that is routed, and each category."""
    languages = [f"language={language}" for language in routed_languages(classifier.thresholds)]
    return frozenset([*languages, *(f"category={label}" for label in classifier.labels)])


def scopes_of(records: Sequence[Record]) -> dict[str, list[int]]:
    """The row indices of each scope: all records, each language, and each category."""
    scopes: dict[str, list[int]] = {ALL: list(range(len(records)))}
    for row, record in enumerate(records):
        scopes.setdefault(f"language={record.language}", []).append(row)
        scopes.setdefault(f"category={record.category}", []).append(row)
    return dict(sorted(scopes.items()))


def _values(
    scope: str, rows: Sequence[int], true: Sequence[str], predictions: Sequence[Prediction], correct: Sequence[bool]
) -> dict[tuple[str, str], Measurement]:
    routed = [i for i in rows if predictions[i].route == "auto"]
    right = [correct[i] for i in rows]
    found = {
        "tickets": count(len(rows)),
        "coverage": share(len(routed), len(rows)),
        "selective_accuracy": share(sum(correct[i] for i in routed), len(routed)),
        "out_of_scope": share(sum(predictions[i].out_of_scope for i in rows), len(rows)),
        "expected_calibration_error": _calibration_error([predictions[i].confidence for i in rows], right),
    }
    if scope.startswith("category="):
        category = scope.removeprefix("category=")
        predicted = [i for i, prediction in enumerate(predictions) if prediction.category == category]
        found["recall"] = share(sum(right), len(rows))
        found["precision"] = share(sum(correct[i] for i in predicted), len(predicted))
    else:
        found["accuracy"] = share(sum(right), len(rows))
        found["macro_f1"] = macro_f1([true[i] for i in rows], [predictions[i].category for i in rows])
    return {(metric, scope): measurement for metric, measurement in found.items() if measurement is not None}


def _calibration_error(confidences: Sequence[float], correct: Sequence[bool]) -> Measurement:
    confidence, right = np.asarray(confidences), np.asarray(correct)
    samples = [
        expected_calibration_error(confidence[rows].tolist(), right[rows].tolist())
        for rows in bootstrap_rows(len(confidence), CALIBRATION_SAMPLES)
    ]
    return bootstrap_measurement(
        expected_calibration_error(confidences, correct), np.asarray(samples), len(confidence), "15 bins, bootstrap"
    )


def _compare(
    rival: Rival,
    records: Sequence[Record],
    tickets: Sequence[CleanTicket],
    predictions: Sequence[Prediction],
    scopes: dict[str, list[int]],
) -> dict[tuple[str, str, str], Comparison]:
    rows_to_compare = [i for i, record in enumerate(records) if record.ticket_id not in rival.training_ticket_ids]
    rival_predictions = rival.classifier.predict([tickets[i] for i in rows_to_compare])
    theirs = dict(zip(rows_to_compare, rival_predictions, strict=True))
    compared: dict[tuple[str, str, str], Comparison] = {}
    for scope, rows in scopes.items():
        pairs = [(predictions[i], theirs[i], records[i].category) for i in rows if i in theirs]
        found = {
            "recall" if scope.startswith("category=") else "accuracy": share_difference(
                [ours.category == true for ours, _, true in pairs],
                [other.category == true for _, other, true in pairs],
            ),
            "coverage": share_difference(
                [ours.route == "auto" for ours, _, _ in pairs],
                [other.route == "auto" for _, other, _ in pairs],
            ),
        }
        compared |= {(metric, scope, CHAMPION): value for metric, value in found.items() if value is not None}
    return compared


def _counted_reasons(predictions: Sequence[Prediction]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for prediction in predictions:
        if prediction.reason is not None:
            reason = prediction.reason.split(": confidence ")[0]  # without the confidence of the single ticket
            counts[reason] = counts.get(reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def as_ticket(record: Record) -> CleanTicket:
    """A record in the form in which a classifier reads tickets."""
    # A record's text already has the subject and the body, joined as in `CleanTicket.text`.
    return CleanTicket(
        ticket_id=record.ticket_id, revision=1, created_at=None, language=record.language, subject="", body=record.text,
        category=None, reply=None,
    )  # fmt: skip
