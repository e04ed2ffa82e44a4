"""Two databases with a community in one or the other, and PL/Proxy before them: docs/splitting.md."""

import gzip
import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from deploy.split.move import move
from harness import plproxy
from harness.debian import NotPackaged
from harness.service import Service
from harness.split import Split, split
from local.issuer import Issuer
from tests.py.test_replay import RECORDING, replay


@pytest.fixture(scope="module")
def pair(postgres_version: int, issuer: Issuer) -> Iterator[Split]:
    """Two partitions, and a front."""
    if postgres_version != plproxy.VERSION:
        pytest.skip(f"runs with PostgreSQL {plproxy.VERSION}")
    try:
        with split(issuer) as pair:
            yield pair
    except NotPackaged as missing:
        pytest.skip(f"the archive has no {missing}")


def test_the_recorded_walk_passes_with_its_communities_in_both_partitions(
    pair: Split, serve: Callable[..., Service]
) -> None:
    recording = json.loads(gzip.decompress(RECORDING.read_bytes()))
    for number, community in enumerate(recording["communities"]):
        pair.worlds[0].add_community(
            community["id"],
            json.dumps(community["weights"]),
            community["threshold"],
            community["account_id"],
            community["human_points_program"],
        )
        if not community["human_points_program"]:
            move(pair.urls, community["id"], number % 2)
    homes = {c["id"]: pair.home_of(c["id"]) for c in recording["communities"]}
    assert set(homes.values()) == {0, 1}
    service = serve(pair.service_url, TRUSTED_IAM_ISSUERS=json.dumps(recording["trusted_issuers"]))
    with closing(http.client.HTTPConnection("127.0.0.1", service.port)) as client:
        for step in recording["steps"]:
            home = homes.get(step.get("community_id"), 0)
            if step["op"] == "score":
                pair.catch_up()
            replay(step, pair.worlds[home], client, known=False)
