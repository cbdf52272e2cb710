"""What the flows of one process share: the database, the scrubber and the vault, each opened once, when first needed.

Flow and task parameters hold ids and numbers only; whatever a task needs beyond them it takes from here.
"""

from functools import cache

from ticketing.database import Database
from ticketing.privacy.learnt import NameFinder
from ticketing.privacy.scrubber import Scrubber
from ticketing.privacy.vault import Vault
from ticketing.settings import get_settings


@cache
def database() -> Database:
    """The pipeline's database."""
    return Database.open(get_settings())


@cache
def name_finder() -> NameFinder:
    """What finds names and addresses; trained now if this machine has none yet, which takes minutes."""
    from models.names.training import name_finder_for

    return name_finder_for(get_settings())


@cache
def scrubber() -> Scrubber:
    """The scrubber; loading its models takes seconds."""
    return Scrubber(get_settings().privacy, name_finder())


@cache
def vault() -> Vault:
    """The vault's key."""
    return Vault.open(get_settings())
