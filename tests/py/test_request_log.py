"""The log: a line for each request, with its id, and what it says."""

import json
import logging
import random
import re
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import json_lines, logged, request_log
from db.migrate import ROOT
from harness.existing import base_table
from harness.printed import Lines
from harness.server import connect
from harness.service import Service
from harness.world import World

pytestmark = [pytest.mark.http, pytest.mark.newest]

ADDRESS = "0x" + "c" * 40
SCORE = "/v2/stamps/{scorer_id}/score/{address}"


def lines_of(service: Service) -> list[dict[str, Any]]:
    """The lines of the requests that a service answered so far."""
    events = [json.loads(line) for line in service.output.read_text().splitlines()]
    return [event for event in events if event["event"] == "request"]


def test_a_scored_request_says_what_it_took_and_what_came_of_it(
    world: World, serve: Callable[..., Service]
) -> None:
    world.execute(
        "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
        " values ('v0:taken', '0x1', 1, '2090-01-01Z')"
    )
    world.put_valid(ADDRESS, "Github", "v0:g")
    world.put_valid(ADDRESS, "Ens", "v0:taken")
    world.put(ADDRESS, "Google", {})
    service = serve(world.service_url, TRUSTED_IAM_ISSUERS=json.dumps([world.issuer.did]))
    digest = "left(encode(sha256(convert_to(id::text, 'UTF8')), 'hex'), 16)"
    ((account, number, digest),) = world.execute(f"select account_id, id::text, {digest} from account_apikey")
    key = number if number.isdigit() else digest
    for _ in range(2):
        assert service.get(world.path(ADDRESS), X_API_Key=world.key, X_Request_ID="my id")[0] == 200
    first, second = lines_of(service)
    said = {
        "level": "INFO",
        "event": "request",
        "request_id": "my id",
        "method": "GET",
        "route": SCORE,
        "status": 200,
        "outcome": "scored",
        "attempts": 1,
        "pool_in_use": 1,
        "account_id": account,
        "api_key_id": key,
        "scorer_id": 1,
        "address": ADDRESS,
        "score": 2.25,
        "passing": False,
        "stamps_clean": 1,
        "stamps_deduped": 1,
        "left_out": 1,
        "left_out_untrusted_issuer": 1,
        "providers_left_out": {"untrusted_issuer": ["Google"]},
    }
    times = ("time", "duration_ms", "database_ms", "verification_ms")
    assert without(first, *times) == said | {"cold_start": True, "round_trips": 2, "documents_checked": 2}
    assert without(second, *times) == said | {"cold_start": False, "round_trips": 1}
    assert 0 < first["verification_ms"] < first["duration_ms"]
    assert 0 < first["database_ms"] < first["duration_ms"]
    assert first["verification_ms"] + first["database_ms"] < first["duration_ms"]
    assert datetime.fromisoformat(first["time"]).utcoffset() is not None


def without(line: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in names}


@pytest.mark.parametrize(
    ("method", "path", "status", "route"),
    [
        ("GET", "/health", 200, "/health"),
        ("HEAD", "/health", 200, "/health"),
        ("OPTIONS", f"/v2/stamps/1/score/{ADDRESS}", 200, SCORE),
        ("GET", f"/v2/stamps/1/score/{ADDRESS}", 401, SCORE),
        ("GET", "/nowhere", 404, None),
        ("POST", "/health", 405, None),
        ("GET", "/v2/openapi.json", 200, "/v2/openapi.json"),
    ],
)
def test_every_request_leaves_one_line_and_is_answered_with_its_id(
    world: World, lines: Lines, method: str, path: str, status: int, route: str | None
) -> None:
    response = world.client().open(path, method=method, headers={"X-Request-ID": "mine"})
    (line,) = lines()
    assert (line["method"], line["status"], line.get("route")) == (method, status, route)
    assert line["request_id"] == response.headers["X-Request-ID"] == "mine"
    assert response.headers.get_all("X-Request-ID") == ["mine"]


@pytest.mark.parametrize(
    ("method", "path", "status", "outcome", "asked"),
    [
        ("GET", f"/v2/stamps/1/score/{ADDRESS}/history", 403, "forbidden", (1, ADDRESS)),
        ("GET", f"/v2/stamps/{ADDRESS}", 200, "listed", (None, ADDRESS)),
        ("GET", f"/v2/stamps/{ADDRESS}?limit=1001", 400, "invalid_query", (None, ADDRESS)),
        ("GET", f"/v2/stamps/{ADDRESS}?token=x", 404, "invalid_query", (None, ADDRESS)),
        ("GET", "/v2/stamps/0x12?limit=1001", 400, "invalid_address", (None, None)),
        ("POST", "/v2/stamps/1/scores", 400, "invalid_body", (1, None)),
    ],
)
def test_who_is_refused_is_told_with_what_was_asked_for(
    world: World,
    lines: Lines,
    method: str,
    path: str,
    status: int,
    outcome: str,
    asked: tuple[int | None, str | None],
) -> None:
    world.client().open(path, method=method, headers={"X-API-Key": world.key})
    (line,) = lines()
    assert (line["status"], line["outcome"]) == (status, outcome)
    assert (line.get("scorer_id"), line.get("address")) == asked


