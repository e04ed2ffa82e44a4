"""Which documents are valid credentials: each rule alone, with real signatures."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from api import didkit_loop
from api.credentials import Check, as_json, begin_proof, check
from db.migrate import ROOT
from harness.printed import Lines
from harness.world import World
from local.issuer import CREDENTIALS, Issuer

pytestmark = pytest.mark.http

ADDRESS = "0x" + "a1" * 20

Document = dict[str, Any]
Change = Callable[[Document], object]


def checked(document: object) -> Check:
    text = document if isinstance(document, str) else json.dumps(document)
    (result,) = check([text])
    assert (result.fault is None) == (result.claims is not None)
    assert result.digest == hashlib.sha256(text.encode()).hexdigest()
    return result


def outcome(document: object) -> tuple[tuple[str, ...] | None, str | None]:
    """The nullifiers of a document that counts, or its fault."""
    result = checked(document)
    return (result.claims.nullifiers if result.claims else None, result.fault)


def test_what_an_issuer_signed_counts(issuer: Issuer, ed25519: Issuer) -> None:
    assert outcome(issuer.credential(ADDRESS, "Github", ["v0:a", "v1:b"])) == (
        ("v0:a", "v1:b"),
        None,
    )
    assert outcome(ed25519.credential(ADDRESS, "Github", ["v0:a"])) == (("v0:a",), None)


def test_a_check_tells_what_answer_request_takes(issuer: Issuer, ed25519: Issuer) -> None:
    document = issuer.credential("0x" + "A1" * 20, "Github", ['v0:"\\é'], "2090-06-15T12:30:00.5Z")
    result = checked(document)
    assert json.loads(as_json([result])) == [
        {
            "digest": result.digest,
            "fault": None,
            "issuer": issuer.did,
            "subject": f"did:pkh:eip155:1:{ADDRESS}",
            "provider": "Github",
            "nullifiers": ['v0:"\\é'],
            "expires_at": "2090-06-15T12:30:00.500000+00:00",
            "signed_at": f"{document['proof']['created'].removesuffix('Z')}000+00:00",
        }
    ]
    document["credentialSubject"]["nullifiers"] = ["v0:b"]
    result = checked(document)
    assert json.loads(as_json([result])) == [{"digest": result.digest, "fault": "bad_proof"}]


def test_a_caller_keeps_the_event_loop_that_it_runs(issuer: Issuer) -> None:
    async def called() -> bool:
        result = checked(issuer.credential(ADDRESS, "Github", ["v0:a"]))
        await asyncio.sleep(0)
        return result.fault is None

    assert asyncio.run(called())


@pytest.mark.parametrize(
    ("text", "expires_at"),
    [
        ("2020-01-01T00:00:00Z", datetime(2020, 1, 1, tzinfo=UTC)),
        ("2090-01-01T00:00:00+05:30", datetime(2089, 12, 31, 18, 30, tzinfo=UTC)),
        ("2090-01-01T00:00:00.123456789Z", datetime(2090, 1, 1, 0, 0, 0, 123456, UTC)),
    ],
)
def test_whether_it_has_expired_is_not_decided_here(issuer: Issuer, text: str, expires_at: datetime) -> None:
    claims = checked(issuer.credential(ADDRESS, "Github", ["a"], text)).claims
    assert claims
    assert claims.expires_at == expires_at


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d["credentialSubject"].update(id=f"did:pkh:eip155:1:0x{'b' * 40}"), "bad_proof"),
        (lambda d: d["credentialSubject"].update(id=1), "other_subject"),
        (lambda d: d["credentialSubject"].update(provider="Google"), "bad_proof"),
        (lambda d: d["credentialSubject"].update(provider=""), "other_provider"),
        (lambda d: d["credentialSubject"].update(provider="x" * 257), "other_provider"),
        (lambda d: d["credentialSubject"].pop("nullifiers"), "no_nullifiers"),
        (lambda d: d["credentialSubject"].update(nullifiers=[]), "no_nullifiers"),
        (lambda d: d["credentialSubject"].update(nullifiers="v0:a"), "no_nullifiers"),
        (lambda d: d["credentialSubject"].update(nullifiers=["v0:a", 1]), "bad_nullifier"),
        (lambda d: d["credentialSubject"].update(nullifiers=["v0:a", ""]), "bad_nullifier"),
        (lambda d: d["credentialSubject"].update(nullifiers=["n" * 101]), "bad_nullifier"),
        (lambda d: d["credentialSubject"].update(hash="v0:other"), "unsigned_field"),
        (lambda d: d["credentialSubject"].update(nullifiers=["v0:other"]), "bad_proof"),
        (lambda d: d["credentialSubject"]["nullifiers"].pop(), "bad_proof"),
        (lambda d: d.update(issuer="did:ethr:0x" + "1" * 40), "unknown_form"),
        (lambda d: d.update(issuer=[]), "untrusted_issuer"),
        (lambda d: d.pop("expirationDate"), "bad_expiration_date"),
        (lambda d: d.update(expirationDate="2091-01-01T00:00:00Z"), "bad_proof"),
        (lambda d: d.update(expirationDate="tomorrow"), "bad_expiration_date"),
        (lambda d: d.update(expirationDate="infinity"), "bad_expiration_date"),
        (lambda d: d.update(expirationDate="2090-01-01T00:00:00"), "bad_expiration_date"),
        (lambda d: d.update(expirationDate="2090-01-01"), "bad_expiration_date"),
        (lambda d: d.update(expirationDate="20900101T000000Z"), "bad_expiration_date"),
        (lambda d: d.update(expirationDate="2090-02-30T00:00:00Z"), "bad_expiration_date"),
        (lambda d: d.update(expirationDate="9999-12-31T23:59:59-23:59"), "bad_expiration_date"),
        (lambda d: d.update(expirationDate=4102444800), "bad_expiration_date"),
        (lambda d: d.update(type=["VerifiableCredential", "More"]), "bad_proof"),
        (lambda d: d.pop("proof"), "unknown_proof"),
        (lambda d: d.update(proof=[]), "unknown_proof"),
        (lambda d: d["proof"].update(proofValue="0x00"), "unknown_form"),
        (lambda d: d["proof"].update(proofPurpose="authentication"), "unknown_form"),
        (lambda d: d.update(name="x" * 1_000_000), "unsigned_field"),
    ],
)
def test_a_credential_that_was_altered_is_left_out(issuer: Issuer, change: Change, reason: str) -> None:
    document = issuer.credential(ADDRESS, "Github", ["v0:a", "v1:b"])
    change(document)
    assert outcome(document) == (None, reason)


@pytest.mark.parametrize(
    "field", ["@context", "type", "issuer", "credentialSubject", "proof", "expirationDate"]
)
@pytest.mark.parametrize("value", [None, True, 0, -1.5, "", "x", [], [None], {}, {"id": {}}, "x" * 1_000_000])
def test_wrong_types_in_any_field_are_left_out(issuer: Issuer, field: str, value: object) -> None:
    document = issuer.credential(ADDRESS, "Github", ["v0:a"])
    assert outcome(document | {field: value})[0] is None


@pytest.mark.parametrize("field", ["id", "provider", "nullifiers", "@context"])
@pytest.mark.parametrize("value", [None, True, 0, "", [], [None], [{}], {}, {"@id": []}, "x" * 1_000_000])
def test_wrong_types_in_any_field_of_the_subject_are_left_out(
    issuer: Issuer, field: str, value: object
) -> None:
    document = issuer.credential(ADDRESS, "Github", ["v0:a"])
    document["credentialSubject"] |= {field: value}
    assert outcome(document)[0] is None


@pytest.mark.parametrize(
    "text",
    [
        "null", "[]", "7", '"text"', "true", "{}", '{"credentialSubject": []}', "1" * 5000, '{"a": 1e999}',
        "[" * 100_000 + "]" * 100_000, '{"a":' * 5000 + "1" + "}" * 5000, json.dumps("x" * 1_000_000),
    ],
)  # fmt: skip
def test_any_json_is_left_out(issuer: Issuer, text: str) -> None:
    assert outcome(text)[1] in ("unreadable", "no_subject")


def test_the_hash_of_a_legacy_credential_is_its_only_nullifier(ed25519: Issuer) -> None:
    document = ed25519.credential(ADDRESS, "Github", ["v0:a"])
    assert outcome(document) == (("v0:a",), None)
    document["credentialSubject"]["hash"] = "v0:b"
    assert outcome(document) == (None, "bad_proof")


def test_documents_are_checked_each_by_itself(issuer: Issuer) -> None:
    documents = [issuer.credential(ADDRESS, "Github", [f"v0:{n}"]) for n in range(3)]
    documents[1]["credentialSubject"]["nullifiers"] = ["v0:x"]
    results = check([json.dumps(d) for d in documents])
    assert [r.claims.nullifiers if r.claims else r.fault for r in results] == [
        ("v0:0",),
        "bad_proof",
        ("v0:2",),
    ]


def test_documents_that_are_checked_at_the_same_time_are_told_apart(issuer: Issuer) -> None:
    """Threads share didkit's, and each is given what it asked for."""

    def documents(number: int) -> list[str]:
        made = [issuer.credential(ADDRESS, f"P{n}", [f"v0:{number}.{n}"]) for n in range(6)]
        made[number % 6]["credentialSubject"]["nullifiers"] = ["v0:altered"]
        made[(number + 1) % 6]["proof"]["proofValue"] = "0x" + "0" * 130
        return [json.dumps(document) for document in made]

    asked = [documents(number) for number in range(24)]
    with ThreadPoolExecutor(len(asked)) as executor:
        answered = list(executor.map(check, asked))
    for number, results in enumerate(answered):
        expected = [f"v0:{number}.{n}" for n in range(6)]
        expected[number % 6], expected[(number + 1) % 6] = "bad_proof", "bad_proof"
        assert [r.claims.nullifiers[0] if r.claims else r.fault for r in results] == expected


