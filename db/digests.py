"""Keeps the digests of credentials on an adopted database, so that requests need not make them from the
documents. Checks made ahead do so too, for each credential that they look at.

python -m db.digests          keeps those that are missing, the newest credentials first
python -m db.digests --drop   forgets all of them
"""

import sys
import time

import psycopg

from api.connection import conninfo
from db.migrations import frozen
from db.one_line import errors_in_a_line, given_url

# Ids of credentials that a transaction goes through: as many as keep_digests takes.
WINDOW = 2000
LAST = "select coalesce(max(id), 0) from scorer.ceramic_cache"
KEEP = "select scorer.keep_digests(int8range(%s, %s, '(]'))"


def keep(url: str, window: int = WINDOW) -> str:
    """Keeps what is missing; gives what was done as a sentence. Each transaction goes through so many ids,
    locks nothing that a request waits for, and may be the last: the next run goes on. Raises SystemExit where
    the database is not an adopted one."""
    begun = time.monotonic()
    kept = 0
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        refuse_others(connection)
        with connection.transaction():
            connection.execute("set local role scorer_owner")
            (last,) = connection.execute(LAST).fetchone() or (0,)
        for after in range(last - last % window, -1, -window):
            with connection.transaction():
                connection.execute("set local role scorer_owner")
                (new,) = connection.execute(KEEP, [after, after + window]).fetchone() or (0,)
                kept += new
    return f"Kept {kept:,} digests, in {time.monotonic() - begun:.1f} s."


def drop(url: str) -> str:
    """Forgets all digests."""
    with psycopg.connect(conninfo(url)) as connection:
        refuse_others(connection)
        connection.execute("set local role scorer_owner")
        connection.execute("set local lock_timeout = '3s'")
        connection.execute("truncate scorer.credential_digest")
    return "Forgot all digests."


def refuse_others(connection: psycopg.Connection) -> None:
    if frozen.kind(connection) != "adopted":
        raise SystemExit("This database is not an adopted one: the digests of ours are kept by themselves.")


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--drop"]):
        sys.exit(__doc__)
    url = given_url()
    with errors_in_a_line():
        print(drop(url) if sys.argv[1:] else keep(url))
