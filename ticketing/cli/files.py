"""`ticketing classify`, `scrub` and `reply`: single steps of the pipeline for JSON lines files.

The output has the order of the input.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ticketing.cli.common import console, open_context, require_champion
from ticketing.jsonl import JsonRow, check_output, read_jsonl, writing_jsonl
from ticketing.settings import Settings, get_settings
from ticketing.stages.drafting import Drafted, Drafters, draft_tickets
from ticketing.stages.protocols import Prediction
from ticketing.stages.texts import CleanTexts, RawTexts, clean_texts
from ticketing.tickets import CleanTicket

if TYPE_CHECKING:
    from models.context import Context

BATCH = 256

Input = Annotated[Path, typer.Option("--input", help="A JSON lines file: one object per line.")]
Output = Annotated[Path, typer.Option("--output", help="The JSON lines file to write, in the order of the input.")]


def classify_command(input: Input, output: Output) -> None:
    """Classifies tickets.

    Input: {"id", "subject"?, "body", "language"?}. Output: {"id", "category", "confidence", "route"}.
    """
    rows = _read(input, output, ("id", "body"), get_settings())
    with open_context() as context:
        require_champion(context.database, "classifier")
        classifier = context.champions.classifier()

        def batch(chunk: list[JsonRow]) -> list[dict[str, Any]]:
            texts = _clean(context, chunk)
            usable = [i for i, text in enumerate(texts) if text.unfit is None]
            tickets = [_ticket(chunk[i], texts[i]) for i in usable]
            predictions = dict(zip(usable, classifier.predict(tickets), strict=True))
            return [_classified(row, predictions.get(i)) for i, row in enumerate(chunk)]

        _convert(rows, output, batch)


def scrub_command(input: Input, output: Output) -> None:
    """Replaces personal data in texts by placeholders.

    Input: {"id", "text", "language"?}. Output: {"id", "text", "spans"}. Each span is a list of start, end and type;
    start and end are character offsets in the input text.
    """
    rows = _read(input, output, ("id", "text"), get_settings())
    with open_context(with_database=False) as context:

        def batch(chunk: list[JsonRow]) -> list[dict[str, Any]]:
            scrubbed = context.scrubber.scrub([[row.values["text"]] for row in chunk])
            return [
                {"id": row.values["id"], "text": found.texts[0], "spans": [list(span) for span in found.spans[0]]}
                for row, found in zip(chunk, scrubbed, strict=True)
            ]

        _convert(rows, output, batch)


def reply_command(input: Input, output: Output) -> None:
    """Drafts replies to tickets.

    Input: {"id", "subject"?, "body", "language"?}. Output: {"id", "category", "draft"}; draft is null if there is none.
    """
    rows = _read(input, output, ("id", "body"), get_settings())
    reasons: Counter[str] = Counter()
    with open_context() as context:
        require_champion(context.database, "classifier")
        require_champion(context.database, "generator")
        drafters = context.champions.drafters()

        def batch(chunk: list[JsonRow]) -> list[dict[str, Any]]:
            texts = _clean(context, chunk)
            usable = [i for i, text in enumerate(texts) if text.unfit is None]
            drafted = _draft([chunk[i] for i in usable], [texts[i] for i in usable], drafters, context.settings)
            drafted_by_index = dict(zip(usable, drafted, strict=True))
            reasons.update(text.unfit for text in texts if text.unfit is not None)
            reasons.update(result.no_reply for result in drafted if result.no_reply is not None)
            return [_replied(row, drafted_by_index.get(i)) for i, row in enumerate(chunk)]

        _convert(rows, output, batch)
    for reason, count in sorted(reasons.items()):
        console.print(f"{count:,} tickets without a draft: {reason}", markup=False)


def _draft(
    rows: Sequence[JsonRow], texts: Sequence[CleanTexts], drafters: Drafters, settings: Settings
) -> list[Drafted]:
    def read_values(indices: list[int]) -> list[Mapping[str, str]]:
        return [texts[i].values for i in indices]

    tickets = [_ticket(row, text) for row, text in zip(rows, texts, strict=True)]
    return draft_tickets(tickets, drafters, read_values, settings, also_unsure=True).tickets


def _clean(context: "Context", rows: Sequence[JsonRow]) -> list[CleanTexts]:
    raw = [
        RawTexts(str(row.values.get("subject") or ""), str(row.values["body"]), language=row.values.get("language"))
        for row in rows
    ]
    return clean_texts(raw, context.scrubber, context.settings.corpus.max_body_chars)


def _ticket(row: JsonRow, texts: CleanTexts) -> CleanTicket:
    return CleanTicket(
        ticket_id=str(row.values["id"]),
        revision=1,
        created_at=None,
        language=texts.language,
        subject=texts.subject,
        body=texts.body,
        category=None,
        reply=None,
    )


def _classified(row: JsonRow, prediction: Prediction | None) -> dict[str, Any]:
    """A ticket that can't be scrubbed is not classified: it goes to a human without a category."""
    if prediction is None:
        return {"id": row.values["id"], "category": None, "confidence": None, "route": "human"}
    return {
        "id": row.values["id"],
        "category": prediction.category,
        "confidence": round(prediction.confidence, 6),
        "route": prediction.route,
    }


def _replied(row: JsonRow, drafted: Drafted | None) -> dict[str, Any]:
    if drafted is None:
        return {"id": row.values["id"], "category": None, "draft": None}
    draft = None if drafted.reply is None else drafted.reply.body
    return {"id": row.values["id"], "category": drafted.prediction.category, "draft": draft}


def _read(source: Path, target: Path, required: tuple[str, ...], settings: Settings) -> Iterator[JsonRow]:
    # Both files are checked to the end before a model is loaded, so that an invalid last line is reported at once.
    check_output(target)
    return read_jsonl(source, required, settings.corpus.max_body_chars)


def _convert(rows: Iterator[JsonRow], target: Path, batch: Callable[[list[JsonRow]], list[dict[str, Any]]]) -> None:
    with writing_jsonl(target) as write:
        while chunk := list(islice(rows, BATCH)):
            for answer in batch(chunk):
                write(answer)
