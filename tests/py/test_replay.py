"""The recorded walk of the running service, replayed over HTTP: every answer, score row and link equal."""

import gzip
import http.client
import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from db.migrate import ROOT
from harness.server import connect
from harness.service import Service
from harness.world import World

pytestmark = pytest.mark.http

RECORDING = ROOT / "tests/data/replay.json.gz"

# A community of which the recording knows nothing.
ELSEWHERE = 999

SCORE_ROW = """
select score, status, evidence, stamp_scores, stamps
from registry_score
where passport_id = (select id from registry_passport where address = %s and community_id = %s)
"""
LINKS = """
select hash, address, to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS')
from registry_hashscorerlink
where community_id = %(community)s and (
    address = %(address)s
    or hash in (
        select jsonb_array_elements_text(
            coalesce(stamp #> '{credentialSubject,nullifiers}', '[]')
            || jsonb_build_array(stamp #> '{credentialSubject,hash}')
        )
        from ceramic_cache where address = %(address)s and deleted_at is null
    )
)
"""


@pytest.fixture(scope="module")
def recording() -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(gzip.decompress(RECORDING.read_bytes()))
    return recorded


@pytest.mark.parametrize("known", [False, True])
def test_every_recorded_score_is_answered_and_stored_to_the_letter(
    recording: dict[str, Any],
    database_url: str,
    service_url: str,
    serve: Callable[..., Service],
    issuer: Any,
    known: bool,
) -> None:
    """Whether each credential has been checked before, or none has."""
    with connect(database_url) as connection:
        world = World(database_url, service_url, connection, issuer)
        for community in recording["communities"]:
            world.add_community(
                community["id"],
                json.dumps(community["weights"]),
                community["threshold"],
                community["account_id"],
                community["human_points_program"],
            )
        world.add_community(ELSEWHERE)
        world.add_key(world.key)
        service = serve(service_url, TRUSTED_IAM_ISSUERS=json.dumps(recording["trusted_issuers"]))
        with closing(http.client.HTTPConnection("127.0.0.1", service.port)) as client:
            scored = sum(replay(step, world, client, known) for step in recording["steps"])
        assert scored == sum(step["op"] == "score" for step in recording["steps"])
        events = world.execute(
            "select address, data, community_id from registry_event"
            " where action = 'LIFO_DEDUPLICATION' and community_id <> %s order by id",
            ELSEWHERE,
        )
    assert [
        {"address": address, "data": data, "community_id": community} for address, data, community in events
    ] == recording["dedup_events"]


def replay(step: dict[str, Any], world: World, client: http.client.HTTPConnection, known: bool) -> int:
    """Does what a step recorded; gives 1 for a score that was compared, else 0."""
    match step:
        case {
            "op": "put_credential",
            "address": address,
            "provider": provider,
            "credential": given,
        }:
            proof = given["proof"]
            world.execute("delete from ceramic_cache where address = %s and provider = %s", address, provider)
            world.execute(
                "insert into ceramic_cache (address, provider, stamp, proof_value) values (%s, %s, %s, %s)",
                address, provider, json.dumps(given), proof.get("proofValue") or proof["jws"],
            )  # fmt: skip
        case {"op": "delete_credential", "address": address, "provider": provider}:
            world.execute(
                "update ceramic_cache set deleted_at = now() where address = %s and provider = %s",
                address,
                provider,
            )
        case {"op": "expire_link", "hash": nullifier, "community_id": community}:
            world.execute(
                "update registry_hashscorerlink set expires_at = '2025-01-01Z'"
                " where hash = %s and community_id = %s",
                nullifier,
                community,
            )
        case {"op": "score", "address": address, "community_id": community}:
            if known:
                ask(client, world, address, ELSEWHERE)
            else:
                world.execute("delete from credential_check")
            checks = world.execute("select count(*) from credential_check")
            status, body = ask(client, world, address, community)
            body["last_score_timestamp"] = "*"
            assert (status, body) == (step["status"], step["body"])
            assert not known or world.execute("select count(*) from credential_check") == checks
            ((score, *row),) = world.execute(SCORE_ROW, address, community)
            names = ("score", "status", "evidence", "stamp_scores", "stamps")
            assert dict(zip(names, (str(score), *row), strict=True)) == step["score_row"]
            links = world.connection.execute(LINKS, {"address": address, "community": community})
            assert sorted(map(list, links)) == sorted(step["links"])
            return 1
        case {"op": "peer_failed_score"}:
            pass
        case _:
            raise AssertionError(step)
    return 0


def ask(
    client: http.client.HTTPConnection, world: World, address: str, community: int
) -> tuple[int, dict[str, Any]]:
    client.request("GET", world.path(address, community), headers={"X-API-Key": world.key})
    response = client.getresponse()
    return response.status, json.loads(response.read())


def test_a_score_that_fails_in_the_recorded_service_is_answered(world: World) -> None:
    """A partly clashing stamp of which the wallet holds one nullifier and an expired link covers another."""
    address, other, former = ("0x" + digit * 40 for digit in "abc")
    for nullifier, owner, expires_at in (
        ("taken", other, "2090-01-01Z"),
        ("own", address, "2089-01-01Z"),
        ("old", former, "2020-01-01Z"),
    ):
        world.execute(
            "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
            " values (%s, %s, 1, %s)",
            nullifier,
            owner,
            expires_at,
        )
    world.put_valid(address, "Github", "taken", "own", "old")
    response = world.client().get(world.path(address), headers={"X-API-Key": world.key})
    assert response.status_code == 200
    assert response.json
    assert response.json["stamps"]["Github"]["dedup"] is True
