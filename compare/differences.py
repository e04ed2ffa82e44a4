"""What two answers differ in, field by field, and why: each difference is filed under a cause.

A cause has a stable name, which rules and reports go by. What follows from another difference of the same
two answers is filed under that one's cause: a stamp that is missing takes its weight, maybe the verdict, and
maybe the expiry along.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from compare.sides import Answer

# The last decimal that is printed.
LAST = Decimal("0.00001")
# Seconds between the times at which the two say that they scored, once it is taken into account when each was
# asked.
APART = 60.0
# As Python's isoformat() prints a time in UTC.
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00")

ONLY_PRIMARY = "stamp only at the primary"
ONLY_CANDIDATE = "stamp only at the candidate"
DEDUPED_PRIMARY = "stamp deduped by the primary only"
DEDUPED_CANDIDATE = "stamp deduped by the candidate only"
TIME_FORMAT = "time format"
NUMBER_FORMAT = "number format"
EXPIRY = "expiry"
ROUNDING = "rounding of ties"
WEIGHT_BELOW = "weight, below the last decimal"
WEIGHT = "weight of a stamp"
SCORE = "score that its stamps do not give"
VERDICT = "passing_score that its score does not give"
THRESHOLD = "threshold"
SCORED_AT = "last_score_timestamp too far apart"
NO_ANSWER_BODY = "body that is no answer"
ERROR_PRIMARY = "error at the primary only"
ERROR_CANDIDATE = "error at the candidate only"
MISSING_FIELD = "field missing"
TYPE = "type of a value"
OTHER = "other value"


@dataclass(frozen=True)
class Difference:
    """field is as in stamps.Ens.score; primary and candidate are what is there, as JSON, empty where nothing
    is. is_tie tells of a difference of the last decimal whether rounding a tie the other way gives it."""

    field: str
    cause: str
    primary: str
    candidate: str
    is_tie: bool = False


def differences(
    primary: Answer, candidate: Answer, asked_apart: float = 0, apart: float = APART
) -> list[Difference]:
    """All differences of two answers to the same question. asked_apart is by how many seconds the candidate
    was asked later."""
    if primary.status != candidate.status:
        cause = f"status {primary.status}/{candidate.status}"
        return [Difference("status", cause, str(primary.status), str(candidate.status))]
    bodies = [parsed(answer.body) for answer in (primary, candidate)]
    ours, theirs = bodies
    if ours is None or theirs is None:
        if ours is None and theirs is None and primary.body == candidate.body:
            return []
        there, here = ("no object" if body is None else "an object" for body in bodies)
        return [Difference("body", NO_ANSWER_BODY, there, here)]
    if primary.status != 200 or "score" not in ours or "score" not in theirs:
        return list(of_fields(ours, theirs, ""))
    return list(of_scores(ours, theirs, asked_apart, apart))


def is_flip(primary: Answer, candidate: Answer) -> bool:
    """Whether one says that the wallet passes and the other that it does not."""
    verdicts = [
        (parsed(a.body) or {}).get("passing_score") if a.status == 200 else None for a in (primary, candidate)
    ]
    return {True, False} == set(verdicts) if all(type(v) is bool for v in verdicts) else False


def parsed(body: bytes) -> dict[str, Any] | None:
    """The object that a body is, or None."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def of_fields(ours: dict[str, Any], theirs: dict[str, Any], prefix: str) -> Iterator[Difference]:
    """Of values that mean nothing more than what they are."""
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs:
            yield differs(ours, theirs, name, MISSING_FIELD, prefix)
        elif type(ours[name]) is not type(theirs[name]):
            yield differs(ours, theirs, name, TYPE, prefix)
        elif ours[name] != theirs[name]:
            yield differs(ours, theirs, name, OTHER, prefix)


def differs(
    ours: dict[str, Any],
    theirs: dict[str, Any],
    name: str,
    cause: str,
    prefix: str = "",
    is_tie: bool = False,
) -> Difference:
    there, here = (json.dumps(side[name]) if name in side else "" for side in (ours, theirs))
    return Difference(f"{prefix}{name}", cause, there, here, is_tie)


