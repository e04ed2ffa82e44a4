"""Takes what is ours off an adopted database's tables for a change of theirs, and puts it back. Requests that
come meanwhile wait, for up to ten seconds.

python -m db.attachment detach
python -m db.attachment attach
"""

import sys

import psycopg
from psycopg import sql

from api.connection import conninfo
from db import existing
from db.migrations import frozen
from db.one_line import errors_in_a_line, given_url
from db.patience import LOCK_TIMEOUT, SCHEMA_LOCK, patiently

VIEWS = "select relname::text from pg_class where relnamespace = to_regnamespace('scorer') and relkind = 'v'"
TRIGGER = """
select from pg_trigger
where
    tgname = 'guard_live_link'
    and tgrelid = to_regclass('public.registry_hashscorerlink')
    and tgenabled <> 'D'
"""
SEES = "select has_schema_privilege('scorer_owner', 'public', 'usage')"
# A right on a column will do where the table's is not granted.
LACKING = """
select c.relname::text, r.privilege
from unnest(%s::text[], %s::text[]) as r (name, privilege)
inner join pg_class as c on c.relnamespace = 'public'::regnamespace and c.relname = r.name
where
    not has_table_privilege('scorer_owner', c.oid, r.privilege)
    and not (r.privilege = 'update' and has_any_column_privilege('scorer_owner', c.oid, 'update'))
"""


def detach(connection: psycopg.Connection) -> None:
    """Drops our views and the trigger, in the session's transaction. First the view that each request locks
    first: so none that holds another waits for one that is dropped already. The trigger goes last, with its
    function: it is not for us to drop what stands on another's table."""
    begin(connection)
    for view in standing(connection):
        connection.execute(sql.SQL("drop view scorer.{}").format(sql.Identifier(view)))
    connection.execute("drop function if exists scorer.guard_live_link() cascade")
    end(connection)


def attach(connection: psycopg.Connection) -> None:
    """Makes the grants, the views that are gone, and the trigger of the database's revision, in the session's
    transaction: whatever of them a change took away is back. Functions too, where a view was gone: sessions
    that have called one hold on to types of the view that was."""
    begin(connection)
    kept = standing(connection)
    for path in frozen.again(revision_of(connection), kept):
        connection.execute(path.read_bytes())
    end(connection)


def begin(connection: psycopg.Connection) -> None:
    """One change of the schema at a time, by names of PostgreSQL's own, as the owner of what is made."""
    connection.execute("select pg_advisory_xact_lock(%s)", [SCHEMA_LOCK])
    connection.execute("set local search_path = pg_catalog")
    connection.execute("set local role scorer_owner")


def end(connection: psycopg.Connection) -> None:
    connection.execute("set local role none")
    connection.execute("reset search_path")


def revision_of(connection: psycopg.Connection) -> str:
    """The revision of an adopted database. Raises SystemExit where this checkout does not have it."""
    revision = frozen.revision_of(connection)
    if revision not in frozen.revisions():
        raise SystemExit(f"The database is of another checkout, at revision {revision}: go there.")
    return revision


def standing(connection: psycopg.Connection) -> list[str]:
    """Those of our views that are there, in the order of frozen."""
    there = {view for (view,) in connection.execute(VIEWS)}
    return [
        path.stem for path in frozen.current("adopted/views", revision_of(connection)) if path.stem in there
    ]


def missing(connection: psycopg.Connection) -> list[str]:
    """What a change of theirs, or detach, has taken away of an adopted database, in a line each. attach puts
    it back."""
    there = standing(connection)
    made = frozen.current("adopted/views", revision_of(connection))
    found = [f"View scorer.{path.stem} is gone." for path in made if path.stem not in there]
    rights = [(table, "select") for table in existing.READ] + [
        (table, right) for table, granted in existing.GRANTED.items() for right in granted.split(", ")
    ]
    found += [
        f"scorer_owner may not {right} public.{table} any more."
        for table, right in connection.execute(LACKING, [*map(list, zip(*rights, strict=True))])
    ]
    if connection.execute(SEES).fetchone() != (True,):
        found.append("scorer_owner may not use schema public any more.")
    if not connection.execute(TRIGGER).fetchall():
        found.append("Trigger guard_live_link is gone from public.registry_hashscorerlink.")
    return found


def main(step: str, url: str) -> str:
    """Does a step in a transaction; gives what was done. Raises SystemExit where the database is not an
    adopted one, or where the tables do not fit any more."""

    def change() -> None:
        with psycopg.connect(conninfo(url)) as connection:
            connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}s'".encode())
            if frozen.kind(connection) != "adopted":
                raise SystemExit("This database is not an adopted one.")
            if step == "attach" and not missing(connection):
                raise SystemExit("Nothing is to do: the database is attached.")
            if step == "attach" and (problems := existing.unfit_tables(connection)):
                raise SystemExit("\n".join(["Nothing has changed. What does not fit:", *problems]))
            {"detach": detach, "attach": attach}[step](connection)

    seconds = patiently(change)
    return f"{step.capitalize()}ed, in {seconds * 1000:.0f} ms."


if __name__ == "__main__":
    if sys.argv[1:] not in (["detach"], ["attach"]):
        sys.exit(__doc__)
    with errors_in_a_line():
        print(main(sys.argv[1], given_url()))
