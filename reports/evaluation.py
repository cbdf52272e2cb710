"""The report on a round of candidates: verdicts on top, then the numbers, the plots and replies side by side.

Texts in it are scrubbed: they come from the snapshot, or from models, whose replies were scrubbed as tickets are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from models.classifier_evaluation import ClassifierEvaluation
from models.gate import RuleResult, Verdict, told
from models.generator_evaluation import GeneratorEvaluation, ReplyExample
from models.measurements import Measurement, Measurements
from models.registry import ModelVersion
from reports.page import Section
from reports.plots import (
    confusion_matrix_svg,
    coverage_accuracy_svg,
    learning_curve_svg,
    reliability_svg,
    scores_svg,
)
from ticketing.settings import ANY_FAULT, FAULTS

SHOWN_EXAMPLES = 4
MAX_CELL_CHARS = 1_200
SYSTEM_ORDER = ("agent", "tuned", "champion", "nearest", "base")


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
                _interval(rule.low, rule.high),
                _told(rule.judged),
                f"{rule.operator} {told(rule.bound)}",
                _told(rule.margin),
                _or_dash(rule.count),
                _or_dash(rule.p_value),
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
    return [
        Section(
            heading="Classifier",
            header=("tickets of", "tickets", *names),
            rows=[
                (
                    scope.removeprefix("language="),
                    evaluation.metrics_count(scope),
                    *(_shown(values.get((name, scope))) for name in names),
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
                *_curve(model.metrics),
            ],
        ),
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
                        _shown(values.get((name, f"category={c.category}")))
                        for name in ("coverage", "selective_accuracy")
                    ),
                    c.support,
                )
                for c in metrics.categories
            ],
            svgs=[confusion_matrix_svg(metrics.labels, metrics.confusion)],
        ),
    ]


def generator_sections(evaluation: GeneratorEvaluation, model: ModelVersion) -> list[Section]:
    """What is to be said about a generator."""
    systems = [name for name in SYSTEM_ORDER if name in evaluation.systems]
    languages = [scope for scope in evaluation.measured.scopes if scope.startswith("language=")]
    return [
        _scores(evaluation, systems, languages, model),
        Section(
            heading="Better or worse, on the same tickets",
            header=("language", "metric", "tuned minus", "difference", "95 %", "p", "tickets"),
            rows=[
                (
                    scope.removeprefix("language="),
                    metric,
                    other,
                    one.difference,
                    _interval(one.low, one.high),
                    one.p_value,
                    one.count,
                )
                for (metric, scope, other), one in sorted(evaluation.measured.comparisons.items())
                if scope in languages and metric in ("bleu", "chrf", ANY_FAULT)
            ],
            note="Over the same tickets: a paired bootstrap, for faults with McNemar's p. Fewer faults are better.",
        ),
        Section(
            heading="What the checks found in the replies",
            header=("language", "written by", ANY_FAULT, *FAULTS),
            rows=[
                (
                    scope.removeprefix("language="),
                    system,
                    *(_shown(evaluation.systems[system].get((fault, scope))) for fault in (ANY_FAULT, *FAULTS)),
                )
                for scope in languages
                for system in systems
            ],
            note="Shares of replies; no person read them. No check sees a wrong decision, such as a refund refused "
            "that is due. The agents' own show how often a check is wrong, or an agent is.",
        ),
        Section(
            heading="Replies by category",
            header=("category", "replies", "BLEU", "chrF", "embedding_similarity", *FAULTS),
            rows=[
                (
                    scope.removeprefix("category="),
                    _count(evaluation.systems["tuned"].get(("replies", scope))),
                    *(_score(evaluation.systems["tuned"].get((metric, scope))) for metric in ("bleu", "chrf")),
                    *(
                        _shown(evaluation.systems["tuned"].get((metric, scope)))
                        for metric in ("embedding_similarity", *FAULTS)
                    ),
                )
                for scope in evaluation.measured.scopes
                if scope.startswith("category=")
            ],
            note="BLEU and chrF are those of tuned, of categories whose replies are in one language.",
        ),
        *(
            Section(
                heading=heading,
                header=("category", "chrF", "faults", "ticket", "agent", *(s for s in systems if s != "agent")),
                rows=[_example(one, systems) for one in examples],
                texts=True,
            )
            for heading, examples in (
                ("The worst replies", _worst(evaluation.examples)),
                ("The most typical replies", _typical(evaluation.examples)),
            )
        ),
    ]


def _scores(
    evaluation: GeneratorEvaluation, systems: Sequence[str], languages: Sequence[str], model: ModelVersion
) -> Section:
    rows: list[Sequence[object]] = []
    svgs, signatures = [], []
    for scope in languages:
        language = scope.removeprefix("language=")
        shown = [name for name in systems if ("bleu", scope) in evaluation.systems[name]]
        for name in shown:
            of = evaluation.systems[name]
            bleu, chrf, alike = of["bleu", scope], of["chrf", scope], of["embedding_similarity", scope]
            rows.append(
                (
                    language,
                    name,
                    bleu.count,
                    bleu.value,
                    _interval(bleu.low, bleu.high),
                    chrf.value,
                    _interval(chrf.low, chrf.high),
                    alike.value,
                )
            )
        bleus = [evaluation.systems[name]["bleu", scope] for name in shown]
        svgs.append(
            scores_svg(shown, [b.value for b in bleus], [b.low for b in bleus], [b.high for b in bleus], language)
        )
        first = evaluation.systems["tuned"]
        signatures.append(f"{language}: BLEU {first['bleu', scope].signature}, chrF {first['chrf', scope].signature}")
    return Section(
        heading="Replies",
        header=("language", "system", "tickets", "BLEU", "95 %", "chrF", "95 %", "embedding_similarity"),
        rows=rows,
        svgs=[*svgs, *_curve(model.metrics)],
        headline=True,
        note="tuned is what would be served; base is the same model without its adapter, cut off at the length of the "
        "longest agent's reply; nearest is the reply to the most similar training ticket. "
        f"Signatures: {'; '.join(signatures)}",
    )


def _curve(metrics: Mapping[str, Any]) -> list[str]:
    curve = metrics.get("learning_curve")
    return [learning_curve_svg(curve, metrics.get("learning_curve_of", "macro_f1"))] if curve else []


def _example(one: ReplyExample, systems: Sequence[str]) -> Sequence[object]:
    replies = [_cut(one.replies[name]) if name in one.replies else "—" for name in systems if name != "agent"]
    faults = ", ".join(one.faults) or "none found"
    return (one.category, f"{one.chrf:.1f}", faults, _cut(one.ticket), _cut(one.reference), *replies)


def _worst(examples: Sequence[ReplyExample]) -> list[ReplyExample]:
    return sorted(examples, key=lambda one: (-len(one.faults), one.chrf))[:SHOWN_EXAMPLES]


def _typical(examples: Sequence[ReplyExample]) -> list[ReplyExample]:
    ordered = sorted(examples, key=lambda one: one.chrf)
    middle = max(0, (len(ordered) - SHOWN_EXAMPLES) // 2)
    return ordered[middle : middle + SHOWN_EXAMPLES]


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CELL_CHARS else text[:MAX_CELL_CHARS] + " […]"


def _shown(one: Measurement | None) -> object:
    if one is None:
        return "—"
    return f"{one.value:.3f} ({one.low:.3f}–{one.high:.3f})"


def _score(one: Measurement | None) -> object:
    return "—" if one is None else f"{one.value:.1f} ({one.low:.1f}–{one.high:.1f})"


def _count(one: Measurement | None) -> object:
    return "—" if one is None else one.count


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None or low == high:
        return "—"
    digits = 1 if max(abs(low), abs(high)) > 1 else 4
    return f"{low:.{digits}f} to {high:.{digits}f}"


def _says(rule: RuleResult) -> str:
    if rule.too_few:
        return f"✗ no, of {rule.min_count} tickets at least"
    if not rule.passed:
        return "✗ no"
    return "✓ yes, not surely" if rule.unsure else "✓ yes"


def _told(number: float | None) -> str:
    return "—" if number is None else told(number)


def _or_dash(value: float | int | None) -> object:
    return "—" if value is None else value