def test_what_didkit_cannot_read_is_an_error_of_its_own(issuer: Issuer) -> None:
    good = json.dumps(issuer.credential(ADDRESS, "Github", ["v0:a"]))
    results = didkit_loop.results(begin_proof(text) for text in ("{}", good, "[", good))
    assert [type(result) is str for result in results] == [False, True, False, True]
    assert all(isinstance(result, Exception) for result in results[::2])


def test_didkits_threads_keep_their_state(issuer: Issuer) -> None:
    """Without it the interpreter maps and unmaps memory for each proof."""
    states: list[object] = []
    keep = didkit_loop.keep_state

    def kept() -> None:
        had = hasattr(didkit_loop.known, "state")
        keep()
        states.append(had)

    text = json.dumps(issuer.credential(ADDRESS, "Github", ["v0:a"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(didkit_loop, "keep_state", kept)
        assert not any(result.fault for result in check([text] * 200))
    assert len(states) == 200
    assert states.count(False) <= (os.cpu_count() or 1)


def test_a_call_that_cannot_be_finished_is_waited_for_by_nobody(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise MemoryError

    text = json.dumps(issuer.credential(ADDRESS, "Github", ["v0:a"]))
    monkeypatch.setattr(didkit_loop, "keep_state", fail)
    with pytest.raises(MemoryError):
        check([text] * 3)


def test_a_process_that_has_checked_documents_ends_well(issuer: Issuer) -> None:
    """Whatever didkit's threads are at: one that is still inside the interpreter would abort it."""
    text = json.dumps(issuer.credential(ADDRESS, "Github", ["v0:a"]))
    program = "import sys; from api.credentials import check; print(check([sys.argv[1]] * 40)[0].fault)"
    for _ in range(10):
        ended = subprocess.run(
            [sys.executable, "-c", program, text], cwd=ROOT, capture_output=True, text=True
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "None\n", "")


def test_what_is_left_out_is_logged_with_its_reason_and_the_rest_is_scored(
    world: World, lines: Lines
) -> None:
    tampered = world.issuer.credential(ADDRESS, "Google", ["v0:o"])
    tampered["credentialSubject"]["nullifiers"] = ["v0:p"]
    world.put_valid(ADDRESS, "Github", "v0:g")
    world.put(ADDRESS, "Google", tampered)
    world.put(ADDRESS, "Ens", world.issuer.credential(ADDRESS, "Ens", ["e"], "2020-01-01T00:00:00Z"))
    odds: list[object] = [None, 1, "x" * 1_000_000, [], {"credentialSubject": {"id": 1}}]
    for index, odd in enumerate(odds):
        world.put(ADDRESS, f"Odd{index}", odd)
    response = world.client().get(world.path(ADDRESS), headers={"X-API-Key": world.key})
    assert response.json
    assert list(response.json["stamps"]) == ["Github"]
    (record,) = lines()
    assert {name: value for name, value in record.items() if "left_out" in name} == {
        "left_out": 7,
        "left_out_too_large": 1,
        "left_out_untrusted_issuer": 4,
        "left_out_expired": 1,
        "left_out_bad_proof": 1,
        "providers_left_out": {
            "too_large": ["Odd2"],
            "untrusted_issuer": ["Odd0", "Odd1", "Odd3", "Odd4"],
            "expired": ["Ens"],
            "bad_proof": ["Google"],
        },
    }
    assert (record["address"], record["scorer_id"], record["stamps_clean"]) == (ADDRESS, 1, 1)


def test_a_credential_without_a_provider_is_left_out(world: World) -> None:
    world.put_valid(ADDRESS, "", "v0:e")
    world.put_valid(ADDRESS, "Github", "v0:g")
    response = world.client().get(world.path(ADDRESS), headers={"X-API-Key": world.key})
    assert response.json
    assert list(response.json["stamps"]) == ["Github"]


def test_the_log_names_a_few_of_many(world: World, lines: Lines) -> None:
    for number in range(25):
        world.put(ADDRESS, f"P{number:02}", {})
    assert world.client().get(world.path(ADDRESS), headers={"X-API-Key": world.key}).status_code == 200
    (record,) = lines()
    assert record["left_out_untrusted_issuer"] == 25
    assert record["providers_left_out"] == {"untrusted_issuer": [f"P{number:02}" for number in range(5)]}


def test_the_demo_issuer_signs_in_the_form_of_production(issuer: Issuer) -> None:
    document = issuer.credential(ADDRESS, "Github", ["v0:a"])
    assert document["@context"][0] == CREDENTIALS
    assert document["proof"]["type"] == "EthereumEip712Signature2021"
    assert outcome(document)[1] is None