def test_a_body_that_is_too_large_is_told(world: World, lines: Lines) -> None:
    headers = {"X-API-Key": world.key}
    assert world.client().post("/v2/stamps/1/scores", headers=headers, data=b" " * 70_000).status_code == 413
    (line,) = lines()
    assert line["outcome"] == "invalid_body"


def test_of_a_long_method_the_line_has_the_beginning(world: World, lines: Lines) -> None:
    assert world.client().open("/health", method="B" * 20_000).status_code == 405
    (line,) = lines()
    assert line["method"] == "B" * 16


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ({}, None),
        ({"X-Request-ID": "a" * 128}, "a" * 128),
        ({"X-Amzn-Trace-Id": "Root=1-2-3"}, "Root=1-2-3"),
        ({"X-Request-ID": "a", "X-Amzn-Trace-Id": "Root=1-2-3"}, "a"),
        ({"X-Request-ID": "a" * 129}, None),
        ({"X-Request-ID": ""}, None),
        ({"X-Request-ID": "a\tb"}, None),
        ({"X-Request-ID": "a\x1b[2J"}, None),
        ({"X-Request-ID": "a\x7f"}, None),
        ({"X-Request-ID": "\u00e9"}, None),
        ({"X-Request-ID": '"}{"level":"ERROR"'}, '"}{"level":"ERROR"'),
    ],
)
def test_the_id_is_the_callers_where_it_can_be_one(
    world: World, lines: Lines, headers: dict[str, str], request_id: str | None
) -> None:
    given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    response = world.client().get("/health", environ_overrides=given)
    answered = response.headers["X-Request-ID"]
    assert answered == request_id or (request_id is None and re.fullmatch("[0-9a-f]{32}", answered))
    (line,) = lines()
    assert line["request_id"] == answered


def test_ids_differ_where_processes_go_on_from_one_snapshot() -> None:
    """As with SnapStart, where the state of random is the same in all of them."""
    state = random.getstate()
    try:
        first = logged.request_id({})
        random.setstate(state)
        assert logged.request_id({}) != first
    finally:
        random.setstate(state)


def test_a_web_page_may_send_an_id_and_read_it(world: World) -> None:
    preflight = world.client().options("/health", headers={"Access-Control-Request-Headers": "x-request-id"})
    assert "X-Request-ID" in preflight.headers["Access-Control-Allow-Headers"]
    assert "X-Request-ID" in preflight.headers["Access-Control-Expose-Headers"]


def test_a_request_that_failed_in_the_database_is_found_by_the_id_of_its_client(
    world: World, serve: Callable[..., Service]
) -> None:
    """By one command, which says why."""
    world.execute("alter function answer_request set lock_timeout = '50ms'")
    service = serve(world.service_url)
    assert service.get(world.path(ADDRESS), X_API_Key=world.key, X_Request_ID="before")[0] == 200
    with closing(connect(world.url)) as session, session.transaction():
        session.execute("select from registry_passport for update")
        status, headers, _ = service.get(world.path(ADDRESS), X_API_Key=world.key, X_Request_ID="of-client")
    assert (status, headers["X-Request-Id"]) == (503, "of-client")
    (line,) = [line for line in service.output.read_text().splitlines() if '"of-client"' in line]
    found = json.loads(line)
    assert (found["level"], found["outcome"], found["sqlstate"]) == ("ERROR", "unavailable", "55P03")
    assert "lock timeout" in found["error"]


