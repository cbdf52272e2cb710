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

app = typer.Typer(help="Personal data: the vault's key, forgetting, audit.", no_args_is_help=True)


@app.command("rotate-key")
def rotate_command() -> None:
    """Encrypts every value in the vault with a new key. Run it while no flow runs; after a kill, run it again."""
    settings = get_settings()
    with console.status("re-encrypting …") as status:
        done = rotate_key(
            open_database(settings), settings, lambda count: status.update(f"re-encrypting … {count:,} values")
        )
    output.print(f"{done:,} values are encrypted with the new key.")
    if settings.privacy.vault_key is not None:
        output.print("Remove the old key from TICKETING_PRIVACY__VAULT_KEY now.")


@app.command("forget")
def forget_command(
    ticket: Annotated[list[str] | None, typer.Option(help="A ticket's id; repeatable.")] = None,
    customer: Annotated[
        str | None,
        typer.Option(help="An e-mail address, telephone number, full name or order number; - reads it from stdin."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Removes tickets, or all tickets of a person, permanently, and lists the snapshots and models that used them."""
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
        typer.confirm("Remove everything that is stored of them?", abort=True)
    held = affected_snapshots(database, settings, ticket)
    gone = forget_tickets(database, ticket)
    output.print(
        f"{len(ticket)} tickets forgotten: {gone.vault_values} values, {gone.clean_tickets} clean tickets, "
        f"{gone.drafts} drafts and {gone.imported_tickets} imported tickets removed. "
        "The pipeline will not read these tickets again."
    )
    output.print("The help desk's own tables were not changed.")
    if not held:
        output.print("No snapshot contains any of them.")
        return
    rows = [(holder.snapshot_id, str(holder.tickets), "\n".join(holder.models) or "none") for holder in held]
    print_table(("snapshot", "scrubbed tickets", "models trained on it"), rows)
    output.print("To get a snapshot and models without them, run 'ticketing prepare', then 'ticketing train'.")


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
        typer.Option(min=0.0, max=1.0, help="The share of tickets whose values the audit searches for; 1 is all."),
    ] = 1.0,
    show: Annotated[
        int, typer.Option(min=0, help="How many findings to list, with their place but never their value.")
    ] = 20,
) -> None:
    """Searches everything that is stored for personal data that should not be there; exit code 1 if it finds any."""
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
    output.print(f"{texts:,} texts searched, for {values:,} values of the vault and with all recognisers.")
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
        Path | None, typer.Option(help="JSON lines with id, text, language? and spans: [[start, end, kind], …].")
    ] = None,
    stock: Annotated[
        bool, typer.Option("--stock", help="Measure stock Presidio in the same run, for comparison.")
    ] = False,
) -> None:
    """Measures how much personal data is found in a labelled file, by default in the sample shop's tickets."""
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
    with console.status("looking …"):
        scrubber = Scrubber(settings.privacy, name_finder_for(settings))
        own = measure(labelled, lambda texts: [found.spans[0] for found in scrubber.scrub([[text] for text in texts])])
        _print_scores("This pipeline", own)
        if stock:
            other = measure(labelled, StockPresidio().find)
            _print_scores("Stock Presidio", other)
            output.print(f"{own.texts_per_second / other.texts_per_second:.1f} times as many texts per second.")


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
        ("language", "kind", "all", "whole", "share", "precision", "recall", "F1", "F2"),
        rows,
        title=f"{system}: {measured.texts_per_second:.0f} texts per second, "
        f"{measured.share_with_findings:.1%} of them changed",
    )
