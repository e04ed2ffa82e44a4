"""The demo key: the same answers at any time, in the form of real ones, without a database."""

import json
from typing import Any

import jsonschema
import pytest
from flask.testing import FlaskClient

from api import demo_answers
from api.app import create_app
from api.refused import UNAVAILABLE, UNFINISHED
from api.settings import SettingError, Settings
from harness.world import World

pytestmark = [pytest.mark.newest, pytest.mark.own_tables]

KEY = "demo.for-your-tests"
ADDRESSES = {number: "0x" + str(number) * 40 for number in range(1, 10)}
# Of each wallet status, score, and whether it passes.
ANSWERS = {
    1: (200, "5.25000", True),
    2: (200, "1.00000", False),
    3: (200, "1.00000", False),
    4: (200, "0.00000", False),
    5: (200, "0.00000", False),
    6: (503, None, None),
    7: (500, None, None),
    8: (429, None, None),
    9: (404, None, None),
}


@pytest.fixture
def client() -> FlaskClient:
    """Of a service whose database is not there."""
    settings = Settings("postgresql://127.0.0.1:1/none", frozenset(["did:key:z6MkNobody"]), demo_api_key=KEY)
    return create_app(settings).test_client()


def get(client: FlaskClient, path: str, key: str = KEY) -> Any:
    return client.get(path, headers={"X-API-Key": key})


@pytest.mark.parametrize("number", ANSWERS)
def test_each_wallet_has_its_answer(client: FlaskClient, number: int) -> None:
    path = f"/v2/stamps/7/score/{ADDRESSES[number]}"
    response = get(client, path)
    body = response.json
    assert (response.status_code, body.get("score"), body.get("passing_score")) == ANSWERS[number]
    assert get(client, path).data == response.data
    assert (response.headers.get("Retry-After") is not None) == (response.status_code in (429, 503))
    assert ("RateLimit" in response.headers) == (response.status_code == 429)


def test_a_batch_has_them_all(client: FlaskClient) -> None:
    body = {"addresses": list(ADDRESSES.values())}
    response = client.post("/v2/stamps/7/scores", json=body, headers={"X-API-Key": KEY})
    assert response.json
    answers = response.json["scores"]
    assert [answer.get("status", 200) for answer in answers] == [status for status, _, _ in ANSWERS.values()]
    alone = [get(client, f"/v2/stamps/7/score/{address}").json for address in ADDRESSES.values()]
    assert [answer["address"] for answer in answers] == list(ADDRESSES.values())
    assert [answer.get("detail") for answer in answers] == [answer.get("detail") for answer in alone]


def test_the_expired_wallet_passed_before(client: FlaskClient) -> None:
    def past(number: int, created_at: str) -> tuple[int, Any]:
        path = f"/v2/stamps/7/score/{ADDRESSES[number]}/history?created_at={created_at}"
        response = get(client, path)
        return response.status_code, response.json

    status, body = past(4, "2025-05-01")
    assert (status, body["passing_score"], body["expiration_timestamp"]) == (
        200,
        True,
        "2025-06-01T00:00:00+00:00",
    )
    assert past(4, "2026-01-01")[1]["passing_score"] is False
    assert past(4, "2024-12-31")[0] == past(1, "2025-12-31")[0] == 404
    assert past(1, "2026-01-01") == (200, get(client, f"/v2/stamps/7/score/{ADDRESSES[1]}").json)
    assert past(1, "soon")[0] == 422
    assert [past(number, "2026-06-01")[0] for number in ANSWERS] == [
        status for status, _, _ in ANSWERS.values()
    ]


def test_credentials_are_paged(client: FlaskClient) -> None:
    first = get(client, f"/v2/stamps/{ADDRESSES[1]}?limit=1").json
    second = get(client, first["next"]).json
    assert [page["items"][0]["credential"]["credentialSubject"]["provider"] for page in (first, second)] == [
        "Ens",
        "Github",
    ]
    assert second["next"] is None
    assert get(client, second["prev"]).json == first
    assert get(client, f"/v2/stamps/{ADDRESSES[5]}").json == {"next": None, "prev": None, "items": []}
    statuses = [get(client, f"/v2/stamps/{address}").status_code for address in ADDRESSES.values()]
    assert statuses == [status for status, _, _ in ANSWERS.values()]


