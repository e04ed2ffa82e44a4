"""The log: one event is one line, a JSON object, whatever it tells of."""

import json
import logging
from collections.abc import Mapping
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


class JsonLines(logging.Formatter):
    """Writes a record as a line of printable ASCII: of a mapping its members, of another message its text,
    with the traceback and the id of the request that is under way. end is what the handler does not add
    itself."""

    def __init__(self, end: str = "") -> None:
        super().__init__()
        self._end = end

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
        }
        if isinstance(record.msg, Mapping):
            event.update(record.msg)
        else:
            event |= {"event": "message", "logger": record.name, "message": record.getMessage()}
            if request_id := request_log.current().get("request_id"):
                event["request_id"] = request_id
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        return line(event) + self._end


def line(event: Mapping[str, Any]) -> str:
    """An event as JSON; of one that is too long, its texts are cut."""
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
    """The value, of each long text in it the beginning and the end."""
    if isinstance(value, Mapping):
        return {name: cut(each, longest) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [cut(each, longest) for each in value]
    if isinstance(value, str) and len(value) > longest:
        return f"{value[: longest // 2]} [...] {value[-longest // 2 :]}"
    return value


def write_to(stream: TextIO) -> None:
    """Has all that is logged written to a stream."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def write_by_lambda() -> None:
    """Has it written by the handler that Lambda has put on the root logger, which drops what is below warning
    and ends no line."""
    logging.getLogger().setLevel(logging.INFO)
    for given in logging.getLogger().handlers:
        given.setFormatter(JsonLines(end="\n"))
