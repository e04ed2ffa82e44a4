"""Takes the views off an adopted database's tables for a change of theirs, and puts them back. Requests that
come meanwhile wait, for up to ten seconds.

python -m db.attachment detach
python -m db.attachment attach
"""

import os
import sys

import psycopg

from api.connection import conninfo
from db import existing
from db.migrations import frozen
from db.patience import LOCK_TIMEOUT, patiently

VIEWS = """
select relname::text from pg_class
where relnamespace = to_regnamespace('scorer') and relkind = 'v'
order by 1
"""


def detach(connection: psycopg.Connection) -> None:
    """Drops the views, in the session's transaction. In the order of their names, which is that in which
    requests come to them: so who holds a later one never waits for an earlier one."""
    connection.execute("set local role scorer_owner")
    for (view,) in connection.execute(VIEWS).fetchall():
        connection.execute(f"drop view scorer.{view}".encode())
    connection.execute("set local role none")


def attach(connection: psycopg.Connection) -> None:
    """Makes the views of the database's revision, in the session's transaction, and every function anew:
    sessions that have called one hold on to types of the views that are gone."""
    revision = frozen.revision_of(connection)
    assert revision
    connection.execute("set local role scorer_owner")
    for folder in ("adopted/views", "functions"):
        for path in frozen.current(folder, revision):
            connection.execute(path.read_bytes())
    connection.execute("set local role none")


def main(step: str, url: str) -> str:
    """Does a step in a transaction; gives what was done. Raises SystemExit where there is nothing to take off
    or put back, or where the tables do not fit any more."""

    def change() -> None:
        with psycopg.connect(conninfo(url)) as connection:
            connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}s'".encode())
            if frozen.kind(connection) != "adopted":
                raise SystemExit("This database is not an adopted one.")
            if step == "attach" and (problems := existing.unfit_tables(connection)):
                raise SystemExit("\n".join(["Nothing has changed. What does not fit:", *problems]))
            {"detach": detach, "attach": attach}[step](connection)

    seconds = patiently(change)
    return f"{step.capitalize()}ed, in {seconds * 1000:.0f} ms."


if __name__ == "__main__":
    if sys.argv[1:] not in (["detach"], ["attach"]):
        sys.exit(__doc__)
    print(main(sys.argv[1], os.environ.get("DATABASE_URL") or sys.exit("DATABASE_URL is not set.")))
