"""scorer explain: each reason there is, as the page shows it; and that it writes nothing."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api import credentials, keys, scoring
from api.database import Database
from db.migrate import ROOT
from harness.command import Command, command_for
from harness.world import World
from local.issuer import Issuer

pytestmark = pytest.mark.newest

PAGE = ROOT / "docs/administering.md"
OTHER = "0x" + "f" * 40
Document = dict[str, Any]


def changed(change: Callable[[Document], object]) -> Callable[[World, str], object]:
    """A credential that was altered after it was signed."""

    def put(world: World, address: str) -> None:
        document = world.issuer.credential(address, "Github", [f"v1:{address}"])
        change(document)
        world.put(address, "Github", document)

    return put


def older(world: World, address: str) -> None:
    for year in (2090, 2091):
        document = world.issuer.credential(address, "Github", [f"v1:{address}"], f"{year}-01-01T00:00:00Z")
        world.put(address, "Github", document)


def deduped(world: World, address: str) -> None:
    for wallet in (OTHER, address):
        document = world.issuer.credential(wallet, "Github", ["v1:octocat"], "2090-01-01T00:00:00Z")
        world.put(wallet, "Github", document)
        score(world, wallet)


def ended(statement: str) -> Callable[[World, str], object]:
    """A credential that the statement brings to its end."""

    def put(world: World, address: str) -> None:
        world.put_valid(address, "Github", f"v1:{address}")
        world.execute(statement, address)

    return put


def checked(world: World, address: str, column: str, value: object) -> None:
    """A credential whose check says something else than a test can sign."""
    world.put_valid(address, "Github", f"v1:{address}")
    score(world, address)
    world.execute(f"update credential_check set {column} = %s where subject like '%%' || %s", value, address)


def score(world: World, address: str) -> Document:
    answer = scoring.score(Database(world.service_url), world.settings(), world.key, "1", address)
    return dict(json.loads(answer))


TOMORROW = datetime.now(UTC) + timedelta(days=1)
# How a wallet comes to a credential of each reason.
REASONS: dict[str, Callable[[World, str], object]] = {
    "deduped": deduped,
    "older": older,
    "revoked": ended(
        "insert into ceramic_cache_revocation (ceramic_cache_id)"
        " select id from ceramic_cache where address = %s"
    ),
    "deleted": ended("update ceramic_cache set deleted_at = now() where address = %s"),
    "unchecked": lambda world, address: world.put_valid(address, "Github", f"v1:{address}"),
    "too_large": lambda world, address: world.put(address, "Github", "x" * 65_535),
    "unreadable": ended(
        "update ceramic_cache set stamp = stamp || jsonb_build_object('number', repeat('1', 5000)::numeric)"
        " where address = %s"
    ),
    "no_subject": changed(lambda d: d.pop("credentialSubject")),
    "other_subject": lambda world, address: world.put(
        address, "Github", world.issuer.credential(OTHER, "Github", ["v1:octocat"])
    ),
    "other_provider": lambda world, address: world.put(
        address, "Github", world.issuer.credential(address, "Google", ["v1:octocat"])
    ),
    "no_nullifiers": changed(lambda d: d["credentialSubject"].pop("nullifiers")),
    "bad_nullifier": changed(lambda d: d["credentialSubject"].update(nullifiers=[""])),
    "untrusted_issuer": lambda world, address: world.put(
        address, "Github", Issuer.ethereum().credential(address, "Github", ["v1:octocat"])
    ),
    "bad_expiration_date": changed(lambda d: d.update(expirationDate="tomorrow")),
    "expired": lambda world, address: world.put(
        address,
        "Github",
        world.issuer.credential(address, "Github", [f"v1:{address}"], "2025-01-01T00:00:00Z"),
    ),
    "unknown_proof": changed(lambda d: d.pop("proof")),
    "unknown_form": changed(lambda d: d["proof"].update(proofPurpose="authentication")),
    "unsigned_field": changed(lambda d: d.update(name="mine")),
    "bad_proof": changed(lambda d: d["credentialSubject"].update(nullifiers=["v1:another"])),
    "unverifiable": lambda world, address: checked(world, address, "fault", "unverifiable"),
    "future_proof": lambda world, address: checked(world, address, "signed_at", TOMORROW),
}
# What differs from run to run.
VARIABLE = {
    r"\(\d+\)": "(1)",
    r"did:ethr:0x[0-9a-f]+": "did:ethr:0x…",
    r"Dated [^ ]+\. ": "Dated 2026-11-27T12:00:00+00:00. ",
}


@pytest.fixture
def command(world: World) -> Command:
    return command_for(world.url, json.dumps([world.issuer.did]))


def test_the_page_shows_what_is_said_for_each_reason(world: World, command: Command) -> None:
    lines = ["| reason | what `scorer explain` says |", "| --- | --- |"]
    for number, (reason, put) in enumerate(REASONS.items()):
        address = f"0x{number:040x}"
        put(world, address)
        arguments = [] if reason != "unchecked" else ["--no-check"]
        said = command("explain", address, "--scorer", "1", *arguments)
        blocks = said.strip().split("\n\n")[2:]
        (block,) = [block for block in blocks if f", {reason}: " in block]
        shown = block.removeprefix("Github ").replace("\n  ", " ")
        for pattern, instead in VARIABLE.items():
            shown = re.sub(pattern, instead, shown)
        shown = shown.removeprefix(f"(1), {reason}: ")
        lines.append(f"| `{reason}` | {shown} |")
        # A real request leaves the same out, for the same reason: what it never reads aside.
        if reason not in ("deleted", "revoked", "older", "deduped", "unchecked"):
            assert command_reason(world, address) == [["Github", reason]]
    table = re.findall(r"^\| reason \| what.*?(?=\n\n)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert table == ["\n".join(lines)], "\n".join(lines)


def command_reason(world: World, address: str) -> object:
    """What a request leaves out of the wallet's score, and why."""
    database = Database(world.service_url)
    arguments: Document = {
        "key_prefix": "testkey1", "key_hash": keys.sha256_hash(world.key), "legacy_key_hash": None,
        "scorer_id": 1, "address": address, "trusted_issuers": [world.issuer.did],
        "verifier": credentials.VERIFIER, "checks": "[]", "human_points_enabled": False,
        "human_points_start": None, "count": 1, "lock_timeout": None,
    }  # fmt: skip
    reply = database.answer_request(arguments)
    if reply.unchecked:
        checks = credentials.as_json(credentials.check(reply.unchecked.split("\n")))
        reply = database.answer_request(arguments | {"checks": checks})
    return reply.left_out


