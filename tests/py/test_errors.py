"""Every way a request can fail, and the order in which the answers come."""

import base64
import hashlib
import json
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest
from flask.testing import FlaskClient

from api import keys, scoring
from api.database import (
    ERRORS,
    Database,
    Misconfigured,
    TryAgain,
    Unavailable,
    Unforeseen,
    meaning,
)
from api.refused import Refused
from harness.existing import base_table
from harness.printed import Lines
from harness.world import World

pytestmark = pytest.mark.http

ADDRESS = "0x" + "c" * 40
INVALID_KEY = (401, {"detail": "Invalid API Key."})
MISSING_KEY = (401, {"detail": "Send your key as X-API-Key."})
UNKNOWN_SCORER = (404, {"detail": "No scorer matches the given criteria."})
INVALID_ADDRESS = (400, {"detail": "Invalid address."})
UNEXPECTED = {"detail": "Unexpected error while submitting passport"}
INVALID_SCORER = (422, {"detail": "scorer_id is not an integer."})


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.client()


def get(client: FlaskClient, path: str, **headers: str) -> tuple[int, Any]:
    response = client.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    return response.status_code, response.json


@pytest.mark.parametrize(
    "headers",
    [
        {"X_API_Key": "testkey1.secret"},
        {"Authorization": "Bearer testkey1.secret"},
        {"Authorization": "Token   testkey1.secret"},
        {"X_API_Key": "testkey1.secret", "Authorization": "Bearer other"},
        {"X_API_Key": "", "Authorization": "ApiKey testkey1.secret"},
    ],
)
def test_a_key_is_accepted_in_either_header(
    world: World, client: FlaskClient, headers: dict[str, str]
) -> None:
    assert get(client, world.path(ADDRESS), **headers)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_API_Key": ""},
        {"Authorization": "testkey1.secret"},
        {"Authorization": "Bearer testkey1.secret more"},
        {"Authorization": "Bearer"},
    ],
)
def test_whoever_sends_no_key_is_told_how(world: World, client: FlaskClient, headers: dict[str, str]) -> None:
    for path in (world.path(ADDRESS), world.path("0x1", 99), f"{world.path(ADDRESS)}/history"):
        assert get(client, path, **headers) == MISSING_KEY


@pytest.mark.parametrize(
    "headers",
    [
        {"X_API_Key": "testkey1.secreT"},
        {"X_API_Key": "testkey1"},
        {"X_API_Key": "testkey1."},
        {"X_API_Key": ".secret"},
        {"X_API_Key": "unknown1.secret"},
        {"X_API_Key": "revoked1.secret"},
        {"X_API_Key": "expired1.secret"},
        {"X_API_Key": "x" * 10_000},
        {"X_API_Key": "schlüssel.secret"},
        {"X_API_Key": "wrong.key", "Authorization": "Bearer testkey1.secret"},
    ],
)
def test_no_other_key_is_accepted(world: World, client: FlaskClient, headers: dict[str, str]) -> None:
    world.add_key("revoked1.secret", revoked=True)
    world.add_key("expired1.secret", expiry_date="2020-01-01Z")
    for path in (
        world.path(ADDRESS),
        world.path("0x1"),
        world.path(ADDRESS, "x"),
        world.path("0x1", 99),
    ):
        assert get(client, path, **headers) == INVALID_KEY


def test_a_nul_in_a_key_is_a_wrong_key(world: World) -> None:
    with pytest.raises(Refused, match="401"):
        scoring.score(Database(world.service_url), world.settings(), "testkey1\0.secret", "1", ADDRESS)


