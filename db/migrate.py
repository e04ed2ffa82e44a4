"""Brings the database of DATABASE_URL to the newest schema.

python -m db.migrate
"""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config

ROOT = Path(__file__).parent.parent


def migrate(url: str, revision: str = "head") -> None:
    """Upgrades the database to the revision."""
    command.upgrade(alembic_config(url), revision)


def alembic_config(url: str) -> Config:
    """What Alembic's commands need to work on the database."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["database_url"] = url
    return config


if __name__ == "__main__":
    # Without a URL the migrations say what is missing.
    migrate(os.environ.get("DATABASE_URL", ""))
    print("The database has the newest schema.")
