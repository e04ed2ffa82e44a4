"""What the service does to its database on a schedule: the next months of events are made, and checks that
hardly anybody asks for go, some at a time."""

from dataclasses import dataclass

from api.credentials import VERIFIER
from api.database import Database

# Months of events that are there before they begin: an alarm that somebody reads in a week is soon enough.
MONTHS = 3
# Checks that are looked at by a run: each minute, three million a day.
CHECKS = 2000


@dataclass(frozen=True)
class Upkeep:
    """Months of events made ahead, None where they are not ours to make, and checks that are gone."""

    months_ahead: int | None
    checks_removed: int


def upkeep(database: Database) -> Upkeep:
    """Does it once, in two short transactions for which no request waits. Raises Unavailable."""
    months_ahead = database.ensure_event_partitions(MONTHS)
    _, removed = database.prune_checks(VERIFIER, CHECKS)
    return Upkeep(months_ahead, removed)
