"""Judges a classifier on held-out tickets: over all, by language, by category, and beside the champion.

The metrics are in `models.evaluation.metrics`, the rules in `models.evaluation.gate`; replies are judged in
`models.evaluation.generator`.
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
    bootstrapped,
    count,
    resampled,
    share,
    share_difference,
)
from models.evaluation.metrics import (
    ClassificationMetrics,
    ReliabilityBin,
    classification_metrics,
    coverage_accuracy_curve,
    expected_calibration_error,
    macro_f1,
    reliability,
)
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.stages.protocols import Prediction
from ticketing.tickets import CleanTicket

CHAMPION = "champion"


@dataclass(frozen=True)
class ClassifierEvaluation:
    """A classifier on the test part of a snapshot."""

    version: str
    snapshot_id: str
    metrics: ClassificationMetrics
    measured: Measurements
    uncalibrated_error: float
    curve_coverage: list[float]
    curve_accuracy: list[float]
    reliability: list[ReliabilityBin]
    tells_out_of_scope: bool
    reasons: dict[str, int] = field(default_factory=dict)  # why tickets went to a human, and how many

    def metrics_count(self, scope: str) -> int:
        """How many test tickets a scope has."""
        return self.measured.values["tickets", scope].count

    @property
    def numbers(self) -> dict[str, object]:
        """What a verdict keeps."""
        return {
            **self.measured.as_dict(),
            "uncalibrated_error": self.uncalibrated_error,
            "to_a_human": self.reasons,
        }


@dataclass(frozen=True)
class Rival:
    """The champion, and the tickets that it was trained on, which would flatter it."""

    classifier: TrainedClassifier
    seen: Collection[str]


def evaluate_classifier(
    classifier: TrainedClassifier,
    snapshot: Snapshot,
    rival: Rival | None = None,
    absent: frozenset[str] = frozenset({CHAMPION}),
) -> ClassifierEvaluation:
    """Accuracy on all test tickets, and on those that it would route itself; the champion's on the same ones.

    Args:
        classifier: the candidate.
        snapshot: what it was trained on.
        rival: the champion, if it can be compared with.
        absent: what there is nothing of to compare with. A champion that is there, but damaged, is not among it.
    """
    records = snapshot.records("test")
    tickets = [as_ticket(record) for record in records]
    read = classifier.read([ticket.text for ticket in tickets])
    said = classifier.predict_from(tickets, read)
    true, predicted = [record.category for record in records], [one.category for one in said]
    right = [a == b for a, b in zip(true, predicted, strict=True)]
    confidences = [one.confidence for one in said]
    coverage, accuracy = coverage_accuracy_curve(confidences, right)
    columns = {label: i for i, label in enumerate(classifier.labels)}  # a category may be in the test part alone
    scopes = scopes_of(records)
    values: dict[tuple[str, str], Measurement] = {}
    for scope, places in scopes.items():
        values |= _values(scope, places, true, said, right)
    return ClassifierEvaluation(
        version=classifier.version,
        snapshot_id=snapshot.snapshot_id,
        metrics=classification_metrics(true, predicted),
        measured=Measurements(
            values,
            {} if rival is None else _against(rival, records, tickets, said, scopes),
            absent if rival is None else frozenset(),
            expected=_expected(classifier),
        ),
        uncalibrated_error=uncalibrated_error(read.logits, [columns.get(one, -1) for one in true]),
        curve_coverage=coverage,
        curve_accuracy=accuracy,
        reliability=reliability(confidences, right),
        tells_out_of_scope=classifier.tells_out_of_scope,
        reasons=_counted_reasons(said),
    )


def _expected(classifier: TrainedClassifier) -> frozenset[str]:
    """What a rule on each of them must find a number of: languages that are routed, and every category."""
    languages = [f"language={one}" for one in routed_languages(classifier.thresholds)]
    return frozenset([*languages, *(f"category={one}" for one in classifier.labels)])


def scopes_of(records: Sequence[Record]) -> dict[str, list[int]]:
    """The places of all records, of each language's and of each category's."""
    scopes: dict[str, list[int]] = {ALL: list(range(len(records)))}
    for place, record in enumerate(records):
        scopes.setdefault(f"language={record.language}", []).append(place)
        scopes.setdefault(f"category={record.category}", []).append(place)
    return dict(sorted(scopes.items()))


def _values(
    scope: str, places: Sequence[int], true: Sequence[str], said: Sequence[Prediction], right: Sequence[bool]
) -> dict[tuple[str, str], Measurement]:
    routed = [i for i in places if said[i].route == "auto"]
    correct = [right[i] for i in places]
    found = {
        "tickets": count(len(places)),
        "accuracy": share(sum(correct), len(places)),
        "coverage": share(len(routed), len(places)),
        "selective_accuracy": share(sum(right[i] for i in routed), len(routed)),
        "out_of_scope": share(sum(said[i].out_of_scope for i in places), len(places)),
        "expected_calibration_error": _calibration_error([said[i].confidence for i in places], correct),
    }
    if scope.startswith("category="):
        # Of a single category accuracy is its recall; macro-F1 over what it was taken for says nothing.
        category = scope.removeprefix("category=")
        guessed = [i for i, one in enumerate(said) if one.category == category]
        found["recall"] = found["accuracy"]
        found["precision"] = share(sum(right[i] for i in guessed), len(guessed))
    else:
        found["macro_f1"] = macro_f1([true[i] for i in places], [said[i].category for i in places])
    return {(metric, scope): one for metric, one in found.items() if one is not None}


def _calibration_error(confidences: Sequence[float], correct: Sequence[bool]) -> Measurement:
    sure, right = np.asarray(confidences), np.asarray(correct)
    samples = [
        expected_calibration_error(sure[rows].tolist(), right[rows].tolist()) for rows in resampled(len(sure), 200)
    ]
    return bootstrapped(
        expected_calibration_error(confidences, correct), np.asarray(samples), len(sure), "15 bins, bootstrap"
    )


def _against(
    rival: Rival,
    records: Sequence[Record],
    tickets: Sequence[CleanTicket],
    said: Sequence[Prediction],
    scopes: dict[str, list[int]],
) -> dict[tuple[str, str, str], Comparison]:
    fair = [i for i, record in enumerate(records) if record.ticket_id not in rival.seen]
    theirs = dict(zip(fair, rival.classifier.predict([tickets[i] for i in fair]), strict=True))
    compared: dict[tuple[str, str, str], Comparison] = {}
    for scope, places in scopes.items():
        pairs = [(said[i], theirs[i], records[i].category) for i in places if i in theirs]
        found = {
            "accuracy": share_difference([a.category == true for a, _, true in pairs],
                                         [b.category == true for _, b, true in pairs]),
            "coverage": share_difference([a.route == "auto" for a, _, _ in pairs],
                                         [b.route == "auto" for _, b, _ in pairs]),
        }  # fmt: skip
        compared |= {(metric, scope, CHAMPION): one for metric, one in found.items() if one is not None}
    return compared


def _counted_reasons(said: Sequence[Prediction]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in said:
        if one.reason is not None:
            kind = one.reason.split(": confidence ")[0]  # what follows is of this ticket alone
            counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def as_ticket(record: Record) -> CleanTicket:
    """A record as the ticket that a classifier reads."""
    # A record's text is subject and body already joined as `CleanTicket.text` joins them.
    return CleanTicket(
        ticket_id=record.ticket_id, revision=1, created_at=None, language=record.language, subject="", body=record.text,
        category=None, reply=None,
    )  # fmt: skip
