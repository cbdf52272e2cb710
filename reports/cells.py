"""Formats numbers as table cells, and builds the sections that the reports on both kinds of models share.

The content of the other sections is in `reports.evaluation` and `reports.replies`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from models.evaluation.measurements import Measurement, Measurements
from reports.page import Section
from reports.plots import learning_curve_svg


def share_cell(measurement: Measurement | None) -> object:
    """A share or a mean with its 95 % confidence interval; a dash if there is no measurement."""
    if measurement is None:
        return "—"
    return f"{measurement.value:.3f} ({measurement.low:.3f}–{measurement.high:.3f})"


def score_cell(measurement: Measurement | None) -> object:
    """BLEU or chrF with its 95 % confidence interval; a dash if there is no measurement."""
    if measurement is None:
        return "—"
    return f"{measurement.value:.1f} ({measurement.low:.1f}–{measurement.high:.1f})"


def count_cell(measurement: Measurement | None) -> object:
    """The number of measured tickets; a dash if there is no measurement."""
    return "—" if measurement is None else measurement.count


def interval_cell(low: float | None, high: float | None) -> str:
    """The two ends of an interval; a dash if there is no interval."""
    if low is None or high is None or low == high:
        return "—"
    digits = 1 if max(abs(low), abs(high)) > 1 else 4
    return f"{low:.{digits}f} to {high:.{digits}f}"


def optional_cell(value: float | int | None) -> object:
    """The value unchanged; a dash if it is missing."""
    return "—" if value is None else value


def comparison_section(
    heading: str, measured: Measurements, scopes: Sequence[str], metrics: Sequence[str], note: str
) -> Section:
    """A section with the candidate's differences from other systems; it shows only these scopes and metrics."""
    return Section(
        heading=heading,
        header=("scope", "metric", "compared with", "difference", "95 % interval", "p-value", "tickets"),
        rows=[
            (
                scope.removeprefix("language="),
                metric,
                other,
                comparison.difference,
                interval_cell(comparison.low, comparison.high),
                comparison.p_value,
                comparison.count,
            )
            for (metric, scope, other), comparison in sorted(measured.comparisons.items())
            if scope in scopes and metric in metrics
        ],
        note=note,
    )


def learning_curve_svgs(metrics: Mapping[str, Any]) -> list[str]:
    """The learning curve as a plot; an empty list if the training stored no curve."""
    curve = metrics.get("learning_curve")
    return (
        [learning_curve_svg(curve, metrics.get("learning_curve_of", "macro_f1 on validation tickets"))] if curve else []
    )
