"""Installs on the existing service's database: roles and grants, views over its tables, what is ours alone,
functions, one trigger.

python -m db.adopt                       adopts the database of DATABASE_URL
python -m db.adopt --plan                says what that would do, and what does not fit
python -m db.adopt --check [CHANGE.sql]  says whether the database fits, as the change would leave it
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg
from alembic import command

from api.connection import conninfo
from db import adopt_plan, attachment, check_change, existing
from db.migrate import alembic_config
from db.migrations import frozen
from db.one_line import errors_in_a_line
from db.patience import LOCK_TIMEOUT, PAUSE, patiently

NOTHING = "Nothing is to do: the database has been adopted, and has the newest schema."


def adopt(url: str, pause: float = PAUSE) -> str:
    """Adopts a database, brings an adopted one to the newest revision, or puts back what it lacks, in one
    transaction; gives what was done. Raises SystemExit, with a line for each reason, where it does not fit;
    then nothing has changed."""
    done, problems, gone = state(url)
    if problems:
        raise SystemExit("\n".join(["Nothing has changed. What does not fit:", *problems]))
    if done == frozen.revisions()[-1]:
        return "\n".join([*gone, attachment.main("attach", url)]) if gone else NOTHING
    applied: list[str] = []
    config = alembic_config(url, adopt=True, lock_timeout=f"{LOCK_TIMEOUT}s", applied=applied)
    seconds = patiently(lambda: command.upgrade(config, "head"), pause)
    if not applied:
        return NOTHING
    return f"Adopted, in {seconds:.1f} s. The service's DATABASE_URL may name this database."


def state(url: str) -> tuple[str | None, list[str], list[str]]:
    """The revision that a database has been adopted at, None where it has not been; what does not fit; and
    what it lacks of that revision. Raises SystemExit where its tables are our own."""
    with psycopg.connect(conninfo(url)) as connection:
        if frozen.kind(connection) == "own":
            raise SystemExit("This database's tables are our own: make migrate is for it.")
        done = frozen.revision_of(connection)
        return done, existing.problems(connection), attachment.missing(connection) if done else []


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m db.adopt", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plan", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--check", nargs="?", type=Path, const=Path(os.devnull), help=argparse.SUPPRESS)
    arguments = parser.parse_args(given)
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.exit("DATABASE_URL is not set: it names the existing service's database.")
    if arguments.check:
        verdict = check_change.verdict(url, arguments.check.read_text())
        print("\n".join(verdict.lines))
        return verdict.status
    if arguments.plan:
        done, problems, gone = state(url)
        said = [*problems, *gone, *(["make attach puts it back."] if gone else [])]
        print("\n".join([*adopt_plan.lines(done), "", *(said or ["The database fits."])]))
        return 1 if said else 0
    print(adopt(url))
    return 0


if __name__ == "__main__":
    with errors_in_a_line():
        sys.exit(main())
