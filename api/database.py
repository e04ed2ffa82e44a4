"""The database: every SQL statement of the service, and what its errors mean."""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, LiteralString, NamedTuple

import psycopg

from api import request_log
from api.connection import conninfo

REQUEST_SCORE = """
select
    outcome, legacy_parameters, account_id, api_key_id, rate_window,
    unchecked, left_out, answer::text, answer ->> 'score', (answer ->> 'passing_score')::boolean
from scorer.answer_request(
    p_key_prefix => %(key_prefix)s,
    p_key_hash => %(key_hash)s,
    p_legacy_key_hash => %(legacy_key_hash)s,
    p_scorer_id => %(scorer_id)s,
    p_address => %(address)s,
    p_trusted_issuers => %(trusted_issuers)s,
    p_verifier => %(verifier)s,
    p_checks => %(checks)s,
    p_human_points_enabled => %(human_points_enabled)s,
    p_human_points_start => coalesce(%(human_points_start)s, '-infinity'::timestamptz),
    p_count => %(count)s,
    p_lock_timeout => %(lock_timeout)s
)
"""

HISTORY = """
select outcome, legacy_parameters, account_id, api_key_id, rate_window, answer::text
from scorer.answer_history(
    p_key_prefix => %(key_prefix)s,
    p_key_hash => %(key_hash)s,
    p_legacy_key_hash => %(legacy_key_hash)s,
    p_scorer_id => %(scorer_id)s,
    p_address => %(address)s,
    p_created_at => %(created_at)s
)
"""

CREDENTIALS = """
select outcome, legacy_parameters, account_id, api_key_id, rate_window, items, next_id, prev_id
from scorer.answer_credentials(
    p_key_prefix => %(key_prefix)s,
    p_key_hash => %(key_hash)s,
    p_legacy_key_hash => %(legacy_key_hash)s,
    p_address => %(address)s,
    p_limit => %(limit)s,
    p_older_than => %(older_than)s,
    p_newer_than => %(newer_than)s,
    p_max_bytes => %(max_bytes)s
)
"""

ADMIT_BATCH = """
select outcome, legacy_parameters, account_id, api_key_id, rate_window
from scorer.admit_batch(
    p_key_prefix => %(key_prefix)s,
    p_key_hash => %(key_hash)s,
    p_legacy_key_hash => %(legacy_key_hash)s,
    p_scorer_id => %(scorer_id)s,
    p_count => %(count)s
)
"""

UNCHECKED = """
select claim, documents, ids_left
from scorer.unchecked_documents(
    p_verifier => %(verifier)s,
    p_trusted_issuers => %(trusted_issuers)s,
    p_limit => %(limit)s,
    p_look_back => %(look_back)s,
    p_done => %(done)s
)
"""

KEEP = "select scorer.keep_checks(p_verifier => %(verifier)s, p_checks => %(checks)s)"

ENSURE = "select scorer.ensure_event_partitions(p_months => %(months)s)"

PRUNE = "select looked_at, removed from scorer.prune_checks(p_verifier => %(verifier)s, p_limit => %(limit)s)"

# Seconds without use after which a connection is not trusted: a process that Lambda froze meanwhile has sent
# no keepalives, and what lies on the way may have forgotten it, as NAT does.
FORGOTTEN = 300

# The call of a request that nobody makes.
NOBODY = dict.fromkeys(re.findall(r"%\((\w+)\)s", REQUEST_SCORE))


class Unavailable(Exception):
    """The database cannot answer now; later it may."""


class Unfinished(Unavailable):
    """The request used up its time; the next one goes on from where it stopped."""


class Detached(Unavailable):
    """Somebody changes the tables: the views over them are gone for as long."""


class MovedOut(Unavailable):
    """There is no schema scorer."""


class TryAgain(Unavailable):
    """The same request may pass at once. Nothing was written, unless the connection broke after a commit."""


class Misconfigured(Exception):
    """The scorer's row cannot be used until an operator mends it."""


class Unforeseen(Exception):
    """Any other error of the database."""


