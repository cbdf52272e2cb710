"""What the report says of a generator: the numbers, the plots, and replies side by side.

Texts in it are scrubbed: they come from the snapshot, or from models, whose replies were scrubbed as tickets are.
"""

from collections.abc import Sequence

from models.evaluation.generator import GeneratorEvaluation, ReplyExample, pair_scope
from models.registry.versions import ModelVersion
from reports.cells import comparison_section, count_cell, interval_cell, learning_curve_svgs, score_cell, share_cell
from reports.page import Section
from reports.plots import scores_svg
from ticketing.settings import ANY_FAULT, FAULTS

SHOWN_EXAMPLES = 4
MAX_CELL_CHARS = 1_200
SYSTEM_ORDER = ("agent", "tuned", "champion", "nearest", "base")


def generator_sections(evaluation: GeneratorEvaluation, model: ModelVersion) -> list[Section]:
    """What is to be said about a generator."""
    systems = [name for name in SYSTEM_ORDER if name in evaluation.systems]
    languages = [scope for scope in evaluation.measured.scopes if scope.startswith("language=")]
    return [
        _scores(evaluation, systems, languages, model),
        comparison_section(
            "Replies: better or worse, on the same tickets",
            evaluation.measured,
            languages,
            ("bleu", "chrf", ANY_FAULT),
            "Over the same tickets, with the champion on those that it has not learnt from. Paired bootstrap; for "
            "faults McNemar's p and Bonett and Price's interval. Fewer faults are better.",
        ),
        Section(
            heading="What the checks found in the replies",
            header=("language", "written by", ANY_FAULT, *FAULTS),
            rows=[
                (
                    scope.removeprefix("language="),
                    system,
                    *(share_cell(evaluation.systems[system].get((fault, scope))) for fault in (ANY_FAULT, *FAULTS)),
                )
                for scope in languages
                for system in systems
            ],
            note="Shares of replies; no person read them. No check sees a wrong decision, such as a refund refused "
            "that is due. The agents' own show how often a check is wrong, or an agent is.",
        ),
        Section(
            heading="Replies by category and language",
            header=("category", "replies", "BLEU", "chrF", "embedding_similarity", *FAULTS),
            rows=[
                (
                    name,
                    count_cell(evaluation.systems["tuned"].get(("replies", scope))),
                    *(score_cell(evaluation.systems["tuned"].get((metric, scope))) for metric in ("bleu", "chrf")),
                    *(
                        share_cell(evaluation.systems["tuned"].get((metric, scope)))
                        for metric in ("embedding_similarity", *FAULTS)
                    ),
                )
                for name, scope in _categories(evaluation.measured.scopes, languages)
            ],
            note="All are those of tuned. BLEU and chrF are of replies in one language.",
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
                    interval_cell(bleu.low, bleu.high),
                    chrf.value,
                    interval_cell(chrf.low, chrf.high),
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
        svgs=[*svgs, *learning_curve_svgs(model.metrics)],
        headline=True,
        note="tuned is what would be served; base is the same model without its adapter, cut off at the length of the "
        "longest agent's reply; nearest is the reply to the most similar training ticket. "
        f"Signatures: {'; '.join(signatures)}",
    )


def _categories(scopes: Sequence[str], languages: Sequence[str]) -> list[tuple[str, str]]:
    """Categories as they are named and their scopes, each followed by its languages where it has several."""
    named = []
    for scope in scopes:
        if scope.startswith("category="):
            category = scope.removeprefix("category=")
            pairs = [pair_scope(one.removeprefix("language="), category) for one in languages]
            named += [(category, scope), *((pair, pair) for pair in pairs if pair in scopes)]
    return named


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