def test_every_reason_of_the_log_and_of_the_code_is_shown() -> None:
    operations = (ROOT / "docs/operations.md").read_text()
    table = operations[operations.index("| reason | the credential |") :].split("\n\n")[0]
    logged = set(re.findall(r"`(\w+)`", re.sub(r"\|[^|]*\|$", "|", table, flags=re.MULTILINE)))
    coded = {
        reason
        for path in ("api/credentials.py", "api/shapes.py")
        for reason in re.findall(
            r'(?:Rejected|Misshapen|Check)\((?:[^()"]*, )?"(\w+)"', (ROOT / path).read_text()
        )
    }
    text = (ROOT / "db/functions/left_out_reason.sql").read_text()
    coded |= set(re.findall(r"then '(\w+)'", text))
    said = set(
        re.findall(r"^\s*\(?\s*'(\w+)',", (ROOT / "db/functions/reason_text.sql").read_text(), re.MULTILINE)
    )
    said |= set(
        re.findall(r"^    \('(\w+)'", (ROOT / "db/functions/reason_text.sql").read_text(), re.MULTILINE)
    )
    assert len(logged) > 15
    assert len(coded) > 15
    assert logged | coded <= set(REASONS)
    assert set(REASONS) == said


def test_explaining_writes_nothing_and_checks_what_nobody_has_checked(world: World, command: Command) -> None:
    address = "0x" + "a" * 40
    world.put_valid(address, "Github", "v1:a")
    explained = json.loads(command("explain", address, "--scorer", "1", "--json"))
    assert explained["score"] == "2.25000"
    assert explained["outcome"] == "scored"
    assert explained["stored"] is None
    assert world.execute("select from credential_check") == []
    assert world.execute("select from registry_passport") == []
    assert world.execute("select from registry_hashscorerlink") == []
    explained = json.loads(command("explain", address, "--scorer", "1", "--json", "--no-check"))
    assert explained["outcome"] == "unchecked"
    answer = score(world, address)
    explained = json.loads(command("explain", address, "--scorer", "1", "--json"))
    assert explained["stored"] == {
        "score": "2.25000",
        "passing_score": False,
        "last_score_timestamp": answer["last_score_timestamp"],
    }
