"""Brings the database of DATABASE_URL to the newest schema.

python -m db.migrate
"""

import os
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, pool

from api.connection import conninfo

ROOT = Path(__file__).parent.parent


def migrate(url: str, revision: str = "head") -> None:
    """Upgrades the database to the revision."""
    command.upgrade(alembic_config(url), revision)


def alembic_config(url: str, **attributes: object) -> Config:
    """What Alembic's commands need to work on the database. Attributes: adopt, true where it is the existing
    service's; lock_timeout; connection, to run in its transaction instead of one of their own; applied, a
    list that the revisions that were run are added to."""
    config = Config(ROOT / "alembic.ini")
    config.attributes.update(attributes, database_url=url)
    return config


def engine(url: str) -> Engine:
    """SQLAlchemy's way to the database."""
    return create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo(url)), poolclass=pool.NullPool
    )


if __name__ == "__main__":
    # Without a URL the migrations say what is missing.
    migrate(os.environ.get("DATABASE_URL", ""))
    print("The database has the newest schema.")
