"""The report on a round of candidates: what the gate asked of each, and the numbers and plots of a classifier.

What is said of replies is `reports.replies`.
"""

from models.evaluation.classifier import ClassifierEvaluation
from models.evaluation.gate import RuleResult, Verdict, told
from models.evaluation.measurements import Measurements
from models.registry.versions import ModelVersion
from reports.cells import comparison_section, interval_cell, learning_curve_svgs, number_cell, share_cell
from reports.page import Section
from reports.plots import confusion_matrix_svg, coverage_accuracy_svg, reliability_svg


def verdict_section(version: str, verdict: Verdict, measured: Measurements) -> Section:
    """Every rule with its number, interval, bound and margin, and what was measured without a rule asking for it."""
    asked = {rule.name.split(" ")[0] for rule in verdict.rules}
    others = sorted({metric for metric, _ in measured.values} - asked - {"tickets", "replies"})
    return Section(
        heading=f"What the gate asked of {version}",
        header=("rule", "number", "95 %", "judged", "must be", "margin", "tickets", "p", "says"),
        rows=[
            (
                rule.name,
                _told(rule.value),
                interval_cell(rule.low, rule.high),
                _told(rule.judged),
                f"{rule.operator} {told(rule.bound)}",
                _told(rule.margin),
                number_cell(rule.count),
                number_cell(rule.p_value),
                rule.skipped or _says(rule),
            )
            for rule in verdict.rules
        ],
        note="judged is the number itself; where the rule says how sure it must be, what it is surely enough not "
        "below, or not above: a one-sided bound, which is not the end of the 95 % column. Not surely: the number is "
        "good enough, but its interval reaches over the bound, and the rule asks for the number alone. Measured, but "
        f"asked for by no rule: {', '.join(others) or 'nothing'}.",
    )


def classifier_sections(evaluation: ClassifierEvaluation, model: ModelVersion, target: float) -> list[Section]:
    """What is to be said about a classifier."""
    metrics, values = evaluation.metrics, evaluation.measured.values
    names = ("accuracy", "macro_f1", "coverage", "selective_accuracy", "expected_calibration_error", "out_of_scope")
    scopes = [scope for scope in evaluation.measured.scopes if not scope.startswith("category=")]
    compared = []
    if evaluation.measured.comparisons:
        compared.append(
            comparison_section(
                "Classifier: better or worse than the champion",
                evaluation.measured,
                scopes,
                ("accuracy", "coverage"),
                "On tickets that the champion has not learnt from: McNemar's p, Bonett and Price's interval.",
            )
        )
    return [
        Section(
            heading="Classifier",
            header=("tickets of", "tickets", *names),
            rows=[
                (
                    scope.removeprefix("language="),
                    evaluation.metrics_count(scope),
                    *(share_cell(values.get((name, scope))) for name in names),
                )
                for scope in scopes
            ],
            headline=True,
            note="coverage is the share of the tickets that it is sure enough of to route by itself, "
            "selective_accuracy how many of those are right. Before calibration expected_calibration_error was "
            f"{evaluation.uncalibrated_error:.4f}.",
            svgs=[
                coverage_accuracy_svg(evaluation.curve_coverage, evaluation.curve_accuracy, target),
                reliability_svg(evaluation.reliability),
                *learning_curve_svgs(model.metrics),
            ],
        ),
        *compared,
        Section(
            heading="Why tickets went to a human",
            header=("reason", "tickets"),
            rows=list(evaluation.reasons.items()),
        ),
        Section(
            heading="Classifier by category",
            note="precision and recall are of all tickets, routed or not.",
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


def _says(rule: RuleResult) -> str:
    if rule.too_few:
        return f"✗ no, of {rule.min_count} tickets at least"
    if not rule.passed:
        return "✗ no"
    return "✓ yes, not surely" if rule.unsure else "✓ yes"


def _told(number: float | None) -> str:
    return "—" if number is None else told(number)
