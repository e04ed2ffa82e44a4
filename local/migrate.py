"""Brings a database to the newest schema: DATABASE_URL, without it the embedded one.

python -m local.migrate
"""

import hashlib
import os
from contextlib import ExitStack

import psycopg
from alembic.util import CommandError
from psycopg import sql

from db.load import load
from db.migrate import ROOT, migrate
from db.migrations import frozen
from local import postgres

EMBEDDED = ROOT / ".postgres"
# Revisions that were never released and are one now.
BEFORE_BASELINE = {
    "0001_tables",
    "0002_roles",
    "0003_functions",
    "0004_live_link_guard",
    "0005_owner",
    "0006_limits",
    "0007_credential_check",
    "0008_request_score",
}
MADE_FROM = "select obj_description('scorer'::regnamespace, 'pg_namespace')"


def migrate_embedded(url: str) -> None:
    """Upgrades the embedded database, and gives it the functions of this checkout, released or not. Where a
    checkout with other tables has made it, what it holds is demo data, and goes. Raises SystemExit where a
    newer one has.
    """
    with psycopg.connect(url) as connection:
        version = frozen.revision_of(connection)
        if version and version not in BEFORE_BASELINE and version not in frozen.revisions():
            raise SystemExit("The database in .postgres is of a newer checkout: go there, or move it away.")
        made_from = connection.execute(MADE_FROM).fetchone() if version else None
        if version and (version in BEFORE_BASELINE or made_from != (tables_of(version),)):
            print("The database in .postgres is of an older checkout: its demo data are made anew.")
            connection.execute("drop schema scorer cascade")
    migrate(url)
    load(url)
    with psycopg.connect(url) as connection:
        comment = sql.SQL("comment on schema scorer is {}").format(tables_of(frozen.revisions()[-1]))
        connection.execute(comment)


def tables_of(version: str) -> str:
    """The digest of what makes the tables of a revision: until it is released, that changes."""
    files = [
        path
        for revision in frozen.revisions()
        if revision <= version
        for path in frozen.upgrade_files(revision, "own")
        if path.parent.name != "functions"
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


if __name__ == "__main__":
    with ExitStack() as stack:
        if url := os.environ.get("DATABASE_URL"):
            try:
                migrate(url)
            except CommandError as error:
                raise SystemExit(f"The database cannot be migrated: {error}") from None
        else:
            migrate_embedded(stack.enter_context(postgres.server(EMBEDDED)))
    print("The database has the newest schema.")
