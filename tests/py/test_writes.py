"""What a request writes: what has changed, and no more."""

from collections import Counter
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from harness.existing import base_table
from harness.world import World

ADDRESS = "0x" + "7" * 40
OTHER = "0x" + "8" * 40
MOVED = "moved"
# Of events, all months together.
WRITTEN = r"""
select
    regexp_replace(relname, '_\d{4}_\d\d$', ''), sum(n_tup_ins)::bigint, sum(n_tup_upd)::bigint,
    sum(n_tup_upd - n_tup_hot_upd)::bigint, sum(n_tup_del)::bigint
from pg_stat_user_tables
where schemaname in ('scorer', 'public')
group by 1
"""


@pytest.fixture
def client(world: World) -> FlaskClient:
    for number in range(20):
        world.put_valid(ADDRESS, f"Provider{number}", f"v0:{number}", f"v1:{number}")
    return world.client(human_points_enabled=True)


@pytest.fixture
def written(world: World, client: FlaskClient) -> Callable[..., dict[str, int]]:
    """Asks for a wallet's score so many times; gives what that wrote, by table and kind of writing. An update
    that is not heap-only is counted twice."""
    adopted = base_table(world.connection, "registry_score").startswith("public")

    def read() -> Counter[str]:
        # Sessions tell what they wrote at their end.
        world.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        world.execute("select pg_stat_force_next_flush()")
        counted = Counter(
            {
                f"{table} {kind}": count
                for table, *counts in world.execute(WRITTEN)
                for kind, count in zip(("inserted", "updated", MOVED, "deleted"), counts, strict=True)
            }
        )
        # The existing service's tables have indexes on what every update changes.
        return Counter({name: n for name, n in counted.items() if not adopted or MOVED not in name})

    def ask(address: str = ADDRESS, times: int = 1) -> dict[str, int]:
        before = read()
        for _ in range(times):
            assert client.get(world.path(address), headers={"X-API-Key": world.key}).status_code == 200
        return dict(read() - before)

    return ask


def test_a_first_scoring_writes_everything(written: Callable[..., dict[str, int]]) -> None:
    assert written() == {
        "api_key_use inserted": 1,
        "credential_check inserted": 20,
        "registry_passport inserted": 1,
        "registry_hashscorerlink inserted": 40,
        "registry_stamp inserted": 20,
        "registry_score inserted": 1,
        "registry_event inserted": 1,
    }


def test_an_unchanged_rescoring_writes_the_score_in_place_and_an_event(
    written: Callable[..., dict[str, int]],
) -> None:
    written()
    assert written(times=50) == {
        "registry_score updated": 50,
        "registry_event inserted": 50,
    }


def test_one_credential_that_changed_writes_its_own_rows(
    world: World, written: Callable[..., dict[str, int]]
) -> None:
    written()
    document = world.issuer.credential(ADDRESS, "Provider0", ["v0:0", "v1:0"], "2090-01-01T00:00:00Z")
    world.execute("delete from ceramic_cache where provider = 'Provider0'")
    world.put(ADDRESS, "Provider0", document)
    changed = written()
    assert {name: count for name, count in changed.items() if not name.startswith("ceramic")} == {
        "credential_check inserted": 1,
        "registry_hashscorerlink updated": 2,
        "registry_stamp inserted": 1,
        "registry_stamp deleted": 1,
        "registry_score updated": 1,
        "registry_event inserted": 1,
    }


def test_a_clash_that_is_known_writes_its_event(world: World, written: Callable[..., dict[str, int]]) -> None:
    written()
    world.put_valid(OTHER, "Provider0", "v0:0", "v1:0")
    written(OTHER)
    assert written(OTHER) == {
        "registry_score updated": 1,
        "registry_event inserted": 2,
    }


@pytest.mark.own_tables
def test_a_credential_is_stored_as_it_was_found_and_not_compressed_again(
    world: World, client: FlaskClient
) -> None:
    """In a column that compresses nothing, what it was compressed by shows that nobody took it apart."""
    world.put_valid(ADDRESS, "Large", *(f"v0:{number}".ljust(90, "=") for number in range(40)))
    world.execute("alter table registry_stamp alter column credential set storage external")
    assert client.get(world.path(ADDRESS), headers={"X-API-Key": world.key}).status_code == 200
    stored = "select distinct pg_column_compression({}) from {} where provider = 'Large'"
    for column, table in (("stamp", "ceramic_cache"), ("credential", "registry_stamp")):
        assert world.execute(stored.format(column, table)) == [("pglz",)]
