"""The numbers that models are judged by, in the field's own words; each reply score carries its signature.

What is compared with what is `models.evaluation`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

BOOTSTRAP_SAMPLES = 1000


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


@dataclass(frozen=True)
class Score:
    """A corpus score (0..100) with its 95 % bootstrap interval and sacrebleu's signature."""

    value: float
    low: float
    high: float
    signature: str


@dataclass(frozen=True)
class ReplyMetrics:
    """BLEU and chrF of one system in one language."""

    count: int
    bleu: Score
    chrf: Score


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


def expected_calibration_error(confidences: Sequence[float], correct: Sequence[bool], bins: int = 15) -> float:
    """The mean distance of confidence and accuracy over equal-width bins, weighted by their tickets (0..1).

    Source: C. Guo et al., On calibration of modern neural networks, ICML 2017.
    """
    sure, right = np.asarray(confidences, dtype=float), np.asarray(correct, dtype=float)
    places = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [
        abs(sure[places == b].mean() - right[places == b].mean()) * (places == b).sum() for b in set(places.tolist())
    ]
    return float(sum(gaps) / max(len(sure), 1))


def coverage_accuracy_curve(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[list[float], list[float]]:
    """Coverage (ascending) and the accuracy on the tickets that the model is surest of, one point a ticket."""
    order = np.argsort(-np.asarray(confidences, dtype=float), kind="stable")
    right = np.cumsum(np.asarray(correct, dtype=float)[order])
    places = np.arange(1, len(right) + 1)
    return (places / max(len(right), 1)).tolist(), (right / places).tolist()


def reply_metrics(hypotheses: Sequence[str], references: Sequence[str], language: str) -> ReplyMetrics:
    """BLEU and chrF of replies against what the agents wrote, in one language; Chinese with its own tokenizer.

    Raises:
        ValueError: there is nothing to score.
    """
    if not hypotheses:
        raise ValueError("no replies to score")
    bleu = BLEU(tokenize="zh" if language == "zh" else "13a")
    return ReplyMetrics(
        count=len(hypotheses),
        bleu=_score(bleu, hypotheses, references),
        chrf=_score(CHRF(), hypotheses, references),
    )


def _score(metric: BLEU | CHRF, hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    # sacrebleu seeds its bootstrap itself, and writes the seed and the number of samples into the signature.
    result = metric.corpus_score(list(hypotheses), [list(references)], n_bootstrap=BOOTSTRAP_SAMPLES)
    margin = float(result._ci)
    return Score(
        float(result.score), float(result._mean - margin), float(result._mean + margin), str(metric.get_signature())
    )
