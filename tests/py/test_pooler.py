"""PgBouncer in transaction mode, with far fewer connections to the server than the service has to it."""

import json
from collections.abc import Callable

import psycopg

from harness.invariants import lost, violations
from harness.load import load
from harness.neighbours import WALLETS, fill
from harness.pooler import pooled
from harness.server import service_url_of
from harness.service import Service
from harness.world import World


def test_many_clients_share_two_connections(world: World, serve: Callable[..., Service]) -> None:
    fill(world)
    with pooled(world.url, default_pool_size=2) as url:
        service = serve(
            service_url_of(url),
            TRUSTED_IAM_ISSUERS=json.dumps([world.issuer.did]),
            HUMAN_POINTS_ENABLED="true",
            WEB_CONCURRENCY="2",
        )
        with load(service.port, world.key, [(address, 1) for address in WALLETS], clients=16) as result:
            result.wait_for(500)
            sessions = world.execute(
                "select pid from pg_stat_activity where usename = 'service' and datname = current_database()"
            )
    assert set(result.by_status()) == {200}
    assert 1 <= len(sessions) <= 2
    assert violations(world.connection) == []
    assert lost(world.connection, result.answered()) == []


def test_nothing_of_a_request_is_left_in_a_session(world: World) -> None:
    """The next client finds the server's connection as the last one did, but for its name, which PgBouncer
    sets for each."""
    state = """
        select
            (select count(*) from pg_prepared_statements),
            (select count(*) from pg_cursors),
            (select count(*) from pg_locks where locktype = 'advisory'),
            (select count(*) from pg_class where relpersistence = 't'),
            (select md5(string_agg(name || setting, ',' order by name)) from pg_settings
                where name <> 'application_name'),
            pg_backend_pid()
    """
    address = WALLETS[0]
    world.put_valid(address, "Github", "v0:g")
    with pooled(world.url, default_pool_size=1, max_db_connections=1) as url:
        client = world.client(database_url=service_url_of(url), human_points_enabled=True)
        with psycopg.connect(service_url_of(url), autocommit=True) as other:
            states = []
            for _ in range(5):
                assert client.get(world.path(address), headers={"X-API-Key": world.key}).status_code == 200
                states.append(other.execute(state).fetchone())
    # The first request loads PL/pgSQL, whose own settings are new then.
    assert len(set(states)) == 1
