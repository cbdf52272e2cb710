"""`ticketing classify`, `scrub` and `reply`: parts of the pipeline for files, one JSON object a line, order kept."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from ticketing.cli.common import console, open_database
from ticketing.corpus.cleaning import clean
from ticketing.database import Database
from ticketing.drafting.drafter import Prediction, propose, why_no_draft
from ticketing.jsonl import JsonRow, read_jsonl, writing_jsonl
from ticketing.language import detect_language
from ticketing.privacy.placeholders import restore
from ticketing.privacy.scrubber import Scrubbed, Scrubber
from ticketing.settings import Settings, get_settings
from ticketing.tickets import CleanTicket

BATCH = 256

Input = Annotated[Path, typer.Option("--input", help="JSON lines: one object a line.")]
Output = Annotated[Path, typer.Option("--output", help="JSON lines, in the order of the input.")]


def classify_command(input: Input, output: Output) -> None:
    """{"id", "subject"?, "body", "language"?} → {"id", "category", "confidence", "route"}."""
    settings = get_settings()
    scrubber = Scrubber(settings.privacy)
    classify = _champion_classifier(open_database(settings), settings)

    def batch(rows: list[JsonRow]) -> list[dict[str, Any]]:
        tickets = [ticket for ticket, _ in _clean_tickets(rows, scrubber)]
        return [
            {
                "id": row.values["id"],
                "category": said.category,
                "confidence": round(said.confidence, 6),
                "route": said.route,
            }
            for row, said in zip(rows, classify(tickets), strict=True)
        ]

    _convert(input, output, ("id", "body"), batch)


def scrub_command(input: Input, output: Output) -> None:
    """{"id", "text", "language"?} → {"id", "text", "spans": [[start, end, type], …]}, offsets in the input."""
    scrubber = Scrubber(get_settings().privacy)

    def batch(rows: list[JsonRow]) -> list[dict[str, Any]]:
        texts = [row.values["text"] for row in rows]
        scrubbed = scrubber.scrub(
            [[text] for text in texts], [_language(row, text) for row, text in zip(rows, texts, strict=True)]
        )
        return [
            {"id": row.values["id"], "text": one.texts[0], "spans": [list(span) for span in one.spans[0]]}
            for row, one in zip(rows, scrubbed, strict=True)
        ]

    _convert(input, output, ("id", "text"), batch)


def reply_command(input: Input, output: Output) -> None:
    """{"id", "subject"?, "body", "language"?} → {"id", "category", "draft"}; null where no draft can be proposed."""
    from models.registry import champion
    from models.serving import serve_generator

    settings = get_settings()
    database = open_database(settings)
    scrubber = Scrubber(settings.privacy)
    classify = _champion_classifier(database, settings)
    reasons: list[str] = []
    with serve_generator(champion(database, "generator", settings), settings) as generator:

        def batch(rows: list[JsonRow]) -> list[dict[str, Any]]:
            pairs = _clean_tickets(rows, scrubber)
            said = classify([ticket for ticket, _ in pairs])
            silent = [why_no_draft(ticket.language, generator) for ticket, _ in pairs]
            able = [i for i, reason in enumerate(silent) if reason is None]
            proposals = propose([pairs[i][0] for i in able], [said[i].category for i in able], generator, settings)
            drafts: dict[int, str] = {}
            for i, proposal in zip(able, proposals, strict=True):
                silent[i] = proposal.refused
                if proposal.refused is None:
                    drafts[i] = restore(proposal.completion.text, pairs[i][1].values)
            reasons.extend(reason for reason in silent if reason)
            return [
                {"id": row.values["id"], "category": said[i].category, "draft": drafts.get(i)}
                for i, row in enumerate(rows)
            ]

        _convert(input, output, ("id", "body"), batch)
    for reason in sorted(set(reasons)):
        console.print(f"{reasons.count(reason)} without a draft: {reason}", markup=False)


def _champion_classifier(database: Database, settings: Settings) -> Callable[[list[CleanTicket]], list[Prediction]]:
    from models.classifier import TrainedClassifier
    from models.registry import champion

    best = champion(database, "classifier", settings)
    return TrainedClassifier.load(best.version, best.path, settings).predict


def _clean_tickets(rows: list[JsonRow], scrubber: Scrubber) -> list[tuple[CleanTicket, Scrubbed]]:
    texts = [(str(row.values.get("subject") or ""), str(row.values["body"])) for row in rows]
    languages = [_language(row, "\n".join(text)) for row, text in zip(rows, texts, strict=True)]
    scrubbed = scrubber.scrub(texts, languages)
    return [
        (
            CleanTicket(
                ticket_id=str(row.values["id"]),
                revision=1,
                created_at=None,
                language=language,
                subject=clean(one.texts[0], language),
                body=clean(one.texts[1], language),
                category=None,
                reply=None,
            ),
            one,
        )
        for row, language, one in zip(rows, languages, scrubbed, strict=True)
    ]


def _language(row: JsonRow, text: str) -> str:
    return str(row.values.get("language") or detect_language(text)).lower()


def _convert(
    source: Path, target: Path, required: tuple[str, ...], batch: Callable[[list[JsonRow]], list[dict[str, Any]]]
) -> None:
    with writing_jsonl(target) as write:
        for rows in _batches(read_jsonl(source, required)):
            for row in batch(rows):
                write(row)


def _batches(rows: Iterator[JsonRow]) -> Iterator[list[JsonRow]]:
    while chunk := list(islice(rows, BATCH)):
        yield chunk
