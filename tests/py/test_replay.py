"""The recorded walk of the running service, replayed over HTTP: every answer, score row and link equal."""

import http.client
import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from harness.recording import ELSEWHERE, recording, replay
from harness.server import connect
from harness.service import Service
from harness.world import World

pytestmark = pytest.mark.http


@pytest.mark.parametrize("known", [False, True])
def test_every_recorded_score_is_answered_and_stored_to_the_letter(
    database_url: str,
    service_url: str,
    serve: Callable[..., Service],
    issuer: Any,
    known: bool,
) -> None:
    """Whether each credential has been checked before, or none has."""
    recorded = recording()
    with connect(database_url) as connection:
        world = World(database_url, service_url, connection, issuer)
        for community in recorded["communities"]:
            world.add_community(
                community["id"],
                json.dumps(community["weights"]),
                community["threshold"],
                community["account_id"],
                community["human_points_program"],
            )
        world.add_community(ELSEWHERE)
        world.add_key(world.key)
        service = serve(service_url, TRUSTED_IAM_ISSUERS=json.dumps(recorded["trusted_issuers"]))
        with closing(http.client.HTTPConnection("127.0.0.1", service.port)) as client:
            scored = sum(replay(step, world, client, known) for step in recorded["steps"])
        assert scored == sum(step["op"] == "score" for step in recorded["steps"])
        events = world.execute(
            "select address, data, community_id from registry_event"
            " where action = 'LIFO_DEDUPLICATION' and community_id <> %s order by id",
            ELSEWHERE,
        )
    assert [
        {"address": address, "data": data, "community_id": community} for address, data, community in events
    ] == recorded["dedup_events"]


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
