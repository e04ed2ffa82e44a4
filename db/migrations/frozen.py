"""The SQL of each revision, frozen in a folder of its name beside this file.

    upgrade.sql      tables, roles: run first; may be absent
    functions/*.sql  each function that the revision makes, replaces or drops, one a file
    downgrade.sql    takes upgrade.sql back; may be absent

A revision is released when released.sha256 names its files; from then on they never change.
"""

import hashlib
from pathlib import Path

from alembic import op

MIGRATIONS = Path(__file__).parent
FROZEN = MIGRATIONS / "frozen"
RELEASED = MIGRATIONS / "released.sha256"
# What is frozen of a function that is gone; its name is its file's. Its triggers go with it.
DROPPED = "drop function scorer.{name} cascade;\n"


def upgrade(revision: str) -> None:
    """Runs a revision."""
    run(FROZEN / revision / "upgrade.sql")
    for path in functions(revision):
        run(path)


def downgrade(revision: str) -> None:
    """Takes a revision back: each of its functions is as the newest earlier revision froze it, or gone."""
    for path in functions(revision):
        if earlier := latest(path.name, before=revision):
            run(earlier)
        else:
            op.get_bind().exec_driver_sql(f"drop function scorer.{path.stem} cascade")
    run(FROZEN / revision / "downgrade.sql")


def run(path: Path) -> None:
    """Runs a file of SQL, if it is there, on the driver's connection: no parameters, so nothing in it is
    special."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    if path.exists():
        connection.execute(path.read_bytes())


def revisions() -> list[str]:
    """All revisions, oldest first."""
    return sorted(path.name for path in FROZEN.iterdir())


def functions(revision: str) -> list[Path]:
    """The function files of a revision, by name."""
    return sorted((FROZEN / revision / "functions").glob("*.sql"))


def latest(name: str, before: str = "~") -> Path | None:
    """The newest frozen file of a function, of a revision that sorts before the given one."""
    frozen = [FROZEN / revision / "functions" / name for revision in revisions() if revision < before]
    return next((path for path in reversed(frozen) if path.exists()), None)


def files(revision: str) -> list[Path]:
    """All files that make a revision what it is."""
    return [
        MIGRATIONS / f"versions/{revision}.py",
        *sorted(path for path in (FROZEN / revision).rglob("*") if path.is_file()),
    ]


def released() -> dict[str, str]:
    """The sha256 of each released file, by its path below this folder."""
    lines = [line.split(maxsplit=1) for line in RELEASED.read_text().splitlines()]
    return {path: digest for digest, path in lines}


def is_released(revision: str) -> bool:
    return f"versions/{revision}.py" in released()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
