"""The Lambda handler, with whole events of everything that can invoke it."""

import base64
import gzip
import importlib
import json
import zipfile
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from api.docs import RENDERER, STATIC
from db.migrate import ROOT
from harness.printed import Lines
from harness.template import of_type, read
from harness.world import World

pytestmark = [pytest.mark.http, pytest.mark.newest, pytest.mark.own_tables]

EVENTS = sorted((ROOT / "tests/data/events").glob("*.json"))
ADDRESS = "0x" + "e" * 40

Event = dict[str, Any]
Handler = Callable[[Event, object], Event]


@pytest.fixture
def handler(world: World, monkeypatch: pytest.MonkeyPatch) -> Handler:
    monkeypatch.setenv("DATABASE_URL", world.service_url)
    monkeypatch.setenv("TRUSTED_IAM_ISSUERS", json.dumps([world.issuer.did]))
    import api.aws_lambda

    loaded: Handler = importlib.reload(api.aws_lambda).handler
    return loaded


def load(name: str) -> Event:
    event: Event = json.loads((ROOT / f"tests/data/events/{name}.json").read_text())
    return event


def health_check() -> Event:
    """What a load balancer asks a function by itself, as the template tells it to."""
    (group,) = of_type(read(), "AWS::ElasticLoadBalancingV2::TargetGroup").values()
    return {
        "requestContext": load("load_balancer")["requestContext"],
        "httpMethod": "GET",
        "path": group["HealthCheckPath"],
        "queryStringParameters": {},
        "headers": {"user-agent": "ELB-HealthChecker/2.0"},
        "body": "",
        "isBase64Encoded": False,
    }


def replaced(event: Event, old: str, new: str) -> Event:
    changed: Event = json.loads(json.dumps(event).replace(old, new))
    return changed


@pytest.mark.parametrize("name", [path.stem for path in EVENTS])
def test_every_event_is_scored(world: World, handler: Handler, name: str) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    response = handler(load(name), None)
    body = json.loads(response["body"])
    assert response["statusCode"] == 200
    assert response["isBase64Encoded"] is False
    assert (body["address"], body["score"]) == (ADDRESS, "2.25000")
    json.dumps(response)


@pytest.mark.parametrize("name", [path.stem for path in EVENTS])
def test_every_event_gets_error_answers(handler: Handler, name: str) -> None:
    wrong_key = handler(replaced(load(name), "testkey1.secret", "testkey1.wrong"), None)
    assert (wrong_key["statusCode"], wrong_key["body"]) == (401, '{"detail": "Invalid API Key."}')
    wrong_method = handler(replaced(load(name), '"GET"', '"PUT"'), None)
    assert wrong_method["statusCode"] == 405
    wrong_path = handler(replaced(load(name), "/v2/stamps", "/v3/stamps"), None)
    assert wrong_path["statusCode"] == 404


@pytest.mark.parametrize("name", [path.stem for path in EVENTS])
def test_every_event_gets_the_largest_script_of_the_docs_page(handler: Handler, name: str) -> None:
    with zipfile.ZipFile(STATIC / f"{RENDERER}.zip") as file:
        largest = max(file.infolist(), key=lambda info: info.compress_size).filename
        content = file.read(largest)
    event = replaced(load(name), f"/v2/stamps/1/score/{ADDRESS}", f"/v2/docs/{RENDERER}/{largest}")
    event = replaced(event, "Bearer testkey1", "testkey1")
    for header in ("X-API-Key", "x-api-key", "authorization"):
        event = replaced(event, f'"{header}"', '"Accept-Encoding"')
    for accepted in ("", "gzip, deflate, br"):
        response = handler(replaced(event, "testkey1.secret", accepted), None)
        body = base64.b64decode(response["body"])
        assert (response["statusCode"], response["isBase64Encoded"]) == (200, True)
        assert (gzip.decompress(body) if accepted else body) == content
    # What a load balancer takes.
    assert len(json.dumps(response)) < 1_000_000


