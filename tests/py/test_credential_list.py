"""The list of a wallet's credentials over HTTP: pages both ways, by whole URLs."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import answer_size
from harness.service import Service
from harness.world import World

pytestmark = [pytest.mark.http, pytest.mark.newest]

ADDRESS = "0x" + "b" * 40


@pytest.fixture
def client(world: World) -> FlaskClient:
    for number in range(7):
        world.put(ADDRESS, f"P{number}", {"number": number})
    world.put("0x" + "c" * 40, "Other", {"number": 99})
    return world.client()


def get(client: FlaskClient, url: str, key: str = "testkey1.secret", **headers: str) -> tuple[int, Any]:
    headers = {"X-API-Key": key} | {name.replace("_", "-"): value for name, value in headers.items()}
    response = client.get(url, headers=headers)
    return response.status_code, response.json


def numbers(page: Any) -> list[int]:
    assert all(item.keys() == {"version", "credential"} for item in page["items"])
    assert all(item["version"] == "1.0.0" for item in page["items"])
    return [item["credential"]["number"] for item in page["items"]]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
def test_pages_lead_through_all_credentials_and_back(client: FlaskClient, limit: int) -> None:
    pages = [get(client, f"/v2/stamps/{ADDRESS}?limit={limit}")[1]]
    while url := pages[-1]["next"]:
        pages.append(get(client, url)[1])
    assert [number for page in pages for number in numbers(page)] == [6, 5, 4, 3, 2, 1, 0]
    assert all(len(page["items"]) == limit for page in pages[:-1])
    assert pages[0]["prev"] is None
    back = [pages[-1]]
    while url := back[-1]["prev"]:
        back.append(get(client, url)[1])
    assert back == pages[::-1]


def test_credentials_are_given_as_they_are(world: World) -> None:
    documents = [world.issuer.credential(ADDRESS, "Github", ["v0:é\u2028\n"]), ["odd"], "", None, {"a": 0.10}]
    for document in documents:
        world.put(ADDRESS, "P", document)
    items = get(world.client(), f"/v2/stamps/{ADDRESS}")[1]["items"]
    assert [item["credential"] for item in items] == documents[::-1]


def test_what_is_deleted_or_revoked_is_not_listed(world: World, client: FlaskClient) -> None:
    world.execute("update ceramic_cache set deleted_at = now() where provider = 'P6'")
    world.execute(
        "insert into ceramic_cache_revocation (ceramic_cache_id)"
        " select id from ceramic_cache where provider = 'P3'"
    )
    assert numbers(get(client, f"/v2/stamps/{ADDRESS}")[1]) == [5, 4, 2, 1, 0]


def test_a_page_has_a_thousand_unless_told(world: World) -> None:
    world.execute(
        "insert into ceramic_cache (address, provider, stamp)"
        " select %s, 'P' || n, jsonb_build_object('number', n) from generate_series(1, 1001) as n",
        ADDRESS,
    )
    page = get(world.client(), f"/v2/stamps/{ADDRESS.upper().replace('X', 'x')}")[1]
    assert numbers(page) == list(range(1001, 1, -1))
    assert numbers(get(world.client(), page["next"])[1]) == [1]


@pytest.mark.parametrize(
    ("query", "status", "detail"),
    [
        ("limit=0", 400, "Invalid limit. Give one from 1 to 1000."),
        ("limit=-1", 400, "Invalid limit. Give one from 1 to 1000."),
        ("limit=1001", 400, "Invalid limit. Give one from 1 to 1000."),
        ("limit=" + "9" * 40, 400, "Invalid limit. Give one from 1 to 1000."),
        ("limit=", 422, "limit is not an integer."),
        ("limit=x", 422, "limit is not an integer."),
        ("limit=1.5", 422, "limit is not an integer."),
        ("token=x", 404, "There is no page of this token: follow next or prev, or ask without one."),
        ("token=%C3%A9", 404, "There is no page of this token: follow next or prev, or ask without one."),
    ],
)
def test_a_bad_query_is_refused_once_the_key_is_known(
    client: FlaskClient, query: str, status: int, detail: str
) -> None:
    assert get(client, f"/v2/stamps/{ADDRESS}?{query}") == (status, {"detail": detail})
    assert get(client, f"/v2/stamps/{ADDRESS}?{query}", "testkey1.wrong")[0] == 401


@pytest.mark.parametrize(
    "cursor",
    [{}, [], 1, "x", {"d": "next"}, {"d": "on", "id": 1}, {"d": "next", "id": -1}, {"d": "next", "id": 2**63},
     {"d": "next", "id": "1"}, {"d": "prev", "id": 1.5}, {"d": "prev", "id": None},
     {"d": "next", "id": True}, {"d": "prev", "id": False}],
)  # fmt: skip
def test_a_token_of_another_kind_is_refused(client: FlaskClient, cursor: object) -> None:
    token = base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode().rstrip("=")
    assert get(client, f"/v2/stamps/{ADDRESS}?token={token}")[0] == 404


def test_the_existing_service_s_tokens_are_understood(world: World, client: FlaskClient) -> None:
    """Those of the same rows: a client may page while traffic moves from one to the other."""
    ((fourth,),) = world.execute("select id from ceramic_cache where provider = 'P3'")
    for direction, expected in (("next", [2, 1, 0]), ("prev", [6, 5, 4])):
        cursor = json.dumps({"d": direction, "id": fourth}).encode()
        token = base64.urlsafe_b64encode(cursor).rstrip(b"=").decode()
        assert numbers(get(client, f"/v2/stamps/{ADDRESS}?token={token}")[1]) == expected


@pytest.mark.parametrize("address", ["0x1", "metadata", "1", "0x" + "g" * 40, ADDRESS + "%00"])
def test_what_is_no_wallet_is_400(client: FlaskClient, address: str) -> None:
    assert get(client, f"/v2/stamps/{address}") == (400, {"detail": "Invalid address."})


def test_no_key_is_told_from_a_wrong_one(client: FlaskClient) -> None:
    assert get(client, f"/v2/stamps/{ADDRESS}", "") == (401, {"detail": "Send your key as X-API-Key."})
    assert get(client, f"/v2/stamps/{ADDRESS}", "no.key") == (401, {"detail": "Invalid API Key."})


def test_a_page_that_would_be_too_large_ends_before(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost: the next one goes on from there."""
    world.put(ADDRESS, "Large", {"number": 7, "text": "x" * 1000})
    monkeypatch.setattr(answer_size, "SERVER_BYTES", 250)
    sizes, all_numbers, url = [], [], f"/v2/stamps/{ADDRESS}?limit=100"
    while url:
        page = get(client, url)[1]
        sizes.append(len(page["items"]))
        all_numbers += numbers(page)
        url = page["next"]
    assert all_numbers == [7, 6, 5, 4, 3, 2, 1, 0]
    assert sizes == [1, 4, 3]


