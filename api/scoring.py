"""One request: check the key, verify the wallet's credentials, have the database score them."""

import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from random import SystemRandom
from typing import Protocol, TypeVar

from api import request_log
from api.asking import UNKNOWN_SCORER, ask
from api.credentials import VERIFIER, as_json, check
from api.database import Database, Detached, Reply, TryAgain, Unfinished
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
# Characters that it shows of a name.
MAX_NAME = 40
UNPRINTABLE = re.compile(r"[^ -~]")
INVALID_ADDRESS = "Invalid address."
# Processes that go on from one snapshot wait for times of their own.
chance = SystemRandom()

# How jsonb is printed; inside of a text the quotes would be escaped.
DEDUPED, CLEAN = '"dedup": true', '"dedup": false'


class Asking(Protocol):
    """A reply of the database that may ask for documents to be checked, one a line."""

    @property
    def unchecked(self) -> str | None: ...


T = TypeVar("T")
R = TypeVar("R", bound=Asking)


def score(
    database: Database,
    settings: Settings,
    key: str | None,
    scorer_id: str,
    address: str,
    allowance: Allowance | None = None,
    lock_timeout: int | None = None,
) -> str:
    """The answer to GET /v2/stamps/{scorer_id}/score/{address} as JSON text; the allowance is the request's,
    lock_timeout the milliseconds to wait for a lock, where they are not to be ten seconds.

    Raises Refused, or Unavailable once retries, or the time to check documents in, are used up. A retry
    starts from the beginning: at worst a score whose answer got lost is computed and recorded twice, as if
    the client had asked twice.
    """
    deadline = time.monotonic() + CHECKING
    allowance = allowance or Allowance()
    return retried(
        lambda: attempt_score(database, settings, key, scorer_id, address, deadline, allowance, lock_timeout)
    )


def retried(attempt: Callable[[], T]) -> T:
    """What an attempt gives, or the next one where it may pass at once. Raises TryAgain of the last one."""
    record = request_log.current()
    for number in range(1, ATTEMPTS + 1):
        record["attempts"] = number
        try:
            return once_attached(attempt)
        except TryAgain:
            if number == ATTEMPTS:
                raise
        time.sleep(chance.uniform(0, BACKOFF * 2 ** (number - 1)))
    raise AssertionError("unreachable")


def once_attached(attempt: Callable[[], T]) -> T:
    """What an attempt gives, once the database's views stand. Raises Detached where they do not within ten
    seconds."""
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
    lock_timeout: int | None,
) -> str:
    """One attempt at score: one round trip where every credential is known, two where some are checked first,
    one more for each further 200, or 2 MiB, of them; a legacy key costs a further one, once. Refuses in the
    contract's order: key, scorer, address. Checks no more documents once the deadline, of time.monotonic(),
    has passed."""
    record = request_log.current()
    number = scorer_number(settings, scorer_id)
    wallet = address.lower() if ADDRESS.fullmatch(address) else None
    request_log.asks(number, wallet)
    arguments = {
        "scorer_id": number,
        "address": wallet,
        "trusted_issuers": list(settings.trusted_issuers),
        "verifier": VERIFIER,
        "checks": "[]",
        "human_points_enabled": settings.human_points_enabled,
        "human_points_start": settings.human_points_start,
        "count": allowance.count,
        "lock_timeout": lock_timeout,
    }
    reply = ask(database.answer_request, key, arguments, allowance)
    reply = with_checks(
        reply,
        lambda checks: ask(
            database.answer_request, key, arguments | {"checks": checks, "count": 0}, allowance
        ),
        address.lower(),
        deadline,
    )
    note(record, reply)
    match reply.outcome:
        case "scored" if reply.answer is not None:
            return reply.answer
        case "unknown_scorer":
            raise unknown_scorer(scorer_id, address)
        case "invalid_address":
            raise Refused(400, INVALID_ADDRESS)
        case "too_many_credentials":
            raise Refused(422, "This address has more credentials than can be scored.")
    raise AssertionError(reply.outcome)


def with_checks(reply: R, ask: Callable[[str], R], address: str, deadline: float = math.inf) -> R:
    """The reply to a wallet, once nothing that it asks to be checked is left: ask takes checks, a JSON array,
    and gives the next reply. Raises Unfinished once the deadline, of time.monotonic(), has passed."""
    record = request_log.current()
    while reply.unchecked:
        start = time.perf_counter()
        checks = check(reply.unchecked.split("\n"), deadline)
        record["verification_ms"] = record.get("verification_ms", 0) + (time.perf_counter() - start) * 1000
        record["documents_checked"] = record.get("documents_checked", 0) + len(checks)
        reply = ask(as_json(checks))
        if reply.unchecked and time.monotonic() > deadline:
            raise Unfinished(f"{address} has more documents to check than one request may take")
    return reply


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


def note(record: request_log.Record, reply: Reply) -> None:
    """Notes in the request's record what the wallet's score is made of."""
    if reply.answer is None or reply.score is None or reply.passing is None:
        return
    record["score"], record["passing"] = float(reply.score), reply.passing
    record["stamps_clean"] = reply.answer.count(CLEAN)
    record["stamps_deduped"] = reply.answer.count(DEDUPED)
    left_out = reply.left_out or []
    record["left_out"] = len(left_out)
    if left_out:
        record["left_out_by_reason"] = Counter(reason for _, reason in left_out)
        record["providers_left_out"] = named(left_out)


def named(left_out: list[tuple[str, str]]) -> dict[str, list[str]]:
    """The providers of credentials that did not count, some for each reason."""
    providers: dict[str, list[str]] = defaultdict(list)
    for provider, reason in left_out:
        if len(providers[reason]) < MAX_LOGGED:
            providers[reason].append(UNPRINTABLE.sub("?", provider[:MAX_NAME]))
    return providers
