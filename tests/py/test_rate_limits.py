"""Rate limits over HTTP: exactly what is allowed passes, each request counts once, and every answer tells."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from api import keys
from harness.existing import base_table
from harness.locks import locked_passports, waiting
from harness.printed import Lines
from harness.service import Service
from harness.world import World

pytestmark = pytest.mark.http

ADDRESS = "0x" + "7" * 40
LIMITED = "limited1.secret"
USED = "select used from scorer.api_key_window"


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.client()


def limit(world: World, rate_limit: str) -> None:
    world.add_key(LIMITED, rate_limit=rate_limit, name="nightly")


def get(client: FlaskClient, path: str, key: str = LIMITED) -> tuple[int, dict[str, str]]:
    response = client.get(path, headers={"X-API-Key": key})
    return response.status_code, {
        name: value
        for name, value in response.headers
        if name.startswith("RateLimit") or name == "Retry-After"
    }


def test_exactly_the_allowed_number_of_concurrent_requests_passes(
    world: World, serve: Callable[..., Service]
) -> None:
    """Of 64 clients, on two processes and several wallets, whose documents are checked first."""
    limit(world, "50/15m")
    wallets = [f"0x{number:040x}" for number in range(8)]
    for wallet in wallets:
        world.put_valid(wallet, "Github", f"v0:{wallet}")
    service = serve(world.service_url, WEB_CONCURRENCY="2", TRUSTED_IAM_ISSUERS=f'["{world.issuer.did}"]')

    def ask(number: int) -> int:
        return service.get(world.path(wallets[number % 8]), X_API_Key=LIMITED)[0]

    with ThreadPoolExecutor(64) as executor:
        statuses = sorted(executor.map(ask, range(128)))
    assert statuses == [200] * 50 + [429] * 78
    assert world.execute(USED) == [(50,)]


def test_a_request_that_waits_for_a_passport_holds_up_no_other_of_its_key(
    world: World, client: FlaskClient
) -> None:
    limit(world, "5/15m")
    stuck, other = world.path(ADDRESS), world.path("0x" + "8" * 40)
    assert get(client, stuck, world.key)[0] == 200
    with ThreadPoolExecutor(1) as executor:
        with locked_passports(world):
            first = executor.submit(get, world.client(), stuck)
            while not waiting(world):
                assert not first.done()
            assert get(client, other)[0] == 200
            assert waiting(world)
        assert first.result()[0] == 200
    assert world.execute(USED) == [(2,)]


def test_who_waited_while_others_used_the_limit_up_is_refused_and_leaves_nothing(
    world: World, client: FlaskClient
) -> None:
    limit(world, "1/15m")
    stuck, other = world.path(ADDRESS), world.path("0x" + "8" * 40)
    assert get(client, stuck, world.key)[0] == 200
    events = world.execute("select count(*) from registry_event where address = %s", ADDRESS)
    with ThreadPoolExecutor(1) as executor:
        with locked_passports(world):
            first = executor.submit(get, world.client(), stuck)
            while not waiting(world):
                assert not first.done()
            assert get(client, other)[0] == 200
        status, headers = first.result()
    assert status == 429
    assert headers["RateLimit"].startswith('"default";r=0;')
    assert world.execute("select count(*) from registry_event where address = %s", ADDRESS) == events
    assert world.execute(USED) == [(1,)]


def test_every_answer_to_a_limited_key_tells_what_is_left(world: World, client: FlaskClient) -> None:
    limit(world, "6/15m")
    left = []
    for path, status in [
        (world.path(ADDRESS), 200),
        (world.path(ADDRESS, 99), 404),
        (world.path("0x1"), 400),
        (world.path(ADDRESS, "x"), 422),
        (f"{world.path(ADDRESS)}/history?created_at=2026-01-01", 403),
        (f"/v2/stamps/{ADDRESS}", 200),
        (world.path(ADDRESS), 429),
        (f"/v2/stamps/{ADDRESS}?limit=0", 429),
    ]:
        got, headers = get(client, path)
        assert got == status
        assert headers["RateLimit-Policy"] == '"default";q=6;w=900'
        match = re.fullmatch(r'"default";r=(\d+);t=(\d+)', headers["RateLimit"])
        assert match
        left.append(int(match[1]))
        assert 0 < int(match[2]) <= 900
        assert headers.get("Retry-After") == (match[2] if status == 429 else None)
    assert left == [5, 4, 3, 2, 1, 0, 0, 0]


def test_every_answer_to_a_list_of_wallets_tells_what_is_left_too(world: World, client: FlaskClient) -> None:
    """Also where it is refused before its body is read."""
    limit(world, "6/15m")
    left = []
    for scorer, body, status in [
        ("1", b'{"addresses": ["0x1"]}', 200),
        ("1", b"", 400),
        ("1", b" " * 65537, 413),
        ("1", b"{}", 422),
        ("99", b"{}", 404),
        ("x", b"{}", 422),
        ("99", b"{}", 429),
        ("1", b" " * 65537, 429),
    ]:
        response = client.post(f"/v2/stamps/{scorer}/scores", data=body, headers={"X-API-Key": LIMITED})
        assert response.status_code == status, (scorer, body[:9])
        assert response.headers["RateLimit-Policy"] == '"default";q=6;w=900'
        left.append(response.headers["RateLimit"].split(";")[1])
    assert left == ["r=5", "r=4", "r=3", "r=2", "r=1", "r=0", "r=0", "r=0"]
    assert world.execute(USED) == [(6,)]


def test_a_refusal_says_the_limit_and_when_to_come_back(world: World, client: FlaskClient) -> None:
    limit(world, "1/h")
    client.get(world.path(ADDRESS), headers={"X-API-Key": LIMITED})
    response = client.get(world.path(ADDRESS), headers={"X-API-Key": LIMITED})
    assert response.json == {
        "detail": "The rate limit of this API key is 1 request per hour."
        f" Try again in {response.headers['Retry-After']} seconds."
    }


def test_a_window_begins_anew(world: World, client: FlaskClient) -> None:
    limit(world, "1/15m")
    assert [get(client, world.path(ADDRESS))[0] for _ in range(2)] == [200, 429]
    world.execute("update scorer.api_key_window set window_start = window_start - interval '15 min'")
    assert [get(client, world.path(ADDRESS))[0] for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("rate_limit", [None, ""])
def test_a_key_without_a_limit_is_told_of_none(
    world: World, client: FlaskClient, rate_limit: str | None
) -> None:
    world.add_key(LIMITED, rate_limit=rate_limit)
    assert get(client, world.path(ADDRESS)) == (200, {})
    assert get(client, world.path(ADDRESS), "limited1.wrong") == (401, {})
    assert world.execute(USED) == []


def test_what_was_not_authenticated_is_not_counted(world: World, client: FlaskClient) -> None:
    limit(world, "5/15m")
    for key in ("limited1.wrong", "limited1", ""):
        assert get(client, world.path(ADDRESS), key) == (401, {})
    assert world.execute(USED) == []


def test_a_request_whose_documents_are_checked_counts_once(world: World, client: FlaskClient) -> None:
    limit(world, "5/15m")
    for number in range(250):
        world.put(ADDRESS, f"P{number}", {"issuer": world.issuer.did, "number": number})
    assert get(client, world.path(ADDRESS))[1]["RateLimit"].startswith('"default";r=4;')
    assert world.execute(USED) == [(1,)]
    assert world.execute("select count(*) from scorer.credential_check") == [(250,)]


def test_a_client_cannot_have_a_request_not_counted(world: World, client: FlaskClient) -> None:
    limit(world, "5/15m")
    path = f"{world.path(ADDRESS)}?count=0&p_count=0&counted=true"
    assert client.get(path, headers={"X-API-Key": LIMITED, "Count": "0"}).status_code == 200
    assert world.execute(USED) == [(1,)]


def test_a_request_that_is_taken_back_gives_its_count_back(world: World, client: FlaskClient) -> None:
    limit(world, "5/15m")
    events = base_table(world.connection, "registry_event")
    world.execute(f"alter table {events} add constraint broken check (address = '') not valid")
    assert get(client, world.path(ADDRESS))[0] == 500
    assert world.execute(USED) == []
    world.execute(f"alter table {events} drop constraint broken")
    assert get(client, world.path(ADDRESS))[1]["RateLimit"].startswith('"default";r=4;')


def test_a_limit_that_is_none_is_an_error_that_names_the_key_to_the_operator_alone(
    world: World, client: FlaskClient, lines: Lines
) -> None:
    table = base_table(world.connection, "account_apikey")
    world.execute(f"alter table {table} drop constraint if exists account_apikey_rate_limit_check")
    limit(world, "plenty")
    response = client.get(world.path(ADDRESS), headers={"X-API-Key": LIMITED})
    assert response.status_code == 500
    assert response.json == {"detail": "Unexpected error while submitting passport"}
    (line,) = lines()
    assert (line["level"], line["sqlstate"], line["outcome"]) == ("ERROR", "SC008", "misconfigured")
    assert "Key 'nightly' of account 1 has rate limit 'plenty'" in line["error"]
    assert "limited1" not in json.dumps(line)


@pytest.mark.own_tables
def test_a_limit_that_is_none_is_not_stored(world: World) -> None:
    for rate_limit in ("plenty", "125", "1/0m", "1/10000d", "1/15m "):
        with pytest.raises(Exception, match="account_apikey_rate_limit_check"):
            limit(world, rate_limit)
    for number, rate_limit in enumerate(("125/15m", "350/15m", "2000/15m", "1/s", "")):
        world.add_key(f"key{number}.secret", rate_limit=rate_limit)


def test_a_legacy_key_is_counted_once_with_its_upgrade(world: World, client: FlaskClient) -> None:
    world.add_key(LIMITED, hashed=keys.pbkdf2_hash(LIMITED, "pbkdf2_sha256$10$salt"), rate_limit="5/15m")
    assert get(client, world.path(ADDRESS))[1]["RateLimit"].startswith('"default";r=4;')
    assert world.execute(USED) == [(1,)]


def test_browsers_may_read_what_is_told(client: FlaskClient) -> None:
    exposed = client.get("/health").headers["Access-Control-Expose-Headers"]
    assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(exposed.split(", "))