# What each foreseen SQLSTATE becomes. By class where two characters are given.
# The service's own SC codes are explained in docs/sql.md.
ERRORS: dict[str, type[Exception]] = {
    "SC006": Misconfigured,
    "SC008": Misconfigured,
    "40001": TryAgain,  # serialization failure
    "40P01": TryAgain,  # deadlock
    "08": TryAgain,  # connection lost
    "57P01": TryAgain,  # backend terminated
    "57P02": TryAgain,  # server crashed
    "57P05": TryAgain,  # idle session ended
    "42P01": Detached,  # no such view
    "42704": Detached,  # nor the type of its rows
    "3F000": MovedOut,  # no such schema
    "57P03": Unavailable,  # server starting or stopping
    "57014": Unavailable,  # statement timeout
    "25P04": Unavailable,  # transaction timeout
    "55P03": Unavailable,  # lock timeout
    "53": Unavailable,  # out of connections, memory or disk
    "58": Unavailable,  # the server's own disk or files fail
    "25006": Unavailable,  # read-only: a failover is under way
}


@dataclass(frozen=True)
class Asked:
    """What every function gives that takes an API key: see authenticate_api_key."""

    outcome: str
    legacy_parameters: str | None = None
    account_id: int | None = None
    api_key_id: str | None = None
    rate_window: list[int] | None = None


@dataclass(frozen=True)
class Reply(Asked):
    """What answer_request gives besides: see there. Score and passing are the answer's own."""

    unchecked: str | None = None
    left_out: list[tuple[str, str]] | None = None
    answer: str | None = None
    score: str | None = None
    passing: bool | None = None


@dataclass(frozen=True)
class Past(Asked):
    """What answer_history gives besides: see there."""

    answer: str | None = None


@dataclass(frozen=True)
class Credentials(Asked):
    """What answer_credentials gives besides: see there."""

    items: str | None = None
    next_id: int | None = None
    prev_id: int | None = None


class Unchecked(NamedTuple):
    """What unchecked_documents gives: see there."""

    claim: int | None
    documents: str | None
    ids_left: int


