"""What the contract shows: each field is described, and each answer is one that the service gives."""

import http.client
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jsonschema
import psycopg
import pytest

from api import keys
from harness.contract import Operation, document, operations
from harness.server import service_url_of
from harness.service import ANSWER_SECONDS, Service
from local import demo
from local.issuer import Issuer

pytestmark = [pytest.mark.own_tables, pytest.mark.newest]

OPERATIONS = operations()
EMPTY = "0x4444444444444444444444444444444444444444"
FULL = "0x5555555555555555555555555555555555555555"
UNCHECKED = "0x6666666666666666666666666666666666666666"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?(Z|\+00:00)")
SECONDS = re.compile(r"in \d+ seconds")
# The service's address in examples.
HOST = "https://api.example.org"
NO_DATABASE = "postgresql://127.0.0.1:1/none"


@dataclass(frozen=True)
class Asked:
    """How the request for an answer differs from the one that the contract shows, and which service is
    asked."""

    parameters: dict[str, object] = field(default_factory=dict)
    service: str = "sound"
    method: str = ""
    key: str | None = demo.KEY
    body: str = ""


# A key that is answered without the database, one that may ask for past scores, one whose limit is used up.
DEMO_ANSWERS, HISTORIAN, USED_UP = "try.me", "history.key", "used.up"
LIMITED = "0x8888888888888888888888888888888888888888"
STRANGER = "0x9999999999999999999999999999999999999999"

# By status and name of the example, of one operation or of all.
ASKED = {
    "200": Asked(),
    "200 passing": Asked(),
    "200 deduplicated": Asked({"address": demo.CLASHING}),
    "200 empty": Asked({"address": EMPTY}),
    "400": Asked({"address": "0x1"}),
    "401": Asked(key="unknown.key"),
    "401 invalid": Asked(key="unknown.key"),
    "401 missing": Asked(key=None),
    "401 wrong": Asked(key="unknown.key"),
    "404": Asked({"scorer_id": 999}),
    "404 scorer": Asked({"scorer_id": 999}),
    "404 demo": Asked({"address": STRANGER}, key=DEMO_ANSWERS),
    "history 200": Asked(key=DEMO_ANSWERS),
    "history 400": Asked({"address": "0x1"}, key=HISTORIAN),
    "history 500": Asked(service="broken", key=HISTORIAN),
    "history 403": Asked(),
    "history 404 score": Asked({"created_at": "2020-01-01"}, key=DEMO_ANSWERS),
    "history 404 scorer": Asked({"scorer_id": 999}, key=HISTORIAN),
    "history 422 time": Asked({"created_at": "then"}, key=HISTORIAN),
    "history 422 scorer": Asked({"scorer_id": "one"}, key=HISTORIAN),
    "scores 200": Asked(key=DEMO_ANSWERS),
    "scores 400": Asked(body="addresses"),
    "scores 413": Asked(body=" " * 65537),
    "scores 422 body": Asked(body=json.dumps({"addresses": [str(number) for number in range(101)]})),
    "scores 429": Asked(key=USED_UP),
    "credentials 200": Asked({"limit": 1}, key=DEMO_ANSWERS),
    "credentials 400 address": Asked({"address": "0x1"}),
    "credentials 400 limit": Asked({"limit": 0}),
    "credentials 404 token": Asked({"token": "none"}),
    "credentials 422": Asked({"limit": "one"}),
    "429": Asked({"address": LIMITED}, key=DEMO_ANSWERS),
    "405": Asked(method="DELETE"),
    "422 scorer": Asked({"scorer_id": "one"}),
    "422 credentials": Asked({"address": FULL}),
    "500": Asked(service="broken"),
    "503": Asked(service="alone"),
    "503 database": Asked(service="alone"),
    "503 schema": Asked(service="broken"),
    "503 unfinished": Asked({"address": UNCHECKED}, service="slow"),
}


@pytest.fixture
def loaded(database_url: str, issuer: Issuer) -> str:
    """A database with the demo data, a wallet of more credentials than are scored, and one of credentials
    that nobody has checked."""
    demo.load(database_url, issuer)
    documents: dict[str, list[Any]] = {
        FULL: [{}] * 1001,
        UNCHECKED: [issuer.credential(UNCHECKED, f"P{number}", [f"v1:{number}"]) for number in range(25)],
    }
    with psycopg.connect(database_url, options="-c search_path=scorer") as connection:
        for address, given in documents.items():
            connection.cursor().executemany(
                "insert into ceramic_cache (address, provider, stamp) values (%s, %s, %s)",
                [(address, f"P{number}", json.dumps(each)) for number, each in enumerate(given)],
            )
        for key in (HISTORIAN, USED_UP):
            connection.execute(
                "insert into account_apikey (account_id, prefix, hashed_key, historical_endpoint)"
                " values (1, %s, %s, true)",
                [keys.prefix(key), keys.sha256_hash(key)],
            )
        connection.execute("update account_apikey set rate_limit = '125/15m' where prefix = 'used'")
        connection.execute(
            "insert into api_key_window (api_key_id, window_start, used)"
            " select id, now(), 125 from account_apikey where prefix = 'used'"
        )
    return database_url


