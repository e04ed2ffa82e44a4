"""Moves a community from one partition to another. Requests for it wait meanwhile, for up to ten seconds."""

import time
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from deploy.split.databases import Databases, Urls
from deploy.split.tables import OF_A_COMMUNITY

# Who waits for a passport that the move holds waits no longer.
LOCK_TIMEOUT = "10s"
HOME_SQL = """
insert into split.community_home (community_id, partition) values (%s, %s)
on conflict (community_id) do update set partition = excluded.partition
"""
COLUMNS = """
select array_agg(a.attname::text order by a.attnum)
from pg_attribute as a
where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
"""
CAUGHT_UP = """
select coalesce(bool_and(replay_lsn >= %s::pg_lsn), false) from pg_stat_replication
where application_name = %s
"""


def move(urls: Urls, community: int, partition: int) -> dict[str, int]:
    """Moves a community to a partition; gives how many rows of each table went there. One that was
    interrupted is done again by the same call. Raises SystemExit where it cannot be moved."""
    with Databases(urls) as databases:
        return moved(databases, community, partition)


def moved(databases: Databases, community: int, number: int) -> dict[str, int]:
    """The same, by sessions that there are."""
    if not 0 <= number < len(databases.partitions):
        raise SystemExit(f"There is no partition {number}.")
    front, target = databases.front, databases.partitions[number]
    for database in (front, *databases.partitions):
        database.execute(f"set lock_timeout = '{LOCK_TIMEOUT}'".encode())
    (source_number,) = one(front, "select split.partition_of(%s::bigint)", community)
    source = databases.partitions[source_number]
    if source_number == number:
        # Where a move was interrupted, something may be left elsewhere.
        for other in databases.partitions:
            if other is not target:
                with other.transaction():
                    hold(other, community)
                    take_leave(other, community, number)
        return {}
    found = (
        databases.partitions[0]
        .execute("select human_points_program from scorer.account_community where id = %s", [community])
        .fetchall()
    )
    if not found:
        raise SystemExit(f"There is no community {community}.")
    if found == [(True,)] and number:
        raise SystemExit(f"Community {community} has human points, which are counted in partition 0 alone.")
    if number:
        wait_for_replication(databases.partitions[0], f"split_partition_{number}")
    with source.transaction():
        hold(source, community)
        with target.transaction():
            # What a move that was interrupted has left there.
            hold(target, community)
            delete(target, community)
            target.execute(HOME_SQL, [community, number])
            rows = {table: copy(source, target, table, community) for table in OF_A_COMMUNITY}
        # From here on the copy is what counts: the front sends requests there. Those that wait here are
        # refused once this ends, with what their callers try again on.
        front.execute(HOME_SQL, [community, number])
        take_leave(source, community, number)
    return rows


def hold(partition: psycopg.Connection, community: int) -> None:
    """Keeps the community from being scored on a partition until the transaction ends: no passport is made,
    and none that there is, changed."""
    partition.execute(
        "select pg_advisory_xact_lock(hashtextextended(format('community %%s', %s::bigint), 0))", [community]
    )
    partition.execute(
        "select count(*) from (select from scorer.registry_passport where community_id = %s"
        " order by id for update) as p",
        [community],
    )


def take_leave(partition: psycopg.Connection, community: int, number: int) -> None:
    """Removes what a partition holds of a community that lives in another one."""
    partition.execute(HOME_SQL, [community, number])
    delete(partition, community)


def delete(partition: psycopg.Connection, community: int) -> None:
    for table in reversed(OF_A_COMMUNITY):
        partition.execute(sql.SQL("delete from {} where {}").format(*rows_of(table, community)))


def copy(source: psycopg.Connection, target: psycopg.Connection, table: str, community: int) -> int:
    """Copies the community's rows of a table; gives how many they were."""
    (names,) = one(source, COLUMNS, f"scorer.{table}")
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    name, condition = rows_of(table, community)
    reading, writing = source.cursor(), target.cursor()
    with (
        reading.copy(
            sql.SQL("copy (select {} from {} where {}) to stdout").format(columns, name, condition)
        ) as rows,
        writing.copy(sql.SQL("copy {} ({}) from stdin").format(name, columns)) as copied,
    ):
        for block in blocks(rows):
            copied.write(block)
    return writing.rowcount


def blocks(rows: psycopg.Copy) -> Iterator[bytes]:
    for block in rows:
        yield bytes(block)


def rows_of(table: str, community: int) -> tuple[sql.Composable, sql.Composable]:
    """A table's name, and the condition that finds a community's rows."""
    condition = sql.SQL(OF_A_COMMUNITY[table]).format(community=sql.Literal(community))
    return sql.Identifier("scorer", table), condition


def wait_for_replication(home: psycopg.Connection, follower: str) -> None:
    """Returns once who follows the home, by the name of its subscription, has what the home has now: of a
    partition the community, its scorer, the credentials."""
    (now,) = one(home, "select pg_current_wal_lsn()::text")
    while one(home, CAUGHT_UP, now, follower) != (True,):
        time.sleep(0.05)


def one(connection: psycopg.Connection, statement: str, *arguments: object) -> tuple[Any, ...]:
    row = connection.execute(statement.encode(), arguments).fetchone()
    assert row
    return row
