"""What is done on a schedule is in nobody's way."""

from collections.abc import Callable

import psycopg

from api.credentials import VERIFIER
from api.database import Database
from api.upkeep import upkeep
from harness.world import World

ADDRESS = "0x" + "9" * 40
OTHER = "0x" + "8" * 40
PRUNE = "select looked_at, removed from scorer.prune_checks(%s, 100)"


def test_a_request_waits_for_no_check_that_is_being_removed(
    world: World, sessions: Callable[[], psycopg.Connection]
) -> None:
    """Nor does another removal, nor one of the same wallet's new documents. The check is made again."""
    client = world.client()

    def ask(address: str) -> int:
        return client.get(world.path(address), headers={"X-API-Key": world.key}).status_code

    world.put_valid(ADDRESS, "Github", "v0:g")
    assert ask(ADDRESS) == 200
    # As if it had expired for long.
    world.execute(
        "update credential_check set checked_at = now() - interval '1 year', expires_at = '2020-01-01Z'"
    )
    pruning, other = sessions(), sessions()
    other.execute("set lock_timeout = '1s'")
    pruning.execute("begin")
    assert pruning.execute(PRUNE, [VERIFIER]).fetchall() == [(1, 1)]
    assert other.execute(PRUNE, [VERIFIER]).fetchall() == [(0, 0)]
    assert ask(ADDRESS) == 200
    world.put_valid(ADDRESS, "Google", "v0:o")
    world.put_valid(OTHER, "Google", "v0:p")
    assert (ask(ADDRESS), ask(OTHER)) == (200, 200)
    pruning.execute("commit")
    assert world.execute("select count(*) from credential_check") == [(2,)]
    assert ask(ADDRESS) == 200
    assert world.execute("select count(*) from credential_check") == [(3,)]


def test_a_check_that_somebody_has_locked_stays(
    world: World, sessions: Callable[[], psycopg.Connection]
) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    world.put_valid(ADDRESS, "Google", "v0:o")
    client = world.client()
    assert client.get(world.path(ADDRESS), headers={"X-API-Key": world.key}).status_code == 200
    world.execute(
        "update credential_check set checked_at = now() - interval '1 year', expires_at = '2020-01-01Z'"
    )
    holder = sessions()
    holder.execute("begin")
    holder.execute("select from scorer.credential_check where provider = 'Github' for update")
    assert upkeep(Database(world.service_url)).checks_removed == 1
    holder.execute("commit")
    assert world.execute("select provider from credential_check") == [("Github",)]
