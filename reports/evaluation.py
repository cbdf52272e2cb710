"""The gate's rules for a candidate, and the numbers and plots of a classifier, as sections of the report.

The sections on a generator's replies are in `reports.replies`.
"""

from models.evaluation.classifier import ClassifierEvaluation
from models.evaluation.gate import RuleResult, Verdict, format_number
from models.evaluation.measurements import Measurements
from models.registry.versions import ModelVersion
from reports.cells import comparison_section, interval_cell, learning_curve_svgs, number_cell, share_cell
from reports.page import Section
from reports.plots import confusion_matrix_svg, coverage_accuracy_svg, reliability_svg

RULES_NOTE = (
    "'measured' is the number on the held-out tickets, or the difference from the other system that the rule names. "
    "'95 % interval': if the evaluation were repeated on new tickets many times, about 95 of 100 such intervals would "
    "contain the true number. 'compared' is the number that the gate held against 'required'. It is the measured "
    "number; if the rule sets a confidence level, it is a confidence bound instead. For a minimum this is the lower "
    "bound: with that confidence the true number is not below it. For a maximum it is the upper bound: with that "
    "confidence the true number is not above it. The bound is one-sided and differs from the ends of the 95 % "
    "interval. 'margin' is the distance between 'compared' and 'required'; it is negative if the rule failed. "
    "'p-value' is the probability of a difference at least this large if both systems were equally good. 'passed, but "
    "the interval crosses the requirement': the measured number is good enough, the worse end of its 95 % interval is "
    "not, and the rule sets no confidence level."
)


def verdict_section(version: str, verdict: Verdict, measured: Measurements) -> Section:
    """One row for each rule of the gate; the note lists the metrics that no rule uses."""
    metrics_with_rules = {rule.name.split(" ")[0] for rule in verdict.rules}
    other_metrics = sorted({metric for metric, _ in measured.values} - metrics_with_rules - {"tickets", "replies"})
    return Section(
        heading=f"Gate rules for {version}",
        header=(
            "rule",
            "measured",
            "95 % interval",
            "compared",
            "required",
            "margin",
            "tickets",
            "p-value",
            "result",
        ),
        rows=[
            (
                rule.name,
                _number(rule.value),
                interval_cell(rule.low, rule.high),
                _number(rule.judged),
                f"{rule.operator} {format_number(rule.bound)}",
                _number(rule.margin),
                number_cell(rule.count),
                number_cell(rule.p_value),
                rule.skipped or _result(rule),
            )
            for rule in verdict.rules
        ],
        note=f"{RULES_NOTE} Measured, but used by no rule: {', '.join(other_metrics) or 'nothing'}.",
    )


def classifier_sections(evaluation: ClassifierEvaluation, model: ModelVersion, target: float) -> list[Section]:
    """All sections on a classifier.

    Args:
        evaluation: the classifier's measurements.
        model: the classifier's registered version.
        target: the accuracy that the gate requires on routed tickets, 0..1.
    """
    metrics, values = evaluation.metrics, evaluation.measured.values
    names = ("accuracy", "macro_f1", "coverage", "selective_accuracy", "expected_calibration_error", "out_of_scope")
    scopes = [scope for scope in evaluation.measured.scopes if not scope.startswith("category=")]
    comparisons = []
    if evaluation.measured.comparisons:
        comparisons.append(
            comparison_section(
                "Classifier: difference from the champion",
                evaluation.measured,
                scopes,
                ("accuracy", "coverage"),
                "Candidate minus champion, on the test tickets that the champion was not trained on. The p-value is "
                "McNemar's exact test; the interval is Bonett and Price's.",
            )
        )
    return [
        Section(
            heading="Classifier",
            header=("scope", "tickets", *names),
            rows=[
                (
                    scope.removeprefix("language="),
                    evaluation.ticket_count(scope),
                    *(share_cell(values.get((name, scope))) for name in names),
                )
                for scope in scopes
            ],
            headline=True,
            note="Each number stands with its 95 % interval in brackets. 'accuracy' is the share of all tickets whose "
            "predicted category is correct. 'macro_f1' is the F1 score (the harmonic mean of precision and recall), "
            "averaged over the categories. 'coverage' is the share of tickets that the classifier routes by itself; a "
            "human routes the others. 'selective_accuracy' is the accuracy on the routed tickets. "
            "'expected_calibration_error' is the mean distance between the classifier's confidence and its accuracy; "
            f"before calibration it was {evaluation.uncalibrated_error:.4f}. 'out_of_scope' is the share of tickets "
            "that resemble no training ticket; a human gets these.",
            svgs=[
                coverage_accuracy_svg(evaluation.curve_coverage, evaluation.curve_accuracy, target),
                reliability_svg(evaluation.reliability),
                *learning_curve_svgs(model.metrics),
            ],
        ),
        *comparisons,
        Section(
            heading="Why tickets went to a human",
            header=("reason", "tickets"),
            rows=list(evaluation.reasons.items()),
        ),
        Section(
            heading="Classifier by category",
            note="'precision' is the share of the tickets predicted as this category that belong to it; 'recall' is "
            "the share of this category's tickets that were predicted as it. Both count all tickets, routed or not.",
            header=("category", "precision", "recall", "coverage", "selective_accuracy", "tickets"),
            rows=[
                (
                    c.category,
                    c.precision,
                    c.recall,
                    *(
                        share_cell(values.get((name, f"category={c.category}")))
                        for name in ("coverage", "selective_accuracy")
                    ),
                    c.support,
                )
                for c in metrics.categories
            ],
            svgs=[confusion_matrix_svg(metrics.labels, metrics.confusion)],
        ),
    ]


def _result(rule: RuleResult) -> str:
    if rule.value is None:
        return "✗ failed: not measured"
    if rule.too_few:
        return f"✗ failed: fewer than {rule.min_count} tickets"
    if not rule.passed:
        return "✗ failed"
    return "✓ passed, but the interval crosses the requirement" if rule.unsure else "✓ passed"


def _number(number: float | None) -> str:
    return "—" if number is None else format_number(number)
