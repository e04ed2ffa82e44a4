"""Scorings that wait: for passports that another session holds."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from harness.server import connect
from harness.world import World


@contextmanager
def locked_passports(world: World) -> Iterator[psycopg.Connection]:
    """Another session holds the passports, so that every scoring waits inside answer_request."""
    with connect(world.url) as session, session.transaction():
        session.execute("select from registry_passport order by id for update")
        yield session


def waiting(world: World) -> list[int]:
    """The backends of the service that wait for a lock."""
    return [
        pid
        for (pid,) in world.execute(
            "select pid from pg_stat_activity"
            " where usename = 'service' and datname = current_database() and wait_event_type = 'Lock'"
        )
    ]
