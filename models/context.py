"""The objects that a process opens once and shares: the database, the scrubber, the vault and the champions.

The context opens each object at its first use. Tests replace the objects with their own.
"""

from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import Self

from models.engine.champions import Champions
from models.names.finder import NameFinder
from models.names.training import name_finder_for
from ticketing.database import Database
from ticketing.privacy.scrubber import Scrubber
from ticketing.privacy.vault import Vault
from ticketing.settings import Settings


class Context:
    """The settings of a process and the objects that it opens with them. Threads may share a context.

    It is a context manager: it closes the objects when the block ends.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._close = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close.__exit__(kind, error, traceback)

    @cached_property
    def database(self) -> Database:
        """The pipeline's database."""
        database = Database.open(self.settings)
        self._close.callback(database.close)
        return database

    @cached_property
    def name_finder(self) -> NameFinder:
        """The name finder. If the cache of this machine has none yet, it is trained now, which takes minutes."""
        return name_finder_for(self.settings)

    @cached_property
    def scrubber(self) -> Scrubber:
        """The scrubber; loading its models takes seconds."""
        return Scrubber(self.settings.privacy, self.name_finder)

    @cached_property
    def vault(self) -> Vault:
        """The vault. Only prepare, write-back, forgetting, audit and key rotation need it."""
        return Vault.open(self.settings)

    @cached_property
    def champions(self) -> Champions:
        """The champions. Their inference engine stops when the context closes."""
        return self._close.enter_context(Champions(self.database, self.scrubber, self.settings))
