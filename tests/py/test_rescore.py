"""scorer rescore: each passport gets, once, the score that a request would give it, in nobody's way."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db.migrate import ROOT
from harness.server import operator_url_of
from harness.world import World

WEIGHTS = {"Github": "1.5", "Google": "1", "Ens": "2"}


def address(number: int) -> str:
    return f"0x{0xA << 152 | number:040x}"


def filled(world: World, count: int, community: int = 1) -> list[str]:
    """So many wallets with two stamps each, scored."""
    client = world.client()
    wallets = [address(number) for number in range(1, count + 1)]
    for number, wallet in enumerate(wallets):
        world.put_valid(wallet, "Github", f"v0:g{number}")
        world.put_valid(wallet, "Google", f"v0:o{number // 2}")
        assert client.get(world.path(wallet, community), headers={"X-API-Key": world.key}).status_code == 200
    return wallets


def weigh(world: World, **weights: str) -> None:
    world.execute(
        "update scorer_weighted_binaryweightedscorer set weights = %s where scorer_ptr_id = 1",
        json.dumps(WEIGHTS | weights),
    )


def start(world: World, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    given = {
        "DATABASE_URL": operator_url_of(world.url),
        "TRUSTED_IAM_ISSUERS": json.dumps([world.issuer.did]),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "rescore", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | given | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str], status: int = 0) -> tuple[str, str]:
    """What a command prints."""
    output, errors = process.communicate()
    assert process.returncode == status, output + errors
    return output, errors


def answers(world: World, wallets: Sequence[str], community: int = 1) -> dict[str, Any]:
    """What the service answers for wallets, but for the time."""
    client = world.client()
    found = {}
    for wallet in wallets:
        response = client.get(world.path(wallet, community), headers={"X-API-Key": world.key})
        assert response.status_code == 200
        assert response.json
        found[wallet] = response.json | {"last_score_timestamp": None}
    return found


def stored(world: World) -> dict[str, dict[str, Any]]:
    """Of each passport what the newest event holds of its score."""
    rows = world.execute(
        "select distinct on (address, community_id) address || ' ' || community_id, data -> 'fields'"
        " from registry_event where action = 'SCORE_UPDATE' order by address, community_id, id desc"
    )
    return dict(rows)


def events(world: World) -> dict[str, int]:
    """How many scores of each wallet were written."""
    return dict(
        world.execute(
            "select address, count(*) from registry_event where action = 'SCORE_UPDATE' group by address"
        )
    )


def test_every_passport_has_the_score_that_a_request_gives(world: World, tmp_path: Path) -> None:
    wallets = filled(world, 12)
    world.add_community(2, json.dumps({"Github": "9"}))
    world.client().get(world.path(wallets[0], 2), headers={"X-API-Key": world.key})
    before = events(world)
    weigh(world, Github="3.123454")
    out = tmp_path / "scores.csv"
    output, errors = finished(start(world, "--scorer", 1, "--out", out, "--jobs", 3))
    assert re.fullmatch(
        r"Scored 12 wallets in [\d.]+ s: 6 pass that did not, 0 do not that did; 0 were scored meanwhile,"
        r" 0 have no passport, 0 failed; none is left\.\n",
        output,
    )
    assert errors.count("\n") == 1
    assert events(world) == {wallet: count + 1 for wallet, count in before.items()}
    held = stored(world)
    asked = answers(world, wallets)
    with out.open() as lines:
        rows = list(csv.DictReader(lines))
    assert [row["wallet"] for row in rows] == wallets
    for row in rows:
        answer, fields = asked[row["wallet"]], held[row["wallet"] + " 1"]
        deduped = sum(stamp["dedup"] for stamp in answer["stamps"].values())
        assert row == {
            "wallet": answer["address"],
            "scorer": "1",
            "score": answer["score"],
            "passing": "true",
            "was_passing": "true" if answer["score"] == "4.12345" else "false",
            "expires_at": answer["expiration_timestamp"],
            "counted": str(len(answer["stamps"]) - deduped),
            "deduped": str(deduped),
        }
        assert fields["stamps"] == answer["stamps"]
        assert fields["expiration_date"] == answer["expiration_timestamp"]
    assert {answer["score"] for answer in asked.values()} == {"4.12345", "3.12345"}
