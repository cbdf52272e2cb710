"""The connection to Postgres, the roles in which the pipeline acts, and the named queries of `sql/queries/`.

`ticketing.migrations` creates the tables, and `ticketing.embedded` starts the embedded server.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib.resources import as_file, files
from typing import cast

import aiosql
import psycopg
import sqlalchemy
from aiosql.queries import Queries
from psycopg.rows import DictRow, dict_row
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ticketing.embedded import start_server
from ticketing.errors import DatabaseError, TicketingError
from ticketing.settings import Settings

Connection = psycopg.Connection[DictRow]

CONNECT_TIMEOUT_SECONDS = 10
WHAT_TO_DO = "Check TICKETING_DATABASE_URL, or unset it to use the embedded Postgres."

# SQLSTATE → what it means and what to do. The driver's own message is not shown, because it can quote values of a row.
CONDITIONS = {
    "40001": "it conflicted with another run; run it again",
    "40P01": "it deadlocked with another run; run it again",
    "42501": "this login may not do that; see the grants in sql/migrations, and give it the role it needs",
    "42703": "a column is missing; 'ticketing doctor' says which",
    "42P01": "a table or view is missing; 'ticketing doctor' says which",
    "3F000": "a schema is missing; run 'ticketing db upgrade'",
    "53100": "the database's disk is full; free some space and run it again",
    "53300": "the database has too many connections; stop other runs, or raise max_connections",
    "55P03": "another session holds a lock; run it again",
    "57014": "the statement was cancelled, or took longer than statement_timeout",
    "57P01": "the database was shut down; start it and run it again",
    "57P03": "the database is starting up; run it again in a moment",
}
# A pattern in libpq's message → what it means. For a failed connection libpq gives only a message, and no SQLSTATE.
CONNECTION_FAILURES = {
    r"password authentication failed|no password supplied": "the password is wrong or missing",
    r"no pg_hba\.conf entry": "the server does not let this login in from here (pg_hba.conf)",
    r'role ".*" does not exist': "there is no such login",
    r'database ".*" does not exist': "there is no such database on the server",
    r"could not translate host name|resolve|Name or service not known": "the host name is unknown",
    r"[Cc]onnection refused": "nothing listens there",
    r"timeout|timed out": f"no answer within {CONNECT_TIMEOUT_SECONDS} seconds",
    r"starting up": "the server is starting up; run it again in a moment",
    r"too many (clients|connections)|remaining connection slots": "the server has too many connections",
    r"No such file or directory": "there is no socket there; the server is not running",
    r"SSL|TLS|certificate": "the encrypted connection could not be made (sslmode)",
    r"invalid .*option": "an option in the URL is unknown",
}


class Role(StrEnum):
    """The role whose rights a transaction has. The migrations create the roles."""

    PIPELINE = "ticketing_pipeline"
    WRITEBACK = "ticketing_writeback"
    REVIEWER = "ticketing_reviewer"
    RATER = "ticketing_rater"
    READONLY = "ticketing_readonly"


class Database:
    """A pool of connections. Threads may share a pool, but a forked process needs its own."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._engine = sqlalchemy.create_engine(
            url,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "connect_timeout": int(str(url.query.get("connect_timeout", CONNECT_TIMEOUT_SECONDS))),
                "application_name": "ticketing",
                # Postgres reads time stamps without a time zone in this zone, so that they mean the same everywhere.
                "options": "-c timezone=UTC",
            },
        )

    @classmethod
    def open(cls, settings: Settings) -> "Database":
        """Opens the database in the settings. Without a URL it is the embedded Postgres, which is started if necessary.

        Raises:
            DatabaseError: the URL is wrong, or the embedded Postgres can't be started. Whether the server answers is
                not checked before the first `begin`.
        """
        if settings.database_url is None:
            return cls(_parse(start_server(settings.home)))
        return cls(_parse(settings.database_url.get_secret_value()))

    @contextmanager
    def begin(self, role: Role | None = Role.PIPELINE) -> Iterator[Connection]:
        """Runs the block in one transaction with the rights of a role (None: those of the login). Rows are dicts.

        The transaction is committed when the block ends, and rolled back if the block raises an error.

        Raises:
            DatabaseError: the server can't be reached, the login may not take the role, or a statement failed. The
                driver's error is never passed on, because its text can quote values of a row.
        """
        try:
            pooled = self._engine.raw_connection()
        except (DBAPIError, PoolTimeout, psycopg.Error) as error:
            raise self._unreachable(error) from None
        try:
            conn = cast("Connection", pooled.driver_connection)
            conn.row_factory = dict_row
            with conn.transaction():
                if role is not None:
                    _take_role(conn, role)
                yield conn
        except psycopg.Error as error:
            if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
                raise  # a mistake in the code, found before anything was sent
            raise database_error(error) from None
        finally:
            pooled.close()

    def libpq_uri(self) -> str:
        """The address for psql, without the password."""
        return self._url.set(drivername="postgresql")._replace(password=None).render_as_string()

    @property
    def password(self) -> str | None:
        """The login's password, for the environment of a client program. Never log it."""
        return None if self._url.password is None else str(self._url.password)

    def close(self) -> None:
        """Closes all connections. The embedded Postgres stops when the last process that uses it ends."""
        self._engine.dispose()

    def __repr__(self) -> str:
        return f"Database({self.libpq_uri()!r})"

    def _unreachable(self, error: Exception) -> DatabaseError:
        if isinstance(error, PoolTimeout):
            return DatabaseError("All connections of this process are in use: run fewer tasks at once.")
        text = str(error)
        reason = next(
            (meaning for pattern, meaning in CONNECTION_FAILURES.items() if re.search(pattern, text)),
            "the connection failed",
        )
        return DatabaseError(f"Can't connect to the database {self.libpq_uri()}: {reason}. {WHAT_TO_DO}")


