"""How commands reach the database: by a function of it each, in a transaction of its own."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import Any, LiteralString

import click
import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_loads

from api.connection import conninfo
from api.settings import SettingError, database_url

# The server ended the connection, or cannot be reached: what was asked may have been done.
LOST = ("08", "57P")

Row = dict[str, Any]
# An argument that is an id of a row.
ID = click.IntRange(1, 2**63 - 1)


def call(statement: LiteralString, **arguments: Any) -> list[Row]:
    """The rows of a statement that calls a function. Raises Failed, which ends the command with 1 and a line,
    where the database refuses; Refused where it does so by an SC code of its own."""
    with database() as connection:
        return connection.execute(statement, arguments).fetchall()


class Failed(click.ClickException):
    """The database could not do what was asked; ends the command with a line and status 1."""

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class Refused(Failed):
    """The database refuses what was asked, by the rule that its SQLSTATE names."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Lost(Failed):
    """The connection was lost: whether what was asked has been done is not known."""


@contextmanager
def database() -> Iterator[psycopg.Connection[DictRow]]:
    """A connection to DATABASE_URL, without it to the embedded database, where make run serves it or not."""
    try:
        with url() as there, psycopg.connect(there, autocommit=True, row_factory=dict_row) as connection:
            set_json_loads(partial(json.loads, parse_float=Decimal), connection)
            yield connection
    except SettingError as error:
        raise Failed(str(error)) from None
    except psycopg.Error as error:
        raise failure(error) from None


def is_embedded() -> bool:
    return not os.environ.get("DATABASE_URL", "").strip()


@contextmanager
def url() -> Iterator[str]:
    """The connection string of DATABASE_URL; raises SettingError where there is no database."""
    if not is_embedded():
        yield conninfo(database_url(os.environ["DATABASE_URL"].strip()))
        return
    # Imported here, as it takes a while.
    from local import postgres
    from local.migrate import EMBEDDED

    if not (EMBEDDED / "PG_VERSION").exists():
        raise SettingError("There is no embedded database yet: make run makes it. Or set DATABASE_URL.")
    with postgres.server(EMBEDDED) as embedded:
        yield embedded


def failure(error: psycopg.Error) -> Failed:
    """An error of the database in one line. A detail that is not the functions' own may repeat a row, and so
    hold a hash."""
    code, diagnostics = error.sqlstate, error.diag
    if code.startswith(LOST) if code else isinstance(error, psycopg.OperationalError):
        return Lost(f"The database cannot be reached: {' '.join(str(error).split())}")
    if code is None:
        return Failed(" ".join(str(error).split()))
    if code == "42883":
        return Failed("The database lacks the newest schema: run make migrate, or make adopt.")
    # Inside of a function it is not the caller whose rights do not suffice.
    if code == "42501" and not diagnostics.context:
        return Failed(
            f"{diagnostics.message_primary} ({code}). Give a DATABASE_URL of a user in the role scorer_admin."
        )
    is_own = code.startswith("SC") or (code == "23514" and not diagnostics.constraint_name)
    said = [diagnostics.message_detail, diagnostics.message_hint] if is_own else []
    line = " ".join(part for part in [f"{diagnostics.message_primary} ({code}).", *said] if part)
    return Refused(code, line) if is_own else Failed(line)
