"""Puts the functions of db/functions, as they stand on disk, in the place of those that a database has."""

from pathlib import Path

import psycopg

FUNCTIONS = Path(__file__).parent / "functions"
EXISTING = "select oid::regprocedure::text from pg_proc where pronamespace = 'scorer'::regnamespace"


def load(url: str) -> None:
    """Drops every function of the migrated database with its triggers, and makes each as its file says."""
    with psycopg.connect(url) as connection:
        connection.execute("set role scorer_owner")
        for (signature,) in connection.execute(EXISTING).fetchall():
            connection.execute(f"drop function {signature} cascade".encode())
        for path in sorted(FUNCTIONS.glob("*.sql")):
            connection.execute(path.read_bytes())
