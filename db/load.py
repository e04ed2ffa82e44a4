"""Puts functions and views, as they stand on disk, in the place of those that a database has."""

from pathlib import Path

import psycopg

from db.migrations.frozen import kind

FUNCTIONS = Path(__file__).parent / "functions"
VIEWS = Path(__file__).parent / "views"
EXISTING = "select oid::regprocedure::text from pg_proc where pronamespace = 'scorer'::regnamespace"
# A trigger belongs to its table, whoever's that is.
TRIGGERS = """
select pg_get_triggerdef(t.oid)
from pg_trigger as t
inner join pg_proc as p on p.oid = t.tgfoid
where p.pronamespace = 'scorer'::regnamespace
"""


def load(url: str) -> None:
    """Drops every function of the migrated database, and makes each as its file says; the same with views,
    where its tables are the existing service's. Triggers stay."""
    with psycopg.connect(url) as connection:
        adopted = kind(connection) == "adopted"
        triggers = connection.execute(TRIGGERS).fetchall()
        connection.execute("set search_path = pg_catalog")
        connection.execute("set role scorer_owner")
        for (signature,) in connection.execute(EXISTING).fetchall():
            connection.execute(f"drop function {signature} cascade".encode())
        for folder in [*([VIEWS] if adopted else []), FUNCTIONS]:
            for path in sorted(folder.glob("*.sql")):
                connection.execute(path.read_bytes())
        connection.execute("reset role")
        for (trigger,) in triggers:
            connection.execute(trigger.encode())
