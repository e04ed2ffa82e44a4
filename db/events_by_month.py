"""Puts the events of a database of ours that has them in one table into a table a month, without copying
them, and back. New databases have them by month from the start."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from api.connection import conninfo
from db.patience import LOCK_TIMEOUT, PAUSE, SCHEMA_LOCK, patiently

FUNCTIONS = Path(__file__).parent / "functions"
# Rows of later months that are copied back while requests wait: a second's worth.
MOST_COPIED = 100_000
# Months that are made ahead.
MONTHS = 3
NOT_BY_MONTH = "Nothing is to do: the events are in a table of the existing service, or not by month."

KIND = "select (select relkind::text from pg_class where oid = to_regclass('scorer.registry_event'))"
# The month that is now, by whose end all rows so far are older.
MONTH = """
select
    to_char(now() at time zone 'UTC', '"registry_event_"YYYY_MM'),
    (date_trunc('month', now(), 'UTC') + interval '32 days')::date,
    date_trunc('month', now() + interval '1 hour', 'UTC') > date_trunc('month', now(), 'UTC')
"""
# How long the table may be read: until ten minutes before the month ends.
VALIDATE_FOR = """
select set_config('statement_timeout', least(2147483647, floor(1000 * extract(epoch from
    date_trunc('month', date_trunc('month', now(), 'UTC') + interval '32 days', 'UTC')
    - now() - interval '10 minutes'
)))::text, true)
"""
ENDING = "The month ends soon: run it again in the next one. It uses the indexes that are made."
INDEXES = {
    "registry_event_by_id": "create unique index concurrently {} on scorer.{} (id, created_at)",
    "registry_event_history": (
        "create index concurrently {} on scorer.{} (action, address, community_id, created_at)"
    ),
}
BACK = {"registry_event_by_id": "create unique index concurrently {} on scorer.{} (id)"}
VALID = "select i.indisvalid from pg_index as i where i.indexrelid = to_regclass(%s)"
# What others may do with the table, they may do with the one that takes its place.
GRANTS = """
select format('grant %%s on scorer.%%I to %%s', a.privilege_type, %s::text,
    case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
from pg_class as c, aclexplode(c.relacl) as a
where c.oid = 'scorer.registry_event'::regclass and a.grantee <> c.relowner
"""
# An identity column asks its writer for no right to a sequence, a default does.
SEQUENCE_GRANTS = """
select format('grant usage on sequence scorer.registry_event_ids to %s',
    case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
from pg_class as c, aclexplode(c.relacl) as a
where c.oid = 'scorer.registry_event'::regclass and a.grantee <> c.relowner and a.privilege_type = 'INSERT'
"""
HISTORY = """
select c.relname::text
from pg_inherits as h
inner join pg_index as i on i.indexrelid = h.inhrelid
inner join pg_class as c on c.oid = h.inhrelid
where h.inhparent = to_regclass('scorer.registry_event_history') and i.indrelid = to_regclass(%s)
"""
ROLE = """
do $block$
begin
    if to_regrole('scorer_admin') is null then
        create role scorer_admin nologin;
        comment on role scorer_admin is 'Made by the passport scorer.';
    end if;
end;
$block$
"""
BOUND = (
    "alter table scorer.registry_event add constraint registry_event_month check (created_at < {}) not valid"
)
UNBOUND = "alter table scorer.registry_event drop constraint if exists registry_event_month"
# A view stays with the table that it was made over, whatever that is called.
VIEW = """
create or replace view scorer.score_update as
select e.address, e.community_id, e.created_at, e.data from scorer.{} as e where e.action = 'SCORE_UPDATE';
"""
# What is there before the table is locked: seen by nobody until the transaction ends.
PREPARE = """
alter index scorer.registry_event_history rename to {history};
create sequence scorer.registry_event_ids;
create table scorer.registry_event_months (
    like scorer.registry_event including defaults,
    primary key (id, created_at)
) partition by range (created_at);
alter table scorer.registry_event_months alter column id set default nextval('scorer.registry_event_ids');
alter sequence scorer.registry_event_ids owned by scorer.registry_event_months.id;
create index registry_event_history
on scorer.registry_event_months (action, address, community_id, created_at);
"""
# The view first, as who reads a history has it: in the other order the two could wait for each other.
LOCK = """
select 'lock table ' || string_agg(name, ', ' order by name desc) || ' in access exclusive mode'
from unnest(array['scorer.score_update', 'scorer.registry_event']) as n (name)
where to_regclass(name) is not null
"""
# All that needs the table to itself.
SWITCH = """
select setval(
    'scorer.registry_event_ids', nextval(pg_get_serial_sequence('scorer.registry_event', 'id')), false
);
alter table scorer.registry_event drop constraint registry_event_pkey, alter column id drop identity;
alter table scorer.registry_event rename to {month};
alter table scorer.{month}
add constraint {key} primary key using index registry_event_by_id,
alter column id set default nextval('scorer.registry_event_ids');
alter table scorer.registry_event_months rename to registry_event;
alter index scorer.registry_event_months_pkey rename to registry_event_pkey;
alter table scorer.registry_event attach partition scorer.{month} for values from (minvalue) to ({until});
alter table scorer.{month} drop constraint registry_event_month;
""" + VIEW.format("registry_event")
SWITCH_BACK = (
    """
alter table scorer.registry_event detach partition scorer.{month};
insert into scorer.{month} (id, action, address, data, community_id, created_at)
select id, action, address, data, community_id, created_at from scorer.registry_event;
alter table scorer.{month} alter column id drop default;
"""
    + VIEW.format("{month}")
    + """
drop table scorer.registry_event;
alter table scorer.{month} drop constraint {key};
alter table scorer.{month} rename to registry_event;
alter index scorer.registry_event_by_id rename to registry_event_pkey;
alter table scorer.registry_event add primary key using index registry_event_pkey;
alter index scorer.{history} rename to registry_event_history;
alter table scorer.registry_event alter column id add generated by default as identity (start with {next});
"""
)


def partition(url: str, pause: float = PAUSE) -> str:
    """Puts the events by month; gives what was done as a sentence. Requests go on, but for the milliseconds
    of the last step. A run that is stopped leaves at most indexes, which the next one uses. Raises SystemExit
    with a line where there is nothing to do, or where the table is another service's."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        kind = kind_of(connection)
        if kind == "p":
            raise SystemExit("Nothing is to do: the events are by month.")
        with connection.transaction():
            connection.execute(ROLE)
            connection.execute("set local role scorer_owner")
            connection.execute("grant usage on schema scorer to scorer_admin")
            connection.execute("set local search_path = pg_catalog")
            for name in ("event_partitions", "ensure_event_partitions"):
                connection.execute((FUNCTIONS / f"{name}.sql").read_bytes())
        connection.execute("set role scorer_owner")
        for name, statement in INDEXES.items():
            make_index(connection, name, statement, "registry_event")
        try:
            # Once the indexes are there: the month may have turned meanwhile.
            month, until, is_ending = one(connection, MONTH)
            if is_ending:
                raise SystemExit(ENDING)
            waited = switch(connection, month, until, pause)
        except BaseException as error:
            take_bound_off(connection, error)
            raise
        connection.execute("select scorer.ensure_event_partitions(%s)", [MONTHS])
    return f"The events are by month; {waited}."


def switch(connection: psycopg.Connection, month: str, until: object, pause: float) -> str:
    """The steps after the indexes; says for how long requests waited."""
    bound = sql.SQL(BOUND).format(literal(until))
    patiently(lambda: locked(connection, UNBOUND, bound), pause)
    validate(connection)

    def prepare() -> None:
        run(connection, PREPARE, names)
        grant(connection, "registry_event_months", SEQUENCE_GRANTS)

    names = names_of(connection, month) | {"until": literal(until)}
    return exclusively(connection, prepare, lambda: run(connection, SWITCH, names), pause)


def exclusively(
    connection: psycopg.Connection, prepare: Callable[[], None], change: Callable[[], None], pause: float
) -> str:
    """Changes the table while nobody else has it, after what needs no lock, in one transaction; says for how
    long requests waited. What it replaced is removed from the disk once the lock is given back."""
    waited = 0.0

    def last_step() -> None:
        nonlocal waited
        with connection.transaction():
            begin(connection)
            prepare()
            (lock,) = one(connection, LOCK)
            asked = time.monotonic()
            connection.execute(lock.encode())
            change()
            waited = time.monotonic() - asked

    patiently(last_step, pause)
    return f"requests waited for {waited * 1000:.0f} ms and a commit"


def take_bound_off(connection: psycopg.Connection, error: BaseException) -> None:
    """Left behind, the bound would refuse the next month's events. Raises SystemExit where it has to stay."""
    try:
        locked(connection, UNBOUND)
    except psycopg.Error:
        raise SystemExit(
            f"{error} Constraint registry_event_month of scorer.registry_event is left, which refuses events"
            " of the next month: run it again, or drop it."
        ) from None


def validate(connection: psycopg.Connection) -> None:
    """Reads the table once, so that attaching it need not. Raises SystemExit where the month would end
    meanwhile: the bound would refuse the events of the next."""
    try:
        with connection.transaction():
            connection.execute(VALIDATE_FOR)
            connection.execute("alter table scorer.registry_event validate constraint registry_event_month")
    except psycopg.errors.QueryCanceled:
        raise SystemExit(ENDING) from None


def undo(url: str, pause: float = PAUSE) -> str:
    """Puts the events into one table again, which is that of the first month: what later months hold is
    copied into it, while requests wait. Gives what was done. Raises SystemExit with a line where that cannot
    be, or takes too long."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        if kind_of(connection) == "r":
            raise SystemExit("Nothing is to do: the events are in one table.")
        connection.execute("set role scorer_owner")
        months = connection.execute(
            "select partition, since::text = '-infinity' from scorer.event_partitions() where attached"
        ).fetchall()
        first = [month for month, is_first in months if is_first]
        if not first:
            raise SystemExit("Nothing was changed: the first month has been archived, there is no way back.")
        later = sum(
            one(connection, sql.SQL("select count(*) from scorer.{}").format(sql.Identifier(month)))[0]
            for month, is_first in months
            if not is_first
        )
        if later > MOST_COPIED:
            raise SystemExit(
                f"Nothing was changed: {later:,} events of later months would have to be copied while"
                f" requests wait; {MOST_COPIED:,} at most may be."
            )
        make_index(connection, "registry_event_by_id", BACK["registry_event_by_id"], first[0])
        names = names_of(connection, first[0])
        waited = exclusively(
            connection,
            lambda: grant(connection, first[0]),
            lambda: run(connection, SWITCH_BACK, names | {"next": sql.Literal(next_id(connection))}),
            pause,
        )
    return f"The events are in one table; {later:,} were copied, and {waited}."


def kind_of(connection: psycopg.Connection) -> str:
    """r for one table, p for a table a month. Raises SystemExit where it is another service's, or none."""
    (kind,) = one(connection, KIND)
    if kind == "v":
        raise SystemExit(
            "Nothing was changed: the events are the existing service's, and its to put by month."
        )
    if kind is None:
        raise SystemExit("This database has no events: make migrate makes their table.")
    return str(kind)


def make_index(connection: psycopg.Connection, name: str, statement: str, table: str) -> None:
    """Makes an index while others write; one that a stopped run has left unfinished is made again."""
    valid = connection.execute(VALID, [f"scorer.{name}"]).fetchone()
    if valid == (True,):
        return
    connection.execute(sql.SQL("drop index concurrently if exists scorer.{}").format(sql.Identifier(name)))
    connection.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Identifier(table)))


