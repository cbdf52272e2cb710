"""What every command needs: a console, a database that is ready, a context. Nothing here is a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from ticketing.database import Database
from ticketing.migrations import check_schema, upgrade
from ticketing.settings import Settings, get_settings

if TYPE_CHECKING:
    from models.context import Context

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


@contextmanager
def open_context(with_database: bool = True) -> Iterator["Context"]:
    """What a command opens once and passes on; the database is ready for work, unless the command needs none.

    Raises:
        DatabaseError: the database can't be reached, or its schema is not up to date.
    """
    # It imports torch, which has to find the environment that `main` sets, and takes seconds.
    from models.context import Context

    settings = get_settings()
    with Context(settings) as context:
        if with_database:
            context.database = open_database(settings)
        yield context
