"""The memory of the packaged function, over as many invocations as an environment may live for."""

import psutil
import pytest

from bench.function import endured, event
from harness.lambda_runtime import Start
from harness.world import World

# Takes most of a minute, and neither PgBouncer nor whose the tables are shows in it.
pytestmark = [pytest.mark.newest, pytest.mark.own_tables]

ADDRESS = "0x" + "e" * 40


def test_memory_is_flat(world: World, start: Start) -> None:
    """Of 10,000 invocations the last tenth needs hardly more than the second."""
    world.put_valid(ADDRESS, "Github", "v0:g")
    instance = start()
    instance.start()
    assert endured(instance, [event(world, ADDRESS)], 10_000) == 0
    # With room for what Lambda itself needs.
    assert psutil.Process(instance.process.pid).memory_info().rss < 128e6