def of_scores(
    ours: dict[str, Any], theirs: dict[str, Any], asked_apart: float, apart: float
) -> Iterator[Difference]:
    """Of two scores."""
    if bool(ours.get("error")) != bool(theirs.get("error")):
        # Who answers with an error has not scored: all else follows from it.
        yield differs(ours, theirs, "error", ERROR_PRIMARY if ours.get("error") else ERROR_CANDIDATE)
        return
    of_stamps = list(stamps(ours.get("stamps"), theirs.get("stamps")))
    yield from of_stamps
    roots = [d.cause for d in of_stamps if d.cause not in (TIME_FORMAT, NUMBER_FORMAT)]
    scores = [d.cause for d in of_stamps if d.cause not in (TIME_FORMAT, NUMBER_FORMAT, EXPIRY)]
    known = {"stamps", "error"}

    def both(name: str) -> bool:
        known.add(name)
        return name in ours and name in theirs and ours[name] != theirs[name]

    of_score: str | None = None
    if both("score"):
        of_score, is_tie = number_cause(ours["score"], theirs["score"], WEIGHT_BELOW, SCORE)
        if of_score in (SCORE, WEIGHT_BELOW) and scores and follows(ours, theirs):
            of_score = scores[0]
        yield differs(ours, theirs, "score", of_score, is_tie=is_tie)
    of_threshold: str | None = None
    if both("threshold"):
        of_threshold, is_tie = number_cause(ours["threshold"], theirs["threshold"], THRESHOLD, THRESHOLD)
        yield differs(ours, theirs, "threshold", of_threshold, is_tie=False)
    if both("passing_score"):
        moved = scores[:1] or [c for c in (of_score, of_threshold) if c]
        cause = moved[0] if moved and all(map(is_sound, (ours, theirs))) else VERDICT
        yield differs(ours, theirs, "passing_score", cause)
    if both("expiration_timestamp"):
        cause = time_cause(ours["expiration_timestamp"], theirs["expiration_timestamp"], EXPIRY)
        if cause == EXPIRY and roots and all(map(expires_first, (ours, theirs))):
            cause = roots[0]
        yield differs(ours, theirs, "expiration_timestamp", cause)
    if both("last_score_timestamp"):
        cause_or_none = scored_at(
            ours["last_score_timestamp"], theirs["last_score_timestamp"], asked_apart, apart
        )
        if cause_or_none:
            yield differs(ours, theirs, "last_score_timestamp", cause_or_none)
    for found in of_fields(ours, theirs, ""):
        if found.field not in known or found.cause == MISSING_FIELD:
            yield found


def stamps(ours: Any, theirs: Any) -> Iterator[Difference]:
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        if ours != theirs:
            yield Difference("stamps", TYPE, type(ours).__name__, type(theirs).__name__)
        return
    for provider in sorted(ours.keys() | theirs.keys()):
        prefix = f"stamps.{provider}."
        if provider not in ours or provider not in theirs:
            cause = ONLY_PRIMARY if provider in ours else ONLY_CANDIDATE
            yield differs(ours, theirs, provider, cause, "stamps.")
        elif isinstance(ours[provider], dict) and isinstance(theirs[provider], dict):
            yield from of_stamp(ours[provider], theirs[provider], prefix)
        elif ours[provider] != theirs[provider]:
            yield differs(ours, theirs, provider, TYPE, "stamps.")


