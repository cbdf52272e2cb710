"""`ticketing db`: commands that upgrade the database, restore its source view, and show its schema and address."""

import typer

from ticketing.cli.common import console, open_database
from ticketing.database import Database
from ticketing.migrations import dump_schema, upgrade
from ticketing.settings import get_settings
from ticketing.source import restore_source

app = typer.Typer(help="The database's schema.", no_args_is_help=True)


@app.command("upgrade")
def upgrade_command() -> None:
    """Applies the missing migrations. You can run it again, and from two processes at once."""
    applied = upgrade(Database.open(get_settings()))
    console.print(f"applied {', '.join(applied)}" if applied else "the schema is up to date")


@app.command("restore-source")
def restore_source_command() -> None:
    """Creates the view ticketing.source_ticket over the imported tickets again, after you dropped it."""
    with open_database(get_settings()).begin(role=None) as conn:
        restore_source(conn)
    console.print("the view ticketing.source_ticket reads the imported tickets again")


@app.command("schema")
def schema_command() -> None:
    """Prints the current schema as SQL."""
    typer.echo(dump_schema(Database.open(get_settings())), nl=False)


@app.command("url")
def url_command() -> None:
    """Prints the address of the database, for psql."""
    typer.echo(Database.open(get_settings()).libpq_uri())