def test_urls_are_those_that_the_client_knows(world: World, serve: Callable[..., Service]) -> None:
    for number in range(3):
        world.put(ADDRESS, f"P{number}", {"number": number})
    service = serve(world.service_url)
    path = f"/v2/stamps/{ADDRESS}?limit=1"
    for headers, origin in [
        ({"Host": "api.example.org"}, "http://api.example.org"),
        ({"Host": "api.example.org", "X_Forwarded_Proto": "https"}, "https://api.example.org"),
        (
            {"Host": "10.0.0.1:8000", "X_Forwarded_Proto": "https", "X_Forwarded_Host": "api.example.org"},
            "https://api.example.org",
        ),
    ]:
        page = service.get_json(path, X_API_Key=world.key, **headers)[1]
        assert page["next"].startswith(f"{origin}/v2/stamps/{ADDRESS}?token=")
        assert page["next"].endswith("&limit=1")


@pytest.mark.parametrize("header", [("X-Forwarded-Host", "xn--a"), ("X-Forwarded-Proto", "javascript")])
def test_a_host_that_no_url_can_name_is_refused(client: FlaskClient, header: tuple[str, str]) -> None:
    response = client.get(f"/v2/stamps/{ADDRESS}", headers=[("X-API-Key", "testkey1.secret"), header])
    assert response.status_code == 400
    assert response.json == {"detail": "The host of the request is no name of a host."}
    assert client.get("/v2/docs", headers=[header]).status_code == 200
