"""`ticketing up` runs the whole pipeline on its schedules; `ticketing demo` runs it once, on sample tickets."""

import time
import warnings
from datetime import UTC, datetime
from typing import Annotated

import typer

from flows.server import api_url, prefect_api, prefect_server
from ticketing.cli.common import console, open_database, output
from ticketing.cli.tables import print_side_by_side
from ticketing.database import Database, queries
from ticketing.errors import ConfigurationError
from ticketing.importing.loading import load_sample
from ticketing.settings import Settings, get_settings


def up_command() -> None:
    """Runs the database, the Prefect server and the scheduled flows until Ctrl-C."""
    settings = get_settings()
    open_database(settings)
    with prefect_server(settings, settings.prefect.port) as url:
        from flows.serving import serve_deployments

        ui = url.removesuffix("/api")
        console.print(f"Prefect UI   [link={ui}]{ui}[/link]")
        console.print(f"nightly      {settings.prefect.nightly_cron} {settings.prefect.timezone}")
        console.print(f"retrain      {settings.prefect.retrain_cron} {settings.prefect.timezone}")
        console.print("Ctrl-C stops everything.")
        with warnings.catch_warnings():
            # Prefect 3.7's SIGTERM handler does not await its own clean-up. `serve` does the same when it ends.
            warnings.filterwarnings("ignore", message=".*Runner.astop.* was never awaited")
            serve_deployments(settings.prefect)


def demo_command(
    history: Annotated[int, typer.Option(min=300, help="Historical tickets in the sample.")] = 3000,
    incoming: Annotated[int, typer.Option(min=10, help="New tickets in the sample.")] = 300,
    seed: Annotated[int, typer.Option(help="The seed from which the sample is made.")] = 0,
) -> None:
    """Runs the pipeline on a sample shop's tickets: train, evaluate and draft, as Prefect flow runs.

    The demo needs the embedded database and a home folder without other tickets. You can run it again in that folder.
    """
    settings = get_settings()
    if settings.database_url is not None:
        raise ConfigurationError(
            "The demo stores made-up tickets, but TICKETING_DATABASE_URL is set. Nothing was written to that database. "
            "Unset the variable (and database_url in ticketing.toml), and give the demo another home folder, as in: "
            "env -u TICKETING_DATABASE_URL TICKETING_HOME=demo-home ticketing demo."
        )
    started = time.monotonic()
    database = open_database(settings)
    console.rule("sample tickets")
    loaded = load_sample(database, seed, history, incoming, settings)
    console.print(f"{history:,} historical and {incoming:,} new tickets of a sample shop: {loaded.sentence()}")
    from models.names.training import name_finder_for

    before_set_up = time.monotonic()
    console.rule("set-up: train the finder of names and addresses, once on this machine")
    name_finder_for(settings)
    set_up_seconds = time.monotonic() - before_set_up
    console.print(f"The set-up took {set_up_seconds / 60:.1f} minutes.")
    with prefect_api(settings) as url:
        from flows.nightly import nightly
        from flows.retrain import retrain

        console.rule("retrain: prepare, train, evaluate, promote")
        retrain()
        console.rule("nightly: prepare, draft")
        nightly(until=datetime.now(UTC))
        served_by_up = url == api_url(settings)
    _show(database, settings, time.monotonic() - started - set_up_seconds, url if served_by_up else None)


def _show(database: Database, settings: Settings, seconds: float, url: str | None) -> None:
    from ticketing.cli.status import print_status

    print_status(database)
    with database.begin() as conn:
        drafts = list(queries.sample_drafts(conn, limit=3))
    for row in drafts:
        title = f"draft {row['draft_id']} · {row['category']} · confidence {row['confidence']:.2f}"
        texts = {"ticket": f"{row['subject']}\n\n{row['ticket']}", "draft, waiting for a reviewer": row["draft"]}
        print_side_by_side(title, texts)
    output.print(f"The run took {seconds / 60:.1f} minutes.")
    output.print(f"Report      {settings.home / 'reports' / 'evaluation.html'}", soft_wrap=True)
    output.print("Review      ticketing review list")
    where = (url or api_url(settings)).removesuffix("/api")
    output.print(f"Prefect UI  {where} (start it with 'ticketing up'; it shows every flow run of this demo)")