@pytest.mark.parametrize(
    ("community", "address", "answer"),
    [
        ("99", ADDRESS, UNKNOWN_SCORER),
        ("99", "0x1", UNKNOWN_SCORER),
        ("2", ADDRESS, UNKNOWN_SCORER),
        ("2", "0x1", UNKNOWN_SCORER),
        ("-1", ADDRESS, UNKNOWN_SCORER),
        ("9" * 25, ADDRESS, UNKNOWN_SCORER),
        ("9" * 5000, ADDRESS, UNKNOWN_SCORER),
        ("1", "0x1", INVALID_ADDRESS),
        ("1", "0x" + "g" * 40, INVALID_ADDRESS),
        ("1", "c" * 42, INVALID_ADDRESS),
        ("1", "0x" + "c" * 41, INVALID_ADDRESS),
        ("1", ADDRESS + "%0A", INVALID_ADDRESS),
        ("1", ADDRESS + "%00", INVALID_ADDRESS),
        ("1", "%ff", INVALID_ADDRESS),
        ("x", "0x1", INVALID_ADDRESS),
        ("x", ADDRESS, INVALID_SCORER),
        ("1.0", ADDRESS, INVALID_SCORER),
        ("1e0", ADDRESS, INVALID_SCORER),
        ("\u0661", ADDRESS, INVALID_SCORER),
        ("%00", ADDRESS, INVALID_SCORER),
        ("null", ADDRESS, INVALID_SCORER),
    ],
)
def test_scorer_and_address_are_checked_in_order(
    world: World, client: FlaskClient, community: str, address: str, answer: tuple[int, Any]
) -> None:
    world.add_community(2, account=2)
    assert get(client, world.path(address, community), X_API_Key=world.key) == answer


def test_a_key_of_another_account_reaches_its_own_scorers_alone(world: World, client: FlaskClient) -> None:
    world.add_community(2, account=2)
    world.add_key("other.secret", account=2)
    assert get(client, world.path(ADDRESS, 1), X_API_Key="other.secret") == UNKNOWN_SCORER
    assert get(client, world.path(ADDRESS, 2), X_API_Key="other.secret")[0] == 200


def test_an_address_is_answered_in_lower_case(world: World, client: FlaskClient) -> None:
    status, body = get(client, world.path("0X" + "C" * 40), X_API_Key=world.key)
    assert (status, body["address"]) == (200, ADDRESS)


def legacy(key: str, iterations: int = 1000) -> str:
    digest = hashlib.pbkdf2_hmac("sha256", key.encode(), b"salt", iterations)
    return f"pbkdf2_sha256${iterations}$salt${base64.b64encode(digest).decode()}"


def test_a_legacy_key_works_and_is_upgraded_once(world: World, client: FlaskClient) -> None:
    world.add_key("legacy.secret", hashed=legacy("legacy.secret"))

    def stored() -> str:
        ((value,),) = world.execute("select hashed_key from scorer.account_apikey where prefix = 'legacy'")
        return str(value)

    assert get(client, world.path(ADDRESS), X_API_Key="legacy.wrong") == INVALID_KEY
    assert stored() == legacy("legacy.secret")
    assert get(client, world.path(ADDRESS), X_API_Key="legacy.secret")[0] == 200
    assert stored() == f"sha256${hashlib.sha256(b'legacy.secret').hexdigest()}"
    keys_table = base_table(world.connection, "account_apikey")
    row = f"select xmin::text from {keys_table} where prefix = 'legacy'"
    ((version,),) = world.execute(row)
    assert get(client, world.path(ADDRESS), X_API_Key="legacy.secret")[0] == 200
    assert world.execute(row) == [(version,)]
    assert get(client, world.path(ADDRESS), X_API_Key="legacy.wrong") == INVALID_KEY


