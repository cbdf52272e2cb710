"""Draws plots as self-contained SVG, without scripts and requests. It computes no metric."""

import io
import warnings
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

# Colour-blind readers can tell these two colours apart (Okabe–Ito set), and the shades of matplotlib's cividis map.
BLUE = "#0072B2"
ORANGE = "#E69F00"


def confusion_matrix_svg(labels: Sequence[str], matrix: Sequence[Sequence[int]]) -> str:
    """The confusion matrix: one row per true category, one column per predicted category.

    The shade of a cell is its share of the row.

    Args:
        labels: the categories, in the order of the matrix.
        matrix: counts, len(labels) × len(labels).
    """
    counts = np.asarray(matrix, dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(4.0, 0.45 * len(labels) + 2)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    # A category name may contain a dollar sign, which matplotlib would read as the start of a formula.
    axes.set_xticks(range(len(labels)), labels, rotation=90, parse_math=False)
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    if len(labels) <= 30:
        for (row, column), count in np.ndenumerate(counts):
            if count:
                shade = "black" if shares[row, column] > 0.5 else "white"
                axes.text(column, row, f"{count:.0f}", ha="center", va="center", color=shade, fontsize=8)
    return _svg(figure)


def coverage_accuracy_svg(coverage: Sequence[float], accuracy: Sequence[float], target: float) -> str:
    """Accuracy as a function of coverage, when the classifier routes only the tickets with the highest confidence.

    Args:
        coverage: shares of the test tickets in ascending order, 0..1.
        accuracy: the accuracy on each share, 0..1.
        target: the accuracy that the gate requires, 0..1.
    """
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(coverage, accuracy, color=BLUE, label="accuracy on the most confident tickets")
    axes.axhline(target, color=ORANGE, linestyle="--", label=f"required by the gate: {target:.2f}")
    axes.set_xlabel("coverage")
    axes.set_ylabel("accuracy")
    axes.set_xlim(0, 1)
    axes.set_ylim(min(0.9, *accuracy, target) - 0.02 if len(accuracy) else 0, 1.005)
    axes.legend(loc="lower left", frameon=False)
    return _svg(figure)


def reliability_svg(bins: Sequence[tuple[float, float, int]]) -> str:
    """Accuracy against confidence: one dot per bin; a larger dot stands for more tickets.

    On the diagonal, accuracy equals confidence.

    Args:
        bins: mean confidence (0..1), accuracy (0..1) and number of tickets of each bin.
    """
    figure = Figure(figsize=(4, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=ORANGE, linestyle="--", label="confidence equals accuracy")
    max_tickets = max((tickets for _, _, tickets in bins), default=1)
    axes.scatter(
        [b[0] for b in bins], [b[1] for b in bins], s=[20 + 160 * b[2] / max_tickets for b in bins],
        color=BLUE, label="tickets with this confidence (number beside the dot)",
    )  # fmt: skip
    for confidence, accuracy, tickets in bins:
        axes.annotate(str(tickets), (confidence, accuracy), xytext=(-6, -4), textcoords="offset points", ha="right")
    axes.set_xlabel("confidence")
    axes.set_ylabel("accuracy")
    axes.set_xlim(0, 1.03)
    axes.set_ylim(0, 1.03)
    axes.legend(loc="upper left", frameon=False)
    return _svg(figure)


def learning_curve_svg(curve: Sequence[Sequence[float]], metric: str) -> str:
    """A metric after each part of the training.

    Args:
        curve: points of (epoch, metric); further elements of a point are ignored.
        metric: the metric's name, as the label of the axis.
    """
    figure = Figure(figsize=(4, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([point[0] for point in curve], [point[1] for point in curve], color=BLUE, marker="o")
    axes.set_xlabel("epoch")
    axes.set_ylabel(metric)
    return _svg(figure)


def scores_svg(
    systems: Sequence[str], scores: Sequence[float], lows: Sequence[float], highs: Sequence[float], language: str
) -> str:
    """BLEU in one language: one bar per system, with its confidence interval."""
    figure = Figure(figsize=(5, 0.6 * len(systems) + 1), layout="constrained")
    axes = figure.add_subplot()
    # Rounding can put the end of a bootstrap interval on the wrong side of a perfect score.
    below = [max(0.0, score - low) for score, low in zip(scores, lows, strict=True)]
    above = [max(0.0, high - score) for score, high in zip(scores, highs, strict=True)]
    axes.barh(list(systems), list(scores), xerr=[below, above], color=BLUE, ecolor=ORANGE, capsize=4)
    axes.invert_yaxis()
    axes.set_xlabel(f"BLEU ({language})", parse_math=False)
    return _svg(figure)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none"}), warnings.catch_warnings():
        # The reader's own font renders the text; matplotlib warns because its font lacks Chinese characters.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
