"""What every command needs: a console, and a database that is ready. Nothing here is a command."""

from rich.console import Console

from ticketing.database import Database
from ticketing.migrations import check_schema, upgrade
from ticketing.settings import Settings

# Messages go to stderr, so that what a command gives out can be piped.
console = Console(stderr=True, highlight=False)
output = Console(highlight=False)


def open_database(settings: Settings) -> Database:
    """The database, ready for work: the embedded one is brought up to date, one of yours is only checked.

    Raises:
        DatabaseError: it can't be reached, or its schema is not up to date.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database.open(settings)
    if settings.database_url is None:
        upgrade(database)
    else:
        check_schema(database)
    return database
