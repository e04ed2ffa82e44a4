"""Brings a database to the newest schema: DATABASE_URL, without it the embedded one.

python -m local.migrate
"""

import os
from contextlib import ExitStack

import psycopg

from db.migrate import ROOT, migrate
from db.migrations import frozen
from local import postgres

EMBEDDED = ROOT / ".postgres"


def migrate_embedded(url: str) -> None:
    """Upgrades the embedded database. Where its revision is none of this checkout's, an older one has made
    it: what it holds is demo data, and goes."""
    with psycopg.connect(url) as connection:
        if connection.execute("select to_regclass('scorer.alembic_version')").fetchone() != (None,):
            version = connection.execute("select version_num from scorer.alembic_version").fetchone()
            if version and version[0] not in frozen.revisions():
                print("The database in .postgres is of an older checkout: its demo data are made anew.")
                connection.execute("drop schema scorer cascade")
    migrate(url)


if __name__ == "__main__":
    with ExitStack() as stack:
        if url := os.environ.get("DATABASE_URL"):
            migrate(url)
        else:
            migrate_embedded(stack.enter_context(postgres.server(EMBEDDED)))
    print("The database has the newest schema.")
