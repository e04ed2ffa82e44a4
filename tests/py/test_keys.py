"""Keys: who fails learns nothing, and nothing of a key is ever printed."""

import hashlib
from base64 import b64encode
from collections.abc import Callable

import pytest

from harness import printed
from harness.existing import base_table
from harness.service import Service
from harness.wire import recorded
from harness.world import World

pytestmark = pytest.mark.http

ADDRESS = "0x" + "9" * 40
REFUSED = [
    "nobody00.wrong-secret",  # an unknown prefix
    "testkey1.wrong-secret",  # a wrong secret
    "revoked1.right-secret",
    "expired1.right-secret",
    "testkey1",
    "x" * 4000,
]


@pytest.fixture
def world_of_keys(world: World) -> World:
    digest = b64encode(hashlib.pbkdf2_hmac("sha256", b"legacy01.right-secret", b"salt", 10)).decode()
    world.add_key("legacy01.right-secret", hashed=f"pbkdf2_sha256$10$salt${digest}")
    world.add_key("revoked1.right-secret", revoked=True)
    world.add_key("expired1.right-secret", expiry_date="2020-01-01Z")
    return world


def test_keys_that_are_refused_cannot_be_told_apart(
    world_of_keys: World, serve: Callable[..., Service]
) -> None:
    with recorded(world_of_keys.url) as (url, recording):
        service = serve(url)
        answers = []
        for key in [*REFUSED, "legacy01.wrong-secret"]:
            status, headers, body = service.get(
                world_of_keys.path(ADDRESS), X_API_Key=key, X_Request_ID="mine"
            )
            headers.pop("Date")
            answers.append((status, headers, body))
        assert answers[0][0] == 401
        assert answers == answers[:1] * len(answers)
    # Neither by what the database is asked; a prefix that is stored in the legacy form takes a second call.
    assert recording.round_trips == len(answers) + 1


def test_nothing_of_a_key_is_printed_whatever_fails(
    world_of_keys: World, serve: Callable[..., Service]
) -> None:
    """At the server's most talkative, with every kind of refusal and of failure."""
    world = world_of_keys
    service = serve(world.service_url, "serve.LOGGING |= {'log_level': 'debug', 'log_access': True}")

    def ask_all(status: int) -> None:
        for key in (world.key, "legacy01.right-secret"):
            assert service.get(world.path(ADDRESS), X_API_Key=key)[0] == status
            assert service.get(world.path(ADDRESS), Authorization=f"Bearer {key}")[0] == status

    for key in REFUSED:
        assert service.get(world.path(ADDRESS), X_API_Key=key)[0] == 401
    # The upgrade of a legacy key fails, with its row in the detail of the error.
    keys_table, events = (base_table(world.connection, name) for name in ("account_apikey", "registry_event"))
    world.execute(f"alter table {keys_table} add constraint broken check (hashed_key = '') not valid")
    legacy = service.get(world.path(ADDRESS), X_API_Key="legacy01.right-secret")
    assert legacy[0] == 500
    world.execute(f"alter table {keys_table} drop constraint broken")
    world.execute(f"alter table {events} add constraint broken check (address = '') not valid")
    ask_all(500)
    world.execute(f"alter table {events} drop constraint broken")
    ask_all(200)
    world.unguard_weights()
    world.execute("update scorer_weighted_binaryweightedscorer set weights = '[]'")
    ask_all(500)
    world.execute("drop function answer_request")
    ask_all(500)
    text = service.output.read_text()
    assert f"GET {world.path(ADDRESS)}" in text
    assert "violates check constraint" in text
    assert "does not exist" in text
    assert '"outcome":"misconfigured"' in text
    assert printed.leaks(text) == []


def test_the_check_finds_what_is_printed_of_a_key(world: World) -> None:
    assert printed.leaks(f"key {world.key} was refused")
    assert printed.leaks("prefix TESTKEY1")
    assert printed.leaks(f"stored as {hashlib.sha256(world.key.encode()).hexdigest()}")
    assert printed.leaks("nothing") == []


@pytest.mark.last
def test_nothing_printed_in_the_whole_run_holds_a_key(world: World) -> None:
    """By the service, by the database, by the pooler; run after all other tests."""
    assert printed.everything()
    assert printed.leaks(printed.everything()) == []
