"""Whether a change of the existing schema would break what runs on it."""

import re
from dataclasses import dataclass

import psycopg
from alembic import command

from db import attachment, existing
from db.migrate import alembic_config, engine
from db.migrations import frozen

# A stamp that goes again: so every table is written that a request writes.
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
PROBE = "select scorer.score_passport('0x' || repeat('0', 40), %s, %s, true)"

FREE, BREAKS, WRAP = 0, 1, 2


@dataclass(frozen=True)
class Verdict:
    """FREE, BREAKS, or WRAP where the change goes between make detach and make attach; and what to tell."""

    status: int
    lines: list[str]


def verdict(url: str, change: str) -> Verdict:
    """Judges a change, given as SQL, in a transaction that is rolled back; an empty one judges the database
    as it is. It takes the locks that the change takes: meant for a copy of the database, adopted or not.
    """
    change = re.sub(r"(?im)^\s*(begin|commit);\s*$", "", change)
    # Made in a transaction they are the same.
    change = re.sub(r"(?i)\b(index\s+)concurrently\b", r"\1", change)
    if re.search(r"(?im)^\s*(commit|rollback|abort)\b", change):
        raise SystemExit("The change ends a transaction itself, so it cannot be tried out.")
    with engine(url).connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        if frozen.kind(driver) is None:
            if problems := existing.problems(driver):
                return Verdict(BREAKS, problems)
            command.upgrade(alembic_config(url, adopt=True, connection=connection), "head")
            driver.execute("set local role none")
        elif attachment.missing(driver):
            attachment.attach(driver)
        try:
            with driver.transaction() as attempt:
                driver.execute(change.encode())
                if gone := attachment.missing(driver):
                    raise psycopg.Rollback(attempt)
        except psycopg.Error as error:
            return detached(driver, change, f"It fails as it stands: {error.diag.message_primary}.")
        if gone:
            return detached(driver, change, " ".join(["It takes away what is ours.", *gone]))
        problems = faults(driver)
        return Verdict(BREAKS, problems) if problems else Verdict(FREE, ["The change is free."])


def detached(connection: psycopg.Connection, change: str, reason: str) -> Verdict:
    """Judges a change that cannot be made while the views stand on the tables."""
    try:
        attachment.detach(connection)
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
            for stamps in (STAMP, "[]"):
                connection.execute(PROBE, [community[0], stamps])
            connection.execute("set constraints all immediate")
            for (view,) in connection.execute(attachment.VIEWS, [frozen.GATE]).fetchall():
                connection.execute(f"select from scorer.{view} limit 1".encode())
    except psycopg.Error as error:
        return [f"A scoring fails: {error.sqlstate}, {error.diag.message_primary}."]
    return []
