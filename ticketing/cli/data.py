"""`ticketing import` and `ticketing prepare`: they read tickets, and build a snapshot."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flows.server import prefect_api
from ticketing.cli.common import console, open_database, output
from ticketing.errors import InputError
from ticketing.importing.fields import ImportRole, parse_mapping
from ticketing.importing.files import read_file
from ticketing.importing.loading import default_reject_path, import_tickets
from ticketing.importing.remote import read_remote
from ticketing.jsonl import check_output
from ticketing.setting_types import check_timezone
from ticketing.settings import Settings, get_settings

# Not 1, because the command did not fail: it imported the valid rows and listed the refused ones.
EXIT_SOME_REFUSED = 3


def import_command(
    file: Annotated[Path | None, typer.Argument(help="A CSV, JSON lines or Parquet file.")] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Your column that holds a field; repeatable."),
    ] = None,
    role: Annotated[str, typer.Option(help="history: old tickets with a category; incoming: new tickets.")] = "history",
    from_url: Annotated[
        str | None, typer.Option(help="Import from this database (an SQLAlchemy URL) instead of a file.")
    ] = None,
    query: Annotated[str | None, typer.Option(help="The SELECT to run in the database of --from-url.")] = None,
    rejects: Annotated[Path | None, typer.Option(help="The file that lists refused rows by line number.")] = None,
    timezone: Annotated[
        str | None,
        typer.Option(help="The time zone of time stamps that name none; by default the setting importing.timezone."),
    ] = None,
) -> None:
    """Imports tickets. A second import of the same file changes nothing. Exit code 3: some rows were refused."""
    if (file is None) == (from_url is None) or (from_url is None) != (query is None):
        raise InputError("Name either a FILE, or --from-url with --query.")
    if role not in ("history", "incoming"):
        raise InputError(f"--role is {role!r}: it must be history or incoming.")
    checked_role: ImportRole = "history" if role == "history" else "incoming"
    mapping = parse_mapping(map_ or [])
    settings = _with_timezone(get_settings(), timezone)
    if file is not None:
        rows, reject_path = read_file(file, mapping, checked_role), rejects or default_reject_path(file)
    else:
        rows, reject_path = (
            read_remote(from_url or "", query or "", mapping, checked_role),
            rejects or Path("import.rejects.jsonl"),
        )
    if rejects is not None:
        check_output(rejects)
    database = open_database(settings)
    with Progress(
        SpinnerColumn(), TextColumn("{task.completed:,} rows"), TimeElapsedColumn(), console=console, transient=True
    ) as progress:
        bar = progress.add_task("import", total=None)
        report = import_tickets(
            database, rows, checked_role, settings, reject_path, lambda done: progress.update(bar, completed=done)
        )
    output.print(report.sentence(), markup=False)
    if report.refused_count:
        raise typer.Exit(EXIT_SOME_REFUSED)


def _with_timezone(settings: Settings, timezone: str | None) -> Settings:
    if timezone is None:
        return settings
    try:
        importing = settings.importing.model_copy(update={"timezone": check_timezone(timezone)})
    except ValueError as error:
        raise InputError(f"--timezone {error}.") from None
    return settings.model_copy(update={"importing": importing})


def prepare_command() -> None:
    """Reads new and changed tickets, replaces personal data, cleans the texts, and builds a training snapshot."""
    settings = get_settings()
    open_database(settings)
    with prefect_api(settings):
        from flows.prepare import prepare

        prepared = prepare()
    output.print(f"snapshot {prepared.snapshot_id}")
