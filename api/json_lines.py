"""The log: one event is one line, a JSON object, whatever it tells of."""

import json
import logging
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

from api import request_log

# Of a pipe 4,096 bytes are written in one piece: what several processes write to one stays apart only where
# each event is.
LONGEST = 4000
# The members that may be long, and the characters to which their texts are cut until the line is short
# enough.
TEXTS = {"message", "error", "traceback", "failures", "providers_left_out"}
CUTS = (2000, 1000, 300, 100, 30, 8)

encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


# Where events are written that do not come by way of logging, once that is known.
_stream: TextIO | None = None


class JsonLines(logging.Formatter):
    """Writes what was logged as a line of printable ASCII: of a mapping its members, of another message its
    text, with the traceback and the id of the request that is under way. end is what the handler does not add
    itself."""

    def __init__(self, end: str = "") -> None:
        super().__init__()
        self._end = end

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.msg, Mapping):
            event = dict(record.msg)
        else:
            event = {"event": "message", "logger": record.name, "message": record.getMessage()}
        if request_id := request_log.current().get("request_id"):
            event["request_id"] = request_id
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        return line(event, record.levelname, record.created) + self._end


def line(event: Mapping[str, Any], level: str, seconds: float) -> str:
    """An event of a level and a time, in seconds since 1970, as JSON; of one that is too long, its texts are
    cut."""
    at = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    event = {"time": at, "level": level, **event}
    text = encode(event)
    for longest in CUTS:
        if len(text) <= LONGEST:
            break
        text = encode(
            {name: cut(value, longest) if name in TEXTS else value for name, value in event.items()}
        )
    # JSON does not escape it, and terminals obey it.
    return text.replace("\x7f", "\\u007f")


def cut(value: Any, longest: int) -> Any:
    """The value, of each long text in it the beginning and the end, of each long list the beginning."""
    if isinstance(value, Mapping):
        return {name: cut(each, longest) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [cut(each, longest) for each in value[:longest]]
    if isinstance(value, str) and len(value) > longest:
        return f"{value[: longest // 2]} [...] {value[-longest // 2 :]}"
    return value


def write(event: Mapping[str, Any], level: str) -> None:
    """Writes an event whatever is logged, past logging: its way costs a request more than all of this. Where
    nothing was said of a stream, or it takes no more, the event is lost."""
    if _stream:
        with suppress(OSError, ValueError):
            _stream.write(line(event, level, time.time()) + "\n")


def write_to(stream: TextIO) -> None:
    """Has all events written to a stream, and all that is logged."""
    global _stream
    _stream = stream
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def write_by_lambda() -> None:
    """Has events written to standard output, and what is logged by the handler that Lambda has put on the
    root logger, which drops what is below warning and ends no line."""
    global _stream
    _stream = sys.stdout
    logging.getLogger().setLevel(logging.INFO)
    for given in logging.getLogger().handlers:
        given.setFormatter(JsonLines(end="\n"))
