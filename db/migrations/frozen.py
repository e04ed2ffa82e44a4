"""The SQL of each migration, frozen in a folder beside this file and never changed once released.

A migration of tables has upgrade.sql and downgrade.sql. A migration of functions has one file a function
that it creates or replaces, a copy of what db/functions held at the time.
"""

from pathlib import Path

from alembic import op

FROZEN = Path(__file__).parent / "frozen"


def run(path: Path) -> None:
    """Runs a file of SQL on the driver's connection: no parameters, so nothing in it is special."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(path.read_bytes())


def run_script(revision: str, direction: str) -> None:
    """Runs <revision>/<direction>.sql, direction being upgrade or downgrade."""
    run(FROZEN / revision / f"{direction}.sql")


def create_functions(revision: str) -> None:
    """Creates or replaces the functions frozen with the revision."""
    for path in functions(revision):
        run(path)


def restore_functions(revision: str) -> None:
    """Takes create_functions back: each function is as the newest earlier revision froze it, or gone."""
    for path in functions(revision):
        earlier = latest(path.name, before=revision)
        if earlier:
            run(earlier)
        else:
            op.get_bind().exec_driver_sql(f"drop function scorer.{path.stem}")


def functions(revision: str) -> list[Path]:
    """The function files frozen with the revision, by name."""
    return sorted((FROZEN / revision).glob("*.sql"))


def latest(name: str, before: str = "~") -> Path | None:
    """The newest frozen copy of a function's file, of a revision that sorts before the given one."""
    revisions = sorted(p.name for p in FROZEN.iterdir() if p.name < before and (p / name).exists())
    return FROZEN / revisions[-1] / name if revisions else None