def test_a_legacy_key_that_takes_long_to_derive_is_refused_at_once(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else everybody who knows its prefix could have it derived."""
    derive = Mock(side_effect=keys.pbkdf2_hash)
    monkeypatch.setattr(keys, "pbkdf2_hash", derive)
    world.add_key("dear.secret", hashed="pbkdf2_sha256$2000001$salt$aGFzaA==")
    assert get(client, world.path(ADDRESS), X_API_Key="dear.wrong") == INVALID_KEY
    assert derive.call_count == 0
    world.add_key("legacy.secret", hashed=legacy("legacy.secret"))
    assert get(client, world.path(ADDRESS), X_API_Key="legacy.wrong") == INVALID_KEY
    assert derive.call_count == 1


@pytest.mark.parametrize("state", [{"revoked": True}, {"expiry_date": "2020-01-01Z"}])
def test_a_dead_legacy_key_is_not_upgraded(world: World, client: FlaskClient, state: dict[str, Any]) -> None:
    world.add_key("legacy.secret", hashed=legacy("legacy.secret"), **state)
    assert get(client, world.path(ADDRESS), X_API_Key="legacy.secret") == INVALID_KEY
    assert world.execute("select hashed_key from scorer.account_apikey where prefix = 'legacy'") == [
        (legacy("legacy.secret"),)
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2", 404),
        ("GET", "/v2/docs/nothing.js", 404),
        ("GET", "/v2/stamps", 404),
        ("GET", f"/v2/stamps/1/score/{ADDRESS}/", 404),
        ("GET", f"/v2//stamps/1/score/{ADDRESS}", 404),
        ("POST", f"/v2/stamps/1/score/{ADDRESS}", 405),
        ("DELETE", "/health", 405),
    ],
)
def test_unknown_paths_and_wrong_methods(client: FlaskClient, method: str, path: str, status: int) -> None:
    response = client.open(path, method=method)
    assert response.status_code == status
    assert response.json
    assert list(response.json) == ["detail"]
    assert status != 405 or "GET" in response.headers["Allow"]


@pytest.mark.parametrize("path", [f"/v2/stamps/1/score/{ADDRESS}", "/health"])
def test_any_origin_may_call(client: FlaskClient, path: str) -> None:
    preflight = client.options(
        path,
        headers={"Origin": "https://app.example", "Access-Control-Request-Headers": "x-api-key"},
    )
    assert preflight.status_code == 200
    assert "X-API-Key" in preflight.headers["Access-Control-Allow-Headers"]
    for response in (preflight, client.get(path), client.get("/nowhere")):
        assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", [f"/v2/stamps/1/score/{ADDRESS}", "/health", "/v2/docs", "/nowhere"])
def test_answers_are_kept_by_nobody_and_are_what_they_say(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    exposed = "Allow, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
    assert headers["Access-Control-Expose-Headers"] == exposed


def test_an_unreachable_database_is_503_with_retry_after(world: World, lines: Lines) -> None:
    dead = world.client(database_url="postgresql://user:hunter2@127.0.0.1:1/none")
    response = dead.get(world.path(ADDRESS), headers={"X-API-Key": world.key})
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.json == {"detail": "The service is temporarily unavailable. Please try again."}
    (line,) = lines()
    assert (line["level"], line["outcome"]) == ("ERROR", "unavailable")
    assert "hunter2" not in str(line)
    assert world.key not in str(line)


def test_the_unforeseen_is_500_and_its_cause_is_in_the_log_alone(world: World, lines: Lines) -> None:
    events = base_table(world.connection, "registry_event")
    world.execute(f"alter table {events} add check (action not in ('SCORE_UPDATE', 'SCU'))")
    response = world.client().get(world.path(ADDRESS), headers={"X-API-Key": world.key})
    assert response.status_code == 500
    assert response.json == UNEXPECTED
    (line,) = lines()
    assert "violates check constraint" in line["error"]
    assert world.key not in str(line)
    assert world.execute("select from registry_passport") == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("weights", "[]"),
        ("weights", '{"Github": "much"}'),
        ("weights", '{"Github": {"weight": 1}}'),
        ("threshold", "NaN"),
    ],
)
def test_a_bad_weight_or_threshold_is_one_clear_line_for_the_operator(
    world: World, lines: Lines, column: str, value: str
) -> None:
    world.unguard_weights()
    world.execute(f"update scorer_weighted_binaryweightedscorer set {column} = %s", value)
    world.put_valid(ADDRESS, "Github", "v0:g")
    response = world.client().get(world.path(ADDRESS), headers={"X-API-Key": world.key})
    assert (response.status_code, response.json) == (500, UNEXPECTED)
    (line,) = lines()
    assert (line["level"], line["outcome"], line["sqlstate"]) == ("ERROR", "misconfigured", "SC006")
    assert "Community 1" in line["error"]
    assert "traceback" not in line
    for table in ("passport", "stamp", "score", "hashscorerlink", "event"):
        assert world.execute(f"select from registry_{table}") == []


def test_a_wallet_with_a_thousand_credentials_is_scored_and_one_with_more_is_refused(world: World) -> None:
    weights = {f"P{number}": 1 for number in range(1000)}
    world.execute("update scorer_weighted_binaryweightedscorer set weights = %s", json.dumps(weights))
    for provider in weights:
        world.put_valid(ADDRESS, provider, f"v0:{provider}", f"v1:{provider}")
    # On a slow machine it takes more than one request to check them.
    for _ in range(100):
        status, body = get(world.client(), world.path(ADDRESS), X_API_Key=world.key)
        if status != 503:
            break
    assert (status, body["score"]) == (200, "1000.00000")
    world.put(ADDRESS, "One more", {})
    too_many = (422, {"detail": "This address has more credentials than can be scored."})
    assert get(world.client(), world.path(ADDRESS), X_API_Key=world.key) == too_many


def test_a_negative_scorer_id_is_the_demo_scorer_where_there_is_one(world: World) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    world.execute("update account_community set external_scorer_id = '77001' where id = 1")
    for scorer in ("-1", "-335", "77001", "-" + "9" * 30, "+77001", "000000000000000000000001"):
        client = world.client(demo_scorer_id=1)
        status, body = get(client, world.path(ADDRESS, scorer), X_API_Key=world.key)
        assert (status, body["score"]) == (200, "2.25000")
    assert get(world.client(), world.path(ADDRESS, -1), X_API_Key=world.key) == UNKNOWN_SCORER
    assert get(world.client(demo_scorer_id=2), world.path(ADDRESS, -1), X_API_Key=world.key) == UNKNOWN_SCORER


def test_more_nullifiers_than_a_call_takes_are_refused(world: World) -> None:
    for number in range(11):
        world.put_valid(ADDRESS, f"P{number}", *(f"{number}.{n}" for n in range(1000)))
    too_many = (422, {"detail": "This address has more credentials than can be scored."})
    assert get(world.client(), world.path(ADDRESS), X_API_Key=world.key) == too_many


def test_a_lost_connection_is_replaced_within_the_request(world: World) -> None:
    client = world.client()
    assert get(client, world.path(ADDRESS), X_API_Key=world.key)[0] == 200
    world.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    assert get(client, world.path(ADDRESS), X_API_Key=world.key)[0] == 200


def test_a_failure_that_may_pass_is_tried_again_and_then_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    world.execute(
        "create function fail() returns trigger language plpgsql as"
        " $$ begin raise exception using errcode = '40001'; end $$"
    )
    events = base_table(world.connection, "registry_event")
    world.execute(f"create trigger fail before insert on {events} for each row execute function fail()")
    monkeypatch.setattr(scoring, "BACKOFF", 0)
    attempts = Mock(side_effect=scoring.attempt_score)
    monkeypatch.setattr(scoring, "attempt_score", attempts)
    response = world.client().get(world.path(ADDRESS), headers={"X-API-Key": world.key})
    assert response.status_code == 503
    assert "Retry-After" in response.headers
    assert attempts.call_count == scoring.ATTEMPTS
    assert world.execute("select from registry_passport union all select from registry_hashscorerlink") == []
    world.execute(f"drop trigger fail on {events}")
    assert get(world.client(), world.path(ADDRESS), X_API_Key=world.key)[0] == 200


@pytest.mark.parametrize("code", ["40001", "40P01", "08006", "57P01", "57P05"])
def test_what_another_try_can_mend_is_tried_again(code: str) -> None:
    assert isinstance(meaning(error_of(code)), TryAgain)


@pytest.mark.parametrize("code", ["57P03", "57014", "25P04", "55P03", "53300", "53100", "58030", "25006"])
def test_what_it_cannot_mend_at_once_is_refused(code: str) -> None:
    error = meaning(error_of(code))
    assert isinstance(error, Unavailable)
    assert not isinstance(error, TryAgain)


def test_what_only_somebody_else_can_mend_is_told_apart() -> None:
    assert isinstance(meaning(error_of("SC006")), Misconfigured)


@pytest.mark.parametrize("code", ["SC001", "SC002", "SC003", "SC004", "SC005", "SC007", "42883", "23505"])
def test_the_rest_is_unforeseen(code: str) -> None:
    assert isinstance(meaning(error_of(code)), Unforeseen)
    assert code not in ERRORS


def error_of(code: str) -> psycopg.Error:
    error = psycopg.Error()
    error.sqlstate = code
    return error


def test_the_answer_is_sent_as_the_function_gave_it(world: World, client: FlaskClient) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    response = client.get(world.path(ADDRESS), headers={"X-API-Key": world.key})
    ((event,),) = world.execute("select data -> 'fields' from registry_event order by id desc limit 1")
    body = json.loads(response.data)
    assert response.mimetype == "application/json"
    assert body["stamps"] == event["stamps"]
    assert body["last_score_timestamp"] == event["last_score_timestamp"]
