"""Takes everything of ours out of an adopted database: what adopting made, and the rows that are ours alone.

python -m db.leave
"""

from typing import LiteralString

import psycopg
from alembic import command
from psycopg import sql

from api.connection import conninfo
from db.migrate import alembic_config, engine
from db.migrations import frozen
from db.one_line import errors_in_a_line, given_url
from db.patience import LOCK_TIMEOUT, PAUSE, patiently

# Whose grants the login's revoke would leave: it takes back its own, or as an owner's those of the owner.
GRANTORS = """
select distinct quote_ident(pg_get_userbyid(g.grantor))
from pg_class as c
cross join aclexplode(c.relacl) as g
where
    c.relnamespace = to_regnamespace('public')
    and g.grantee = to_regrole('scorer_owner')
    and g.grantor <> c.relowner
    and g.grantor <> current_user::regrole
"""
OURS = (
    "credential_check",
    "credential_digest",
    "human_points_stampaction",
    "human_points_bonusaward",
    "api_key_use",
    "api_key_rotation",
)
COUNT: LiteralString = "select count(*) from scorer.{}"


def leave(url: str, pause: float = PAUSE) -> str:
    """Takes everything out in one transaction; gives what was done as a sentence. Raises SystemExit where the
    database is not an adopted one."""
    with psycopg.connect(conninfo(url)) as connection:
        if frozen.kind(connection) != "adopted":
            raise SystemExit("Nothing is to do: this database is not an adopted one.")
        others = connection.execute(GRANTORS).fetchall()
        if others:
            raise SystemExit(
                f"Nothing has changed: leave as {others[0][0]}, who moved in and granted rights."
            )
        counts = {
            table: connection.execute(sql.SQL(COUNT).format(sql.Identifier(table))).fetchone()
            for table in OURS
        }

    def change() -> None:
        with engine(url).begin() as connection:
            config = alembic_config(url, connection=connection, lock_timeout=f"{LOCK_TIMEOUT}s")
            command.downgrade(config, "base")
            connection.exec_driver_sql("drop table scorer.alembic_version")
            connection.exec_driver_sql("drop schema scorer")

    seconds = patiently(change, pause)
    rows = ", ".join(f"{count[0]} of {table}" for table, count in counts.items() if count)
    return f"Left, in {seconds:.1f} s. Rows that were ours alone and are gone: {rows}."


if __name__ == "__main__":
    with errors_in_a_line():
        print(leave(given_url()))
