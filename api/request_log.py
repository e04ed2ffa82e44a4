"""The log's line of a request: which fields it has, and who writes it when. Each field is filled in by who
knows it, while the request is under way."""

import logging
import random
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, TypedDict
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from api import metrics

# Characters that an id of a caller may have.
MAX_ID = 128
# Where a caller may say its id; the first that can be one is taken.
ID_HEADERS = ("HTTP_X_REQUEST_ID", "HTTP_X_AMZN_TRACE_ID")


class Record(TypedDict, total=False):
    """What is known of a request. docs/operations.md says what each field means, and its unit."""

    event: str
    request_id: str
    invocation_id: str
    method: str
    route: str
    status: int
    outcome: str
    duration_ms: float
    database_ms: float
    round_trips: int
    pool_in_use: int
    verification_ms: float
    documents_checked: int
    attempts: int
    cold_start: bool
    account_id: int
    api_key_id: str
    scorer_id: int
    address: str
    score: float
    passing: bool
    stamps_clean: int
    stamps_deduped: int
    left_out: int
    # In the line a field for each reason: left_out_expired.
    left_out_by_reason: Mapping[str, int]
    providers_left_out: Mapping[str, list[str]]
    sqlstate: str
    failures: list[str]
    error: str
    traceback: str


log = logging.getLogger("api.request")
# Who else is to know of each request that is answered.
observers: list[Callable[[Record], None]] = []

_current: ContextVar[Record | None] = ContextVar("record", default=None)
_is_cold = True


def current() -> Record:
    """The record of the request that is under way, to be filled in; where there is none, one that nobody
    reads."""
    return _current.get() or new()


def failed(outcome: str, error: Exception) -> None:
    """Notes what made the request fail that is under way."""
    current().update({"outcome": outcome, "error": str(error)})


def new() -> Record:
    """A record of nothing yet."""
    return {"event": "request", "database_ms": 0.0, "round_trips": 0}


class Logged:
    """The application, each of whose requests leaves a line and is answered with its id."""

    def __init__(self, app: WSGIApplication, sample: float = 1.0, service: str | None = None) -> None:
        """sample is the share of successful requests that leave a line; service, whose metrics CloudWatch is
        to read from the lines, if any."""
        self._app = app
        self._sample = sample
        self._service = service

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start = time.perf_counter()
        record = begun(environ)
        token = _current.set(record)

        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            record["status"] = int(status[:3])
            headers.append(("X-Request-ID", record["request_id"]))
            return start_response(status, headers, exc_info)

        try:
            return self._app(environ, started)
        finally:
            _current.reset(token)
            record["duration_ms"] = (time.perf_counter() - start) * 1000
            self._finish(record)

    def unreadable(self, context: object) -> None:
        """Leaves the line of an event of Lambda that is no request, with the exception that is being
        handled."""
        record = begun({"awsgi.context": context})
        record |= {"status": 400, "outcome": "unreadable", "traceback": traceback.format_exc()}
        self._finish(record)

    def _finish(self, record: Record) -> None:
        for observe in observers:
            observe(record)
        level = level_of(record)
        is_wanted = log.isEnabledFor(level) and (
            level > logging.INFO or record["status"] >= 400 or random.random() < self._sample  # noqa: S311
        )
        if not is_wanted and not self._service:
            return
        line = written(record)
        if self._service:
            line = metrics.embedded(line, self._service, is_wanted)
        if line:
            # Not for its level: whether it is wanted is known, and metrics are always.
            log.handle(log.makeRecord(log.name, level, "", 0, line, (), None))


def begun(environ: Mapping[str, Any]) -> Record:
    """The record of a request that has just come."""
    global _is_cold
    record = new()
    record["request_id"] = request_id(environ)
    record["method"] = environ.get("REQUEST_METHOD", "")
    # Until the answer says another.
    record["status"] = 500
    record["cold_start"], _is_cold = _is_cold, False
    if invocation_id := getattr(environ.get("awsgi.context"), "aws_request_id", None):
        record["invocation_id"] = invocation_id
    return record


def request_id(environ: Mapping[str, Any]) -> str:
    """The id that the caller gave, where it is one: printable ASCII of at most 128 characters; else a new
    one."""
    for name in ID_HEADERS:
        given = environ.get(name)
        if given and len(given) <= MAX_ID and given.isascii() and given.isprintable():
            return str(given)
    return uuid.uuid4().hex


def level_of(record: Record) -> int:
    """Errors are what an operator may have to mend, warnings what went wrong and may be well again."""
    match record.get("outcome"):
        case "unfinished":
            return logging.WARNING
        case "unreadable":
            return logging.ERROR
    if record["status"] >= 500:
        return logging.ERROR
    return logging.WARNING if "failures" in record else logging.INFO


def written(record: Record) -> dict[str, Any]:
    """The record as members of its line."""
    line: dict[str, Any] = dict(record)
    for reason, count in line.pop("left_out_by_reason", {}).items():
        line[f"left_out_{reason}"] = count
    for name in ("duration_ms", "database_ms", "verification_ms"):
        if name in line:
            line[name] = round(line[name], 3)
    return line
