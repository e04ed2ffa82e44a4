"""Who asks: the API key that comes with every call of the database that a request makes."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from api import keys, request_log
from api.database import Asked
from api.rate_limit import Allowance
from api.refused import Refused

MISSING_KEY = "Send your key as X-API-Key."
INVALID_KEY = "Invalid API Key."
UNKNOWN_SCORER = "No scorer matches the given criteria."


R = TypeVar("R", bound=Asked)


def ask(
    call: Callable[[Mapping[str, Any]], R],
    key: str | None,
    arguments: Mapping[str, Any],
    allowance: Allowance,
) -> R:
    """Calls a function that takes a key and counts to its rate limit, once more where the key is stored in
    the legacy form, which has to be derived for it. Raises Refused for a key that is missing, refused or used
    up."""
    record = request_log.current()
    if not key:
        record["outcome"] = "missing_key"
        raise Refused(401, MISSING_KEY)
    if not key.isascii() or not key.isprintable():
        record["outcome"] = "invalid_key"
        raise Refused(401, INVALID_KEY)
    given = {
        "key_prefix": keys.prefix(key),
        "key_hash": keys.sha256_hash(key),
        "legacy_key_hash": None,
        **arguments,
    }
    reply = call(given)
    if reply.legacy_parameters:
        reply = call(given | {"legacy_key_hash": keys.pbkdf2_hash(key, reply.legacy_parameters)})
    record["outcome"] = reply.outcome
    if reply.account_id is not None and reply.api_key_id is not None:
        record["account_id"], record["api_key_id"] = reply.account_id, reply.api_key_id
    allowance.note(reply.outcome, reply.rate_window)
    if reply.outcome in ("invalid_key", "legacy_key"):
        raise Refused(401, INVALID_KEY)
    if reply.outcome == "rate_limited":
        assert allowance.window
        raise Refused(429, allowance.window.refusal(allowance.asked))
    return reply
