"""One request: check the key, verify the wallet's credentials, have the database score them."""

import json
import logging
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

from api.asking import UNKNOWN_SCORER, ask
from api.credentials import VERIFIER, check
from api.database import Database, Detached, TryAgain, Unfinished
from api.rate_limit import Allowance
from api.refused import Refused
from api.settings import Settings

ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
INTEGER = re.compile(r"[+-]?[0-9]+")
# Characters that an external scorer id may have, and a sign.
MAX_ID = 43
ATTEMPTS = 3
# Seconds before the second attempt, doubled for each further one; the wait is drawn from up to that.
BACKOFF = 0.05
# Seconds of a request in which it checks documents that nobody has checked yet. What a wallet holds takes no
# longer.
CHECKING = 3.5
# Seconds for which a request waits for tables that somebody changes: as long as for any other lock.
DETACHED = 10
# Providers that the log names for each reason to leave a credential out; who fills a wallet chooses them.
MAX_LOGGED = 5
# Characters that it shows of a name. With all reasons at once the line is short enough to be written in one
# piece.
MAX_NAME = 40

INVALID_ADDRESS = "Invalid address."

T = TypeVar("T")

log = logging.getLogger(__name__)


def score(
    database: Database,
    settings: Settings,
    key: str | None,
    scorer_id: str,
    address: str,
    allowance: Allowance | None = None,
) -> str:
    """The answer to GET /v2/stamps/{scorer_id}/score/{address} as JSON text; the allowance is the request's.

    Raises Refused, or Unavailable once retries, or the time to check documents in, are used up. A retry
    starts from the beginning: at worst a score whose answer got lost is computed and recorded twice, as if
    the client had asked twice.
    """
    deadline = time.monotonic() + CHECKING
    allowance = allowance or Allowance()
    return persistently(
        lambda: attempt_score(database, settings, key, scorer_id, address, deadline, allowance)
    )


def persistently(attempt: Callable[[], T]) -> T:
    """What an attempt gives, made anew where it may pass at once; raises its last error."""
    for number in range(1, ATTEMPTS + 1):
        try:
            return once_attached(attempt)
        except TryAgain as error:
            log.warning("attempt %d of %d: %s", number, ATTEMPTS, error)
            if number == ATTEMPTS:
                raise
        time.sleep(random.uniform(0, BACKOFF * 2 ** (number - 1)))  # noqa: S311
    raise AssertionError("unreachable")


def once_attached(attempt: Callable[[], T]) -> T:
    """An attempt, once the database's views stand. Raises Detached where they do not within ten seconds."""
    patience = time.monotonic() + DETACHED
    while True:
        try:
            return attempt()
        except Detached:
            if time.monotonic() > patience:
                raise
        time.sleep(0.1)


def attempt_score(
    database: Database,
    settings: Settings,
    key: str | None,
    scorer_id: str,
    address: str,
    deadline: float,
    allowance: Allowance,
) -> str:
    """One attempt at score: one round trip where every credential is known, two where some are checked first,
    one more for each further 200, or 2 MiB, of them; a legacy key costs a further one, once. Refuses in the
    contract's order: key, scorer, address. Checks no more documents once the deadline, of time.monotonic(),
    has passed."""
    number = scorer_number(settings, scorer_id)
    arguments = {
        "scorer_id": number,
        "address": address.lower() if ADDRESS.fullmatch(address) else None,
        "trusted_issuers": list(settings.trusted_issuers),
        "verifier": VERIFIER,
        "checks": "[]",
        "human_points_enabled": settings.human_points_enabled,
        "human_points_start": settings.human_points_start,
        "count": allowance.count,
    }
    reply = ask(database.answer_request, key, arguments, allowance)
    while reply.unchecked:
        checks = check(reply.unchecked.split("\n"), deadline)
        arguments |= {"checks": f"[{','.join(c.as_json() for c in checks)}]", "count": 0}
        reply = ask(database.answer_request, key, arguments, allowance)
        if reply.unchecked and time.monotonic() > deadline:
            raise Unfinished(f"{address.lower()} has more documents to check than one request may take")
    match reply.outcome:
        case "scored" if reply.answer is not None:
            if reply.left_out:
                log_left_out(address.lower(), number, reply.left_out)
            return reply.answer
        case "unknown_scorer":
            raise unknown_scorer(scorer_id, address)
        case "invalid_address":
            raise Refused(400, INVALID_ADDRESS)
        case "too_many_credentials":
            raise Refused(422, "This address has more credentials than can be scored.")
    raise AssertionError(reply.outcome)


def scorer_number(settings: Settings, scorer_id: str) -> int | None:
    """The id of the scorer that the path's scorer_id means; None where it is none."""
    number = integer(scorer_id)
    return settings.demo_scorer_id if number is not None and number < 0 else number


def unknown_scorer(scorer_id: str, address: str | None) -> Refused:
    """What a request is refused with whose scorer is not there; address as it was asked for, if there is
    one."""
    if INTEGER.fullmatch(scorer_id):
        return Refused(404, UNKNOWN_SCORER)
    if address is None or ADDRESS.fullmatch(address):
        return Refused(422, "scorer_id is not an integer.")
    return Refused(400, INVALID_ADDRESS)


def integer(text: str) -> int | None:
    """The number that a text spells; None where it spells none, or one longer than any scorer's."""
    return int(text) if len(text) <= MAX_ID and INTEGER.fullmatch(text) else None


def log_left_out(address: str, scorer_id: int | None, rejected: list[tuple[str, str]]) -> None:
    """Tells the operator which credentials did not count, by reason."""
    left_out: dict[str, list[str]] = defaultdict(list)
    for provider, reason in rejected:
        left_out[reason].append(provider.encode("ascii", "replace").decode()[:MAX_NAME])
    named = {
        reason: [
            *providers[:MAX_LOGGED],
            *([f"and {more} more"] if (more := len(providers) - MAX_LOGGED) > 0 else []),
        ]
        for reason, providers in left_out.items()
    }
    record = {"address": address, "scorer_id": scorer_id, "left_out": named}
    log.info("credentials left out: %s", json.dumps(record))
