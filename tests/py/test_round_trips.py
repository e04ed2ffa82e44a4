"""What goes over the wire: one round trip a request, two where credentials are checked first, and nothing
that pins a session to a client."""

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest
from flask.testing import FlaskClient

from harness.service import Service
from harness.wire import Recording, recorded
from harness.world import World
from local.issuer import Issuer

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


@pytest.fixture
def asked(filled: World) -> Iterator[Callable[..., int]]:
    """Asks for the wallet's score and gives the number of round trips; further arguments are settings."""
    with recorded(filled.service_url) as (url, recording):

        def ask(status: int = 200, key: str = filled.key, **settings: object) -> int:
            before = recording.round_trips
            client = clients.setdefault(str(settings), filled.client(database_url=url, **settings))
            assert client.get(filled.path(ADDRESS), headers={"X-API-Key": key}).status_code == status
            return recording.round_trips - before

        clients: dict[str, FlaskClient] = {}
        yield ask


def test_a_request_whose_credentials_are_all_known_makes_one_round_trip(
    filled: World, asked: Callable[..., int]
) -> None:
    assert asked() == 2
    assert [asked() for _ in range(10)] == [1] * 10
    assert asked(human_points_enabled=True) == 1
    filled.execute("update ceramic_cache set deleted_at = now() where provider = 'Provider0'")
    assert asked() == 1
    filled.put_valid(ADDRESS, "Provider0", "v0:new")
    assert [asked(), asked()] == [2, 1]
    assert asked(401, "testkey1.wrong") == 1


def test_what_never_counts_is_known_too(filled: World, asked: Callable[..., int]) -> None:
    """A bad proof, an expired credential, one of another wallet, one of an issuer that nobody trusts."""
    asked()
    tampered = filled.issuer.credential(ADDRESS, "Tampered", ["v0:a"])
    tampered["credentialSubject"]["nullifiers"] = ["v0:b"]
    filled.put(ADDRESS, "Tampered", tampered)
    filled.put(ADDRESS, "Old", filled.issuer.credential(ADDRESS, "Old", ["v0:old"], "2020-01-01T00:00:00Z"))
    filled.put(ADDRESS, "Other", filled.issuer.credential("0x" + "e" * 40, "Other", ["v0:other"]))
    assert [asked(), asked()] == [2, 1]
    filled.put(ADDRESS, "Stranger", Issuer.ethereum().credential(ADDRESS, "Stranger", ["v0:s"]))
    filled.put(ADDRESS, "Odd", ["odd"])
    assert asked() == 1


def test_a_credential_that_comes_while_others_are_checked_is_checked_too(filled: World) -> None:
    """No answer is of anything but what the wallet held at one time."""

    def change(statement: str, sent: int) -> None:
        if sent == 2:
            filled.execute("update ceramic_cache set deleted_at = now() where provider = 'Provider0'")
            filled.put_valid(ADDRESS, "Github", "v0:g")

    with recorded(filled.service_url, before=change) as (url, recording):
        client = filled.client(database_url=url)
        answer = client.get(filled.path(ADDRESS), headers={"X-API-Key": filled.key}).json
    assert answer
    assert set(answer["stamps"]) == {"Github", *(f"Provider{number}" for number in range(1, 20))}
    assert recording.round_trips == 3
    assert filled.execute("select count(*) from registry_event") == [(1,)]


def test_no_statement_pins_a_session(filled: World, serve: Callable[..., Service]) -> None:
    with recorded(filled.service_url) as (url, recording):
        service = serve(url, TRUSTED_IAM_ISSUERS=f'["{filled.issuer.did}"]', HUMAN_POINTS_ENABLED="true")
        for number in range(12):
            filled.put_valid(ADDRESS, f"More{number}", f"v0:more{number}")
            assert service.get(filled.path(ADDRESS), X_API_Key=filled.key)[0] == 200
        assert service.get(f"/v2/stamps/{ADDRESS}", X_API_Key=filled.key)[0] == 200
        past = f"{filled.path(ADDRESS)}/history?created_at=2090-01-01"
        assert service.get(past, X_API_Key=filled.key)[0] == 403
        assert service.get("/ready")[0] == 200
    assert len(recording.statements) == 27
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
