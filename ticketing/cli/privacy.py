"""`ticketing privacy`: commands for a data-protection officer."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ticketing.cli.common import console, open_database, output
from ticketing.cli.tables import print_table
from ticketing.errors import InputError
from ticketing.jsonl import read_jsonl
from ticketing.privacy.forgetting import affected_snapshots, forget_tickets, tickets_with_value
from ticketing.privacy.placeholders import Span
from ticketing.privacy.rotation import rotate_key
from ticketing.privacy.vault import Vault
from ticketing.settings import get_settings

if TYPE_CHECKING:
    from ticketing.privacy.measuring import LabelledText, RecogniserScores

app = typer.Typer(
    help="Personal data: search for it, remove a person, change the vault's key, measure the scrubber.",
    no_args_is_help=True,
)


@app.command("rotate-key")
def rotate_command() -> None:
    """Encrypts every value in the vault with a new key. No flow may run meanwhile. After a kill, run it again."""
    settings = get_settings()
    with console.status("re-encrypting …") as status:
        done = rotate_key(
            open_database(settings), settings, lambda count: status.update(f"re-encrypting … {count:,} values")
        )
    output.print(f"{done:,} values are now encrypted with the new key.")
    if settings.privacy.vault_key is not None:
        output.print("Remove the old key from TICKETING_PRIVACY__VAULT_KEY now.")


@app.command("forget")
def forget_command(
    ticket: Annotated[list[str] | None, typer.Option(help="The id of a ticket; repeatable.")] = None,
    customer: Annotated[
        str | None,
        typer.Option(
            help="An e-mail address, telephone number, full name or order number of a person; '-' reads it from stdin."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Removes tickets, or all tickets of a person, permanently. Lists the snapshots and models that still use them."""
    if (ticket is None) == (customer is None):
        raise InputError("Name either tickets with --ticket, or a person with --customer.")
    settings = get_settings()
    database = open_database(settings)
    if customer is not None:
        ticket = tickets_with_value(database, Vault.open(settings), _read_line() if customer == "-" else customer)
        if not ticket:
            output.print("No ticket contains this value.")
            raise typer.Exit(1)
    assert ticket is not None  # noqa: S101 — narrows the type
    if not yes:
        output.print(f"{len(ticket)} tickets: {', '.join(ticket)}", markup=False)
        typer.confirm("Remove everything that is stored of these tickets?", abort=True)
    snapshots = affected_snapshots(database, settings, ticket)
    removed = forget_tickets(database, ticket)
    output.print(
        f"{len(ticket)} tickets forgotten: {removed.vault_values} values, {removed.clean_tickets} scrubbed tickets, "
        f"{removed.drafts} drafts and {removed.imported_tickets} imported tickets were removed. "
        "The pipeline will not read these tickets again."
    )
    output.print("The help desk's own tables were not changed.")
    if not snapshots:
        output.print("No snapshot contains any of these tickets.")
        return
    rows = [(found.snapshot_id, str(found.tickets), "\n".join(found.models) or "none") for found in snapshots]
    print_table(("snapshot", "forgotten tickets", "models trained on it"), rows)
    output.print("To get a snapshot and models without these tickets, run 'ticketing prepare', then 'ticketing train'.")


def _read_line() -> str:
    try:
        return typer.get_text_stream("stdin").readline()
    except UnicodeDecodeError:
        # The cause is dropped, because it quotes the bytes.
        raise InputError("The text on stdin is not UTF-8: nothing was changed.") from None


@app.command("audit")
def audit_command(
    share: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="The share of tickets whose values are searched for; 1.0: all."),
    ] = 1.0,
    show: Annotated[
        int, typer.Option(min=0, help="How many findings to list. A finding shows its place, never its value.")
    ] = 20,
) -> None:
    """Searches everything that is stored for personal data in the wrong place. Exit code 1: it found some."""
    from models.names.training import name_finder_for
    from ticketing.privacy.audit import audit
    from ticketing.privacy.scrubber import Scrubber

    settings = get_settings()
    database = open_database(settings)
    with console.status("loading …") as status:
        scrubber = Scrubber(settings.privacy, name_finder_for(settings))
        findings, values, texts = audit(
            database,
            settings,
            Vault.open(settings),
            scrubber,
            share,
            lambda place, count: status.update(f"{place}: {count:,} texts searched"),
        )
    output.print(f"{texts:,} texts searched: for {values:,} values of the vault, and with all recognisers.")
    if not findings:
        output.print("No personal data found.")
        return
    counts = sorted(Counter((f.place, f.kind, f.how) for f in findings).items())
    rows = [(place, kind, how, str(count)) for (place, kind, how), count in counts]
    print_table(("place", "kind", "found by", "findings"), rows)
    for finding in findings[:show]:
        output.print(f"{finding.place}: {finding.kind} in {finding.key}", markup=False, soft_wrap=True)
    raise typer.Exit(1)


@app.command("report")
def report_command(
    input: Annotated[
        Path | None,
        typer.Option(help="A JSON lines file with id, text, language? and spans, each a list of start, end and kind."),
    ] = None,
    stock: Annotated[
        bool, typer.Option("--stock", help="Also measure Presidio without changes, for comparison.")
    ] = False,
) -> None:
    """Measures how much personal data the scrubber finds in labelled texts, by default the sample shop's tickets."""
    from models.names.training import name_finder_for
    from ticketing.privacy.measuring import measure
    from ticketing.privacy.scrubber import Scrubber
    from ticketing.privacy.stock import StockPresidio
    from ticketing.sample import generate_tickets
    from ticketing.sample.labelled import labelled_texts

    settings = get_settings()
    labelled = list(labelled_texts(generate_tickets()) if input is None else _labelled_texts(input))
    if not labelled:
        raise InputError(f"{input} contains no text.")
    with console.status("measuring …"):
        scrubber = Scrubber(settings.privacy, name_finder_for(settings))
        ours = measure(labelled, lambda texts: [found.spans[0] for found in scrubber.scrub([[text] for text in texts])])
        _print_scores("This pipeline", ours)
        if stock:
            presidio = measure(labelled, StockPresidio().find)
            _print_scores("Presidio without changes", presidio)
            output.print(f"This pipeline is {ours.texts_per_second / presidio.texts_per_second:.1f} times as fast.")


def _labelled_texts(path: Path) -> "Iterator[LabelledText]":
    from ticketing.privacy.measuring import LabelledText

    for row in read_jsonl(path, ("id", "text")):
        text = row.values["text"]
        try:
            spans = tuple(Span(int(start), int(end), str(kind)) for start, end, kind in row.values["spans"])
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{path}, line {row.line_number}: spans must be a list of [start, end, kind].") from None
        if any(not 0 <= span.start < span.end <= len(text) for span in spans):
            raise InputError(f"{path}, line {row.line_number}: a span lies outside the text.")
        yield LabelledText(text, row.values.get("language") or "en", spans)


def _print_scores(system: str, measured: "RecogniserScores") -> None:
    def shown(share: float | None) -> str:
        return "—" if share is None else f"{share:.3f}"

    rows = []
    for score in measured.scores:
        whole = score.fully_found / score.entities if score.entities else None
        shares = (whole, score.precision, score.recall, score.f1, score.f2)
        rows.append((score.language, score.kind, str(score.entities), str(score.fully_found), *map(shown, shares)))
    print_table(
        ("language", "kind", "entities", "found whole", "share", "precision", "recall", "F1", "F2"),
        rows,
        title=f"{system}: {measured.texts_per_second:.0f} texts per second; {measured.share_with_findings:.1%} of the "
        "texts changed",
    )