class Database:
    """Connections to one database, as many as threads have used at the same time.

    Each call is one statement in its own transaction and one round trip, and leaves nothing behind in the
    server's session, so that a transaction-mode pooler can share its connections.
    """

    def __init__(self, url: str, password: Callable[[], str] | None = None) -> None:
        """password gives one for each connection that is opened; without it the URL's is used."""
        self._conninfo = conninfo(url)
        self._password = password
        # The one used last is used next: a session plans the functions when it first calls them. Each has the
        # time of its last use, by the clock of the day: others may stop while a process is frozen.
        self._idle: list[tuple[psycopg.Connection, float]] = []
        self._in_use: set[psycopg.Connection] = set()

    def answer_request(self, arguments: Mapping[str, Any]) -> Reply:
        """Calls answer_request with its arguments, named without p_; raises Unavailable, Misconfigured."""
        (row,) = self._fetch(REQUEST_SCORE, arguments)
        return Reply(*row)

    def answer_history(self, arguments: Mapping[str, Any]) -> Past:
        """Calls answer_history with its arguments, named without p_; raises Unavailable, Misconfigured."""
        (row,) = self._fetch(HISTORY, arguments)
        return Past(*row)

    def answer_credentials(self, arguments: Mapping[str, Any]) -> Credentials:
        """Calls answer_credentials with its arguments, named without p_; raises Unavailable,
        Misconfigured."""
        (row,) = self._fetch(CREDENTIALS, arguments)
        return Credentials(*row)

    def admit_batch(self, arguments: Mapping[str, Any]) -> Asked:
        """Calls admit_batch with its arguments, named without p_; raises Unavailable, Misconfigured."""
        (row,) = self._fetch(ADMIT_BATCH, arguments)
        return Asked(*row)

    def unchecked_documents(self, arguments: Mapping[str, Any]) -> Unchecked:
        """Calls unchecked_documents with its arguments, named without p_; raises Unavailable."""
        (row,) = self._fetch(UNCHECKED, arguments)
        return Unchecked(*row)

    def keep_checks(self, verifier: str, checks: str) -> int:
        """Keeps checks, a JSON array; gives how many are new, raises Unavailable."""
        ((kept,),) = self._fetch(KEEP, {"verifier": verifier, "checks": checks})
        return int(kept)

    def ensure_event_partitions(self, months: int) -> int | None:
        """Makes so many months of events ahead; gives how many there are, None where they are not ours to
        make. Raises Unavailable."""
        ((ahead,),) = self._fetch(ENSURE, {"months": months})
        return None if ahead is None else int(ahead)

    def prune_checks(self, verifier: str, limit: int) -> tuple[int, int]:
        """Looks at so many checks for those that hardly anybody asks for; gives how many it has looked at,
        and how many are gone. Raises Unavailable."""
        ((looked_at, removed),) = self._fetch(PRUNE, {"verifier": verifier, "limit": limit})
        return int(looked_at), int(removed)

    def ping(self) -> None:
        """Asks the database for an answer; raises Unavailable."""
        self._fetch("select 1", {})

    def ask_for_nobody(self) -> None:
        """Calls answer_request with no key, to see whether it can be called as requests do; raises
        Unavailable, and Unforeseen where the schema is another."""
        self._fetch(REQUEST_SCORE, NOBODY)

    def _fetch(self, statement: LiteralString, arguments: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        record = request_log.current()
        start = time.perf_counter()
        try:
            connection = self._connection()
            self._in_use.add(connection)
            record["pool_in_use"] = max(record.get("pool_in_use", 0), len(self._in_use))
            record["round_trips"] += 1
            try:
                rows = self._rows(connection, statement, arguments)
            except psycopg.Error as error:
                if connection.closed:
                    # What ended it has ended the others too, or will cost each of them an attempt.
                    self._idle.clear()
                else:
                    self._idle.append((connection, time.time()))
                # The error itself would put its detail into the log.
                raise told(error) from None
            finally:
                self._in_use.discard(connection)
            self._idle.append((connection, time.time()))
            return rows
        finally:
            record["database_ms"] += (time.perf_counter() - start) * 1000

    def _rows(
        self, connection: psycopg.Connection, statement: LiteralString, arguments: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """Sends a statement: in a transaction of its own."""
        return connection.execute(statement, arguments).fetchall()

    def _connection(self) -> psycopg.Connection:
        with suppress(IndexError):
            connection, used = self._idle.pop()
            if abs(time.time() - used) < FORGOTTEN:
                return connection
            connection.close()
            # The others have been idle for longer.
            self._idle.clear()
        try:
            password = self._password() if self._password else None
            return psycopg.connect(self._conninfo, autocommit=True, prepare_threshold=None, password=password)
        except psycopg.OperationalError as error:
            raise told(error, Unavailable) from None
        except OSError as error:
            raise Unavailable(f"no password for the database: {error}") from None


def told(error: psycopg.Error, kind: type[Exception] | None = None) -> Exception:
    """What an error of the database means to the request, in whose record it is noted: of a kind, or by its
    code."""
    record = request_log.current()
    failure = kind(report(error)) if kind else meaning(error)
    if error.sqlstate:
        record["sqlstate"] = error.sqlstate
    failures = record.setdefault("failures", [])
    # One that is waited for comes again and again.
    if str(failure) not in failures[-1:]:
        failures.append(str(failure))
    return failure


def meaning(error: psycopg.Error) -> Exception:
    """What an error of the database means to the request."""
    code = error.sqlstate
    if code is None:
        # The client's own errors have no code; an operational one is a lost connection.
        kind: type[Exception] = TryAgain if isinstance(error, psycopg.OperationalError) else Unforeseen
    else:
        kind = ERRORS.get(code) or ERRORS.get(code[:2]) or Unforeseen
    return kind(report(error))


def report(error: psycopg.Error) -> str:
    """What the operator may read of an error: a detail that is not our own may repeat a row, a context the
    parameters of a call, and both hold keys and credentials."""
    code, diagnostics = error.sqlstate, error.diag
    if code is None or diagnostics.message_primary is None:
        return f"connection: {error}"
    lines = [f"{code}: {diagnostics.message_primary}"]
    if code.startswith("SC"):
        lines += [diagnostics.message_detail or "", diagnostics.message_hint or ""]
    lines += [
        line for line in (diagnostics.context or "").splitlines() if line.startswith("PL/pgSQL function")
    ]
    return "; ".join(lines)
