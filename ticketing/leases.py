"""Keeps a lease in the database alive while the leased work runs. The caller gives the query that renews the lease."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ticketing.database import Connection, Database
from ticketing.errors import DatabaseError

logger = logging.getLogger(__name__)


@contextmanager
def kept_alive(database: Database, lease_seconds: float, renew: Callable[[Connection], object]) -> Iterator[None]:
    """Calls `renew` in a background transaction every third of `lease_seconds` while the block runs."""
    done = threading.Event()

    def renew_until_done() -> None:
        while not done.wait(lease_seconds / 3):
            try:
                with database.begin() as conn:
                    renew(conn)
            except DatabaseError as error:
                # The lease leaves time for two more tries. If both fail, the final write finds that the lease is lost.
                logger.warning("The lease was not renewed: %s", error)

    thread = threading.Thread(target=renew_until_done, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
