"""What goes over the wire: at most two round trips a request, and nothing that pins a session to a client."""

import re
from collections.abc import Callable

import psycopg
import pytest

from tests.conftest import World
from tests.py.service import Service
from tests.py.wire import Recording, recorded

ADDRESS = "0x" + "d" * 40
# What makes RDS Proxy and transaction-mode PgBouncer tie a client to a server connection, or break.
PINNING = re.compile(
    r"\b(set|reset|prepare|execute|deallocate|discard|declare|listen|unlisten|notify|load|lock|copy|begin|start"
    r"|commit|savepoint|create|temporary|set_config|currval|lastval|nextval|setval|pg_advisory\w*|pg_try_advisory\w*)\b",
    re.IGNORECASE,
)


@pytest.fixture
def filled(world: World) -> World:
    for number in range(20):
        world.put_valid(ADDRESS, f"Provider{number}", f"v0:{number}", f"v1:{number}")
    return world


def test_a_warm_request_makes_two_round_trips(filled: World) -> None:
    with recorded(filled.service_url) as (url, recording):
        client = filled.client(database_url=url, human_points_enabled=True)
        for expected in (2, 4, 6):
            assert client.get(filled.path(ADDRESS), headers={"X-API-Key": filled.key}).status_code == 200
            assert recording.round_trips == expected
        assert client.get(filled.path(ADDRESS), headers={"X-API-Key": "testkey1.wrong"}).status_code == 401
        assert recording.round_trips == 7
        assert client.get("/health").status_code == 200
        assert recording.round_trips == 8


def test_no_statement_pins_a_session(filled: World, serve: Callable[..., Service]) -> None:
    with recorded(filled.service_url) as (url, recording):
        service = serve(url, TRUSTED_IAM_ISSUERS=f'["{filled.issuer.did}"]', HUMAN_POINTS_ENABLED="true")
        for _ in range(12):
            assert service.get(filled.path(ADDRESS), X_API_Key=filled.key)[0] == 200
        assert service.get("/health")[0] == 200
    assert len(recording.statements) == 25
    assert pinning(recording) == []
    assert recording.prepared_names == []


def test_the_check_sees_what_would_pin(world: World) -> None:
    with recorded(world.url) as (url, recording), psycopg.connect(url) as connection:
        connection.execute("set statement_timeout = 1000")
        connection.execute("select pg_advisory_lock(1)", prepare=True)
        connection.commit()
    assert [text.partition(" ")[0].lower() for text in pinning(recording)] == [
        "begin", "set", "select", "commit"
    ]  # fmt: skip
    assert len(recording.prepared_names) == 1


def pinning(recording: Recording) -> list[str]:
    return [text for text in recording.statements if PINNING.search(text)]
