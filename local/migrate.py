"""Brings a database to the newest schema: DATABASE_URL, without it the embedded one.

python -m local.migrate
"""

import os
from contextlib import ExitStack

import psycopg
from alembic.util import CommandError

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
    "0008_answer_request",
}


def migrate_embedded(url: str) -> None:
    """Upgrades the embedded database, and gives it the functions of this checkout, released or not. Where a
    checkout from before the baseline has made it, what it holds is demo data, and goes. Raises SystemExit
    where a newer one has.
    """
    with psycopg.connect(url) as connection:
        if connection.execute("select to_regclass('scorer.alembic_version')").fetchone() != (None,):
            version = connection.execute("select version_num from scorer.alembic_version").fetchone()
            if version and version[0] in BEFORE_BASELINE:
                print("The database in .postgres is of an older checkout: its demo data are made anew.")
                connection.execute("drop schema scorer cascade")
            elif version and version[0] not in frozen.revisions():
                raise SystemExit(
                    "The database in .postgres is of a newer checkout: go there, or move it away."
                )
    migrate(url)
    load(url)


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