def of_stamp(ours: dict[str, Any], theirs: dict[str, Any], prefix: str) -> Iterator[Difference]:
    """Of one provider's stamp. What is deduped scores nothing, its expiry is as the credential writes it."""
    dedup: str | None = None
    if type(ours.get("dedup")) is type(theirs.get("dedup")) is bool and ours["dedup"] != theirs["dedup"]:
        dedup = DEDUPED_PRIMARY if ours["dedup"] else DEDUPED_CANDIDATE
        yield differs(ours, theirs, "dedup", dedup, prefix)
    for found in of_fields(ours, theirs, prefix):
        name = found.field.removeprefix(prefix)
        cause, is_tie = found.cause, False
        if name == "dedup" and dedup:
            continue
        if name == "score" and cause == OTHER:
            cause, is_tie = number_cause(ours[name], theirs[name], WEIGHT_BELOW, WEIGHT)
            cause = dedup or cause
        elif name == "expiration_date" and cause == OTHER:
            cause = time_cause(ours[name], theirs[name], EXPIRY)
            if dedup and cause == TIME_FORMAT:
                cause = dedup
        yield differs(ours, theirs, name, cause, prefix, is_tie)


def number_cause(ours: Any, theirs: Any, below: str, beyond: str) -> tuple[str, bool]:
    """Why two printed numbers differ; and, of the last decimal, whether they are a tie that one rounds to
    even and the other away from zero."""
    try:
        ours_n, theirs_n = Decimal(str(ours)), Decimal(str(theirs))
    except InvalidOperation:
        return TYPE, False
    if type(ours) is not type(theirs):
        return TYPE, False
    if ours_n == theirs_n:
        return NUMBER_FORMAT, False
    if abs(ours_n - theirs_n) > LAST:
        return beyond, False
    smaller, larger = sorted((ours_n, theirs_n), key=abs)
    return below, smaller / LAST % 2 == 0 and abs(larger) - abs(smaller) == LAST


def time_cause(ours: Any, theirs: Any, cause: str) -> str:
    """Why two printed times differ."""
    times = [time_of(text) for text in (ours, theirs)]
    if times[0] is None or times[1] is None:
        return cause if ours is None or theirs is None else TIME_FORMAT
    return TIME_FORMAT if times[0] == times[1] else cause


def scored_at(ours: Any, theirs: Any, asked_apart: float, apart: float) -> str | None:
    """The times of scoring are those of asking: their form is compared, and how far they are apart."""
    texts = [str(ours), str(theirs)]
    times = [time_of(text) for text in texts]
    if bool(ISO.fullmatch(texts[0])) != bool(ISO.fullmatch(texts[1])) or (times[0] is None) != (
        times[1] is None
    ):
        return TIME_FORMAT
    if times[0] is None or times[1] is None:
        return OTHER
    gap = (times[1] - times[0]).total_seconds() - asked_apart
    return SCORED_AT if abs(gap) > apart else None


def time_of(text: Any) -> datetime | None:
    """With a time zone, or none at all."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None


def follows(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether the scores are as far apart as the stamps that count."""
    try:
        moved = counted(theirs) - counted(ours)
        count = len(ours["stamps"]) + len(theirs["stamps"])
        off = Decimal(theirs["score"]) - Decimal(ours["score"]) - moved
    except (InvalidOperation, TypeError, KeyError):
        return False
    return abs(off) <= LAST * (count + 1)


def counted(answer: dict[str, Any]) -> Decimal:
    return sum((Decimal(s["score"]) for s in answer["stamps"].values() if s["dedup"] is not True), Decimal(0))


def is_sound(answer: dict[str, Any]) -> bool:
    """Whether the verdict is that of the score and the threshold. Where the two are printed alike, the score
    itself may be a little less."""
    try:
        score, threshold = Decimal(answer["score"]), Decimal(answer["threshold"])
    except (InvalidOperation, TypeError, KeyError):
        return False
    return abs(score - threshold) <= LAST or answer["passing_score"] is (score >= threshold)


def expires_first(answer: dict[str, Any]) -> bool:
    """Whether the answer expires when the first of its stamps that count does."""
    try:
        times = [time_of(s["expiration_date"]) for s in answer["stamps"].values() if s["dedup"] is False]
    except (AttributeError, TypeError, KeyError):
        return False
    first = min((t for t in times if t), default=None)
    return time_of(answer.get("expiration_timestamp")) == first