def test_a_health_check_is_told_whether_requests_can_be_scored(world: World, handler: Handler) -> None:
    response = handler(health_check(), None)
    assert (response["statusCode"], response["body"]) == (200, '{"status": "ready"}')
    assert response["headers"]["Content-Type"] == "application/json"
    world.execute("alter function answer_request rename to answer_nothing")
    assert handler(health_check(), None)["statusCode"] == 503


def test_a_health_check_without_a_database_is_answered_too(
    handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/none")
    import api.aws_lambda

    assert importlib.reload(api.aws_lambda).handler(health_check(), None)["statusCode"] == 503


@pytest.mark.parametrize("name", ["rest_api", "load_balancer"])
@pytest.mark.parametrize("field", ["queryStringParameters", "body", "headers", "isBase64Encoded"])
@pytest.mark.parametrize("absent", [True, False])
def test_what_an_event_may_lack(handler: Handler, name: str, field: str, absent: bool) -> None:
    event = load(name)
    event.pop("multiValueHeaders", None)
    event[field] = None
    if absent:
        del event[field]
    assert handler(event, None)["statusCode"] == (401 if field == "headers" else 200)


@pytest.mark.parametrize("name", ["http_api", "function_url"])
@pytest.mark.parametrize("field", ["rawQueryString", "queryStringParameters", "body", "headers", "cookies"])
def test_what_an_event_of_payload_2_may_lack(handler: Handler, name: str, field: str) -> None:
    event = load(name)
    event.pop(field, None)
    if field == "body":
        event["isBase64Encoded"] = False
    assert handler(event, None)["statusCode"] == (401 if field == "headers" else 200)


@pytest.mark.parametrize("name", [path.stem for path in EVENTS])
def test_a_base64_body_is_read_past(handler: Handler, name: str) -> None:
    event = load(name) | {"body": "/////w==", "isBase64Encoded": True}
    assert handler(event, None)["statusCode"] == 200


def test_an_encoded_path_is_decoded(handler: Handler) -> None:
    event = replaced(load("rest_api"), f"/score/{ADDRESS}", f"/score/%30x{'e' * 40}")
    assert handler(event, None)["statusCode"] == 200


PATHS = {"%ff": 400, "\u0141": 400, "\U0001f600": 400, "%00": 400, "\ud800": 400, "%": 400}


@pytest.mark.parametrize("name", [path.stem for path in EVENTS])
@pytest.mark.parametrize("address", PATHS)
def test_any_path_is_answered(handler: Handler, name: str, address: str) -> None:
    event = replaced(load(name), f"/score/{ADDRESS}", "/score/HERE")
    for field in ("path", "rawPath"):
        if field in event:
            event[field] = event[field].replace("HERE", address)
    response = handler(event, None)
    assert response["statusCode"] == PATHS[address]
    assert list(json.loads(response["body"])) == ["detail"]


@pytest.mark.parametrize("name", [path.stem for path in EVENTS])
def test_an_event_that_is_no_request_is_answered(handler: Handler, name: str, lines: Lines) -> None:
    without_method = load(name)
    without_method.pop("httpMethod", None)
    without_method["requestContext"].pop("http", None)
    bad_body = load(name) | {"body": "a", "isBase64Encoded": True}
    events: list[Any] = [without_method, bad_body, {}, {"version": "2.0"}, [], None, "ping"]
    for event in events:
        response = handler(event, None)
        assert response["statusCode"] == 400, event
        assert json.loads(response["body"]) == {"detail": "The event is not an HTTP request."}
    assert [(line["level"], line["status"], line["outcome"]) for line in lines()] == [
        ("ERROR", 400, "unreadable")
    ] * len(events)


def test_a_load_balancer_with_multi_value_headers_is_answered_in_kind(handler: Handler) -> None:
    response = handler(load("load_balancer_multi_value"), None)
    assert response["multiValueHeaders"]["Content-Type"] == ["application/json"]
    assert "headers" not in response
    assert response["statusDescription"] == "200 OK"
    assert handler(load("load_balancer"), None)["headers"]["Content-Type"] == "application/json"


def test_a_key_with_a_nul_is_a_wrong_key(handler: Handler) -> None:
    event = load("rest_api")
    event["headers"]["X-API-Key"] = "testkey1\0.secret"
    assert handler(event, None)["statusCode"] == 401


def test_a_preflight_is_answered(handler: Handler) -> None:
    response = handler(replaced(load("http_api"), '"GET"', '"OPTIONS"'), None)
    assert response["statusCode"] == 200
    assert response["headers"]["Access-Control-Allow-Origin"] == "*"


def with_query(event: Event, name: str, value: str) -> Event:
    """The event of a request with a parameter: a load balancer passes it on as it is encoded, a REST API
    decoded, the others both."""
    encoded = quote(value, safe="")
    given = encoded if "elb" in event["requestContext"] else value
    changes: Event = {"queryStringParameters": {name: given}, "rawQueryString": f"{name}={encoded}"}
    if "multiValueHeaders" in event:
        changes["multiValueQueryStringParameters"] = {name: [given]}
        if "queryStringParameters" not in event:
            del changes["queryStringParameters"]
    return event | changes


def with_path(event: Event, path: str, method: str = "GET") -> Event:
    return replaced(replaced(event, f"/v2/stamps/1/score/{ADDRESS}", path), '"GET"', f'"{method}"')


@pytest.mark.parametrize("name", [path.stem for path in EVENTS])
def test_every_event_tells_its_query(world: World, handler: Handler, name: str) -> None:
    world.execute("update account_apikey set historical_endpoint = true")
    time = "2020-01-01T00:00:00+02:00"
    event = with_path(with_query(load(name), "created_at", time), f"/v2/stamps/1/score/{ADDRESS}/history")
    response = handler(event, None)
    assert response["statusCode"] == 404
    assert json.loads(response["body"])["detail"] == f"No Score Found for {ADDRESS} at {time}"


@pytest.mark.parametrize("name", [path.stem for path in EVENTS])
def test_every_event_is_given_whole_urls(world: World, handler: Handler, name: str) -> None:
    for number in range(2):
        world.put(ADDRESS, f"P{number}", {"number": number})
    response = handler(with_path(with_query(load(name), "limit", "1"), f"/v2/stamps/{ADDRESS}"), None)
    following = json.loads(response["body"])["next"]
    assert following.startswith("https://")
    token = dict(parse_qsl(urlsplit(following).query))["token"]
    response = handler(with_path(with_query(load(name), "token", token), f"/v2/stamps/{ADDRESS}"), None)
    page = json.loads(response["body"])
    assert [item["credential"] for item in page["items"]] == [{"number": 0}]


@pytest.mark.parametrize("name", [path.stem for path in EVENTS])
@pytest.mark.parametrize("is_base64", [True, False])
def test_every_event_brings_its_body(world: World, handler: Handler, name: str, is_base64: bool) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    body = json.dumps({"addresses": [ADDRESS]})
    event = with_path(load(name), "/v2/stamps/1/scores", "POST")
    event |= {"body": b64encode(body.encode()).decode() if is_base64 else body, "isBase64Encoded": is_base64}
    response = handler(event, None)
    assert response["statusCode"] == 200
    assert json.loads(response["body"])["scores"][0]["score"] == "2.25000"


@pytest.mark.parametrize("text", ['"', "\u00e9", "\U0001f600", "\1"])
def test_an_answer_fits_where_it_is_given(world: World, handler: Handler, text: str) -> None:
    """A function's whole response, 1 MB to a load balancer, 6 MB to others, whatever it holds; a page ends
    before that."""
    for number in range(1000):
        world.put(ADDRESS, f"P{number}", {"text": text * 2000})
    for name, most in (("load_balancer", 1_048_576), ("function_url", 6_291_456)):
        response = handler(with_path(load(name), f"/v2/stamps/{ADDRESS}"), None)
        assert most / 10 < len(json.dumps(response)) < most
        assert json.loads(response["body"])["next"]
