"""The recorded walk of the running service, replayed step by step: every answer, score row and link equal."""

import gzip
import http.client
import json
from typing import Any

from db.migrate import ROOT
from harness.world import World

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


def recording() -> dict[str, Any]:
    """The communities, the steps and what came of them."""
    recorded: dict[str, Any] = json.loads(gzip.decompress(RECORDING.read_bytes()))
    return recorded


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
