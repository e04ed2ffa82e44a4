"""POST /v2/stamps/{scorer_id}/scores: the scores of several wallets."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from api import request_log, scoring
from api.asking import ask
from api.database import Database, Misconfigured, Unavailable, Unforeseen
from api.failures import failed
from api.rate_limit import Allowance
from api.refused import Refused
from api.settings import Settings

MAX_ADDRESSES = 100
# Seconds within which a wallet may be begun. With the longest that a database call may take they are less
# than a Lambda function's.
BEGUN = 8
# Seconds after which nothing is given back any more: the answer, which is ready, is late already.
GIVEN_BACK = 15
# Milliseconds that one of several wallets waits for a lock, while the others wait for it.
LOCK_TIMEOUT = 1000
# Room that is kept for the wallets that are not reached.
UNREACHED_BYTES = 40_000
SHAPE = 'Send {"addresses": [...]}.'
UNREACHED = "This address was not reached within this request. Please ask for it again."


def admit(
    database: Database,
    settings: Settings,
    key: str | None,
    scorer_id: str,
    allowance: Allowance | None = None,
) -> None:
    """Raises Refused and Unavailable for who may not ask for scores at all, whatever the body; counts what
    the allowance asks for, without one nothing."""
    number = scoring.scorer_number(settings, scorer_id)
    request_log.asks(number, None)

    def attempt() -> str:
        arguments = {"scorer_id": number, "count": allowance.count if allowance else 0}
        return ask(database.admit_batch, key, arguments, allowance or Allowance()).outcome

    if scoring.retried(attempt) == "unknown_scorer":
        raise scoring.unknown_scorer(scorer_id, None)


def scores(
    database: Database,
    settings: Settings,
    key: str | None,
    scorer_id: str,
    read: Callable[[], bytes],
    max_bytes: int,
    allowance: Allowance,
) -> str:
    """The answer to the body that read gives, as JSON text of at most about max_bytes: one element a wallet
    in the order asked, its score, or its address with the detail and status that it would be answered alone.
    Each is a transaction of its own. Raises Refused and Unavailable where it concerns the whole request."""
    refused: Refused | None = None
    addresses: list[str] = []
    try:
        # Nothing is read of whoever has no key: who is slow in sending a body keeps others waiting.
        admit(database, settings, key, scorer_id)
        addresses = addresses_of(read())
    except Refused as error:
        if error.status == 401:
            raise
        # It is counted first.
        refused = error
    begun = time.monotonic()
    deadline = begun + BEGUN
    allowance.asked = max(1, len(addresses))
    admit(database, settings, key, scorer_id, allowance)
    if refused:
        request_log.current()["outcome"] = "invalid_body"
        raise refused
    answers: list[str] = []
    used = unreached = 0
    for address in addresses:
        answer = mark = problem(address, 503, UNREACHED)
        if time.monotonic() < deadline and used < max_bytes - UNREACHED_BYTES:
            answer = alone(
                partial(scoring.score, database, settings, key, scorer_id, address, allowance, LOCK_TIMEOUT),
                address,
            )
        size = len(answer.encode())
        if used + size > max_bytes - UNREACHED_BYTES:
            # Scored, but too large to be sent with the others.
            answer = mark
        used += size
        unreached += answer is mark
        answers.append(answer)
    if unreached:
        give_back(database, settings, key, scorer_id, unreached, allowance, begun)
    return f'{{"scores": [{", ".join(answers)}]}}'


def give_back(
    database: Database,
    settings: Settings,
    key: str | None,
    scorer_id: str,
    count: int,
    allowance: Allowance,
    begun: float,
) -> None:
    """Gives wallets that were not reached back to the key's rate limit, unless the window may have ended that
    they were counted to: begun is the time.monotonic() before that. Tried once, so that no more is given back
    than was taken, and the answer stands whatever comes of it."""
    # The seconds that the window was to last were rounded up.
    if not allowance.window or time.monotonic() >= begun + min(allowance.window.reset - 1, GIVEN_BACK):
        return
    arguments = {"scorer_id": scoring.scorer_number(settings, scorer_id), "count": -count}
    record = request_log.current()
    outcome = record["outcome"]
    with suppress(Refused, Unavailable, Misconfigured, Unforeseen):
        ask(database.admit_batch, key, arguments, allowance)
    record["outcome"] = outcome


def alone(answer: Callable[[], str], address: str) -> str:
    """One wallet's answer, whatever it meets, as JSON text."""
    with request_log.wallet() as record:
        start = time.perf_counter()
        status, text = answer_or_problem(answer, address)
        record["status"], record["duration_ms"] = status, (time.perf_counter() - start) * 1000
    return text


def answer_or_problem(answer: Callable[[], str], address: str) -> tuple[int, str]:
    """The status that the wallet would be answered with alone, and what stands for it."""
    try:
        return 200, answer()
    except Refused as error:
        status, detail = error.status, error.detail
    except Exception as error:
        status, detail = failed(error)
    return status, problem(address, status, detail)


def problem(address: str, status: int, detail: str) -> str:
    """What stands for a wallet that has no score."""
    return json.dumps({"address": address, "detail": detail, "status": status})


def addresses_of(body: bytes) -> list[str]:
    """The wallets that a body asks for, as it names them; raises Refused."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, f"The body is not JSON. {SHAPE}") from None
    addresses = given.get("addresses") if isinstance(given, dict) else None
    if not isinstance(addresses, list):
        raise Refused(422, f"The body has no array addresses. {SHAPE}")
    if not 1 <= len(addresses) <= MAX_ADDRESSES:
        raise Refused(422, f"addresses has {len(addresses)} elements: give 1 to {MAX_ADDRESSES}.")
    if not all(isinstance(address, str) for address in addresses):
        raise Refused(422, "addresses holds something else than strings.")
    # A wallet is the same in any case of its letters; what is no wallet is only itself.
    named = {address.lower() if scoring.ADDRESS.fullmatch(address) else address for address in addresses}
    if len(named) < len(addresses):
        raise Refused(422, "addresses names a wallet twice.")
    return addresses
