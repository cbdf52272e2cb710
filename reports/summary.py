"""What an evaluation amounts to, in a few sentences for somebody who has a minute.

The numbers themselves are `reports.evaluation` and `reports.replies`; whether they will do is the gate's to say.
"""

from models.classifier.scope import OUT_OF_SCOPE_UNTOLD
from models.evaluation.classifier import CHAMPION, ClassifierEvaluation
from models.evaluation.generator import AGENT, BASE, NEAREST, TUNED, GeneratorEvaluation
from models.evaluation.measurements import ALL, Measurements

NAMES = {NEAREST: "the nearest old reply", BASE: "the base model", CHAMPION: "the champion"}


def classifier_summary(evaluation: ClassifierEvaluation) -> str:
    """How much a classifier does by itself, how much of that is right, and what the rest is."""
    values = evaluation.measured.values
    coverage, right = values[("coverage", ALL)], values.get(("selective_accuracy", ALL))
    accuracy = f"Of all tickets it would get {values['accuracy', ALL].value:.1%} right."
    if right is None:
        return f"It is sure enough of none of the {coverage.count} test tickets: all go to a human. {accuracy}"
    languages = ", ".join(
        f"{scope.removeprefix('language=')} {one.value:.0%}"
        for (metric, scope), one in sorted(values.items())
        if metric == "coverage" and scope.startswith("language=")
    )
    return (
        f"It routes {coverage.value:.1%} of the {coverage.count} test tickets by itself ({languages}), of which "
        f"{right.value:.1%} are right (likely between {right.low:.1%} and {right.high:.1%}); the other "
        f"{1 - coverage.value:.1%} go to a human{_mostly(evaluation)}. {accuracy}"
        + ("" if evaluation.tells_out_of_scope else f" There were {OUT_OF_SCOPE_UNTOLD}.")
    )


def generator_summary(evaluation: GeneratorEvaluation, languages: frozenset[str] | None) -> str:
    """How like the agents' replies a generator's are, beside the others', how often a check finds a fault,
    and what people said of it.

    Args:
        evaluation: what was measured.
        languages: those that it writes; None: any.
    """
    sentences = []
    for (metric, scope), tuned in sorted(evaluation.systems[TUNED].items()):
        if metric != "bleu" or not scope.startswith("language="):
            continue
        others = ", ".join(
            f"{name} {one.value:.1f}" + (f" on {one.count} of them" if one.count != tuned.count else "")
            for system, name in NAMES.items()
            if (one := evaluation.systems.get(system, {}).get((metric, scope))) is not None
        )
        faults = {name: evaluation.systems[name]["any_fault", scope].value for name in (TUNED, AGENT)}
        sentences.append(
            f"On {tuned.count} test tickets in {scope.removeprefix('language=')} its likeness to the agents' replies "
            f"(BLEU, 0 to 100) is {tuned.value:.1f}; {others}. A check finds a fault in {faults[TUNED]:.1%} of its "
            f"replies, in {faults[AGENT]:.1%} of the agents' own."
        )
    sentences.append("No check sees a wrong decision: read the replies below before you trust it.")
    if languages is not None:
        sentences.append(f"It writes {', '.join(sorted(languages))} only; other tickets get no draft.")
    sentences.append(study_summary(evaluation.measured))
    return " ".join(sentences)


def study_summary(measured: Measurements) -> str:
    """What people said of a generator in a blind study, or that nobody was asked."""
    said = [
        f"{one.value:.0%} of {one.count} tickets against {metric.removeprefix('study_against_')} "
        f"({one.low:.0%} to {one.high:.0%})"
        for (metric, _), one in sorted(measured.values.items())
        if metric.startswith("study_against_")
    ]
    return (
        f"In a blind study it won, ties as half, {', '.join(said)}." if said else "No blind study of it is closed yet."
    )


def _mostly(evaluation: ClassifierEvaluation) -> str:
    """The category that most of the tickets for people are of, if there is one."""
    left = {
        scope.removeprefix("category="): round((1 - one.value) * one.count)
        for (metric, scope), one in evaluation.measured.values.items()
        if metric == "coverage" and scope.startswith("category=")
    }
    most = max(left, key=lambda name: left[name], default="")
    if len(left) < 2 or 2 * left[most] <= sum(left.values()):
        return ""
    return f", most of them {most} ({left[most]} of {evaluation.metrics_count(f'category={most}')})"
