"""Makes databases the partitions of a split, and another one the front before them."""

import time
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.connection import conninfo
from db.migrations import frozen
from deploy.split.databases import Databases, Urls
from deploy.split.functions import make_functions
from deploy.split.tables import AT_THE_FRONT, REPLICATED

SQL = Path(__file__).parent
# Rows that are made in partition n have ids from n times this on, so that a row keeps its id wherever its
# community goes. Who reads a number as JavaScript does still tells them apart.
IDS_OF_A_PARTITION = 2**40
# What the front's connections need not say of a login: it has a mapping of its own.
NOT_FOR_THE_FRONT = {"user", "password"}
# How long a host that is gone may keep it. PL/Proxy connects without looking at connect_timeout.
LIMITS = {
    "tcp_user_timeout": "5000",
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "2",
}
THIS_PARTITION = """
create or replace function split.this_partition() returns integer language sql immutable return {}
"""
SEQUENCES = """
select format('%%I.%%I', schemaname, sequencename) from pg_sequences
where schemaname = 'scorer' and coalesce(last_value, 0) < %s
"""
HAS_PLPROXY = """
select
    exists (select from pg_available_extensions where name = 'plproxy')
    or exists (select from pg_language where lanname = 'plproxy')
"""
SYNCED = "select count(*) = 0 from pg_subscription_rel where srsubstate <> 'r'"
# A truncate that met a foreign key there would stop all that comes after.
PUBLICATION = "create publication {} for table {} with (publish = 'insert, update, delete')"
FRONT_SERVER = "partitions"


def install(urls: Urls) -> None:
    """Makes the first partition the home with what it holds, the others, which hold nothing yet, partitions
    beside it, and the front, which is empty, what is asked. Raises SystemExit where one does not fit."""
    with Databases(urls) as databases:
        if problems := unfit(databases):
            raise SystemExit("\n".join(["Nothing has changed. What does not fit:", *problems]))
        home = databases.partitions[0]
        for number, partition in enumerate(databases.partitions):
            make_partition(partition, number)
        publish(home)
        for number, partition in enumerate(databases.partitions[1:], 1):
            subscribe(partition, urls.followed, f"split_partition_{number}", "split_partitions")
        with databases.front.transaction():
            databases.front.execute((SQL / "front.sql").read_bytes())
            make_server(databases.front, urls.partitions)
            make_functions(databases.front, home)
        subscribe(databases.front, urls.followed, "split_front", "split_front")


def refresh(urls: Urls) -> None:
    """Gives the front the functions that the home has, and new sequences of the partitions ids of their own:
    after a migration of each partition."""
    with Databases(urls) as databases:
        for number, partition in enumerate(databases.partitions):
            give_ids(partition, number)
        with databases.front.transaction():
            make_functions(databases.front, databases.partitions[0])


def unfit(databases: Databases) -> list[str]:
    """What keeps the databases from being split, a line each."""
    problems = []
    revisions = set()
    for number, partition in enumerate(databases.partitions):
        if frozen.kind(partition) != "own":
            problems.append(
                f"Partition {number} is not a database with tables of ours alone: another service's are"
                " written by that service, which knows one database."
            )
            continue
        revisions.add(frozen.revision_of(partition))
        if partition.execute("select to_regnamespace('split')").fetchone() != (None,):
            problems.append(f"Partition {number} is one of a split already.")
        if number and partition.execute("select from scorer.account_account limit 1").fetchall():
            problems.append(f"Partition {number} holds accounts: only the home may.")
    if len(revisions) > 1:
        problems.append(f"The partitions are at different revisions: {', '.join(map(str, revisions))}.")
    if databases.partitions[0].execute("show wal_level").fetchone() != ("logical",):
        problems.append("The home has not wal_level = logical (rds.logical_replication on RDS).")
    if databases.front.execute("select to_regnamespace('scorer')").fetchone() != (None,):
        problems.append("The front has a schema scorer already.")
    if databases.front.execute(HAS_PLPROXY).fetchone() != (True,):
        problems.append("The front has no PL/Proxy: install Debian's postgresql-15-plproxy there.")
    return problems


def make_partition(partition: psycopg.Connection, number: int) -> None:
    """Adds the map and its guards, and gives each partition ids of its own."""
    with partition.transaction():
        partition.execute((SQL / "partition.sql").read_bytes())
        partition.execute(THIS_PARTITION.format(number).encode())
        give_ids(partition, number)


def give_ids(partition: psycopg.Connection, number: int) -> None:
    """Has each sequence of a partition give ids of its own, where it does not yet."""
    first = number * IDS_OF_A_PARTITION
    for (sequence,) in partition.execute(SEQUENCES, [first]).fetchall():
        partition.execute("select setval(%s, %s)", [sequence, first])


def publish(home: psycopg.Connection) -> None:
    """Offers what is written in the home alone."""
    tables = sql.SQL(", ").join(sql.Identifier("scorer", name) for name in REPLICATED)
    home.execute(sql.SQL(PUBLICATION).format(sql.Identifier("split_partitions"), tables))
    parts = sql.SQL(", ").join(
        sql.SQL("{} ({})").format(
            sql.Identifier("scorer", name), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        for name, columns in AT_THE_FRONT.items()
    )
    home.execute(sql.SQL(PUBLICATION).format(sql.Identifier("split_front"), parts))


def subscribe(database: psycopg.Connection, home_url: str, name: str, publication: str) -> None:
    """Has a database follow the home, and returns once it has all that the home held."""
    database.execute(
        sql.SQL("create subscription {} connection {} publication {}").format(
            sql.Identifier(name),
            sql.Literal(make_conninfo(conninfo(home_url), application_name=name)),
            sql.Identifier(publication),
        )
    )
    while database.execute(SYNCED).fetchone() != (True,):
        time.sleep(0.1)


def make_server(front: psycopg.Connection, partitions: list[str]) -> None:
    """Tells the front where the partitions are."""
    options: list[sql.Composable] = [sql.SQL("modular_mapping '1'")]
    for number, url in enumerate(partitions):
        given = {k: v for k, v in conninfo_to_dict(conninfo(url)).items() if k not in NOT_FOR_THE_FRONT}
        options.append(
            sql.SQL("{} {}").format(
                sql.Identifier(f"p{number}"),
                sql.Literal(make_conninfo("", **(given | LIMITS | {"application_name": "split front"}))),
            )
        )
    front.execute(
        sql.SQL("create server {} foreign data wrapper plproxy options ({})").format(
            sql.Identifier(FRONT_SERVER), sql.SQL(", ").join(options)
        )
    )
    front.execute(
        sql.SQL("grant usage on foreign server {} to scorer_owner").format(sql.Identifier(FRONT_SERVER))
    )
