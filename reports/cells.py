"""Numbers as the cells of the report's tables, and what the sections on both kinds of models have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.evaluation.measurements import Measurement, Measurements
from reports.page import Section
from reports.plots import learning_curve_svg


def share_cell(one: Measurement | None) -> object:
    """A share or a mean with its 95 % interval; a dash where there is none."""
    if one is None:
        return "—"
    return f"{one.value:.3f} ({one.low:.3f}–{one.high:.3f})"


def score_cell(one: Measurement | None) -> object:
    """BLEU or chrF with its 95 % interval; a dash where there is none."""
    return "—" if one is None else f"{one.value:.1f} ({one.low:.1f}–{one.high:.1f})"


def count_cell(one: Measurement | None) -> object:
    """How many tickets a number is of; a dash where there is none."""
    return "—" if one is None else one.count


def interval_cell(low: float | None, high: float | None) -> str:
    """The ends of an interval; a dash where there is none."""
    if low is None or high is None or low == high:
        return "—"
    digits = 1 if max(abs(low), abs(high)) > 1 else 4
    return f"{low:.{digits}f} to {high:.{digits}f}"


def number_cell(value: float | int | None) -> object:
    """The number, or a dash."""
    return "—" if value is None else value


def comparison_section(
    heading: str, measured: Measurements, scopes: Sequence[str], metrics: Sequence[str], note: str
) -> Section:
    """What was compared on the same tickets, in these scopes and metrics, as a section."""
    return Section(
        heading=heading,
        header=("tickets of", "metric", "minus that of the", "difference", "95 %", "p", "tickets"),
        rows=[
            (
                scope.removeprefix("language="),
                metric,
                other,
                one.difference,
                interval_cell(one.low, one.high),
                one.p_value,
                one.count,
            )
            for (metric, scope, other), one in sorted(measured.comparisons.items())
            if scope in scopes and metric in metrics
        ],
        note=note,
    )


def learning_curve_svgs(metrics: Mapping[str, Any]) -> list[str]:
    """How training went, as a plot, where that was kept."""
    curve = metrics.get("learning_curve")
    return [learning_curve_svg(curve, metrics.get("learning_curve_of", "macro_f1"))] if curve else []
