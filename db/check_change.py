"""Whether a change of the existing schema would break what runs on it."""

import re
from dataclasses import dataclass

import psycopg
from alembic import command

from db import attachment, existing
from db.migrate import alembic_config, engine
from db.migrations import frozen

# Two wallets that clash, and one of them with nothing more: so every table is written that a request writes.
STAMP = (
    '[{"provider": "probe", "credential": {}, "nullifiers": ["probe"], "expires_at": "9000-01-01T00:00:00Z"}]'
)
COMMUNITY = """
select c.id
from scorer.account_community as c
inner join scorer.scorer_weighted_binaryweightedscorer as s on s.scorer_ptr_id = c.id
where jsonb_typeof(s.weights) = 'object'
limit 1
"""
PROBE = "select scorer.score_passport('0x' || repeat(%s, 40), %s, %s, true)"
# As a score that passes does.
PASSING = """
insert into scorer.human_points_passingscorerecord (address, community_id)
values ('0x' || repeat('0', 40), %s)
on conflict (address, community_id) do nothing
"""
# Makes a commit fail, which undoes all that was done before it.
UNCOMMITTABLE = """
create temporary table trial (id integer) on commit drop;
create function pg_temp.end_trial() returns trigger language plpgsql as
$$
begin
    if current_setting('scorer.trial', true) is distinct from 'off' then
        raise exception 'the change ends its transaction';
    end if;
    return null;
end;
$$;
create constraint trigger end_trial after insert on trial
deferrable initially deferred for each row execute function pg_temp.end_trial();
insert into trial values (1);
"""
# Of a statement's text what cannot hold a command: comments, strings, bodies.
QUOTED = re.compile(r"(?s)--[^\n]*|/\*.*?\*/|'[^']*'|\"[^\"]*\"|(\$\w*\$).*?\1")
ENDS = re.compile(r"(?i)(?:^|;)\s*(commit|end|rollback|abort|prepare\s+transaction|savepoint|release)\b")
ENDS_SAID = "The change ends its transaction, so it cannot be tried out: nothing has changed."

FREE, BREAKS, WRAP = 0, 1, 3


@dataclass(frozen=True)
class Verdict:
    """FREE, BREAKS, or WRAP where the change goes between make detach and make attach; and what to tell."""

    status: int
    lines: list[str]


def verdict(url: str, change: str) -> Verdict:
    """Judges a change, given as SQL, in a transaction that is rolled back; an empty one judges the database
    as it is. It takes the locks that the change takes: meant for a copy of the database, adopted or not.
    Raises SystemExit for a change that ends its transaction.
    """
    change = re.sub(r"(?im)^\s*(begin|commit);\s*$", "", change)
    # Made in a transaction they are the same.
    change = re.sub(r"(?i)\b(index\s+)concurrently\b", r"\1", change)
    if ENDS.search(QUOTED.sub("", change)):
        raise SystemExit(ENDS_SAID)
    with engine(url).connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        if frozen.kind(driver) is None:
            if problems := existing.problems(driver):
                return Verdict(BREAKS, problems)
            command.upgrade(alembic_config(url, adopt=True, connection=connection), "head")
            attachment.end(driver)
        elif attachment.missing(driver):
            attachment.attach(driver)
        driver.execute(UNCOMMITTABLE)
        try:
            gone = tried(driver, change)
        except psycopg.Error as error:
            return detached(driver, change, f"It fails as it stands: {error.diag.message_primary}.")
        if gone:
            return detached(driver, change, " ".join(["It takes away what is ours.", *gone]))
        problems = faults(driver)
        return Verdict(BREAKS, problems) if problems else Verdict(FREE, ["The change is free."])


def tried(connection: psycopg.Connection, change: str) -> list[str]:
    """Makes a change; gives what it took away of ours, and is undone then, as where it fails."""
    connection.execute("savepoint trial")
    try:
        connection.execute(change.encode())
        gone = attachment.missing(connection)
    except psycopg.Error:
        if connection.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
            raise SystemExit(ENDS_SAID) from None
        connection.execute("rollback to trial")
        raise
    if gone:
        connection.execute("rollback to trial")
    return gone


def detached(connection: psycopg.Connection, change: str, reason: str) -> Verdict:
    """Judges a change that cannot be made while the views stand on the tables."""
    attachment.detach(connection)
    try:
        connection.execute(change.encode())
    except psycopg.Error as error:
        return Verdict(BREAKS, [f"The change fails by itself: {error.diag.message_primary}."])
    if problems := existing.unfit_tables(connection):
        return Verdict(BREAKS, problems)
    attachment.attach(connection)
    if problems := faults(connection):
        return Verdict(BREAKS, problems)
    return Verdict(WRAP, [reason, "Run it between make detach and make attach."])


def faults(connection: psycopg.Connection) -> list[str]:
    """What does not fit of the tables, and what a scoring on them fails with."""
    if problems := existing.unfit_tables(connection):
        return problems
    community = connection.execute(COMMUNITY).fetchone()
    if community is None:
        return ["There is no community to try a scoring with: give a database that has one."]
    try:
        with connection.transaction(force_rollback=True):
            for wallet, stamps in (("0", STAMP), ("1", STAMP), ("0", "[]")):
                connection.execute(PROBE, [wallet, community[0], stamps])
            attachment.begin(connection)
            connection.execute(PASSING, community)
            for view in attachment.standing(connection):
                connection.execute(f"select from scorer.{view} limit 1".encode())
            attachment.end(connection)
            connection.execute("set local scorer.trial = 'off'")
            connection.execute("set constraints all immediate")
    except psycopg.Error as error:
        return [f"A scoring fails: {error.sqlstate}, {error.diag.message_primary}."]
    return []
