"""Summarises an evaluation in a few sentences for a reader who has a minute.

`reports.evaluation` and `reports.replies` have all measurements; the gate decides whether they suffice.
"""

from models.classifier.scope import TOO_FEW_FOR_OUT_OF_SCOPE
from models.evaluation.classifier import CHAMPION, ClassifierEvaluation
from models.evaluation.generator import AGENT, BASE, NEAREST, TUNED, GeneratorEvaluation
from models.evaluation.measurements import ALL, Measurements

SYSTEM_NAMES = {
    NEAREST: "the reply to the most similar old ticket",
    BASE: "the base model without training",
    CHAMPION: "the champion",
}


def classifier_summary(evaluation: ClassifierEvaluation) -> str:
    """The share of tickets that a classifier routes by itself, its accuracy on these, and what goes to a human."""
    values = evaluation.measured.values
    coverage, selective_accuracy = values[("coverage", ALL)], values.get(("selective_accuracy", ALL))
    accuracy = f"If it routed every ticket, {values['accuracy', ALL].value:.1%} would be routed correctly."
    if selective_accuracy is None:
        return f"It is confident enough on none of the {coverage.count} test tickets: all go to a human. {accuracy}"
    languages = ", ".join(
        f"{scope.removeprefix('language=')} {measurement.value:.0%}"
        for (metric, scope), measurement in sorted(values.items())
        if metric == "coverage" and scope.startswith("language=")
    )
    return (
        f"It routes {coverage.value:.1%} of the {coverage.count} test tickets by itself ({languages}); "
        f"{selective_accuracy.value:.1%} of these are correct (95 % confidence interval "
        f"{selective_accuracy.low:.1%} to {selective_accuracy.high:.1%}). The other {1 - coverage.value:.1%} go to a "
        f"human{_main_category_for_humans(evaluation)}. {accuracy}"
        + ("" if evaluation.detects_out_of_scope else f" There were {TOO_FEW_FOR_OUT_OF_SCOPE}.")
    )


def generator_summary(evaluation: GeneratorEvaluation, languages: frozenset[str] | None) -> str:
    """A generator's BLEU score and those of the other systems, its share of faults, and its blind study.

    Args:
        evaluation: the measurements of the generator.
        languages: the languages that the generator writes; None: any.
    """
    sentences = []
    for (metric, scope), tuned in sorted(evaluation.systems[TUNED].items()):
        if metric != "bleu" or not scope.startswith("language="):
            continue
        others = ", ".join(
            f"{name} {score.value:.1f}" + (f" on {score.count} of them" if score.count != tuned.count else "")
            for system, name in SYSTEM_NAMES.items()
            if (score := evaluation.systems.get(system, {}).get((metric, scope))) is not None
        )
        faults = {name: evaluation.systems[name]["any_fault", scope].value for name in (TUNED, AGENT)}
        sentences.append(
            f"On {tuned.count} test tickets in {scope.removeprefix('language=')} its BLEU score (similarity in wording "
            f"to the replies of human agents, 0 to 100) is {tuned.value:.1f}. For comparison: {others}. The automatic "
            f"checks find a fault in {faults[TUNED]:.1%} of its replies and in {faults[AGENT]:.1%} of the human "
            "agents' own replies."
        )
    sentences.append("No automatic check detects a wrong decision. Read the replies below before you trust the model.")
    if languages is not None:
        sentences.append(f"It writes only {', '.join(sorted(languages))}; tickets in other languages get no draft.")
    sentences.append(study_summary(evaluation.measured))
    return " ".join(sentences)


def study_summary(measured: Measurements) -> str:
    """A generator's win rates in a blind study, or a sentence that no study of it is closed."""
    win_rates = [
        f"{win_rate.value:.0%} of {win_rate.count} tickets against {_opponent(metric)} "
        f"(95 % confidence interval {win_rate.low:.0%} to {win_rate.high:.0%})"
        for (metric, _), win_rate in sorted(measured.values.items())
        if metric.startswith("study_against_")
    ]
    if not win_rates:
        return "No blind study of this model has finished yet."
    return f"In a blind study, in which a tie counts as half a win, it won {', '.join(win_rates)}."


def _opponent(metric: str) -> str:
    opponent = metric.removeprefix("study_against_")
    return "the human agent" if opponent == "human" else SYSTEM_NAMES.get(opponent, opponent)


def _main_category_for_humans(evaluation: ClassifierEvaluation) -> str:
    """A clause about the category that most of the tickets for a human belong to; '' if no category has most."""
    human_tickets = {
        scope.removeprefix("category="): round((1 - coverage.value) * coverage.count)
        for (metric, scope), coverage in evaluation.measured.values.items()
        if metric == "coverage" and scope.startswith("category=")
    }
    largest = max(human_tickets, key=lambda name: human_tickets[name], default="")
    if len(human_tickets) < 2 or 2 * human_tickets[largest] <= sum(human_tickets.values()):
        return ""
    total = evaluation.ticket_count(f"category={largest}")
    return (
        f", most of them {largest} tickets: {human_tickets[largest]} of the {total} test tickets of that category go "
        "to a human"
    )
