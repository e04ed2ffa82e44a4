"""Errors of a command on a database, each in one line for whoever runs it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError


@contextmanager
def errors_in_a_line() -> Iterator[None]:
    """Ends the program with 1 and a line where the block fails on the database, or on a file."""
    try:
        yield
    except DBAPIError as error:
        sys.exit(line_of(error.orig))
    except (psycopg.Error, CommandError, OSError) as error:
        sys.exit(line_of(error))


def given_url() -> str:
    """DATABASE_URL; without it the program ends with 1 and a line."""
    return os.environ.get("DATABASE_URL") or sys.exit("DATABASE_URL is not set.")


def line_of(error: BaseException | None) -> str:
    """What happened, and where PostgreSQL says it what to do; of the connection never more than its host."""
    if isinstance(error, psycopg.Error) and error.sqlstate:
        parts = (
            error.sqlstate,
            error.diag.message_primary,
            error.diag.message_detail,
            error.diag.message_hint,
        )
        return "Nothing was changed: " + "; ".join(part for part in parts if part)
    return "Nothing was changed: " + " ".join(str(error).split())
