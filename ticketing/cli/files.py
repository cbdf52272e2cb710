"""`ticketing classify`, `scrub` and `reply`: parts of the pipeline for files, one JSON object a line, order kept."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ticketing.cli.common import console, open_database
from ticketing.database import Database
from ticketing.jsonl import JsonRow, read_jsonl, writing_jsonl
from ticketing.language import ticket_language
from ticketing.privacy.placeholders import restore
from ticketing.settings import Settings, get_settings
from ticketing.stages.cleaning import clean, normalise
from ticketing.stages.protocols import Prediction, propose, why_no_draft
from ticketing.tickets import CleanTicket

if TYPE_CHECKING:
    from ticketing.privacy.scrubber import Scrubbed, Scrubber

BATCH = 256

Input = Annotated[Path, typer.Option("--input", help="JSON lines: one object a line.")]
Output = Annotated[Path, typer.Option("--output", help="JSON lines, in the order of the input.")]


def classify_command(input: Input, output: Output) -> None:
    """{"id", "subject"?, "body", "language"?} → {"id", "category", "confidence", "route"}."""
    settings = get_settings()
    rows = _read(input, ("id", "body"), settings)
    scrubber = _scrubber(settings)
    classify = _champion_classifier(open_database(settings), settings)

    def batch(chunk: list[JsonRow]) -> list[dict[str, Any]]:
        tickets = [ticket for ticket, _ in _clean_tickets(chunk, scrubber)]
        return [
            {
                "id": row.values["id"],
                "category": said.category,
                "confidence": round(said.confidence, 6),
                "route": said.route,
            }
            for row, said in zip(chunk, classify(tickets), strict=True)
        ]

    _convert(rows, output, batch)


def scrub_command(input: Input, output: Output) -> None:
    """{"id", "text", "language"?} → {"id", "text", "spans": [[start, end, type], …]}, offsets in the input."""
    settings = get_settings()
    rows = _read(input, ("id", "text"), settings)
    scrubber = _scrubber(settings)

    def batch(chunk: list[JsonRow]) -> list[dict[str, Any]]:
        texts = [row.values["text"] for row in chunk]
        scrubbed = scrubber.scrub([[text] for text in texts])
        return [
            {"id": row.values["id"], "text": one.texts[0], "spans": [list(span) for span in one.spans[0]]}
            for row, one in zip(chunk, scrubbed, strict=True)
        ]

    _convert(rows, output, batch)


def reply_command(input: Input, output: Output) -> None:
    """{"id", "subject"?, "body", "language"?} → {"id", "category", "draft"}; null where no draft can be proposed."""
    from models.engine.serving import serve_generator
    from models.registry.versions import champion

    settings = get_settings()
    rows = _read(input, ("id", "body"), settings)
    database = open_database(settings)
    scrubber = _scrubber(settings)
    classify = _champion_classifier(database, settings)
    reasons: list[str] = []
    with serve_generator(champion(database, "generator", settings), settings) as generator:

        def batch(chunk: list[JsonRow]) -> list[dict[str, Any]]:
            pairs = _clean_tickets(chunk, scrubber)
            said = classify([ticket for ticket, _ in pairs])
            silent = [why_no_draft(ticket.language, generator) for ticket, _ in pairs]
            able = [i for i, reason in enumerate(silent) if reason is None]
            tickets, categories = [pairs[i][0] for i in able], [said[i].category for i in able]
            proposals = propose(tickets, categories, generator, scrubber, settings)
            drafts: dict[int, str] = {}
            for i, proposal in zip(able, proposals, strict=True):
                silent[i] = proposal.refused
                if proposal.refused is None:
                    drafts[i] = restore(proposal.completion.text, pairs[i][1].values)
            reasons.extend(reason for reason in silent if reason)
            return [
                {"id": row.values["id"], "category": said[i].category, "draft": drafts.get(i)}
                for i, row in enumerate(chunk)
            ]

        _convert(rows, output, batch)
    for reason in sorted(set(reasons)):
        console.print(f"{reasons.count(reason)} without a draft: {reason}", markup=False)


def _champion_classifier(database: Database, settings: Settings) -> Callable[[list[CleanTicket]], list[Prediction]]:
    from models.classifier.model import TrainedClassifier
    from models.registry.versions import champion

    best = champion(database, "classifier", settings)
    return TrainedClassifier.load(best.version, best.path, settings).predict


def _scrubber(settings: Settings) -> "Scrubber":
    # Presidio takes seconds to be imported, and torch with it, which must find the environment that `main` sets.
    from models.names.training import name_finder_for
    from ticketing.privacy.scrubber import Scrubber

    return Scrubber(settings.privacy, name_finder_for(settings))


def _clean_tickets(rows: list[JsonRow], scrubber: "Scrubber") -> "list[tuple[CleanTicket, Scrubbed]]":
    texts = [(str(row.values.get("subject") or ""), str(row.values["body"])) for row in rows]
    languages = [_language(row, "\n".join(text)) for row, text in zip(rows, texts, strict=True)]
    scrubbed = scrubber.scrub(texts)
    return [
        (
            CleanTicket(
                ticket_id=str(row.values["id"]),
                revision=1,
                created_at=None,
                language=language,
                subject=normalise(one.texts[0]),
                body=clean(one.texts[1], language),
                category=None,
                reply=None,
            ),
            one,
        )
        for row, language, one in zip(rows, languages, scrubbed, strict=True)
    ]


def _language(row: JsonRow, text: str) -> str:
    return ticket_language(row.values.get("language"), text)


def _read(source: Path, required: tuple[str, ...], settings: Settings) -> Iterator[JsonRow]:
    # Checked to the end before a model is loaded: a wrong last line is found now, not after minutes.
    return read_jsonl(source, required, settings.corpus.max_body_chars)


def _convert(rows: Iterator[JsonRow], target: Path, batch: Callable[[list[JsonRow]], list[dict[str, Any]]]) -> None:
    with writing_jsonl(target) as write:
        while chunk := list(islice(rows, BATCH)):
            for answer in batch(chunk):
                write(answer)
