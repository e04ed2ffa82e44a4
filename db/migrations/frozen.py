"""The SQL of each revision, frozen in a folder of its name beside this file.

    upgrade.sql      roles, tables that are ours everywhere: run first
    own/             upgrade.sql: tables, where the database is ours alone; triggers.sql, after the functions
    adopted/         the same where the tables are the existing service's; besides grants.sql and views/*.sql,
                     which, as triggers.sql, may be run again
    functions/*.sql  each function that the revision makes, replaces or drops, one a file
    downgrade.sql    takes upgrade.sql back; so do own/downgrade.sql and adopted/downgrade.sql with theirs

Any of them may be absent. A revision is released when released.sha256 names its files; from then on they
never change.
"""

import hashlib
from pathlib import Path
from typing import Literal

import psycopg
from alembic import context, op
from alembic.util import CommandError

MIGRATIONS = Path(__file__).parent
FROZEN = MIGRATIONS / "frozen"
RELEASED = MIGRATIONS / "released.sha256"
# What is frozen of a function or a view that is gone; its name is its file's. Triggers go with a function.
DROPPED = {
    "functions": "drop function scorer.{name} cascade;\n",
    "adopted/views": "drop view if exists scorer.{name};\n",
}

# What a request locks first, and what a call from SQL does.
GATES = ("account_apikey", "account_community")
# The function whose trigger stands on a table that others write: it goes last, and keeps them waiting the
# least.
LAST = "guard_live_link"

Kind = Literal["own", "adopted"]

# Detached, an adopted database has what is ours alone and no views.
KIND = """
select
    (select c.relkind::text from pg_class as c where c.oid = to_regclass('scorer.registry_passport')),
    to_regclass('scorer.credential_check') is not null
"""


def upgrade(revision: str) -> None:
    """Runs a revision, as the kind of the database asks."""
    for path in upgrade_files(revision, kind(driver_connection()) or first_kind()):
        run(path)


def first_kind() -> Kind:
    """The kind of a database that has nothing of ours yet. Raises CommandError where it would get a second
    set of tables beside the existing service's."""
    if context.config.attributes.get("adopt"):
        return "adopted"
    row = driver_connection().execute("select to_regclass('public.registry_passport') is null").fetchone()
    if row != (True,):
        raise CommandError("it is the existing service's: make adopt installs there")
    return "own"


def upgrade_files(revision: str, kind: Kind) -> list[Path]:
    """What makes a revision of a database of that kind, in order."""
    folder = FROZEN / revision
    files = [
        folder / "upgrade.sql",
        folder / kind / "upgrade.sql",
        folder / kind / "grants.sql",
        *(frozen(revision, "adopted/views") if kind == "adopted" else []),
        *frozen(revision, "functions"),
        folder / kind / "triggers.sql",
    ]
    return [path for path in files if path.exists()]


def downgrade(revision: str) -> None:
    """Takes a revision back: each of its functions and views is as the newest earlier revision froze it, or
    gone."""
    of_kind = kind(driver_connection())
    if of_kind == "adopted":
        take_back("adopted/views", frozen(revision, "adopted/views"), revision)
    run(FROZEN / revision / f"{of_kind}/downgrade.sql")
    functions = sorted(frozen(revision, "functions"), key=lambda path: path.stem == LAST)
    take_back("functions", functions, revision)
    run(FROZEN / revision / "downgrade.sql")


def take_back(folder: str, paths: list[Path], revision: str) -> None:
    for path in paths:
        if earlier := latest(path.name, folder, before=revision):
            run(earlier)
        else:
            driver_connection().execute(DROPPED[folder].format(name=path.stem).encode())


def run(path: Path) -> None:
    """Runs a file of SQL, if it is there, on the driver's connection: no parameters, so nothing in it is
    special."""
    if path.exists():
        driver_connection().execute(path.read_bytes())


def driver_connection() -> psycopg.Connection:
    connection = op.get_bind().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def kind(connection: psycopg.Connection) -> Kind | None:
    """Whether a database's tables are ours, or the existing service's with views over them; None where
    nothing is ours."""
    row = connection.execute(KIND).fetchone()
    assert row
    relation, ours = row
    if relation == "r":
        return "own"
    return "adopted" if ours else None


def revision_of(connection: psycopg.Connection) -> str | None:
    """The revision that a database is at; None where it is at none."""
    row = connection.execute("select to_regclass('scorer.alembic_version') is not null").fetchone()
    if row != (True,):
        return None
    row = connection.execute("select version_num from scorer.alembic_version").fetchone()
    return row[0] if row else None


def revisions() -> list[str]:
    """All revisions, oldest first."""
    return sorted(path.name for path in FROZEN.iterdir())


def frozen(revision: str, folder: str) -> list[Path]:
    """The files of functions, or of adopted/views, of a revision, by name. First come the views that requests
    and calls lock first: whoever replaces views waits for those under way there, before it has anything that
    they need."""
    return sorted(
        (FROZEN / revision / folder).glob("*.sql"), key=lambda path: (path.stem not in GATES, path.stem)
    )


def latest(name: str, folder: str, before: str = "~") -> Path | None:
    """The newest frozen file of a function or view, of a revision that sorts before the given one."""
    files = [FROZEN / revision / folder / name for revision in revisions() if revision < before]
    return next((path for path in reversed(files) if path.exists()), None)


def current(folder: str, revision: str) -> list[Path]:
    """The file of each function, or view, that a database at a revision has, in the order of frozen."""
    names = dict.fromkeys(path.name for earlier in revisions() for path in frozen(earlier, folder))
    files = [path for name in names if (path := latest(name, folder, before=f"{revision}~"))]
    return [path for path in files if path.read_text() != DROPPED[folder].format(name=path.stem)]


def again(revision: str, kept: list[str]) -> list[Path]:
    """What makes the grants, views, functions and triggers of an adopted database at a revision, in order; it
    may be run where they stand. Without the views that are kept, and without functions where all are."""
    folders = [FROZEN / earlier / "adopted" for earlier in revisions() if earlier <= revision]
    views = [path for path in current("adopted/views", revision) if path.stem not in kept]
    guard = [path for path in current("functions", revision) if path.stem == LAST]
    return [
        *(path for folder in folders if (path := folder / "grants.sql").exists()),
        *views,
        *(current("functions", revision) if views else guard),
        *(path for folder in folders if (path := folder / "triggers.sql").exists()),
    ]


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
