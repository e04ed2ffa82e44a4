"""The database: every SQL statement of the service, and what its errors mean."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg

from api.connection import conninfo
from api.credentials import Credential, Stamp

LOAD = """
select outcome, legacy_parameters, loaded_at, provider, credential
from scorer.load_passport(
    p_key_prefix => %(key_prefix)s,
    p_key_hash => %(key_hash)s,
    p_legacy_key_hash => %(legacy_key_hash)s,
    p_scorer_id => %(scorer_id)s,
    p_address => %(address)s
)
"""

SCORE = """
select scorer.score_passport(
    p_address => %(address)s,
    p_scorer_id => %(scorer_id)s,
    p_valid_stamps => %(valid_stamps)s,
    p_human_points_enabled => %(human_points_enabled)s,
    p_human_points_start => coalesce(%(human_points_start)s, '-infinity'::timestamptz)
)::text
"""

PING = "select 1"


class Unavailable(Exception):
    """The database cannot answer now; later it may."""


class TryAgain(Unavailable):
    """The same request may pass at once. Nothing was written, unless the connection broke after a commit."""


class Misconfigured(Exception):
    """The scorer's row cannot be used until an operator mends it."""


class TooManyStamps(Exception):
    """The wallet's stamps are more than one call takes."""


class Unforeseen(Exception):
    """Any other error of the database."""


# What each foreseen SQLSTATE becomes. By class where two characters are given.
# The service's own SC codes are explained in docs/sql.md.
ERRORS: dict[str, type[Exception]] = {
    "SC005": TryAgain,  # a credential expired between load and score
    "SC006": Misconfigured,
    "SC007": TooManyStamps,
    "40001": TryAgain,  # serialization failure
    "40P01": TryAgain,  # deadlock
    "08": TryAgain,  # connection lost
    "57P01": TryAgain,  # backend terminated
    "57P02": TryAgain,  # server crashed
    "57P05": TryAgain,  # idle session ended
    "57P03": Unavailable,  # server starting or stopping
    "57014": Unavailable,  # statement timeout
    "25P04": Unavailable,  # transaction timeout
    "55P03": Unavailable,  # lock timeout
    "53": Unavailable,  # out of connections, memory or disk
    "58": Unavailable,  # the server's own disk or files fail
    "25006": Unavailable,  # read-only: a failover is under way
}


@dataclass(frozen=True)
class Loaded:
    """The answer of load_passport; credentials are those of outcome 'ok', oldest first."""

    outcome: str
    legacy_parameters: str | None
    loaded_at: datetime
    credentials: list[Credential]


class Database:
    """Connections to one database, one a thread, opened when first used.

    Each call is one statement in its own transaction and one round trip, and leaves nothing behind in the
    server's session, so that a transaction-mode pooler can share its connections.
    """

    def __init__(self, url: str) -> None:
        self._conninfo = conninfo(url)
        self._thread = threading.local()

    def load(
        self,
        key_prefix: str,
        key_hash: str,
        legacy_key_hash: str | None,
        scorer_id: int | None,
        address: str,
    ) -> Loaded:
        """Calls load_passport; raises Unavailable."""
        rows = self._fetch(
            LOAD,
            {
                "key_prefix": key_prefix,
                "key_hash": key_hash,
                "legacy_key_hash": legacy_key_hash,
                "scorer_id": scorer_id,
                "address": address,
            },
        )
        outcome, legacy_parameters, loaded_at = rows[0][:3]
        credentials = [Credential(provider, text) for *_, provider, text in rows if provider is not None]
        return Loaded(outcome, legacy_parameters, loaded_at, credentials)

    def score(
        self,
        address: str,
        scorer_id: int,
        stamps: Sequence[Stamp],
        human_points_enabled: bool,
        human_points_start: datetime | None,
    ) -> str:
        """Calls score_passport, gives its jsonb as text; raises Unavailable, Misconfigured, TooManyStamps."""
        rows = self._fetch(
            SCORE,
            {
                "address": address,
                "scorer_id": scorer_id,
                "valid_stamps": f"[{','.join(stamp.as_json() for stamp in stamps)}]",
                "human_points_enabled": human_points_enabled,
                "human_points_start": human_points_start,
            },
        )
        return str(rows[0][0])

    def ping(self) -> None:
        """Asks the database for an answer; raises Unavailable."""
        self._fetch(PING, {})

    def _fetch(self, statement: LiteralString, arguments: dict[str, Any]) -> list[tuple[Any, ...]]:
        try:
            return self._connection().execute(statement, arguments).fetchall()
        except psycopg.Error as error:
            # The error itself would put its detail into the log.
            raise meaning(error) from None

    def _connection(self) -> psycopg.Connection:
        connection: psycopg.Connection | None = getattr(self._thread, "connection", None)
        if connection is None or connection.closed:
            try:
                connection = psycopg.connect(
                    self._conninfo,
                    autocommit=True,
                    prepare_threshold=None,
                )
            except psycopg.OperationalError as error:
                raise Unavailable(report(error)) from None
            self._thread.connection = connection
        return connection


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
