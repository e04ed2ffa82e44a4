"""How long tests wait for what has to happen."""

import time
from collections.abc import Callable

# Only a service that never comes back takes this long.
PATIENCE_SECONDS = 60


def wait_until(condition: Callable[[], bool], what: Callable[[], str] | str = "it happens") -> None:
    """Returns once a condition holds; raises AssertionError, with what was to happen, where it does not hold
    within PATIENCE_SECONDS."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain until {what if isinstance(what, str) else what()}")
        time.sleep(0.01)
