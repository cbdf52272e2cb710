"""The report on a round of candidates: verdicts on top, then the numbers, the plots and replies side by side.

Texts in it are scrubbed: they come from the snapshot and from models that never saw anything else.
"""

from collections.abc import Sequence

from models.evaluation import SYSTEMS, ClassifierEvaluation, GeneratorEvaluation
from reports.page import Section
from reports.plots import confusion_matrix_svg, coverage_accuracy_svg, scores_svg

SHOWN_EXAMPLES = 8


def classifier_sections(evaluation: ClassifierEvaluation, target: float) -> list[Section]:
    """What is to be said about a classifier."""
    metrics, overall = evaluation.metrics, evaluation.overall
    return [
        Section(
            heading="Classifier",
            header=(
                "language",
                "tickets",
                "accuracy",
                "macro_f1",
                "coverage",
                "accuracy on what it routes itself",
                "expected_calibration_error",
            ),
            rows=[
                (
                    "all",
                    overall.count,
                    metrics.accuracy,
                    metrics.macro_f1,
                    overall.coverage,
                    _or_dash(overall.selective_accuracy),
                    evaluation.expected_calibration_error,
                ),
                *(
                    (name, s.count, s.accuracy, "—", s.coverage, _or_dash(s.selective_accuracy), "—")
                    for name, s in evaluation.languages.items()
                ),
            ],
            headline=True,
            note="coverage is the share of the tickets that it is sure enough of to route by itself.",
            svgs=[coverage_accuracy_svg(evaluation.curve_coverage, evaluation.curve_accuracy, target)],
        ),
        Section(
            heading="Classifier by category",
            header=("category", "precision", "recall", "tickets"),
            rows=[(c.category, c.precision, c.recall, c.support) for c in metrics.categories],
            svgs=[confusion_matrix_svg(metrics.labels, metrics.confusion)],
        ),
    ]


def generator_sections(evaluation: GeneratorEvaluation) -> list[Section]:
    """What is to be said about a generator."""
    rows: list[Sequence[object]] = []
    svgs = []
    signatures = []
    for language in sorted(evaluation.scores["tuned"]):
        scored = [evaluation.scores[system][language] for system in SYSTEMS]
        rows += [
            (
                language,
                system,
                s.count,
                s.bleu.value,
                f"{s.bleu.low:.1f}–{s.bleu.high:.1f}",
                s.chrf.value,
                f"{s.chrf.low:.1f}–{s.chrf.high:.1f}",
            )
            for system, s in zip(SYSTEMS, scored, strict=True)
        ]
        bleu = [s.bleu for s in scored]
        svgs.append(scores_svg(SYSTEMS, [b.value for b in bleu], [b.low for b in bleu], [b.high for b in bleu]))
        signatures.append(f"{language}: BLEU {bleu[0].signature}, chrF {scored[0].chrf.signature}")
    return [
        Section(
            heading="Replies",
            header=("language", "system", "tickets", "BLEU", "95 %", "chrF", "95 %"),
            rows=rows,
            svgs=svgs,
            headline=True,
            note="tuned is what would be served; base is the same model without its adapter, cut off at the "
            "length of the longest agent's reply; nearest is the reply to "
            f"the most similar training ticket. {evaluation.cut_off:.1%} of the tuned replies hit the token limit. "
            f"Signatures: {'; '.join(signatures)}",
        ),
        Section(
            heading="Replies side by side",
            header=("category", "ticket", "agent", *SYSTEMS),
            rows=[
                (e.category, e.ticket, e.reference, *(e.replies[system] for system in SYSTEMS))
                for e in evaluation.examples[:SHOWN_EXAMPLES]
            ],
            texts=True,
        ),
    ]


def _or_dash(value: float | None) -> object:
    return "—" if value is None else value
