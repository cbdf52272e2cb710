"""The numbers, plots and example replies of a generator, as sections of the report.

It scrubs nothing: the evaluation passes texts from the snapshot and replies that were scrubbed like tickets.
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
    """All sections on a generator."""
    systems = [name for name in SYSTEM_ORDER if name in evaluation.systems]
    languages = [scope for scope in evaluation.measured.scopes if scope.startswith("language=")]
    return [
        _scores(evaluation, systems, languages, model),
        comparison_section(
            "Replies: difference from the other systems",
            evaluation.measured,
            languages,
            ("bleu", "chrf", ANY_FAULT),
            "Candidate (tuned) minus the other system, on the same test tickets; the champion is compared only on "
            "tickets that it was not trained on. BLEU and chrF use a paired bootstrap; faults use McNemar's exact "
            "test and Bonett and Price's interval. A higher BLEU or chrF is better; a lower share of faults is better.",
        ),
        Section(
            heading="Faults that the automatic checks found",
            header=("language", "system", ANY_FAULT, *FAULTS),
            rows=[
                (
                    scope.removeprefix("language="),
                    system,
                    *(share_cell(evaluation.systems[system].get((fault, scope))) for fault in (ANY_FAULT, *FAULTS)),
                )
                for scope in languages
                for system in systems
            ],
            note="Shares of replies with a fault. No person read the replies, and no check recognises a wrong "
            "decision, such as refusing a refund that is due. The row 'agent' shows how often the checks report a "
            "fault in the agents' own replies: there the check or the agent is wrong.",
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
            note="The replies of the candidate (tuned). BLEU and chrF are computed within one language only.",
        ),
        *(
            Section(
                heading=heading,
                header=("category", "chrF", "faults", "ticket", "agent", *(s for s in systems if s != "agent")),
                rows=[_example_row(example, systems) for example in examples],
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
        scored = [name for name in systems if ("bleu", scope) in evaluation.systems[name]]
        for name in scored:
            values = evaluation.systems[name]
            bleu, chrf = values["bleu", scope], values["chrf", scope]
            similarity = values["embedding_similarity", scope]
            rows.append(
                (
                    language,
                    name,
                    bleu.count,
                    bleu.value,
                    interval_cell(bleu.low, bleu.high),
                    chrf.value,
                    interval_cell(chrf.low, chrf.high),
                    similarity.value,
                )
            )
        bleus = [evaluation.systems[name]["bleu", scope] for name in scored]
        svgs.append(
            scores_svg(scored, [b.value for b in bleus], [b.low for b in bleus], [b.high for b in bleus], language)
        )
        tuned = evaluation.systems["tuned"]
        signatures.append(f"{language}: BLEU {tuned['bleu', scope].signature}, chrF {tuned['chrf', scope].signature}")
    return Section(
        heading="Replies",
        header=(
            "language",
            "system",
            "tickets",
            "BLEU",
            "95 % interval",
            "chrF",
            "95 % interval",
            "embedding_similarity",
        ),
        rows=rows,
        svgs=[*svgs, *learning_curve_svgs(model.metrics)],
        headline=True,
        note="BLEU and chrF (0 to 100) measure how many words and character sequences a reply shares with the agent's "
        "reply. embedding_similarity (at most 1) measures how close the two replies are in meaning. Systems: 'tuned' "
        "is the candidate as it would be served; 'champion' is the model that drafts today; 'base' is the base model "
        "without the adapter, with replies cut at the length of the longest agent's reply; 'nearest' is the agent's "
        "reply to the most similar of "
        f"{_training_replies(evaluation)}. "
        f"Signatures of the metrics: {'; '.join(signatures)}.",
    )


def _training_replies(evaluation: GeneratorEvaluation) -> str:
    searched, total = evaluation.training_replies, evaluation.training_replies_of
    sample = "" if searched == total else f" (a sample of {total:,}, by language and category)"
    return f"{searched:,} answered training tickets{sample}"


def _categories(scopes: Sequence[str], languages: Sequence[str]) -> list[tuple[str, str]]:
    """(name, scope) of each category, followed by those of its languages if it has several."""
    rows = []
    for scope in scopes:
        if scope.startswith("category="):
            category = scope.removeprefix("category=")
            pairs = [pair_scope(language.removeprefix("language="), category) for language in languages]
            rows += [(category, scope), *((pair, pair) for pair in pairs if pair in scopes)]
    return rows


def _example_row(example: ReplyExample, systems: Sequence[str]) -> Sequence[object]:
    replies = [_cut(example.replies[name]) if name in example.replies else "—" for name in systems if name != "agent"]
    faults = ", ".join(example.faults) or "none found"
    return (example.category, f"{example.chrf:.1f}", faults, _cut(example.ticket), _cut(example.reference), *replies)


def _worst(examples: Sequence[ReplyExample]) -> list[ReplyExample]:
    return sorted(examples, key=lambda example: (-len(example.faults), example.chrf))[:SHOWN_EXAMPLES]


def _typical(examples: Sequence[ReplyExample]) -> list[ReplyExample]:
    ordered = sorted(examples, key=lambda example: example.chrf)
    middle = max(0, (len(ordered) - SHOWN_EXAMPLES) // 2)
    return ordered[middle : middle + SHOWN_EXAMPLES]


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CELL_CHARS else text[:MAX_CELL_CHARS] + " […]"
