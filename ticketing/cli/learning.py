"""`ticketing train`, `evaluate` and `draft`: the flows that need models, run now in this process."""

import getpass
from typing import Annotated

import typer

from flows.server import prefect_api
from ticketing.cli.common import open_database, output
from ticketing.settings import get_settings


def train_command(
    snapshot: Annotated[str | None, typer.Option(help="The snapshot's id; the newest if left out.")] = None,
) -> None:
    """Trains a classifier and, where there are replies, a reply generator from one snapshot."""
    settings = get_settings()
    open_database(settings)
    with prefect_api(settings):
        from flows.train import train

        candidates = train(snapshot)
    output.print(f"classifier  {candidates.classifier}")
    output.print(f"generator   {candidates.generator or f'skipped: {candidates.generator_skipped}'}", markup=False)


def evaluate_command(
    classifier: Annotated[
        str | None, typer.Option(help="A classifier's version; the newest candidate if left out.")
    ] = None,
    generator: Annotated[
        str | None, typer.Option(help="A generator's version; the newest candidate if left out.")
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Promote even if the gate says no; it is remembered who did.")
    ] = False,
) -> None:
    """Evaluates the candidates on held-out tickets, asks the gate, and promotes what passes."""
    settings = get_settings()
    open_database(settings)
    with prefect_api(settings):
        from flows.evaluate import evaluate

        outcome = evaluate(classifier, generator, overrule=promote, by=getpass.getuser())
    output.print(outcome.sentence, markup=False)


def draft_command(
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after about so many tickets.")] = None,
) -> None:
    """Drafts replies for the new tickets that `prepare` has read, and writes them back for review."""
    settings = get_settings()
    open_database(settings)
    with prefect_api(settings):
        from flows.draft import draft

        output.print(draft(limit=limit).sentence)
