"""GET /v2/stamps/{scorer_id}/score/{address}/history: what a wallet's score was at a time."""

from dataclasses import dataclass
from datetime import UTC, datetime

from api import request_log
from api.asking import ask
from api.database import Database
from api.rate_limit import Allowance
from api.refused import Refused
from api.scoring import ADDRESS, INVALID_ADDRESS, retried, scorer_number, unknown_scorer
from api.settings import Settings

FORBIDDEN = "Invalid permissions for action."
NO_TIME = "created_at is no ISO 8601 time: give one as 2026-11-23T15:27:13Z. In a URL, + is written %2B."


@dataclass
class NoScore(Exception):
    """The wallet had no score then: what to tell the client, and the wallet as it was asked for."""

    detail: str
    address: str


def score_at(
    database: Database,
    settings: Settings,
    key: str | None,
    scorer_id: str,
    address: str,
    created_at: str | None,
    allowance: Allowance,
) -> str:
    """The answer as JSON text; created_at is what the client gave. Raises Refused, NoScore, Unavailable."""
    number = scorer_number(settings, scorer_id)
    wallet = address.lower() if ADDRESS.fullmatch(address) else None
    request_log.asks(number, wallet)
    arguments = {
        "scorer_id": number,
        "address": wallet,
        "created_at": time_of(created_at),
    }
    reply = retried(lambda: ask(database.answer_history, key, arguments, allowance))
    match reply.outcome:
        case "found" if reply.answer is not None:
            return reply.answer
        case "forbidden":
            raise Refused(403, FORBIDDEN)
        case "unknown_scorer":
            raise unknown_scorer(scorer_id, address)
        case "invalid_address":
            raise Refused(400, INVALID_ADDRESS)
        case "invalid_time":
            raise Refused(422, NO_TIME)
        case "no_score":
            raise NoScore(f"No Score Found for {address} at {created_at}", address)
    raise AssertionError(reply.outcome)


def time_of(text: str | None) -> datetime | None:
    """An ISO 8601 date or time, in UTC where it names no offset; None for what is none."""
    try:
        time = datetime.fromisoformat(text or "")
        return time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
