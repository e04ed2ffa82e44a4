"""The scores of several wallets over HTTP: each as it is alone, and one's trouble is its own."""

import json
import re
import socket
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import answer_size, batch, request_body
from api.database import Asked, Database
from api.refused import UNAVAILABLE
from harness.existing import base_table
from harness.printed import Lines
from harness.server import connect
from harness.service import Service
from harness.world import World

pytestmark = [pytest.mark.http, pytest.mark.newest]

WALLETS = [f"0x{number:040x}" for number in range(1, 6)]
URL = "/v2/stamps/1/scores"


@pytest.fixture
def client(world: World) -> FlaskClient:
    for wallet in WALLETS:
        world.put_valid(wallet, "Github", f"v0:{wallet}")
    return world.client()


def post(
    client: FlaskClient, body: object, url: str = URL, key: str = "testkey1.secret"
) -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = client.post(url, data=data, headers={"X-API-Key": key})
    assert response.json is not None
    return response.status_code, response.json


def scores(client: FlaskClient, addresses: list[str], key: str = "testkey1.secret") -> list[dict[str, Any]]:
    status, body = post(client, {"addresses": addresses}, key=key)
    assert status == 200
    assert list(body) == ["scores"]
    found: list[dict[str, Any]] = body["scores"]
    return found


def without_time(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "last_score_timestamp"}


def test_each_wallet_is_answered_as_it_is_alone_in_the_order_asked(world: World, client: FlaskClient) -> None:
    asked = [WALLETS[3], WALLETS[0], "0x" + "A" * 40, WALLETS[4]]
    together = scores(client, asked)
    alone = [client.get(world.path(wallet), headers={"X-API-Key": world.key}).json for wallet in asked]
    assert [without_time(answer) for answer in together] == [without_time(answer or {}) for answer in alone]
    assert [answer["score"] for answer in together] == ["2.25000", "2.25000", "0.00000", "2.25000"]


def test_each_wallet_is_a_transaction_of_its_own(world: World, client: FlaskClient) -> None:
    """Of those that fail, nothing is stored, of the others everything."""
    events = base_table(world.connection, "registry_event")
    world.execute(f"alter table {events} add constraint broken check (address <> '{WALLETS[1]}')")
    for number in range(1001):
        world.put(WALLETS[2], f"P{number}", {})
    asked = [WALLETS[0], WALLETS[1], "0x1", WALLETS[2], WALLETS[3]]
    first, *troubled, last = scores(client, asked)
    assert first["score"] == last["score"] == "2.25000"
    assert troubled == [
        {"address": WALLETS[1], "detail": "Unexpected error while submitting passport", "status": 500},
        {"address": "0x1", "detail": "Invalid address.", "status": 400},
        {
            "address": WALLETS[2],
            "detail": "This address has more credentials than can be scored.",
            "status": 422,
        },
    ]
    stored = world.execute("select address from registry_passport order by address")
    assert stored == [(WALLETS[0],), (WALLETS[3],)]


def test_each_wallet_leaves_a_line_and_the_request_one_of_them_all(
    world: World, client: FlaskClient, lines: Lines
) -> None:
    scores(client, [WALLETS[0], "nobody", WALLETS[1]])
    first, refused, second, request = lines()
    assert [line["event"] for line in lines()] == ["wallet", "wallet", "wallet", "request"]
    assert [line["address"] for line in (first, second)] == WALLETS[:2]
    assert [line["status"] for line in (first, refused, second, request)] == [200, 400, 200, 200]
    assert {line["request_id"] for line in lines()} == {request["request_id"]}
    assert {line["api_key_id"] for line in lines()} == {request["api_key_id"]}
    assert (first["score"], first["stamps_clean"], first["round_trips"]) == (2.25, 1, 2)
    # Both were checked anew; the key is asked about first, and once more when it is known how many they are.
    assert (request["round_trips"], request["documents_checked"], request["attempts"]) == (7, 2, 4)
    assert "score" not in request


def test_a_wallet_that_is_locked_costs_itself_alone(world: World, client: FlaskClient) -> None:
    """A second, and so not those that come after it."""
    scores(client, WALLETS)
    with connect(world.url) as other, other.transaction():
        other.execute(
            "select from registry_passport where address = any(%s) for update", [[WALLETS[0], WALLETS[2]]]
        )
        answers = scores(client, WALLETS)
    for locked in (0, 2):
        assert answers[locked] == {"address": WALLETS[locked], "detail": UNAVAILABLE, "status": 503}
    assert [answer["address"] for answer in answers if "score" in answer] == [WALLETS[1], *WALLETS[3:]]


