"""Helpers for all commands: the console, the home folder, the database and the context. It has no command."""

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

MAX_BIGINT = 2**63 - 1  # the largest value of Postgres' type bigint


def open_home(settings: Settings) -> None:
    """Creates the home folder if it does not exist.

    Raises:
        ConfigurationError: the home is a file, can't be created, or is not writable.
    """
    advice = "Set TICKETING_HOME to a folder that you can write to."
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise ConfigurationError(f"The home folder {settings.home} is a file. {advice}") from None
    except OSError as error:
        raise ConfigurationError(
            f"The home folder {settings.home} can't be created: {error.strerror}. {advice}"
        ) from None
    try:
        with tempfile.TemporaryFile(dir=settings.home):
            pass
    except OSError as error:
        raise ConfigurationError(
            f"The home folder {settings.home} can't be written to: {error.strerror}. {advice}"
        ) from None


def open_database(settings: Settings) -> Database:
    """Opens the database. The schema of the embedded database is upgraded; that of another database is only checked.

    Raises:
        ConfigurationError: the home folder can't be used.
        DatabaseError: the database can't be reached, or its schema is not up to date.
    """
    open_home(settings)
    database = Database.open(settings)
    if settings.database_url is None:
        upgrade(database)
    else:
        check_schema(database)
    return database


def require_champion(database: Database, kind: Kind) -> None:
    """Checks that there is a champion of this kind.

    Call it before loading the scrubber: that may first train the finder of names, which takes minutes.

    Raises:
        NoChampion: no version of this kind has been promoted.
    """
    if kind not in champion_versions(database):
        raise no_champion(kind)


@contextmanager
def open_context(with_database: bool = True) -> Iterator["Context"]:
    """The context that a command opens once and passes on. Some commands need no database: `with_database=False`.

    Raises:
        DatabaseError: the database can't be reached, or its schema is not up to date.
    """
    # This import loads torch, which takes seconds and must happen after `main` has set the environment.
    from models.context import Context

    settings = get_settings()
    with Context(settings) as context:
        if with_database:
            context.database = open_database(settings)
        yield context
