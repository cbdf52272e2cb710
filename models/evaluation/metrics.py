"""The numbers that models are judged by, in the field's own words; each reply score carries its signature.

What is compared with what is for the evaluations, how sure a number is `models.evaluation.measurements`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import PairedTest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from models.evaluation.measurements import RESAMPLES, Comparison, Measurement, bootstrapped, difference, resampled

ECE_BINS = 15
# Languages without spaces between words, and sacrebleu's tokenizer for each.
UNSPACED = {"zh": "zh", "ja": "char", "th": "char"}


@dataclass(frozen=True)
class CategoryScore:
    """Precision, recall (0..1) and the number of test tickets of one category."""

    category: str
    precision: float
    recall: float
    support: int


@dataclass(frozen=True)
class ClassificationMetrics:
    """How well categories were predicted; rows of the confusion matrix are true categories."""

    accuracy: float
    macro_f1: float
    categories: tuple[CategoryScore, ...]
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]


class ReliabilityBin(NamedTuple):
    """Tickets of about the same confidence: the mean of it, how many of them were right (0..1), and how many."""

    confidence: float
    accuracy: float
    tickets: int


class ReplyScores(NamedTuple):
    """BLEU and chrF by (metric, system), and how much better the first system is by (metric, other system)."""

    values: dict[tuple[str, str], Measurement]
    comparisons: dict[tuple[str, str], Comparison]


def classification_metrics(true: Sequence[str], predicted: Sequence[str]) -> ClassificationMetrics:
    """Accuracy, macro-F1 and the rest, over the categories that occur on either side."""
    labels = sorted(set(true) | set(predicted))
    precision, recall, _, support = precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0.0)
    return ClassificationMetrics(
        accuracy=float(accuracy_score(true, predicted)),
        macro_f1=float(f1_score(true, predicted, labels=labels, average="macro", zero_division=0.0)),
        categories=tuple(
            CategoryScore(label, float(p), float(r), int(s))
            for label, p, r, s in zip(labels, precision, recall, support, strict=True)
        ),
        labels=tuple(labels),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion_matrix(true, predicted, labels=labels)),
    )


def macro_f1(true: Sequence[str], predicted: Sequence[str]) -> Measurement | None:
    """Macro-F1 with its bootstrap interval; None without tickets."""
    if not true:
        return None
    labels = sorted(set(true) | set(predicted))
    place = {label: i for i, label in enumerate(labels)}
    size = len(labels)
    cells = np.asarray([place[t] * size + place[p] for t, p in zip(true, predicted, strict=True)])

    def score(drawn: np.ndarray) -> float:
        counts = np.bincount(drawn, minlength=size * size).reshape(size, size)
        both = counts.sum(axis=0) + counts.sum(axis=1)
        # A category that is not among the drawn tickets has no F1.
        return float((2 * counts.diagonal()[both > 0] / both[both > 0]).mean())

    samples = np.asarray([score(cells[rows]) for rows in resampled(len(cells))])
    return bootstrapped(score(cells), samples, len(cells), "bootstrap")


def reliability(confidences: Sequence[float], correct: Sequence[bool], bins: int = ECE_BINS) -> list[ReliabilityBin]:
    """Tickets in bins of equal width by confidence, without the empty ones: what a reliability diagram shows."""
    sure, right = np.asarray(confidences, dtype=float), np.asarray(correct, dtype=float)
    places = np.minimum((sure * bins).astype(int), bins - 1)
    return [
        ReliabilityBin(float(sure[places == b].mean()), float(right[places == b].mean()), int((places == b).sum()))
        for b in sorted(set(places.tolist()))
    ]


def expected_calibration_error(confidences: Sequence[float], correct: Sequence[bool], bins: int = ECE_BINS) -> float:
    """The mean distance of confidence and accuracy over equal-width bins, weighted by their tickets (0..1).

    Source: C. Guo et al., On calibration of modern neural networks, ICML 2017.
    """
    gaps = [abs(b.confidence - b.accuracy) * b.tickets for b in reliability(confidences, correct, bins)]
    return float(sum(gaps) / max(len(confidences), 1))


def coverage_accuracy_curve(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[list[float], list[float]]:
    """Coverage (ascending) and the accuracy on the tickets that the model is surest of, one point a ticket."""
    order = np.argsort(-np.asarray(confidences, dtype=float), kind="stable")
    right = np.cumsum(np.asarray(correct, dtype=float)[order])
    places = np.arange(1, len(right) + 1)
    return (places / max(len(right), 1)).tolist(), (right / places).tolist()


def reply_metrics(language: str) -> dict[str, Metric]:
    """BLEU and chrF++ as they are for a language: of characters where no space parts words."""
    unspaced = UNSPACED.get(language)
    return {"bleu": BLEU(tokenize=unspaced or "13a"), "chrf": CHRF(word_order=0 if unspaced else 2)}


def sentence_chrf(replies: Sequence[str], references: Sequence[str], language: str) -> list[float]:
    """chrF++ of each reply by itself, 0..100: which replies are good ones and which are not."""
    metric = reply_metrics(language)["chrf"]
    return [
        float(metric.sentence_score(r, [reference]).score) for r, reference in zip(replies, references, strict=True)
    ]


def reply_scores(systems: Mapping[str, Sequence[str]], references: Sequence[str], language: str) -> ReplyScores:
    """BLEU and chrF of each system's replies against what the agents wrote, and the first system against the others.

    Intervals are quantiles of a bootstrap, p-values those of sacrebleu's paired bootstrap on the same tickets
    (P. Koehn, Statistical significance tests for machine translation evaluation, EMNLP 2004).

    Raises:
        ValueError: there is nothing to score.
    """
    if not references:
        raise ValueError("no replies to score")
    first, *others = systems
    places = resampled(len(references))
    values: dict[tuple[str, str], Measurement] = {}
    comparisons: dict[tuple[str, str], Comparison] = {}
    for name, metric in reply_metrics(language).items():
        samples = {system: _samples(metric, replies, references, places) for system, replies in systems.items()}
        for system, replies in systems.items():
            score = metric.corpus_score(list(replies), [list(references)]).score
            values[name, system] = bootstrapped(
                float(score), samples[system], len(references), str(metric.get_signature())
            )
        for other in others:
            p_value, signature = _paired(metric, systems[first], systems[other], references)
            comparisons[name, other] = difference(
                values[name, first].value - values[name, other].value,
                samples[first] - samples[other],
                p_value,
                len(references),
                signature,
            )
    return ReplyScores(values, comparisons)


def _samples(metric: Metric, replies: Sequence[str], references: Sequence[str], places: np.ndarray) -> np.ndarray:
    # What sacrebleu's own bootstrap does, which gives no samples away: the same rows for every system.
    statistics = np.asarray(metric._extract_corpus_statistics(list(replies), [list(references)]), dtype=np.float64)
    return np.asarray([metric._compute_score_from_stats(statistics[rows].sum(axis=0)).score for rows in places])


def _paired(
    metric: Metric, replies: Sequence[str], others: Sequence[str], references: Sequence[str]
) -> tuple[float, str]:
    named: list[tuple[str, Sequence[str]]] = [("other", list(others)), ("first", list(replies))]
    signatures, results = PairedTest(named, {"metric": metric}, [list(references)], "bs", RESAMPLES)()
    # The results are told under the metric's own name, beside the names of the systems.
    [name] = signatures
    p_value = results[name][1].p_value  # type: ignore[union-attr]
    return 1.0 if p_value is None else float(p_value), str(signatures[name])