def test_what_the_time_does_not_suffice_for_is_marked(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BEGUN", -1)
    assert scores(client, WALLETS) == [
        {"address": wallet, "detail": batch.UNREACHED, "status": 503} for wallet in WALLETS
    ]


def test_what_there_is_no_room_for_is_marked(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    one = len(json.dumps(scores(client, WALLETS[:1])[0]))
    monkeypatch.setattr(answer_size, "SERVER_BYTES", batch.UNREACHED_BYTES + 2 * one + 10)
    answers = scores(client, WALLETS)
    assert [answer.get("status") for answer in answers] == [None, None, 503, 503, 503]
    assert {answer["detail"] for answer in answers[2:]} == {batch.UNREACHED}


def test_there_is_room_to_mark_a_hundred_wallets() -> None:
    marks = 100 * len(batch.problem("0x" + "0" * 40, 503, batch.UNREACHED))
    assert marks < batch.UNREACHED_BYTES < answer_size.LOAD_BALANCER_BYTES / 4


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"", 400, "The body is not JSON"),
        (b"{", 400, "The body is not JSON"),
        (b"\xff", 400, "The body is not JSON"),
        (b"[" * 50_000, 400, "The body is not JSON"),
        (b"{" + b" " * request_body.MAX_BYTES, 413, "more than 65536 bytes"),
        ([], 422, "The body has no array addresses"),
        (None, 422, "The body has no array addresses"),
        ({}, 422, "The body has no array addresses"),
        ({"addresses": WALLETS[0]}, 422, "The body has no array addresses"),
        ({"addresses": {}}, 422, "The body has no array addresses"),
        ({"addresses": []}, 422, "addresses has 0 elements"),
        ({"addresses": [f"0x{number:040x}" for number in range(101)]}, 422, "addresses has 101 elements"),
        ({"addresses": [WALLETS[0], 1]}, 422, "something else than strings"),
        ({"addresses": [None]}, 422, "something else than strings"),
        ({"addresses": [[WALLETS[0]]]}, 422, "something else than strings"),
        ({"addresses": [WALLETS[0], WALLETS[0]]}, 422, "names a wallet twice"),
        ({"addresses": ["0x" + "a" * 40, "0x" + "A" * 40]}, 422, "names a wallet twice"),
    ],
)
def test_a_body_of_another_kind_is_refused_once_the_key_is_known(
    client: FlaskClient, body: object, status: int, detail: str
) -> None:
    got, answer = post(client, body)
    assert (got, list(answer)) == (status, ["detail"])
    assert detail in answer["detail"]
    assert status == 413 or post(client, body, key="testkey1.wrong")[0] == 401
    assert post(client, body, key="") == (401, {"detail": "Send your key as X-API-Key."})


def test_what_is_no_wallet_is_only_itself(client: FlaskClient) -> None:
    """As the contract has it, whose schema knows no case of letters."""
    assert [answer["status"] for answer in scores(client, ["true", "TRUE"])] == [400, 400]


@pytest.mark.parametrize(("scorer", "status"), [(99, 404), (2, 404), (-1, 404), ("x", 422)])
def test_a_scorer_that_is_none_of_the_key_s_is_refused_as_a_whole(
    world: World, client: FlaskClient, scorer: object, status: int
) -> None:
    world.add_community(2, account=2)
    assert post(client, {"addresses": WALLETS}, f"/v2/stamps/{scorer}/scores")[0] == status
    assert post(client, {}, f"/v2/stamps/{scorer}/scores")[0] == status


def test_each_wallet_counts_to_the_rate_limit_and_all_or_none(world: World, client: FlaskClient) -> None:
    world.add_key("limited1.secret", rate_limit="8/15m")
    used = "select used from scorer.api_key_window"
    # Their documents are checked first, which takes two calls each.
    assert {answer.get("score") for answer in scores(client, WALLETS, "limited1.secret")} == {"2.25000"}
    assert world.execute(used) == [(5,)]
    status, answer = post(client, {"addresses": WALLETS}, key="limited1.secret")
    assert status == 429
    assert "8 requests per 15 minutes, of which 3 are left" in answer["detail"]
    assert world.execute(used) == [(5,)]
    assert {answer.get("score") for answer in scores(client, WALLETS[:3], "limited1.secret")} == {"2.25000"}
    assert world.execute(used) == [(8,)]
    more = {"addresses": [f"0x{number:040x}" for number in range(9)]}
    detail = post(client, more, key="limited1.secret")[1]["detail"]
    assert "8 requests per 15 minutes, fewer than the 9 wallets" in detail
    assert re.search(r"It resets in \d+ seconds\.$", detail)


