"""`ticketing labels`: lists the historical tickets that most likely have the wrong category, for a person to check."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ticketing.cli.common import console, open_database, output
from ticketing.cli.tables import print_table
from ticketing.corpus.snapshot import find_snapshot
from ticketing.errors import OutputError
from ticketing.jsonl import check_output
from ticketing.settings import get_settings
from ticketing.spreadsheets import safe_cell

if TYPE_CHECKING:
    from models.evaluation.label_audit import Suspect

SHOWN = 20
SHOWN_CHARS = 200

app = typer.Typer(help="The categories of historical tickets.", no_args_is_help=True)


@app.callback()
def labels() -> None:
    """The categories of historical tickets."""


@app.command("audit")
def audit_command(
    snapshot: Annotated[str | None, typer.Option(help="The id of the snapshot; by default the newest.")] = None,
    target: Annotated[
        Path | None,
        typer.Option("--output", help="A CSV file for all suspicious tickets; the terminal shows the first ones."),
    ] = None,
) -> None:
    """Lists tickets whose category is most likely wrong, the most suspicious first. It changes no category."""
    if target is not None:
        check_output(target)  # now, because the search takes minutes
    from models.evaluation.label_audit import MAX_TICKETS, audited_tickets, suspects
    from models.shared.encoder import Encoder

    settings = get_settings()
    corpus = find_snapshot(open_database(settings), settings, snapshot)
    records = audited_tickets(corpus)
    console.print(f"checking {len(records):,} labelled tickets (at most {MAX_TICKETS:,} per snapshot)")
    found = suspects(records, Encoder.load(settings))
    rows = [
        (
            suspect.ticket_id,
            suspect.language,
            suspect.given,
            suspect.suggested,
            f"{suspect.quality:.3f}",
            " ".join(suspect.text.split())[:SHOWN_CHARS],
        )
        for suspect in found[:SHOWN]
    ]
    print_table(
        ("ticket", "language", "category", "more likely category", "label quality", "text"), rows, texts=("text",)
    )
    output.print(f"{len(found):,} of {len(records):,} tickets are most likely in the wrong category")
    if target is not None:
        _write(found, target)


def _write(found: "Sequence[Suspect]", target: Path) -> None:
    draft = target.with_name(f".{target.name}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(found[0]._fields if found else ("ticket_id",))
            writer.writerows([safe_cell(str(value)) for value in suspect] for suspect in found)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OutputError(f"{target} can't be written: {error.strerror or error}.") from error