def begin(connection: psycopg.Connection) -> None:
    """What each transaction that locks the table begins with. Its first lock, for which no request waits,
    ends a vacuum, which takes a second."""
    connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}s'".encode())
    connection.execute("select pg_advisory_xact_lock(%s)", [SCHEMA_LOCK])
    connection.execute("lock table scorer.registry_event in share update exclusive mode")


def locked(connection: psycopg.Connection, *statements: sql.Composed | str) -> None:
    """Statements in a transaction that waits for no lock for long."""
    with connection.transaction():
        begin(connection)
        for statement in statements:
            connection.execute(statement.encode() if isinstance(statement, str) else statement)


def next_id(connection: psycopg.Connection) -> int:
    """The id that comes next, of the sequence that the column has."""
    (sequence,) = one(connection, "select pg_get_serial_sequence('scorer.registry_event', 'id')")
    (id_,) = one(connection, f"select last_value + is_called::integer from {sequence}")  # noqa: S608
    return int(id_)


def names_of(connection: psycopg.Connection, month: str) -> dict[str, sql.Composable]:
    """Of a month, and of its key and its index of histories."""
    found = connection.execute(HISTORY, [f"scorer.{month}"]).fetchone()
    return {
        "month": sql.Identifier(month),
        "key": sql.Identifier(f"{month}_pkey"),
        "history": sql.Identifier(*(found or (f"{month}_history",))),
    }


def run(connection: psycopg.Connection, statements: str, names: dict[str, sql.Composable]) -> None:
    connection.execute(sql.SQL(statements).format(**names))


def grant(connection: psycopg.Connection, table: str, *more: str) -> None:
    """Has others do with a table what they may do with registry_event."""
    grants = connection.execute(GRANTS, [table]).fetchall()
    for query in more:
        grants += connection.execute(query.encode()).fetchall()
    for (statement,) in grants:
        connection.execute(statement.encode())


def literal(until: object) -> sql.Literal:
    return sql.Literal(f"{until:%Y-%m-01} 00:00:00+00" if until else None)


def one(connection: psycopg.Connection, query: sql.Composed | str) -> tuple[Any, ...]:
    row = connection.execute(query.encode() if isinstance(query, str) else query).fetchone()
    assert row
    return row
