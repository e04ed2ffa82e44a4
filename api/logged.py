"""One line for each request, and its id in the answer."""

import logging
import random
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, nullcontext
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wsgi import ClosingIterator

from api import json_lines, metrics, request_log
from api.request_log import Record

# Characters that an id of a caller may have.
MAX_ID = 128
# Characters of a method that are logged: a client may send any.
MAX_METHOD = 16
# Where a caller may say its id; the first that can be one is taken.
ID_HEADERS = ("HTTP_X_REQUEST_ID", "HTTP_X_AMZN_TRACE_ID")

log = logging.getLogger(__name__)
# Who else is to know of each request that is answered.
observers: list[Callable[[Record], None]] = []

# The system's: the state of Python's own is part of a snapshot of Lambda, and everybody that goes on from it
# would draw the same.
_random = random.SystemRandom()
_is_cold = True


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
        request_log.begin(record)

        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            record["status"] = int(status[:3])
            headers.append(("X-Request-ID", record["request_id"]))
            return start_response(status, headers, exc_info)

        try:
            body = self._app(environ, started)
            # A list the WSGI server sends in one piece, at less cost than what it has to iterate over.
            with closing(body) if isinstance(body, ClosingIterator) else nullcontext():
                return list(body)
        finally:
            request_log.end()
            record["duration_ms"] = (time.perf_counter() - start) * 1000
            self._finish(record)

    def unreadable(self, context: object) -> None:
        """Leaves the line of an event of Lambda that is no request, with the exception that is being
        handled."""
        record = begun({"awsgi.context": context})
        record |= {"status": 400, "outcome": "unreadable", "traceback": traceback.format_exc()}
        self._finish(record)

    def _finish(self, record: Record) -> None:
        for wallet in record.pop("wallets", []):
            if "route" in record:
                wallet["route"] = record["route"]
            self._finish(wallet)
        for observe in observers:
            observe(record)
        level = level_of(record)
        is_wanted = log.isEnabledFor(level) and (
            level > logging.INFO or record["status"] >= 400 or _random.random() < self._sample
        )
        if not is_wanted and not self._service:
            return
        line = written(record)
        if self._service:
            line = metrics.embedded(line, self._service, is_wanted)
        if line:
            json_lines.write(line, logging.getLevelName(level))


def begun(environ: Mapping[str, Any]) -> Record:
    """The record of a request that has just come."""
    global _is_cold
    record = request_log.new()
    record["request_id"] = request_id(environ)
    record["method"] = environ.get("REQUEST_METHOD", "")[:MAX_METHOD]
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
    return f"{_random.getrandbits(128):032x}"


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
