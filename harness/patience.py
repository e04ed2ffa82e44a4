"""How long tests wait for what has to happen."""

import time
from collections.abc import Callable

# Only a service that never comes back takes this long.
PATIENCE_SECONDS = 60


def wait_until(condition: Callable[[], bool], what: Callable[[], str] = lambda: "it") -> None:
    """Returns once a condition holds; raises AssertionError with what was waited for where it does not within
    PATIENCE_SECONDS."""
    for _ in range(PATIENCE_SECONDS * 100):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError(f"waited in vain for {what()}")
