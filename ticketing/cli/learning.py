"""`ticketing train`, `evaluate` and `draft`: they run the flows that need models, in this process."""

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
    snapshot: Annotated[str | None, typer.Option(help="The id of the snapshot; by default the newest.")] = None,
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
        str | None, typer.Option(help="The version of a classifier; by default the newest candidate.")
    ] = None,
    generator: Annotated[
        str | None, typer.Option(help="The version of a generator; by default the newest candidate.")
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Promote even if the gate says no; the history records your name.")
    ] = False,
) -> None:
    """Evaluates the candidates on held-out tickets, and promotes those that pass the gate."""
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
    """Drafts replies to the new tickets that 'prepare' has read, and stores the drafts for review."""
    settings = get_settings()
    require_champion(open_database(settings), "classifier")
    with prefect_api(settings):
        from flows.draft import draft

        output.print(draft(limit=limit).sentence)


def _version(database: Database, name: str | None, kind: Kind) -> str | None:
    """The long name of a version, which must be of this kind; `name` may be the short name."""
    if name is None:
        return None
    row = find_row(database, name)
    if row["kind"] != kind:
        raise InputError(f"{name} is a {row['kind']}: name a {kind} with --{kind}.")
    return str(row["version"])
