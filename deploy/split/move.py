"""Moves a community from one partition to another, while it and all others are asked for."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from deploy.split.databases import Databases, Urls
from deploy.split.tables import OF_A_COMMUNITY

SQL = Path(__file__).parent
# For so long the move waits for a lock, and requests for one that the move holds.
LOCK_TIMEOUT = "10s"
# Of a session: two moves away from a partition would take each other's changes.
ONE_AT_A_TIME = "select pg_try_advisory_lock(hashtextextended('split move', 0))"
HOLD = "select pg_advisory_xact_lock(hashtextextended(format('community %%s', %s::bigint), 0))"
HOME_SQL = """
insert into split.community_home (community_id, partition) values (%s, %s)
on conflict (community_id) do update set partition = excluded.partition
"""
PARTITION_OF = "select split.partition_of(%s::bigint)"
POINTS = "select human_points_program from scorer.account_community where id = %s"
COLUMNS = """
select array_agg(a.attname::text order by a.attnum)
from pg_attribute as a
where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
"""
RECORD_CHANGE = """
create or replace trigger record_change
after insert or update or delete on {table}
for each row
execute function split.record_change({name}, {community})
"""
FORGET = """
drop function split.record_change();
drop table split.changed;
"""
# The community that a partition records the changes of.
MOVING = "select obj_description(to_regclass('split.changed'), 'pg_class')"
CHANGED = "delete from split.changed returning table_name, id"
# The months that a partition has for events, and those of such that another one lacks.
MONTHS = (
    "select e.until, e.partition from scorer.event_partitions() as e where e.attached and isfinite(e.until)"
)
MISSING = """
select m.until
from unnest(%s::timestamptz[]) as m (until)
where not exists (
    select from scorer.event_partitions() as e
    where e.attached and e.since < m.until and e.until >= m.until
)
"""
HAS_EVENTS = "select exists (select from {} where {})"
MAKE_MONTH = "select scorer.ensure_event_partitions(0, %s::timestamptz - interval '1 day')"
# Seconds for which replication is waited for, and statements of the front.
PATIENCE = 60
# With no more rows than these to copy, requests are kept waiting for it.
FEW = 1000
CAUGHT_UP = """
select coalesce(bool_and(replay_lsn >= %s::pg_lsn), false) from pg_stat_replication
where application_name = %s
"""
ASKED_BEFORE = """
select count(*) = 0 from pg_stat_activity
where
    datname = current_database()
    and backend_type = 'client backend'
    and pid <> pg_backend_pid()
    and state = 'active'
    and query_start < %s