@pytest.fixture
def service(loaded: str, issuer: Issuer, serve: Callable[..., Service]) -> Callable[[str], Service]:
    """Starts a service by its name, once: sound; slow, which has no time to check credentials; alone, without
    a database; broken, which takes the functions from all."""

    @cache
    def named(name: str) -> Service:
        issuers = json.dumps([issuer.did])
        if name == "alone":
            return serve(NO_DATABASE, TRUSTED_IAM_ISSUERS=issuers)
        if name == "broken":
            with psycopg.connect(loaded) as connection:
                connection.execute("revoke execute on all functions in schema scorer from scorer_api")
        changed = "from api import scoring; scoring.CHECKING = 0" if name == "slow" else ""
        return serve(service_url_of(loaded), changed, TRUSTED_IAM_ISSUERS=issuers, DEMO_API_KEY=DEMO_ANSWERS)

    return named


def test_each_answer_that_it_shows_is_given(service: Callable[[str], Service]) -> None:
    schemas = {"components": document()["components"]}
    shown = [(operation, *example) for operation in OPERATIONS for example in operation.examples()]
    assert len(shown) > 10
    # What breaks comes last.
    shown.sort(key=lambda each: each[1] == "500" or each[2] == "schema")
    for operation, status, name, example in shown:
        title = f"{status} {name}".strip()
        what = f"{operation.id} {title}"
        asked = ASKED.get(what) or ASKED[title]
        given, headers, body = answer(service(asked.service), operation, asked)
        assert (what, str(given), timeless(body)) == (what, status, timeless(example))
        response = operation.responses[status]
        (media,) = response["content"].values()
        jsonschema.validate(body, media["schema"] | schemas, jsonschema.Draft202012Validator)
        jsonschema.validate(example, media["schema"] | schemas, jsonschema.Draft202012Validator)
        required = {name.lower() for name, header in response["headers"].items() if header.get("required")}
        assert "x-request-id" in required, what
        assert required <= headers, what


def answer(service: Service, operation: Operation, asked: Asked) -> tuple[int, set[str], Any]:
    """Status, names of headers in lower case, and body."""
    client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=ANSWER_SECONDS)
    client.request(
        asked.method or operation.method.upper(),
        operation.url(**asked.parameters),
        asked.body or (None if operation.body is None else json.dumps(operation.body)),
        {"Content-Type": "application/json"} | ({"X-API-Key": asked.key} if asked.key else {}),
    )
    response = client.getresponse()
    try:
        names = {name.lower() for name, _ in response.getheaders()}
        text = response.read().decode().replace(f"http://127.0.0.1:{service.port}", HOST)
        return response.status, names, json.loads(text)
    finally:
        client.close()


def timeless(value: Any) -> Any:
    """A value whose times are but their form."""
    if isinstance(value, dict):
        return {name: timeless(each) for name, each in value.items()}
    if isinstance(value, list):
        return [timeless(each) for each in value]
    return SECONDS.sub("in some seconds", TIME.sub(r"time\1", value)) if isinstance(value, str) else value


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_each_answer_of_each_operation_is_shown(operation: Operation) -> None:
    assert {status for status, _, _ in operation.examples()} == set(operation.responses)
    assert set(operation.responses) > {"200"}
    for name, parameter in operation.parameters.items():
        assert parameter["description"], name
        assert not parameter.get("required") or "example" in parameter, name


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_each_answer_that_tells_of_a_rate_limit_shows_it(operation: Operation) -> None:
    """As test_rate_limits.py finds them: each to a key that is known."""
    telling = {
        status
        for status, response in operation.responses.items()
        if response["headers"].keys() >= {"RateLimit", "RateLimit-Policy"}
    }
    known = operation.responses.keys() & {"200", "400", "403", "404", "413", "422", "429"}
    assert telling == (known if operation.has_key else set())


def test_each_field_is_described_by_words_and_an_example() -> None:
    fields = list(properties(document()))
    assert len(fields) > 15
    lacking = [name for name, field in fields if not (field.get("description") and field.get("examples"))]
    assert lacking == []


def properties(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each field of each object that is described, by its name."""
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield from node.get("properties", {}).items()
        for child in node.values():
            yield from properties(child)
    elif isinstance(node, list):
        for child in node:
            yield from properties(child)
