"""Brings a database to the newest schema: DATABASE_URL, without it the embedded one.

python -m local.migrate
"""

import os
from contextlib import ExitStack
from pathlib import Path

from alembic import command
from alembic.config import Config

from local import postgres

ROOT = Path(__file__).parent.parent
EMBEDDED = ROOT / ".postgres"


def migrate(url: str, revision: str = "head") -> None:
    """Upgrades the database to the revision."""
    command.upgrade(alembic_config(url), revision)


def alembic_config(url: str) -> Config:
    """What Alembic's commands need to work on the database."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["database_url"] = url
    return config


if __name__ == "__main__":
    with ExitStack() as stack:
        migrate(os.environ.get("DATABASE_URL") or stack.enter_context(postgres.server(EMBEDDED)))
    print("The database has the newest schema.")
