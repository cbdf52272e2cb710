"""What every command needs: the console, the home, the database and the context. It has no command."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from models.registry.versions import Kind, champion_versions, no_champion
from ticketing.database import Database
from ticketing.errors import ConfigurationError
from ticketing.migrations import check_schema, upgrade
from ticketing.settings import Settings, get_settings

if TYPE_CHECKING:
    from models.context import Context

# Messages go to stderr, so that a command's result can be piped.
console = Console(stderr=True, highlight=False)
output = Console(highlight=False)

MAX_NUMBER = 2**63 - 1  # of Postgres' bigint


def open_home(settings: Settings) -> None:
    """Makes the home if it does not exist.

    Raises:
        ConfigurationError: it is a file, can't be made, or is not writable.
    """
    another = "Set TICKETING_HOME to a folder that you can write to."
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise ConfigurationError(f"The home {settings.home} is a file. {another}") from None
    except OSError as error:
        raise ConfigurationError(f"The home {settings.home} can't be made: {error.strerror}. {another}") from None
    try:
        with tempfile.TemporaryFile(dir=settings.home):
            pass
    except OSError as error:
        raise ConfigurationError(f"The home {settings.home} can't be written to: {error.strerror}. {another}") from None


def open_database(settings: Settings) -> Database:
    """The database, ready for use. It upgrades the schema of the embedded database, and only checks that of yours.

    Raises:
        ConfigurationError: the home can't be used.
        DatabaseError: it can't be reached, or its schema is not up to date.
    """
    open_home(settings)
    database = Database.open(settings)
    if settings.database_url is None:
        upgrade(database)
    else:
        check_schema(database)
    return database


def require_champion(database: Database, kind: Kind) -> None:
    """Checks that there is a champion. Call it before loading the scrubber, which may train its finder of names.

    Raises:
        NoChampion: none has been promoted.
    """
    if kind not in champion_versions(database):
        raise no_champion(kind)


@contextmanager
def open_context(with_database: bool = True) -> Iterator["Context"]:
    """The context that a command opens once and passes on, with a database unless the command needs none.

    Raises:
        DatabaseError: the database can't be reached, or its schema is not up to date.
    """
    # Imported here because it imports torch, which takes seconds and must see the environment that `main` sets.
    from models.context import Context

    settings = get_settings()
    with Context(settings) as context:
        if with_database:
            context.database = open_database(settings)
        yield context
