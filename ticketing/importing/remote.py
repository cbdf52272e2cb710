"""Streams rows from another database: any that SQLAlchemy supports. It never changes that database.

`fields` checks the values of the rows.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import sqlalchemy
from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ticketing.errors import InputError
from ticketing.importing.fields import ImportRole, RawRow, choose_columns

BATCH_ROWS = 1000
COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def read_remote(
    url: str, query: str, mapping: Mapping[str, str] | None = None, role: ImportRole = "history"
) -> Iterator[RawRow]:
    """Yields the rows of a query, which are read lazily. A row's line number is its position in the result, from 1.

    The query runs in a transaction that is rolled back at the end.

    Args:
        url: a database URL for SQLAlchemy. A URL postgresql:// without a driver uses psycopg.
        query: one SELECT, or WITH … SELECT.
        mapping: field → column of the query, for fields whose column has another name.
        role: "history" or "incoming"; it determines which columns are required.

    Raises:
        InputError: the query is not a SELECT, the URL or its driver can't be used, or a column is missing. Errors of
            the other database are raised when the first row is read. No message contains the password in the URL.
    """
    address = _parse(url)
    return _rows(address, _checked(query), mapping or {}, role)


def _rows(address: URL, query: str, mapping: Mapping[str, str], role: ImportRole) -> Iterator[RawRow]:
    shown = address.set(query={}).render_as_string(hide_password=True)
    try:
        engine = sqlalchemy.create_engine(address, poolclass=NullPool, hide_parameters=True)
    except NoSuchModuleError:
        raise InputError(f"{shown}: SQLAlchemy does not know the database {address.drivername!r}.") from None
    except ImportError as error:
        raise InputError(f"{shown}: its driver is not installed: run 'pip install {error.name}'.") from None
    except (SQLAlchemyError, TypeError, ValueError) as error:
        raise InputError(f"{shown}: the URL can't be used ({type(error).__name__}).") from None
    try:
        # The transaction is never committed: closing the connection rolls it back.
        with engine.connect() as connection:
            _make_readonly(connection)
            options = {"yield_per": BATCH_ROWS, "no_parameters": True}
            result = connection.exec_driver_sql(query, execution_options=options)
            columns = list(result.keys())
            fields = choose_columns("the query's result", columns, mapping, role)
            positions = {name: columns.index(column) for name, column in fields.items()}
            for number, row in enumerate(result, start=1):
                yield RawRow(number, {name: row[position] for name, position in positions.items()})
    except SQLAlchemyError as error:
        raise InputError(f"{shown}: the query failed: {_reason(error, address)}.") from None
    finally:
        engine.dispose()


def _parse(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        # The message does not show the URL, because the URL may hold a password.
        raise InputError(
            "--from-url can't be read: write it as dialect://user:password@host/database, with special characters in "
            "the password percent-encoded."
        ) from None
    if address.drivername in ("postgres", "postgresql"):
        return address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() == "sqlite":
        file = address.database or ":memory:"
        # SQLite would create a new, empty database there.
        if file != ":memory:" and not file.startswith("file:") and not Path(file).is_file():
            raise InputError(f"There is no SQLite file {file}.")
    return address


def _checked(query: str) -> str:
    statement = COMMENTS.sub(" ", query).strip().rstrip(";").rstrip()
    if not re.match(r"(select|with)\b", statement, re.IGNORECASE):
        raise InputError("--query must be one SELECT (or WITH … SELECT): an import never changes the other database.")
    if ";" in statement:
        raise InputError("--query must be one SELECT without a ';' in it: an import never changes the other database.")
    return query.strip().rstrip(";")


def _make_readonly(connection: Connection) -> None:
    # WITH … can contain a DELETE. The rollback undoes the DELETE, except in SQLite, whose driver begins no transaction
    # for such a statement.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
        # So a value that is not UTF-8 makes only its row invalid, and not the whole query.
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - what mypy can't know
        driver.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")


def _reason(error: SQLAlchemyError, address: URL) -> str:
    if isinstance(error, DataError) or not isinstance(error, DBAPIError):
        # The text of such an error can quote a value, so it is not shown.
        return f"{type(error).__name__}: a value can't be read; cast it or leave it out in the query"
    text = (str(error.orig).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    for secret in {str(address.password or ""), quote(str(address.password or ""), safe="")} - {""}:
        text = text.replace(secret, "***")
    return text