def test_attempts_that_failed_are_told_with_the_one_that_did_not(
    world: World, client: FlaskClient, lines: Lines, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--pooler"):
        pytest.skip("the pooler hides that its idle connections have ended")
    assert client.get(world.path(ADDRESS), headers={"X-API-Key": world.key}).status_code == 200
    world.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    assert client.get(world.path(ADDRESS), headers={"X-API-Key": world.key}).status_code == 200
    first, second = lines()
    assert (first["level"], first["attempts"]) == ("INFO", 1)
    assert (second["level"], second["status"]) == ("WARNING", 200)
    assert (second["attempts"], second["round_trips"], len(second["failures"])) == (2, 2, 1)


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.client()


def test_what_is_unforeseen_is_one_line_with_its_traceback(world: World, lines: Lines) -> None:
    events = base_table(world.connection, "registry_event")
    world.execute(f"alter table {events} add check (action not in ('SCORE_UPDATE', 'SCU'))")
    world.client().get(world.path(ADDRESS), headers={"X-API-Key": world.key})
    (line,) = lines()
    assert (line["outcome"], line["sqlstate"], line["status"]) == ("unforeseen", "23514", 500)
    assert line["traceback"].startswith("Traceback (most recent call last):\n")


def test_successful_requests_are_sampled_and_no_others(world: World, lines: Lines) -> None:
    client = world.client(log_sample=0)
    for path, kept in (("/health", 0), ("/nowhere", 1), (world.path(ADDRESS), 2)):
        client.get(path)
        assert len(lines()) == kept
    world.client(log_sample=1).get("/health")
    assert len(lines()) == 3


def test_the_level_is_the_least_that_is_told(
    world: World, lines: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    client = world.client(database_url="postgresql://127.0.0.1:1/none")
    for path, kept in (("/health", 0), ("/nowhere", 0), ("/ready", 1)):
        client.get(path)
        assert len(lines()) == kept


def test_another_event_is_a_line_with_the_request_that_it_belongs_to() -> None:
    record = logging.LogRecord("lib", logging.WARNING, "", 1, "two\nlines of %s\x7f", ("é",), None)
    request_log.begin(request_log.new() | {"request_id": "mine"})
    try:
        (text,) = json_lines.JsonLines().format(record).splitlines()
    finally:
        request_log.end()
    line = json.loads(text)
    assert (line["event"], line["logger"], line["message"]) == ("message", "lib", "two\nlines of é\x7f")
    assert (line["level"], line["request_id"]) == ("WARNING", "mine")
    assert text.isprintable()
    (text,) = json_lines.JsonLines().format(record).splitlines()
    assert "request_id" not in json.loads(text)


def test_a_line_is_never_longer_than_a_pipe_takes_in_one_piece() -> None:
    reasons = {f"reason_{number}": ['"' * 40] * 5 for number in range(20)}
    event: dict[str, Any] = {"error": "é" * 5000, "traceback": "\n" * 9000, "failures": ["x" * 3000] * 3}
    event |= {"providers_left_out": reasons, "request_id": "i" * 128, "status": 500}
    text = json_lines.line(event, "ERROR", 0)
    assert len(text) <= json_lines.LONGEST
    line = json.loads(text)
    assert (line["request_id"], line["status"]) == ("i" * 128, 500)
    assert line["error"].startswith("é")


def test_nor_is_that_of_a_batch_whose_wallets_all_failed() -> None:
    """At each of three attempts."""
    text = json_lines.line(
        {"event": "request", "failures": ["40001: could not serialize"] * 300}, "WARNING", 0
    )
    assert len(text) <= json_lines.LONGEST
    assert json.loads(text)["failures"][0].startswith("4000")


@pytest.mark.parametrize("trusted", [frozenset[str](), None])
def test_ready_says_what_is_missing_and_nothing_more(
    world: World, lines: Lines, trusted: frozenset[str] | None
) -> None:
    changes = {} if trusted is None else {"trusted_issuers": trusted}
    client = world.client(**changes)
    response = client.get("/ready")
    if trusted is not None:
        assert (response.status_code, response.json) == (503, {"detail": "No issuer is trusted."})
        return
    assert (response.status_code, response.json) == (200, {"status": "ready"})
    world.execute("alter function answer_request rename to answer_nothing")
    answer = {"detail": "The database's schema is not the one that this version needs."}
    response = client.get("/ready")
    assert (response.status_code, response.json) == (503, answer)
    assert client.get("/health").status_code == 200
    (line,) = [line for line in lines() if line["level"] == "ERROR"]
    assert (line["outcome"], line["sqlstate"]) == ("not_ready", "42883")


def test_health_asks_no_database_and_ready_does(world: World) -> None:
    dead = world.client(database_url="postgresql://user:hunter2@127.0.0.1:1/none")
    assert dead.get("/health").status_code == 200
    response = dead.get("/ready")
    assert (response.status_code, response.json) == (503, {"detail": "The database does not answer."})


def test_the_page_names_every_field_and_no_other() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    (table,) = re.findall(r"^\| field \| unit \| meaning \|\n\| --- .*\n((?:\|.*\n)+)", page, re.MULTILINE)
    named = [
        name for row in table.splitlines() for name in re.findall(r"`(\w+(?:<reason>)?)`", row.split("|")[1])
    ]
    fields = set(request_log.Record.__annotations__) - {"left_out_by_reason", "wallets"}
    assert len(named) == len(set(named))
    assert set(named) == fields | {"time", "level", "left_out_<reason>", "service", "_aws"}


def test_the_page_names_every_outcome() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    (row,) = re.findall(r"^\| `outcome` \|.*", page, re.MULTILINE)
    python = "".join(path.read_text() for path in (ROOT / "api").glob("*.py"))
    made = set(
        re.findall(
            r'\["outcome"\] = "(\w+)"|"outcome": "(\w+)"|failed\("(\w+)"|outcome, .* = "(\w+)"', python
        )
    )
    for name in ("answer_request", "answer_history", "answer_credentials", "admit_batch"):
        text = (ROOT / f"db/functions/{name}.sql").read_text()
        made |= {(outcome,) for outcome in re.findall(r"outcome := '(\w+)'", text)}
    outcomes = {name for names in made for name in names if name} - {"unchecked"}
    assert len(outcomes) > 15
    assert outcomes <= set(re.findall(r"`(\w+)`", row))