def test_what_was_not_reached_is_given_back(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a limit that the list used up, and the headers say so."""
    one = len(json.dumps(scores(client, WALLETS[:1])[0]))
    world.add_key("limited1.secret", rate_limit="5/15m")
    with monkeypatch.context() as patch:
        patch.setattr(answer_size, "SERVER_BYTES", batch.UNREACHED_BYTES + 2 * one + 10)
        headers = {"X-API-Key": "limited1.secret"}
        response = client.post(URL, json={"addresses": WALLETS}, headers=headers)
    assert response.json is not None
    assert [answer.get("status") for answer in response.json["scores"]] == [None, None, 503, 503, 503]
    assert response.headers["RateLimit"].startswith('"default";r=3;')
    assert world.execute("select used from scorer.api_key_window") == [(2,)]
    assert {answer["score"] for answer in scores(client, WALLETS[2:], "limited1.secret")} == {"2.25000"}
    assert world.execute("select used from scorer.api_key_window") == [(5,)]


@pytest.mark.parametrize("rate_limit", ["5/s", None])
def test_nothing_is_given_back_to_a_window_that_may_be_over(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, lines: Lines, rate_limit: str | None
) -> None:
    """Nor is the database asked to, for a key that has none."""
    world.add_key("limited1.secret", rate_limit=rate_limit)
    monkeypatch.setattr(batch, "BEGUN", -1)
    assert {answer["status"] for answer in scores(client, WALLETS, "limited1.secret")} == {503}
    assert world.execute("select used from scorer.api_key_window") == ([(5,)] if rate_limit else [])
    assert lines()[-1]["round_trips"] == 2


def test_what_cannot_be_given_back_leaves_the_answer_as_it_is(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    world.add_key("limited1.secret", rate_limit="5/15m")
    admit = Database.admit_batch

    def revoked_meanwhile(database: Database, arguments: Mapping[str, Any]) -> Asked:
        if arguments["count"] < 0:
            world.execute(f"update {base_table(world.connection, 'account_apikey')} set revoked = true")
        return admit(database, arguments)

    monkeypatch.setattr(Database, "admit_batch", revoked_meanwhile)
    monkeypatch.setattr(batch, "BEGUN", -1)
    assert {answer["status"] for answer in scores(client, WALLETS, "limited1.secret")} == {503}
    assert world.execute("select used from scorer.api_key_window") == [(5,)]
    assert (lines()[-1]["status"], lines()[-1]["outcome"]) == (200, "admitted")


def test_a_refused_body_counts_as_one_request(world: World, client: FlaskClient) -> None:
    world.add_key("limited1.secret", rate_limit="8/15m")
    assert post(client, b"", key="limited1.secret")[0] == 400
    assert world.execute("select used from scorer.api_key_window") == [(1,)]


def test_a_hundred_wallets_are_answered(world: World) -> None:
    wallets = [f"0x{number:040x}" for number in range(100)]
    for wallet in wallets:
        world.put_valid(wallet, "Github", f"v0:{wallet}")
    answers = scores(world.client(), wallets)
    assert [answer["address"] for answer in answers] == wallets
    assert {answer.get("score") for answer in answers} == {"2.25000"}


def test_bodies_come_in_either_form(world: World, serve: Callable[..., Service]) -> None:
    """With a length, or in chunks without one; a large one is refused in either, without being read."""
    service = serve(world.service_url)
    body = json.dumps({"addresses": WALLETS}).encode()
    header = f"POST {URL} HTTP/1.1\r\nHost: x\r\nX-API-Key: {world.key}\r\n".encode()
    large = b" " * request_body.MAX_BYTES + body
    for sent, status in [
        (b"Content-Length: %d\r\n\r\n%s" % (len(body), body), 200),
        (b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), 200),
        (b"Content-Length: 100000000000\r\n\r\n", 413),
        (b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(large), large), 413),
        (b"\r\n", 400),
    ]:
        with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
            client.sendall(header + sent)
            assert client.recv(12) == b"HTTP/1.1 %d" % status
