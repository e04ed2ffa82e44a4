"""Past scores over HTTP: what was answered then, in each shape that events have."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from harness.world import World

pytestmark = pytest.mark.http

ADDRESS = "0x" + "a" * 40
PAST = "history1.secret"


@pytest.fixture
def client(world: World) -> FlaskClient:
    world.add_key(PAST, historical_endpoint=True)
    return world.client()


def get(
    client: FlaskClient, created_at: str | None, address: str = ADDRESS, scorer: object = 1, key: str = PAST
) -> tuple[int, Any]:
    query = {} if created_at is None else {"created_at": created_at}
    path = f"/v2/stamps/{scorer}/score/{address}/history"
    response = client.get(path, query_string=query, headers={"X-API-Key": key})
    return response.status_code, response.json


def record(world: World, created_at: str, data: object) -> None:
    world.execute(
        "insert into registry_event (action, address, community_id, created_at, data)"
        " values ('SCORE_UPDATE', %s, 1, %s, %s)",
        ADDRESS, created_at, json.dumps(data),
    )  # fmt: skip


def test_a_score_is_given_again_as_it_was(world: World, client: FlaskClient) -> None:
    answers = []
    for provider in ("Github", "Ens", "Google"):
        world.put_valid(ADDRESS, provider, f"v0:{provider}")
        answers.append(client.get(world.path(ADDRESS), headers={"X-API-Key": PAST}).json)
    world.execute("update scorer_weighted_binaryweightedscorer set weights = '{}', threshold = 9")
    for answer in answers:
        assert answer
        for address in (ADDRESS, ADDRESS.upper().replace("X", "x")):
            assert get(client, answer["last_score_timestamp"], address) == (200, answer)
    assert get(client, "2090-01-01") == (200, answers[-1])


@pytest.mark.parametrize("wrapped", [True, False])
def test_events_of_both_shapes_are_read(world: World, client: FlaskClient, wrapped: bool) -> None:
    """As the existing service writes them: times as its serializer prints them, a stamp without expiry."""
    fields = {
        "passport": 15,
        "score": "0.000000000",
        "status": "DONE",
        "error": None,
        "evidence": {
            "type": "ThresholdScoreCheck", "success": False, "rawScore": "5.459", "threshold": "100.00000"
        },
        "stamps": {"Github": {"score": "1.00000", "dedup": False, "expiration_date": None}},
        "expiration_date": "2024-11-21T22:09:10.687Z",
        "last_score_timestamp": "2024-10-25T19:16:14.023Z",
    }  # fmt: skip
    record(
        world, "2024-10-25Z", {"pk": 1, "model": "registry.score", "fields": fields} if wrapped else fields
    )
    assert get(client, "2024-10-26") == (
        200,
        {
            "address": ADDRESS,
            "score": "5.45900",
            "passing_score": False,
            "last_score_timestamp": "2024-10-25T19:16:14.023Z",
            "expiration_timestamp": "2024-11-21T22:09:10.687Z",
            "threshold": "100.00000",
            "error": None,
            "stamps": fields["stamps"],
            "points_data": None,
            "possible_points_data": None,
            "linked_score": None,
        },
    )


@pytest.mark.parametrize(
    "created_at",
    [
        "2024-06-01",
        "2024-06-01T00:00:00",
        "2024-06-01 00:00:00Z",
        "2024-06-01T02:00:00+02:00",
        "2024-05-31T22:00:00.000000-02:00",
        "20240601T000000Z",
    ],
)
def test_a_time_may_be_written_in_each_way_of_iso_8601(
    world: World, client: FlaskClient, created_at: str
) -> None:
    record(world, "2024-06-01T00:00:00Z", {"score": 1})
    record(world, "2024-06-01T00:00:00.000001Z", {"score": 2})
    assert get(client, created_at)[1]["score"] == "1.00000"


def test_a_wallet_without_a_score_then_is_404(world: World, client: FlaskClient) -> None:
    record(world, "2024-06-01Z", {"score": 1})
    for address in (ADDRESS, "0x" + "A" * 40):
        assert get(client, "2024-05-01", address) == (
            404,
            {"detail": f"No Score Found for {address} at 2024-05-01", "address": address},
        )


@pytest.mark.parametrize(
    "created_at",
    [
        None, "", "invalid-date", "2024-13-01", "2024-06-01T25:00:00Z", "1717200000", "x" * 5000,
        "2024-06-01\0",
        "2024-06-01T00:00:00 00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "\u0662\u0660",
    ],
)  # fmt: skip
def test_a_time_that_is_missing_or_unreadable_is_422(
    world: World, client: FlaskClient, created_at: str | None
) -> None:
    record(world, "2024-06-01Z", {"score": 1})
    status, body = get(client, created_at)
    assert status == 422
    assert "created_at is no ISO 8601 time" in body["detail"]


def test_key_permission_scorer_address_and_time_are_checked_in_order(
    world: World, client: FlaskClient
) -> None:
    world.add_community(2, account=2)
    assert get(client, None, "0x1", 99, "history1.wrong") == (401, {"detail": "Invalid API Key."})
    forbidden = (403, {"detail": "Invalid permissions for action."})
    assert get(client, None, "0x1", 99, world.key) == forbidden
    unknown = (404, {"detail": "No scorer matches the given criteria."})
    for scorer in (99, 2, -1):
        assert get(client, None, "0x1", scorer) == unknown
    assert get(client, None, "0x1") == (400, {"detail": "Invalid address."})
    assert get(client, None, "0x1", "x") == (400, {"detail": "Invalid address."})
    assert get(client, None, ADDRESS, "x") == (422, {"detail": "scorer_id is not an integer."})


def test_a_scorer_is_found_as_for_a_score(world: World) -> None:
    world.add_key(PAST, historical_endpoint=True)
    record(world, "2024-06-01Z", {"score": 1})
    world.execute("update account_community set external_scorer_id = '77001' where id = 1")
    client = world.client(demo_scorer_id=1)
    for scorer in (1, "77001", -1):
        assert get(client, "2024-06-02", scorer=scorer)[0] == 200
