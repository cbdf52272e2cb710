"""The results of the gate's rules, and a classifier's measurements and plots, as sections of the report.

The sections on a generator's replies are in `reports.replies`.
"""

from models.evaluation.classifier import ClassifierEvaluation
from models.evaluation.gate import RuleResult, Verdict, format_number
from models.evaluation.measurements import Measurements
from models.registry.versions import ModelVersion
from reports.cells import comparison_section, interval_cell, learning_curve_svgs, optional_cell, share_cell
from reports.page import Section
from reports.plots import confusion_matrix_svg, coverage_accuracy_svg, reliability_svg

RULE_TERMS = (
    (
        "measured",
        "The value on the held-out tickets. A rule that names another system measures the difference from it.",
    ),
    ("95 % interval", "About 95 of 100 such intervals contain the true value."),
    (
        "value or bound tested",
        "What the gate compares with 'required'. This is the measured value, unless the rule sets a confidence level. "
        "Then it is the one-sided confidence bound: the lower bound for a minimum, the upper bound for a maximum. "
        "With that confidence, the true value is not worse than the bound.",
    ),
    ("margin", "The distance between the value or bound tested and 'required'; negative if the rule failed."),
    ("tickets", "The number of tickets that were measured."),
    ("p-value", "The probability of a difference at least this large if both systems were equally good."),
    (
        "passed, but the interval crosses the requirement",
        "The measured value is good enough, but the worse end of its 95 % interval is not. The rule sets no "
        "confidence level, so it passed.",
    ),
)
CLASSIFIER_TERMS = (
    ("accuracy", "The share of all tickets whose predicted category is correct."),
    ("macro_f1", "The F1 score (harmonic mean of precision and recall), averaged over the categories."),
    ("coverage", "The share of tickets that the classifier routes without a human."),
    ("selective_accuracy", "The accuracy on the tickets that the classifier routes without a human."),
    ("expected_calibration_error", "The mean distance between confidence and accuracy."),
    ("out_of_scope", "The share of tickets that are unlike any training ticket. They go to a human."),
)
CATEGORY_TERMS = (
    ("precision", "Of the tickets predicted as this category: the share that belongs to it."),
    ("recall", "Of the tickets of this category: the share that was predicted as it."),
)


def verdict_section(version: str, verdict: Verdict, measured: Measurements) -> Section:
    """One row per rule of the gate; the note lists the metrics that no rule uses."""
    metrics_with_rules = {rule.name.split(" ")[0] for rule in verdict.rules}
    other_metrics = sorted({metric for metric, _ in measured.values} - metrics_with_rules - {"tickets", "replies"})
    return Section(
        heading=f"Gate rules for {version}",
        header=(
            "rule",
            "measured",
            "95 % interval",
            "value or bound tested",
            "required",
            "margin",
            "tickets",
            "p-value",
            "result",
        ),
        rows=[
            (
                rule.name,
                _formatted(rule.value),
                interval_cell(rule.low, rule.high),
                _formatted(rule.judged),
                f"{rule.operator} {format_number(rule.bound)}",
                _formatted(rule.margin),
                optional_cell(rule.count),
                optional_cell(rule.p_value),
                rule.skipped or _result(rule),
            )
            for rule in verdict.rules
        ],
        note=f"Metrics that are measured, but that no rule uses: {', '.join(other_metrics) or 'none'}.",
    )


def rule_terms_section() -> Section:
    """Explains the columns of `verdict_section`, once for all candidates."""
    return Section(heading="How to read the gate rules", terms=RULE_TERMS)


def classifier_sections(evaluation: ClassifierEvaluation, model: ModelVersion, target: float) -> list[Section]:
    """All sections on a classifier.

    Args:
        evaluation: the measurements of the classifier.
        model: its registered version.
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
                "Candidate minus champion, on the test tickets that the champion was not trained on. The p-value comes "
                "from McNemar's exact test, the interval from Bonett and Price.",
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
            is_logged=True,
            note="The 95 % interval stands in brackets. Before calibration, expected_calibration_error was "
            f"{evaluation.uncalibrated_error:.4f}.",
            terms=CLASSIFIER_TERMS,
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
            note="Precision and recall count all tickets, routed or not.",
            terms=CATEGORY_TERMS,
            header=("category", "precision", "recall", "coverage", "selective_accuracy", "tickets"),
            rows=[
                (
                    category.category,
                    category.precision,
                    category.recall,
                    *(
                        share_cell(values.get((name, f"category={category.category}")))
                        for name in ("coverage", "selective_accuracy")
                    ),
                    category.support,
                )
                for category in metrics.categories
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


def _formatted(number: float | None) -> str:
    return "—" if number is None else format_number(number)
