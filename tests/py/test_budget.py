"""What a wallet holds takes a bounded part of a request: documents are checked until its time is used up, and
the next request goes on from there."""

import json
import subprocess
import sys
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import credentials, scoring
from api.credentials import check
from db.migrate import ROOT
from harness.printed import Lines
from harness.wire import recorded
from harness.world import World
from local.issuer import Issuer

pytestmark = pytest.mark.http

ADDRESS = "0x" + "f" * 40
UNFINISHED = "The credentials of this address are still being checked. Please try again."


def ask(world: World, client: FlaskClient) -> tuple[int, dict[str, Any]]:
    response = client.get(world.path(ADDRESS), headers={"X-API-Key": world.key})
    assert (response.status_code == 503) == ("Retry-After" in response.headers)
    assert response.json is not None
    return response.status_code, response.json


def kept(world: World) -> int:
    ((count,),) = world.execute("select count(*) from credential_check")
    return int(count)


def test_a_request_whose_time_is_used_up_is_gone_on_with_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    for number in range(7):
        world.put_valid(ADDRESS, f"P{number}", f"v0:{number}")
    monkeypatch.setattr(scoring, "CHECKING", 0)
    monkeypatch.setattr(credentials, "BATCH", 2)
    client = world.client()
    for checked in (2, 4, 6):
        assert ask(world, client) == (503, {"detail": UNFINISHED})
        assert kept(world) == checked
        assert world.execute("select from registry_passport union all select from registry_event") == []
    status, body = ask(world, client)
    assert (status, len(body["stamps"]), kept(world)) == (200, 7, 7)
    line = lines()[0]
    assert (line["level"], line["outcome"], line["address"]) == ("WARNING", "unfinished", ADDRESS)
    assert line["documents_checked"] == 2


def test_more_bytes_than_a_call_gives_back_are_checked_within_a_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "CHECKING", 3600)
    kind = ["VerifiableCredential", "x" * 60_000]
    for number in range(40):
        signed = world.issuer.credential(ADDRESS, f"P{number}", [f"v0:{number}"], type=kind)
        world.put(ADDRESS, f"P{number}", signed)
    with recorded(world.url) as (url, recording):
        status, body = ask(world, world.client(database_url=url))
    assert (status, len(body["stamps"]), kept(world)) == (200, 40, 40)
    assert recording.round_trips == 3


def test_a_deadline_ends_checking_after_some_documents(issuer: Issuer) -> None:
    documents = [json.dumps(issuer.credential(ADDRESS, "Github", [f"n{number}"])) for number in range(40)]
    assert [c.fault for c in check(documents, deadline=0)] == [None] * credentials.BATCH
    assert [c.fault for c in check(documents)] == [None] * 40
    assert check([], deadline=0) == []


def test_whatever_was_found_of_a_document_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What costs something costs it once."""
    document = world.issuer.credential(ADDRESS, "Github", ["v0:g"])
    odd: list[Any] = [
        document | {"proof": document["proof"] | {"created": "2999-01-01T00:00:00Z"}},
        document | {"proof": document["proof"] | {"created": "then"}},
        document | {"proof": []},
        document | {"issuanceDate": "now"},
        {"issuer": world.issuer.did},
        # Of the right form, but no credential to didkit.
        document | {"type": ["Other"]},
    ]
    for number, given in enumerate(odd):
        world.put(ADDRESS, f"P{number}", given)
    text = '{"issuer": "%s", "deep": %s1%s}' % (world.issuer.did, "[" * 4000, "]" * 4000)  # noqa: UP031
    world.execute(
        "insert into ceramic_cache (address, provider, stamp) values (%s, 'Deep', %s)", ADDRESS, text
    )
    client = world.client()
    assert ask(world, client)[0] == 200
    assert kept(world) == len(odd) + 1
    monkeypatch.setattr(scoring, "check", None)
    assert ask(world, client)[0] == 200


SCRIPT = """
import threading
from api.credentials import check
from local.issuer import Issuer
import json
document = json.dumps(Issuer.ethereum().credential("0x" + "a" * 40, "Github", ["v0:a"]))
threads = [threading.Thread(target=check, args=([document] * 8,)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(check([document] * 20)[19].fault)
"""


def test_a_script_that_checks_documents_ends_as_it_should() -> None:
    for _ in range(10):
        ended = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "None\n", "")
