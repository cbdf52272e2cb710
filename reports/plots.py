"""Plots as SVG text that stands by itself in a page: no script, no request. It computes no metric.

Colours are from matplotlib's cividis map and the Okabe–Ito set, which colour-blind readers can tell apart.
"""

import io
import warnings
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

BLUE = "#0072B2"
ORANGE = "#E69F00"


def confusion_matrix_svg(labels: Sequence[str], matrix: Sequence[Sequence[int]]) -> str:
    """Rows are the true categories, columns the predicted ones; shade is the share of the row.

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
    # A category may be called anything, and a dollar sign begins no formula.
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
    """How accurate the classifier is on the share of tickets it is surest of.

    Args:
        coverage: ascending shares of the test tickets, 0..1.
        accuracy: the accuracy on each share, 0..1.
        target: what the gate asks for.
    """
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(coverage, accuracy, color=BLUE, label="accuracy on the surest tickets")
    axes.axhline(target, color=ORANGE, linestyle="--", label=f"the gate's {target:.2f}")
    axes.set_xlabel("coverage")
    axes.set_ylabel("accuracy")
    axes.set_xlim(0, 1)
    axes.set_ylim(min(0.9, *accuracy, target) - 0.02 if len(accuracy) else 0, 1.005)
    axes.legend(loc="lower left", frameon=False)
    return _svg(figure)


def reliability_svg(bins: Sequence[tuple[float, float, int]]) -> str:
    """Confidence beside accuracy: on the diagonal it means what it says; a larger dot is of more tickets.

    Args:
        bins: mean confidence (0..1), accuracy (0..1) and tickets of each bin.
    """
    figure = Figure(figsize=(4, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=ORANGE, linestyle="--", label="as sure as right")
    most = max((tickets for _, _, tickets in bins), default=1)
    axes.scatter(
        [b[0] for b in bins], [b[1] for b in bins], s=[20 + 160 * b[2] / most for b in bins], color=BLUE,
        label="the classifier, with tickets",
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
    """How a number on validation tickets went during training.

    Args:
        curve: how far the training was (epochs or steps), the number, and perhaps more that is not shown.
        metric: the number's name.
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
    """One bar a system with its confidence interval, for a score such as BLEU, in one language."""
    figure = Figure(figsize=(5, 0.6 * len(systems) + 1), layout="constrained")
    axes = figure.add_subplot()
    # A bootstrap's interval of a perfect score can lie beside it by rounding.
    below = [max(0.0, score - low) for score, low in zip(scores, lows, strict=True)]
    above = [max(0.0, high - score) for score, high in zip(scores, highs, strict=True)]
    axes.barh(list(systems), list(scores), xerr=[below, above], color=BLUE, ecolor=ORANGE, capsize=4)
    axes.invert_yaxis()
    axes.set_xlabel(f"BLEU ({language})", parse_math=False)
    return _svg(figure)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none"}), warnings.catch_warnings():
        # Text stays text, in a font that the reader has: matplotlib's own has no Chinese, which it would warn of.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
