"""Brings a database to the newest schema: DATABASE_URL, without it the embedded one.

python -m local.migrate
"""

import os
from contextlib import ExitStack
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config

from db.migrations import frozen
from local import postgres

ROOT = Path(__file__).parent.parent
EMBEDDED = ROOT / ".postgres"


def migrate(url: str, revision: str = "head") -> None:
    """Upgrades the database to the revision."""
    command.upgrade(alembic_config(url), revision)


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


def alembic_config(url: str) -> Config:
    """What Alembic's commands need to work on the database."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["database_url"] = url
    return config


if __name__ == "__main__":
    with ExitStack() as stack:
        if url := os.environ.get("DATABASE_URL"):
            migrate(url)
        else:
            migrate_embedded(stack.enter_context(postgres.server(EMBEDDED)))
    print("The database has the newest schema.")
