"""All that the service, its database and its pooler printed in a test run, and the keys they were given."""

import io
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api import json_lines, keys

# The lines of requests.
Lines = Callable[[], list[Any]]
# What was logged in the tests' own process, tracebacks included.
logged = io.StringIO()
# Files that other processes write to, which last as long as the test run.
files: set[Path] = set()
# What files held that are gone.
texts: list[str] = []
_needles: set[str] = set()
# A shorter part of a key may be a word.
MIN_LENGTH = 8


def keep() -> None:
    """Has everything that is logged from here on kept, whatever its level."""
    handler = logging.StreamHandler(logged)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    handler.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    json_lines.write_to(logged)


def lines(start: int) -> list[Any]:
    """The lines of requests, and of wallets of batches, that were answered in the tests' own process, after
    so many characters of the log."""
    events = [
        json.loads(line) for line in logged.getvalue()[start:].splitlines() if line.startswith('{"time')
    ]
    return [event for event in events if event["event"] in ("request", "wallet")]


def watch_for(key: str, stored: str) -> None:
    """Keeps in mind what must not be printed of a key: itself, its parts, and what it is stored as."""
    prefix, _, secret = key.partition(".")
    parts = {key, prefix, secret, stored, stored.rpartition("$")[2], keys.sha256_hash(key).partition("$")[2]}
    _needles.update(part for part in parts if len(part) >= MIN_LENGTH)


def everything() -> str:
    """All that was printed so far."""
    return "\n".join([logged.getvalue(), *texts, *(f.read_text(errors="replace") for f in sorted(files))])


def leaks(text: str) -> list[str]:
    """What of a key the text holds, in any case."""
    lower = text.lower()
    return sorted(needle for needle in _needles if needle.lower() in lower)
