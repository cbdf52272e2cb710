"""A generator's measurements, plots and example replies, as sections of the report.

It scrubs nothing. It gets scrubbed texts from the evaluation: tickets of the snapshot, and replies.
"""

from collections.abc import Sequence

from models.evaluation.generator import GeneratorEvaluation, ReplyExample, pair_scope
from models.registry.versions import ModelVersion
from reports.cells import comparison_section, count_cell, interval_cell, learning_curve_svgs, score_cell, share_cell
from reports.page import Section
from reports.plots import scores_svg
from ticketing.gate_settings import ANY_FAULT, FAULTS

SHOWN_EXAMPLES = 4
MAX_CELL_CHARS = 1_200
# The systems in the order of the report, with the names that it shows.
SYSTEM_NAMES = {
    "agent": "human agent",
    "tuned": "candidate",
    "champion": "champion",
    "nearest": "nearest",
    "base": "base",
}
SCORE_TERMS = (
    ("BLEU, chrF", "0 to 100: how many words and character sequences a reply shares with the human agent's reply."),
    ("embedding_similarity", "At most 1: how close the meaning of a reply is to that of the human agent's reply."),
)
FAULT_TERMS = (
    (ANY_FAULT, "The reply has at least one of the faults below."),
    (
        "empty_or_cut_off",
        "The reply is empty, was cut off at the token limit, or stops within a sentence, which human agents rarely do.",
    ),
    ("wrong_language", "The reply is in another language than its ticket."),
    (
        "wrong_order_number",
        "The reply names an order, a parcel, a person or the like that its ticket does not name. Or it names none of "
        "the ticket's order and parcel numbers although the human agent's reply does.",
    ),
    (
        "invented_fact",
        "The reply states a number, an amount, a date or a link that is neither in the ticket nor in the instruction, "
        "and that human agents do not usually state.",
    ),
    (
        "unknown_promise",
        "The reply promises, for example, a refund in a sentence that is unlike every sentence of human agents.",
    ),
)


def generator_sections(evaluation: GeneratorEvaluation, model: ModelVersion) -> list[Section]:
    """All sections on a generator."""
    systems = [name for name in SYSTEM_NAMES if name in evaluation.systems]
    languages = [scope for scope in evaluation.measured.scopes if scope.startswith("language=")]
    return [
        _scores(evaluation, systems, languages, model),
        comparison_section(
            "Replies: difference from the other systems",
            evaluation.measured,
            languages,
            ("bleu", "chrf", ANY_FAULT),
            "Candidate minus the other system, on the same test tickets. The champion is compared only on tickets that "
            "it was not trained on. A higher BLEU or chrF is better; a lower share of faults is better. The intervals "
            "and p-values of BLEU and chrF come from a paired bootstrap. For faults, the p-value comes from McNemar's "
            "exact test, the interval from Bonett and Price.",
        ),
        Section(
            heading="Faults that the automatic checks found",
            header=("language", "system", ANY_FAULT, *FAULTS),
            rows=[
                (
                    scope.removeprefix("language="),
                    SYSTEM_NAMES[system],
                    *(share_cell(evaluation.systems[system].get((fault, scope))) for fault in (ANY_FAULT, *FAULTS)),
                )
                for scope in languages
                for system in systems
            ],
            note="Shares of replies with a fault, found by automatic checks. No automatic check detects a wrong "
            "decision, such as refusing a refund that is due. The row 'human agent' shows how often the checks report "
            "a fault in the human agents' own replies: in these, either the check or the human agent is wrong.",
            terms=FAULT_TERMS,
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
            note="The replies of the candidate. BLEU and chrF can be computed only within one language.",
        ),
        *(
            Section(
                heading=heading,
                header=("category", "chrF", "faults", "ticket", "human agent", *_shown_names(systems)),
                rows=[_example_row(example, systems) for example in examples],
                note=f"{note} The columns chrF and faults are those of the candidate's reply.",
                keeps_line_breaks=True,
            )
            for heading, note, examples in (
                (
                    "The worst replies",
                    "The candidate's replies with the most faults; of replies with equally many faults, those with "
                    "the lowest chrF (the least similar to the human agent's reply).",
                    _worst(evaluation.examples),
                ),
                (
                    "The most typical replies",
                    "The candidate's replies in the middle when all are ordered by chrF.",
                    _typical(evaluation.examples),
                ),
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
                    SYSTEM_NAMES[name],
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
            scores_svg(
                [SYSTEM_NAMES[name] for name in scored],
                [bleu.value for bleu in bleus],
                [bleu.low for bleu in bleus],
                [bleu.high for bleu in bleus],
                language,
            )
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
        is_logged=True,
        note=f"sacreBLEU settings (signatures): {'; '.join(signatures)}.",
        terms=(*SCORE_TERMS, *_system_terms(evaluation)),
    )


def _system_terms(evaluation: GeneratorEvaluation) -> list[tuple[str, str]]:
    """What each system is; the human agent is defined first, because the other definitions use the term."""
    searched, total = evaluation.training_replies, evaluation.training_replies_of
    sample = "" if searched == total else f" (a sample of all {total:,}, drawn by language and category)"
    return [
        ("human agent", "The person at the help desk who answered the ticket."),
        ("candidate", "The trained generator, as it would be served."),
        ("champion", "The generator that drafts today."),
        (
            "nearest",
            f"The human agent's reply to the most similar training ticket, out of {searched:,} answered training "
            f"tickets{sample}.",
        ),
        (
            "base",
            "The base model without the trained adapter. It rarely ends a reply by itself. So its replies are cut at "
            "the number of tokens of the longest human agent's reply to these tickets.",
        ),
    ]


def _shown_names(systems: Sequence[str]) -> list[str]:
    return [SYSTEM_NAMES[name] for name in systems if name != "agent"]


def _categories(scopes: Sequence[str], languages: Sequence[str]) -> list[tuple[str, str]]:
    """(name, scope) of each category; below it those of each language, if the category has tickets in several."""
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
