"""Classification metrics, and BLEU and chrF of replies with their signatures.

`models.evaluation.classifier` and `models.evaluation.generator` decide which systems are compared.
`models.evaluation.measurements` computes the confidence intervals.
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

from models.evaluation.measurements import (
    RESAMPLES,
    Comparison,
    Measurement,
    bootstrap_difference,
    bootstrap_measurement,
    bootstrap_rows,
)

# Languages without spaces between words → the name of sacrebleu's tokenizer for them.
UNSPACED = {"zh": "zh", "ja": "char", "th": "char"}


@dataclass(frozen=True)
class CategoryScore:
    """Precision and recall of one category (0..1), and `support`: how many test tickets have this category."""

    category: str
    precision: float
    recall: float
    support: int


@dataclass(frozen=True)
class ClassificationMetrics:
    """Accuracy, macro-F1, scores by category, and the confusion matrix: true categories × predicted categories."""

    accuracy: float
    macro_f1: float
    categories: tuple[CategoryScore, ...]
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]


class ReplyScores(NamedTuple):
    """BLEU and chrF of several systems, and the differences of the first system from each other system.

    `values` has the keys (metric, system), and `comparisons` the keys (metric, other system).
    """

    values: dict[tuple[str, str], Measurement]
    comparisons: dict[tuple[str, str], Comparison]


def classification_metrics(true: Sequence[str], predicted: Sequence[str]) -> ClassificationMetrics:
    """The metrics over all categories that at least one ticket has or is predicted to have."""
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
    category_ids = {label: i for i, label in enumerate(labels)}
    size = len(labels)
    # For each ticket, the index of its cell in the flattened confusion matrix.
    cells = np.asarray([category_ids[t] * size + category_ids[p] for t, p in zip(true, predicted, strict=True)])

    def score(sampled_cells: np.ndarray) -> float:
        counts = np.bincount(sampled_cells, minlength=size * size).reshape(size, size)
        true_and_predicted = counts.sum(axis=0) + counts.sum(axis=1)
        occurs = true_and_predicted > 0  # a category that is missing in the sample has no F1
        return float((2 * counts.diagonal()[occurs] / true_and_predicted[occurs]).mean())

    samples = np.asarray([score(cells[rows]) for rows in bootstrap_rows(len(cells))])
    return bootstrap_measurement(score(cells), samples, len(cells), "bootstrap")


def coverage_accuracy_curve(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[list[float], list[float]]:
    """The points of a curve, one per ticket: each coverage, and the accuracy on that share of the tickets.

    A coverage of c means that the share c of the tickets with the highest confidence is routed. The coverages ascend.
    """
    order = np.argsort(-np.asarray(confidences, dtype=float), kind="stable")
    right = np.cumsum(np.asarray(correct, dtype=float)[order])
    covered = np.arange(1, len(right) + 1)
    return (covered / max(len(right), 1)).tolist(), (right / covered).tolist()


def reply_metrics(language: str) -> dict[str, Metric]:
    """BLEU and chrF++ for a language. Languages without spaces between words get a tokenizer of their own and chrF."""
    unspaced = UNSPACED.get(language)
    return {"bleu": BLEU(tokenize=unspaced or "13a"), "chrf": CHRF(word_order=0 if unspaced else 2)}


def sentence_chrf(replies: Sequence[str], references: Sequence[str], language: str) -> list[float]:
    """The chrF++ of each reply (chrF in languages without spaces between words), 0..100."""
    metric = reply_metrics(language)["chrf"]
    return [
        float(metric.sentence_score(r, [reference]).score) for r, reference in zip(replies, references, strict=True)
    ]


def reply_scores(systems: Mapping[str, Sequence[str]], references: Sequence[str], language: str) -> ReplyScores:
    """BLEU and chrF of each system's replies, and the differences of the first system from each other system.

    The human agents' replies are the references. Intervals are bootstrap quantiles. The p-values come from sacrebleu's
    paired bootstrap on the same tickets (P. Koehn, Statistical significance tests for machine translation evaluation,
    EMNLP 2004).

    Raises:
        ValueError: there are no replies.
    """
    if not references:
        raise ValueError("no replies to score")
    first, *others = systems
    values: dict[tuple[str, str], Measurement] = {}
    comparisons: dict[tuple[str, str], Comparison] = {}
    for name, metric in reply_metrics(language).items():
        samples = {system: _samples(metric, replies, references) for system, replies in systems.items()}
        for system, replies in systems.items():
            score = metric.corpus_score(list(replies), [list(references)]).score
            values[name, system] = bootstrap_measurement(
                float(score), samples[system], len(references), str(metric.get_signature())
            )
        for other in others:
            p_value, signature = _paired(metric, systems[first], systems[other], references)
            comparisons[name, other] = bootstrap_difference(
                values[name, first].value - values[name, other].value,
                samples[first] - samples[other],
                p_value,
                len(references),
                signature,
            )
    return ReplyScores(values, comparisons)


def _samples(metric: Metric, replies: Sequence[str], references: Sequence[str]) -> np.ndarray:
    # sacrebleu's own bootstrap does not return its samples. `bootstrap_rows` draws the same rows for every system.
    statistics = np.asarray(metric._extract_corpus_statistics(list(replies), [list(references)]), dtype=np.float64)
    drawn = bootstrap_rows(len(references))
    return np.asarray([metric._compute_score_from_stats(statistics[rows].sum(axis=0)).score for rows in drawn])


def _paired(
    metric: Metric, replies: Sequence[str], others: Sequence[str], references: Sequence[str]
) -> tuple[float, str]:
    systems: list[tuple[str, Sequence[str]]] = [("other", list(others)), ("first", list(replies))]
    signatures, results = PairedTest(systems, {"metric": metric}, [list(references)], "bs", RESAMPLES)()
    # Both results have one key: sacrebleu's own name of the metric.
    [name] = signatures
    p_value = results[name][1].p_value  # type: ignore[union-attr]
    return 1.0 if p_value is None else float(p_value), str(signatures[name])
