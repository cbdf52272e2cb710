"""`ticketing train`, `evaluate` and `draft`: the flows that need models. They run at once, in this process."""

import getpass
from typing import Annotated

import typer

from flows.server import prefect_api
from models.registry.versions import Kind, find_row, short_names
from ticketing.cli.common import open_database, output, require_champion
from ticketing.corpus.snapshot import find_snapshot
from ticketing.database import Database
from ticketing.errors import InputError
from ticketing.settings import get_settings


def train_command(
    snapshot: Annotated[str | None, typer.Option(help="The snapshot's id; the newest if left out.")] = None,
) -> None:
    """Trains a classifier and, if there are enough replies, a reply generator from one snapshot."""
    settings = get_settings()
    database = open_database(settings)
    find_snapshot(database, settings, snapshot)
    with prefect_api(settings):
        from flows.train import train

        candidates = train(snapshot)
    names = short_names(database)
    output.print(f"{names[candidates.classifier]}  {candidates.classifier}", markup=False)
    if candidates.generator is None:
        output.print(f"no generator: {candidates.generator_skipped}", markup=False)
    else:
        output.print(f"{names[candidates.generator]}  {candidates.generator}", markup=False)


def evaluate_command(
    classifier: Annotated[
        str | None, typer.Option(help="A classifier's version; the newest candidate if left out.")
    ] = None,
    generator: Annotated[
        str | None, typer.Option(help="A generator's version; the newest candidate if left out.")
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Promote even if the gate says no; your name stays in the history.")
    ] = False,
) -> None:
    """Evaluates the candidates on held-out tickets, asks the gate, and promotes what passes."""
    settings = get_settings()
    database = open_database(settings)
    classifier = _version(database, classifier, "classifier")
    generator = _version(database, generator, "generator")
    with prefect_api(settings):
        from flows.evaluate import evaluate

        outcome = evaluate(classifier, generator, overrule=promote, by=getpass.getuser())
    output.print(outcome.sentence, markup=False)


def draft_command(
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after about this many tickets.")] = None,
) -> None:
    """Drafts replies for the new tickets that `prepare` has read, and writes them back for review."""
    settings = get_settings()
    require_champion(open_database(settings), "classifier")
    with prefect_api(settings):
        from flows.draft import draft

        output.print(draft(limit=limit).sentence)


def _version(database: Database, name: str | None, kind: Kind) -> str | None:
    """The long name of a version of this kind; `name` may be its short name."""
    if name is None:
        return None
    row = find_row(database, name)
    if row["kind"] != kind:
        raise InputError(f"{name} is a {row['kind']}: name a {kind} with --{kind}.")
    return str(row["version"])
