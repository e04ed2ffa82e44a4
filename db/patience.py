"""Changes of a database that others are using: a short wait for each lock, and another try after a pause."""

import sys
import time
from collections.abc import Callable

import psycopg
from sqlalchemy.exc import DBAPIError

# Whoever comes while a lock is waited for waits behind it: so many seconds and no longer.
LOCK_TIMEOUT = 3
TRIES = 20
# Any number of our own: two who change the schema at once wait for each other.
SCHEMA_LOCK = 7_361_230_019
PAUSE = 5.0
LOCKED = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


def patiently(change: Callable[[], None], pause: float = PAUSE) -> float:
    """Calls change, a transaction that sets lock_timeout, until it gets its locks; gives the seconds that the
    last try took. Raises SystemExit after 20 tries."""
    for tries_left in reversed(range(TRIES)):
        begun = time.monotonic()
        try:
            change()
        except (*LOCKED, DBAPIError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if not isinstance(cause, LOCKED):
                raise
            if not tries_left:
                raise SystemExit(
                    f"Nothing was changed: {TRIES} times another session held a lock for longer than"
                    f" {LOCK_TIMEOUT} s. pg_stat_activity shows transactions that stay open."
                ) from None
            print(f"Another session holds a lock: next try in {pause:.0f} s.", file=sys.stderr, flush=True)
            time.sleep(pause)
        else:
            return time.monotonic() - begun
    raise AssertionError("unreachable")