"""


def move(urls: Urls, community: int, partition: int) -> dict[str, int]:
    """Moves a community to a partition; gives how many rows of each table were copied there. One that was
    interrupted is done again, or finished, by the same call. Raises SystemExit where it cannot be moved."""
    with Databases(urls) as databases:
        return moved(databases, community, partition)


def moved(databases: Databases, community: int, number: int) -> dict[str, int]:
    """The same, by sessions that there are."""
    if not 0 <= number < len(databases.partitions):
        raise SystemExit(f"There is no partition {number}.")
    front, home, target = databases.front, databases.partitions[0], databases.partitions[number]
    points = home.execute(POINTS, [community]).fetchall()
    if not points:
        raise SystemExit(f"There is no community {community}.")
    if points == [(True,)] and number:
        raise SystemExit(f"Community {community} has human points, which are counted in partition 0 alone.")
    for database in (front, *databases.partitions):
        database.execute(f"set lock_timeout = '{LOCK_TIMEOUT}'".encode())
    # Rows are taken as they are, from where they fit together: no trigger, no foreign key looks at them.
    for database in databases.partitions:
        database.execute("set session_replication_role = replica")
    (living,) = one(front, PARTITION_OF, community)
    source = databases.partitions[living]
    (given_to,) = one(source, PARTITION_OF, community)
    if given_to not in (living, number):
        raise SystemExit(
            f"The move of community {community} to partition {given_to} was interrupted: repeat it."
        )
    rows = {}
    # A source that says otherwise has given the community away already, before a move was interrupted.
    if given_to != number:
        claim(source, living, community)
        if number:
            wait_for_replication(home, f"split_partition_{number}")
        rows = copied(source, target, community)
        hand_over(front, source, target, community, number)
    else:
        # What one left who was interrupted between two commits.
        target.execute(HOME_SQL, [community, number])
        front.execute(HOME_SQL, [community, number])
    wait_for_statements(front)
    for other, partition in enumerate(databases.partitions):
        if one(partition, MOVING) == (str(community),):
            claim(partition, other, community)
            if partition is not target:
                partition.execute(HOME_SQL, [community, number])
                delete(partition, community)
            forget(partition)
    return rows


def claim(partition: psycopg.Connection, number: int, community: int) -> None:
    """Keeps others from moving a community away from a partition until the session ends. Raises SystemExit
    where one is being moved, or was by somebody who was interrupted."""
    is_free = one(partition, ONE_AT_A_TIME) == (True,)
    (moving,) = one(partition, MOVING)
    if not is_free:
        raise SystemExit(f"Community {moving} is being moved away from partition {number}.")
    if moving not in (None, str(community)):
        raise SystemExit(
            f"The move of community {moving} from partition {number} was interrupted: repeat it."
        )


def record(source: psycopg.Connection, community: int) -> None:
    """Has a partition record what is written of a community from now on. A table at a time, since who makes
    a trigger waits for the writers of its table, and keeps others waiting."""
    source.execute((SQL / "moving.sql").read_bytes())
    source.execute(sql.SQL("comment on table split.changed is {}").format(sql.Literal(str(community))))
    for table in OF_A_COMMUNITY:
        source.execute(
            sql.SQL(RECORD_CHANGE).format(
                table=sql.Identifier("scorer", table),
                name=sql.Literal(table),
                community=sql.Literal(str(community)),
            )
        )
    source.execute("delete from split.changed")


def forget(partition: psycopg.Connection) -> None:
    """Takes that back."""
    for table in OF_A_COMMUNITY:
        name = sql.Identifier("scorer", table)
        with partition.transaction():
            # The table before its months, as who writes locks them. The drop by itself begins with a month.
            partition.execute(sql.SQL("lock table {}").format(name))
            partition.execute(sql.SQL("drop trigger if exists record_change on {}").format(name))
    partition.execute(FORGET)


def copied(source: psycopg.Connection, target: psycopg.Connection, community: int) -> dict[str, int]:
    """Copies the community, as requests go on, and has the source record what they write."""
    record(source, community)
    make_months(source, target, community)
    with target.transaction():
        # What a move that was interrupted has left there.
        delete(target, community)
        rows = {table: copy(source, target, table, community) for table in OF_A_COMMUNITY}
    while catch_up(source, target, community) > FEW:
        pass
    return rows


def catch_up(source: psycopg.Connection, target: psycopg.Connection, community: int) -> int:
    """Copies once more what was written since it was last copied; gives how many rows that was."""
    changed = set(source.execute(CHANGED).fetchall())
    make_months(source, target, community)
    with target.transaction():
        for table in OF_A_COMMUNITY:
            ids = [id_ for name, id_ in changed if name == table]
            target.execute(
                sql.SQL("delete from {} where id = any(%s)").format(sql.Identifier("scorer", table)), [ids]
            )
            copy(source, target, table, community, ids)
    return len(changed)


def hand_over(
    front: psycopg.Connection,
    source: psycopg.Connection,
    target: psycopg.Connection,
    community: int,
    number: int,
) -> None:
    """Brings the copy to where the source is, and the community to the copy. Requests for it wait meanwhile;
    those that had been sent to the source are refused then, with what their callers try again on. It lives in
    one at a time, and for the moment between the commits in none."""
    with front.transaction():
        front.execute(HOME_SQL, [community, number])
        with source.transaction():
            source.execute(HOLD, [community])
            catch_up(source, target, community)
            source.execute(HOME_SQL, [community, number])
        target.execute(HOME_SQL, [community, number])


def make_months(source: psycopg.Connection, target: psycopg.Connection, community: int) -> None:
    """Has the target take events of each month in which the source has some of the community."""
    months: dict[Any, str] = dict(source.execute(MONTHS).fetchall())
    _, condition = rows_of("registry_event", community)
    for (until,) in target.execute(MISSING, [list(months)]).fetchall():
        month = sql.Identifier("scorer", months[until])
        if source.execute(sql.SQL(HAS_EVENTS).format(month, condition)).fetchone() == (True,):
            target.execute(MAKE_MONTH, [until])


def delete(partition: psycopg.Connection, community: int) -> None:
    """Removes the community's rows from a partition."""
    for table in reversed(OF_A_COMMUNITY):
        partition.execute(sql.SQL("delete from {} where {}").format(*rows_of(table, community)))


def copy(
    source: psycopg.Connection,
    target: psycopg.Connection,
    table: str,
    community: int,
    ids: list[int] | None = None,
) -> int:
    """Copies the community's rows of a table, or those of them with the ids; gives how many they were."""
    (names,) = one(source, COLUMNS, f"scorer.{table}")
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    name, condition = rows_of(table, community)
    if ids is not None:
        condition = sql.SQL("{} and id = any({})").format(condition, sql.Literal(ids))
    read = sql.SQL("copy (select {} from {} where {}) to stdout").format(columns, name, condition)
    written = sql.SQL("copy {} ({}) from stdin").format(name, columns)
    with (
        source.cursor() as reading,
        target.cursor() as writing,
    ):
        with reading.copy(read) as rows, writing.copy(written) as received:
            for block in rows:
                received.write(block)
        return writing.rowcount


def rows_of(table: str, community: int) -> tuple[sql.Composable, sql.Composable]:
    """A table's name, and the condition that finds a community's rows."""
    condition = sql.SQL(OF_A_COMMUNITY[table]).format(community=sql.Literal(community))
    return sql.Identifier("scorer", table), condition


def wait_for_replication(home: psycopg.Connection, follower: str) -> None:
    """Returns once who follows the home, by the name of its subscription, has what the home has now: of a
    partition the community, its scorer, the credentials. Raises SystemExit after a minute."""
    (now,) = one(home, "select pg_current_wal_lsn()::text")
    wait_until(
        lambda: one(home, CAUGHT_UP, now, follower) == (True,),
        f"{follower} is behind: pg_stat_replication of the home shows how far, if at all.",
    )


def wait_for_statements(front: psycopg.Connection) -> None:
    """Returns once all have ended that the front began before now: they may be on the way to where a
    community was. Raises SystemExit after a minute."""
    (now,) = one(front, "select clock_timestamp()")
    wait_until(
        lambda: one(front, ASKED_BEFORE, now) == (True,),
        "A statement of the front is older than the move, as pg_stat_activity shows there: repeat it then.",
    )


def wait_until(condition: Callable[[], bool], problem: str) -> None:
    patience = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > patience:
            raise SystemExit(problem)
        time.sleep(0.05)


def one(connection: psycopg.Connection, statement: str, *arguments: object) -> tuple[Any, ...]:
    row = connection.execute(statement.encode(), arguments).fetchone()
    assert row
    return row
