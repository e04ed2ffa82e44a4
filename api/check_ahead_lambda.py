"""The AWS Lambda handler that a schedule invokes: api.check_ahead_lambda.handler.

Keeps the database up (api.upkeep). Checks documents before a request asks for them, until none is left or
its time is nearly used up; the next invocation goes on from there.
"""

import logging
import time
from dataclasses import asdict
from typing import Protocol

from api import json_lines
from api.check_ahead import Run
from api.database import Database
from api.settings import Settings
from api.upkeep import upkeep

# Months of events ahead of which fewer are an alarm.
FEWEST_MONTHS = 2
# Seconds before Lambda would end the invocation: the documents that are being checked take no longer.
RESERVE = 5.0

json_lines.write_by_lambda()
log = logging.getLogger(__name__)
# A bad setting is an error of the function's initialization, which Lambda reports by its type and message.
settings = Settings.from_environment()
logging.getLogger().setLevel(settings.log_level)


class Context(Protocol):
    """What Lambda says of the invocation, as far as it is read."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until it is ended."""


def handler(event: object, context: Context) -> dict[str, int | None]:
    """Gives, and logs as a line of JSON, how many documents were checked, how many of their checks are new,
    how many credentials are left at most, and what upkeep gives. Raises Unavailable, which to Lambda is an
    error of the function."""
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE
    # Of its own: a connection does not outlast the minutes between invocations.
    database = Database(settings.database_url, settings.database_password)
    kept_up = upkeep(database)
    run = Run(database, sorted(settings.trusted_issuers), deadline=deadline)
    run.begin()
    run.work()
    counts = {"checked": run.checked, "kept": run.kept, "left": run.ids_left, **asdict(kept_up)}
    log.log(level_of(kept_up.months_ahead), {"event": "check_ahead"} | counts)
    return counts


def level_of(months_ahead: int | None) -> int:
    """At what the line of a run is logged: what an alarm is made of, whatever LOG_LEVEL is."""
    return logging.ERROR if months_ahead is not None and months_ahead < FEWEST_MONTHS else logging.INFO
