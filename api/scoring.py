"""One request: check the key, verify the wallet's credentials, have the database score them."""

import json
import logging
import random
import re
import time
from collections import defaultdict
from dataclasses import dataclass

from api import keys
from api.credentials import valid_stamps
from api.database import Database, Loaded, TooManyStamps, TryAgain
from api.settings import Settings

ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
INTEGER = re.compile(r"[+-]?[0-9]+")
ATTEMPTS = 3
# Seconds before the second attempt, doubled for each further one; the wait is drawn from up to that.
BACKOFF = 0.05
# Providers that the log names for each reason to leave a credential out; who fills a wallet chooses them.
MAX_LOGGED = 20
TOO_MANY_CREDENTIALS = "This address has more credentials than can be scored."

log = logging.getLogger(__name__)


@dataclass
class Refused(Exception):
    """The request cannot be answered as it stands: HTTP status and what to tell the client."""

    status: int
    detail: str


def score(database: Database, settings: Settings, key: str | None, scorer_id: str, address: str) -> str:
    """The answer to GET /v2/stamps/{scorer_id}/score/{address} as JSON text.

    Raises Refused, or Unavailable once retries are used up. A retry starts from the beginning: at worst a
    score whose answer got lost is computed and recorded twice, as if the client had asked twice.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return attempt_score(database, settings, key, scorer_id, address)
        except TryAgain as error:
            log.warning("attempt %d of %d: %s", attempt, ATTEMPTS, error)
            if attempt == ATTEMPTS:
                raise
        time.sleep(random.uniform(0, BACKOFF * 2 ** (attempt - 1)))  # noqa: S311
    raise AssertionError("unreachable")


def attempt_score(
    database: Database, settings: Settings, key: str | None, scorer_id: str, address: str
) -> str:
    """One attempt at score: two round trips. Refuses in the contract's order: key, scorer, address."""
    number = bigint(scorer_id)
    well_formed = ADDRESS.fullmatch(address) is not None
    address = address.lower() if well_formed else ""
    loaded = load(database, key, number, address)
    if loaded.outcome == "unknown_scorer" and INTEGER.fullmatch(scorer_id):
        raise Refused(404, "No scorer matches the given criteria.")
    if not well_formed:
        raise Refused(400, "Invalid address.")
    if number is None:
        raise Refused(422, "scorer_id is not an integer.")
    if loaded.outcome == "too_many_credentials":
        raise Refused(422, TOO_MANY_CREDENTIALS)
    stamps, rejected = valid_stamps(loaded.credentials, address, settings.trusted_issuers, loaded.loaded_at)
    if rejected:
        log_left_out(address, number, rejected)
    try:
        return database.score(
            address, number, stamps, settings.human_points_enabled, settings.human_points_start
        )
    except TooManyStamps:
        raise Refused(422, TOO_MANY_CREDENTIALS) from None


def load(database: Database, key: str | None, scorer_id: int | None, address: str) -> Loaded:
    """What load_passport gives for a good key; a legacy key costs a second call, once. Raises Refused."""
    if key and key.isascii() and key.isprintable():
        prefix, key_hash = keys.prefix(key), keys.sha256_hash(key)
        loaded = database.load(prefix, key_hash, None, scorer_id, address)
        if loaded.legacy_parameters:
            legacy_hash = keys.pbkdf2_hash(key, loaded.legacy_parameters)
            loaded = database.load(prefix, key_hash, legacy_hash, scorer_id, address)
        if loaded.outcome != "invalid_key":
            return loaded
    raise Refused(401, "Invalid API Key.")


def bigint(text: str) -> int | None:
    """The number that a text spells; None where it spells none that a bigint holds."""
    if len(text) > 20 or not INTEGER.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        return None
    return int(text)


def log_left_out(address: str, scorer_id: int, rejected: list[tuple[str, str]]) -> None:
    """Tells the operator which credentials did not count, by reason."""
    left_out: dict[str, list[str]] = defaultdict(list)
    for provider, reason in rejected:
        left_out[reason].append(provider)
    named = {
        reason: [
            *providers[:MAX_LOGGED],
            *([f"and {more} more"] if (more := len(providers) - MAX_LOGGED) > 0 else []),
        ]
        for reason, providers in left_out.items()
    }
    record = {"address": address, "scorer_id": scorer_id, "left_out": named}
    log.info("credentials left out: %s", json.dumps(record))
