"""What an evaluation amounts to, in a few sentences for somebody who has a minute.

The numbers themselves are `reports.evaluation`; whether they are good enough is the gate's to say.
"""

from models.classifier_evaluation import CHAMPION, ClassifierEvaluation
from models.generator_evaluation import AGENT, BASE, NEAREST, TUNED, GeneratorEvaluation
from models.measurements import ALL

NAMES = {NEAREST: "the nearest old reply", BASE: "the base model", CHAMPION: "the champion"}


def classifier_in_words(evaluation: ClassifierEvaluation) -> str:
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
        f"{1 - coverage.value:.1%} go to a human. {accuracy}"
    )


def generator_in_words(evaluation: GeneratorEvaluation) -> str:
    """How like the agents' replies a generator's are, beside the others', and how often a check finds a fault."""
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
            f"(BLEU) is {tuned.value:.1f}; {others}. A check finds a fault in {faults[TUNED]:.1%} of its replies, in "
            f"{faults[AGENT]:.1%} of the agents' own."
        )
    return " ".join(sentences)