def test_what_is_unavailable_says_what_real_answers_do(client: FlaskClient) -> None:
    """Credentials are checked for scores alone."""
    score = f"/v2/stamps/7/score/{ADDRESSES[6]}"
    assert get(client, score).json == {"detail": UNFINISHED}
    for path in (f"{score}/history?created_at=2026-01-01", f"/v2/stamps/{ADDRESSES[6]}"):
        assert get(client, path).json == {"detail": UNAVAILABLE}


def test_what_is_refused_is_refused_as_ever(client: FlaskClient) -> None:
    assert get(client, "/v2/stamps/x/score/0x1").status_code == 400
    assert get(client, f"/v2/stamps/x/score/{ADDRESSES[1]}").status_code == 422
    assert get(client, f"/v2/stamps/{ADDRESSES[1]}?limit=1001").status_code == 400


def test_nobody_else_is_given_them(client: FlaskClient) -> None:
    """Of another key the database is asked, which is not there; without the setting, of this one too."""
    settings = Settings("postgresql://127.0.0.1:1/none", frozenset(["did:key:z6MkNobody"]))
    path = f"/v2/stamps/7/score/{ADDRESSES[1]}"
    assert get(client, path, "demo.for-your-test").json["detail"].startswith("The service is temporarily")
    assert get(create_app(settings).test_client(), path).status_code == 503
    assert get(client, path, "").status_code == 401


def test_answers_have_the_form_of_real_ones(world: World) -> None:
    """Each name and kind of value, those of a real answer and of the contract."""
    address = "0x" + "d" * 40
    world.put_valid(address, "Github", "v0:g")
    world.put_valid(address, "Ens", "v0:taken")
    world.execute(
        "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
        " values ('v0:taken', '0x1', 1, '2090-01-01Z')"
    )
    client = world.client(demo_api_key=KEY)
    contract = client.get("/v2/openapi.json").json
    assert contract
    real = get(client, world.path(address), world.key).json
    assert form(get(client, world.path(demo_answers.DEDUPED)).json) == form(real) | {
        "stamps": {"Ens": form(real["stamps"]["Ens"]), "Google": form(real["stamps"]["Github"])}
    }
    for schema, paths in {
        "Score": ["/v2/stamps/1/score/{}"],
        "PastScore": ["/v2/stamps/1/score/{}/history?created_at=2026-01-01"],
        "Credentials": ["/v2/stamps/{}"],
        "Problem": ["/v2/stamps/1/score/{}"],
    }.items():
        named = {"$ref": f"#/components/schemas/{schema}", "components": contract["components"]}
        for path in paths:
            for number, (status, _, _) in ANSWERS.items():
                if (status == 200) != (schema == "Problem"):
                    answer = get(client, path.format(ADDRESSES[number])).json
                    jsonschema.validate(answer, named, jsonschema.Draft202012Validator)


def form(answer: Any) -> Any:
    """Names and kinds of values."""
    if isinstance(answer, dict):
        return {name: form(value) for name, value in answer.items()}
    return type(answer)


@pytest.mark.parametrize(("text", "key"), [("", None), ("  ", None), (" demo.key ", "demo.key")])
def test_it_is_off_unless_it_is_set(text: str, key: str | None) -> None:
    environment = {
        "DATABASE_URL": "postgresql://", "TRUSTED_IAM_ISSUERS": json.dumps(["did:key:z6MkNobody"]),
        "DEMO_API_KEY": text,
    }  # fmt: skip
    assert Settings.from_environment(environment).demo_api_key == key


@pytest.mark.parametrize("text", ["two words", "schlüssel", "a\tb"])
def test_a_key_that_no_client_can_send_stops_the_service(text: str) -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_environment(
            {
                "DATABASE_URL": "postgresql://",
                "TRUSTED_IAM_ISSUERS": '["did:key:z6MkNobody"]',
                "DEMO_API_KEY": text,
            }
        )
    assert text not in str(error.value)