def database_error(error: psycopg.Error) -> DatabaseError:
    """A `DatabaseError` with the SQLSTATE of a driver's error, but without the driver's text."""
    state = error.sqlstate
    if isinstance(error, psycopg.DataError) and state is None:
        return DatabaseError("A value can't be stored in Postgres (a zero byte in a text?). Nothing was written.")
    if state is None:
        return DatabaseError(
            f"The connection to the database was lost ({type(error).__name__}); this step wrote nothing. Run it again."
        )
    reason = CONDITIONS.get(state, "see the database's log")
    return DatabaseError(
        f"The database refused a statement ({type(error).__name__}, {state}): {reason}. This step wrote nothing."
    )


@contextmanager
def refusals_as(error_type: type[TicketingError], consequence: str = "nothing changed") -> Iterator[None]:
    """Turns a refusal by one of the SQL functions in sql/migrations into an error of this type.

    The message is that of the SQL function, followed by `consequence`. SQL functions put only ids, counts, labels,
    states and the names of reviewers and raters into their messages, never a ticket's text.
    """
    try:
        yield
    except (
        psycopg.errors.ObjectNotInPrerequisiteState,
        psycopg.errors.NoDataFound,
        psycopg.errors.CheckViolation,
    ) as error:
        message = error.diag.message_primary or ""
        raise error_type(f"{message[:1].upper()}{message[1:]}; {consequence}.") from None


def _take_role(conn: Connection, role: Role) -> None:
    try:
        queries.take_role(conn, role=role.value)
    except psycopg.errors.InvalidParameterValue:
        raise DatabaseError(f"The role {role.value} does not exist: run 'ticketing db upgrade'.") from None
    except psycopg.errors.InsufficientPrivilege:
        login = conn.info.user
        raise DatabaseError(
            f"The login {login!r} may not act as {role.value}: let an administrator run "
            f'GRANT {role.value} TO "{login}";'
        ) from None


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The URL itself is not shown, because it may hold a password.
        raise DatabaseError(
            f"TICKETING_DATABASE_URL can't be read: write it as postgresql://user:password@host:5432/database, with "
            f"special characters in the password percent-encoded. {WHAT_TO_DO}"
        ) from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseError(f"TICKETING_DATABASE_URL is for {parsed.get_backend_name()!r}: only Postgres works.")
    return parsed.set(drivername="postgresql+psycopg")


def _load_queries() -> Queries:
    with as_file(files("sql") / "queries") as folder:
        return aiosql.from_path(folder, "psycopg", mandatory_parameters=False, encoding="utf-8")


queries: Queries = _load_queries()
