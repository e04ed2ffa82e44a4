"""The closed shapes: what issuers wrote is read as before, and nothing else reaches didkit."""

import copy
import json
from asyncio import Future, get_running_loop
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from api import credentials
from api.credentials import Check, check
from db.migrate import ROOT
from harness.existing import base_table
from harness.service import Service
from harness.world import World
from local.issuer import CREDENTIALS, EIP712_DOMAIN, STATUS_LIST, TEXT, Issuer, sign, typed

ADDRESS = "0x" + "a1" * 20
SUBJECT = f"did:pkh:eip155:1:{ADDRESS}"
URL, THING = "https://schema.org/URL", "https://schema.org/Thing"
LIST = {"@container": "@list", "@type": TEXT}
PRODUCTION = json.loads((ROOT / "tests/data/production-credentials.json").read_text())

Document = dict[str, Any]
Change = Callable[[Document], object]


def checked(document: object) -> Check:
    (result,) = check([json.dumps(document)])
    return result


def fault(document: object) -> str | None:
    return checked(document).fault


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The documents that didkit is asked about from here on; it finds nothing wrong with any."""
    documents: list[str] = []

    def begin_proof(document: str) -> Future[str]:
        documents.append(document)
        proof: Future[str] = get_running_loop().create_future()
        proof.set_result('{"errors": []}')
        return proof

    monkeypatch.setattr(credentials, "begin_proof", begin_proof)
    return documents


@pytest.mark.parametrize("case", PRODUCTION, ids=lambda case: case["document"]["issuanceDate"])
def test_what_production_issuers_signed_is_read_as_before(case: dict[str, Any]) -> None:
    document = case["document"]
    result = checked(document)
    assert result.fault == (None if case["proof_holds"] else "bad_proof")
    if case["proof_holds"]:
        assert result.claims
        subject = document["credentialSubject"]
        assert result.claims.nullifiers == (subject["hash"],)
        assert result.claims.provider == subject["provider"]
        assert result.claims.subject == subject["id"].lower()
        assert result.claims.issuer == document["issuer"]
        assert result.claims.expires_at == datetime.fromisoformat(document["expirationDate"])
        assert result.claims.signed_at == datetime.fromisoformat(document["proof"]["created"])


@pytest.mark.parametrize("context", [lambda terms: [terms], lambda terms: terms])
@pytest.mark.parametrize(
    ("terms", "values"),
    [
        ({"hash": TEXT, "provider": TEXT}, {"hash": "v0.0.0:a/b+c="}),
        (
            {"hash": TEXT, "provider": TEXT, "metaPointer": URL, "customInfo": THING},
            {"hash": "v0.0.0:a=", "metaPointer": "https://example.org/?a=b", "customInfo": {}},
        ),
        ({"hash": TEXT, "provider": TEXT, "metaPointer": URL, "customInfo": THING}, {"hash": "v0.0.0:a="}),
        ({"nullifiers": LIST | {"@id": TEXT}, "provider": TEXT}, {"nullifiers": ["v0:a", "v1:b"]}),
    ],
)
def test_each_form_of_a_json_ld_document_counts(
    ed25519: Issuer, context: Callable[[object], object], terms: Document, values: Document
) -> None:
    subject = {"id": SUBJECT, "provider": "Github", "@context": context(terms)} | values
    result = checked(ed25519.credential(ADDRESS, "Github", ["v0:a"], credentialSubject=subject))
    assert result.claims
    assert result.claims.nullifiers == tuple(values.get("nullifiers", [values.get("hash")]))


# EIP-712 types as the issuers of 2022 and 2023 had them.
OLD_DOMAIN = copy.deepcopy(EIP712_DOMAIN)
OLD_DOMAIN["types"] |= {  # type: ignore[operator]
    "@context": typed(dict.fromkeys(("customInfo", "hash", "metaPointer", "provider"), "string")),
    "CredentialSubject": typed(
        {"@context": "@context", "customInfo": "CustomInfo"}
        | dict.fromkeys(("hash", "id", "metaPointer", "provider"), "string")
    ),
    "CustomInfo": [],
}


@pytest.mark.parametrize("domain", [{"eip712Domain": OLD_DOMAIN}, {}], ids=["typed", "derived"])
def test_each_form_of_an_eip_712_document_counts(issuer: Issuer, domain: Document) -> None:
    """Also where the proof brings no types, so that didkit derives them."""
    subject = {
        "@context": {"customInfo": THING, "hash": TEXT, "metaPointer": URL, "provider": TEXT},
        "customInfo": {},
        "hash": "v0.0.0:a=",
        "id": SUBJECT,
        "metaPointer": "https://example.org",
        "provider": "Github",
    }
    document = signed(issuer, domain, credentialSubject=subject)
    assert ("eip712Domain" in document["proof"]) == bool(domain)
    result = checked(document)
    assert result.claims
    assert (result.claims.nullifiers, result.claims.provider) == (("v0.0.0:a=",), "Github")
    document["credentialSubject"]["hash"] = "v0.0.0:b="
    assert fault(document) == "bad_proof"
    document["credentialSubject"]["other"] = "x"
    assert fault(document) == ("unsigned_field" if domain else "bad_proof")


def signed(issuer: Issuer, options: Document, **changes: object) -> Document:
    """A document with a proof as the options say: with the types that eip712Domain has, or with none."""
    document = issuer.credential(ADDRESS, "Github", ["v0:a"]) | changes
    del document["proof"]
    options = options | {
        "type": "EthereumEip712Signature2021",
        "proofPurpose": "assertionMethod",
        "verificationMethod": issuer.method,
    }
    return sign(document, options, issuer.key)


def subject_of(document: Document) -> Document:
    subject: Document = document["credentialSubject"]
    return subject


def terms_of(document: Document) -> Document:
    terms: Document = subject_of(document)["@context"][0]
    return terms


@pytest.mark.parametrize(
    "change",
    [
        # A context of the holder's.
        lambda d: d.update({"@context": CREDENTIALS}),
        lambda d: d.update({"@context": []}),
        lambda d: d.update({"@context": [CREDENTIALS, STATUS_LIST]}),
        lambda d: d.update({"@context": [CREDENTIALS, {"https://schema.org/Text": None}]}),
        lambda d: d.update({"@context": [CREDENTIALS, {"schema": None}]}),
        lambda d: d.update({"@context": [CREDENTIALS.replace("www.", "")]}),
        lambda d: d.pop("@context"),
        # A name or a type besides.
        lambda d: d.update({"https://www.w3.org/2018/credentials#expirationDate": "x"}),
        lambda d: d.update({"@included": [{"id": SUBJECT, "provider": "Other"}]}),
        lambda d: d.update({"@nest": {"expirationDate": "x"}}),
        lambda d: d.update({"@graph": []}),
        lambda d: d.update({"@id": "urn:a"}),
        lambda d: d.update({"evidence": []}),
        lambda d: d.update({"type": "VerifiableCredential"}),
        lambda d: d.update({"type": ["VerifiableCredential", "Other"]}),
        lambda d: d.update({"id": "@other"}),
        lambda d: d.update({"id": "relative"}),
        lambda d: d.update({"id": "urn:uuid:a b"}),
        lambda d: d.update({"id": ["urn:uuid:a"]}),
        # Of the subject.
        lambda d: subject_of(d).update({"@type": "x"}),
        lambda d: subject_of(d).update({"https://schema.org/Text": "x"}),
        lambda d: subject_of(d).update({"schema:Text": "x"}),
        lambda d: subject_of(d).update({"nullifiers": ["v0:a"]}),
        lambda d: subject_of(d).update({"customInfo": {"a": {"b": {}}}}),
        lambda d: subject_of(d).update({"metaPointer": 1}),
        lambda d: subject_of(d).update({"metaPointer": "x" * 2049}),
        # What its terms mean.
        lambda d: subject_of(d).pop("@context"),
        lambda d: subject_of(d).update({"@context": []}),
        lambda d: subject_of(d).update({"@context": [terms_of(d), {}]}),
        lambda d: subject_of(d).update({"@context": [TEXT]}),
        lambda d: terms_of(d).pop("hash"),
        lambda d: terms_of(d).update({"hash": None}),
        lambda d: terms_of(d).update({"hash": URL}),
        lambda d: terms_of(d).update({"hash": {"@id": TEXT}}),
        lambda d: terms_of(d).update({"hash": [TEXT]}),
        lambda d: terms_of(d).update({"id": None}),
        lambda d: terms_of(d).update({"unused": TEXT}),
        lambda d: terms_of(d).update({"@vocab": TEXT}),
        lambda d: terms_of(d).update({"nullifiers": TEXT}),
        # What the two texts are: swapped they mean the same.
        lambda d: subject_of(d).update({"hash": "Github", "provider": "v0:a"}),
        lambda d: subject_of(d).update({"hash": "v0:b", "provider": "v0:a"}),
        lambda d: subject_of(d).update({"hash": 'v0:a" .\n<x> <y> "z'}),
        lambda d: subject_of(d).update({"provider": "Git\\hub"}),
        # Another proof.
        lambda d: d["proof"].update({"@context": {}}),
        lambda d: d["proof"].update({"id": "urn:a"}),
        lambda d: d["proof"].update({"verificationMethod": "did:key:z6Mk#z6Mk"}),
        lambda d: d["proof"].update({"verificationMethod": f"{d['issuer']}#other"}),
        lambda d: d["proof"].update({"verificationMethod": [d["proof"]["verificationMethod"]]}),
        lambda d: d["proof"].update({"proofPurpose": "authentication"}),
        lambda d: d["proof"].update({"jws": "a..b\n"}),
        lambda d: d["proof"].pop("jws"),
        lambda d: d.update({"issuer": "did:key:z6 Mk\n"}),
        lambda d: d.update({"issuer": {"id": d["issuer"]}}),
        lambda d: d.update({"issuanceDate": ["2026-01-01T00:00:00Z"]}),
        lambda d: d.pop("issuanceDate"),
        lambda d: d.update({"proof": [d["proof"]]}),
        lambda d: d.update({"proof": [d["proof"], d["proof"]]}),
        lambda d: d["proof"].update({"type": "Ed25519Signature2020"}),
        lambda d: d["proof"].update({"type": ["Ed25519Signature2018"]}),
        lambda d: d["proof"].pop("created"),
        lambda d: subject_of(d).update({"id": f"{SUBJECT} "}),
        lambda d: subject_of(d).update({"id": "did:pkh:eip155:1:\n"}),
        lambda d: d.update({"credentialSubject": [subject_of(d)]}),
    ],
)
def test_a_json_ld_document_in_any_other_form_is_left_out_unseen(
    ed25519: Issuer, seen: list[str], change: Change
) -> None:
    document = ed25519.credential(ADDRESS, "Github", ["v0:a"])
    assert fault(document) is None
    assert len(seen) == 1
    change(document)
    assert fault(document)
    assert len(seen) == 1


def types_of(document: Document) -> Document:
    types: Document = document["proof"]["eip712Domain"]["types"]
    return types


def nested(depth: int) -> Document:
    return {"a": nested(depth - 1)} if depth else {}


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update({"credentialStatus": {"id": "urn:a", "type": "x"}}),
        lambda d: subject_of(d).update({"hash": "v0:a"}),
        lambda d: d["proof"].update({"nonce": "x"}),
        lambda d: d["proof"].update({"eip712": d["proof"]["eip712Domain"]}),
        lambda d: d["proof"].update({"proofValue": "0x00"}),
        lambda d: d["proof"].update({"proofValue": d["proof"]["proofValue"] + "00"}),
        lambda d: d["proof"].update({"verificationMethod": f"{d['issuer']}#Eip712Method2021"}),
        lambda d: d["proof"].update({"type": "Eip712Signature2021"}),
        lambda d: d["proof"].update({"type": "EthereumPersonalSignature2021"}),
        lambda d: d.update({"issuer": "did:web:a.example"}),
        lambda d: d["proof"]["eip712Domain"].update({"messageSchema": types_of(d)}),
        lambda d: d["proof"]["eip712Domain"].update({"types": "https://example.org/types.json"}),
        lambda d: d["proof"]["eip712Domain"].update({"primaryType": "Other"}),
        lambda d: d["proof"]["eip712Domain"].update({"domain": {"name": nested(3)}}),
        lambda d: d["proof"]["eip712Domain"].pop("domain"),
        lambda d: d["proof"].update({"eip712Domain": None}),
        lambda d: types_of(d).update({f"T{n}": [] for n in range(20)}),
        lambda d: types_of(d).update({"T": [{"name": f"n{n}", "type": "string"} for n in range(60)]}),
        lambda d: types_of(d).update({"T": [{"name": "a,string b", "type": "string"}]}),
        lambda d: types_of(d).update({"T(string a)U": []}),
        lambda d: types_of(d).update({"T": [{"name": "a", "type": "string a,string"}]}),
        lambda d: types_of(d).update({"T": [{"name": "a", "type": "string", "more": 1}]}),
        lambda d: types_of(d).update({"T": [{"name": "a", "type": "string"}] * 2}),
        lambda d: types_of(d).update({"T": ["string a"]}),
        lambda d: types_of(d).update({"T": None}),
        lambda d: types_of(d).pop("Proof"),
        lambda d: types_of(d)["CredentialSubject"].pop(),
        lambda d: types_of(d).update({"Proof": types_of(d)["Proof"][1:]}),
        lambda d: subject_of(d).update({"provider": ["Github"]}),
        lambda d: subject_of(d).update({"@context": nested(5)}),
        lambda d: subject_of(d).update({"nullifiers": ["v0:a", 1]}),
        lambda d: d.update({"type": [{}] * 3}),
        lambda d: d.update({"type": "VerifiableCredential"}),
        lambda d: d.update({"expirationDate": None}),
    ],
)
def test_an_eip_712_document_in_any_other_form_is_left_out_unseen(
    issuer: Issuer, seen: list[str], change: Change
) -> None:
    document = issuer.credential(ADDRESS, "Github", ["v0:a"])
    assert fault(document) is None
    assert len(seen) == 1
    change(document)
    assert fault(document)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda d: subject_of(d).update({"a b": "x"}),
        lambda d: subject_of(d).update({"a": 1}),
        lambda d: subject_of(d).update({"a": True}),
        lambda d: subject_of(d).update({"a": None}),
        lambda d: subject_of(d).update({"a": []}),
        lambda d: subject_of(d).update({"a": [{}]}),
        lambda d: subject_of(d).update({"document": {}}),
        lambda d: subject_of(d).update({"eIP712Domain": {}}),
        lambda d: d.update({"a": {"b": {}}, "b": {"A": {}}}),
        lambda d: d.update({"a": nested(6)}),
        lambda d: d.update({f"a{n}": {} for n in range(20)}),
        lambda d: d.update({f"a{n}": "" for n in range(60)}),
    ],
)
def test_a_document_whose_types_cannot_be_derived_is_left_out_unseen(
    issuer: Issuer, seen: list[str], change: Change
) -> None:
    document = signed(issuer, {})
    assert fault(document) is None
    change(document)
    assert fault(document) == "unknown_form"
    assert len(seen) == 1


def dense(nodes: int) -> list[Document]:
    return [{"id": f"_:b{i}", "x:y": [{"id": f"_:b{j}"} for j in range(nodes)]} for i in range(nodes)]


@pytest.mark.parametrize("kind", ["ethereum", "ed25519"])
def test_no_document_takes_long(seen: list[str], kind: str) -> None:
    """Each of these would not end: canonicalizing a graph takes factorial time, a list of one text cubic."""
    issuer: Issuer = getattr(Issuer, kind)()
    document = issuer.credential(ADDRESS, "Github", ["v0:a"])
    assert fault(document) is None
    for changes in (
        {"evidence": dense(12)},
        {"@included": dense(12)},
        {"credentialSubject": subject_of(document) | {"customInfo": dense(12)}},
        {"proof": document["proof"] | {"type": "EcdsaSecp256k1RecoverySignature2020"}, "evidence": dense(12)},
        {"proof": document["proof"] | {"type": "Eip712Signature2021"}, "evidence": dense(12)},
    ):
        assert fault(document | changes)
    alike = {
        "id": SUBJECT,
        "provider": "Github",
        "@context": {"nullifiers": LIST | {"@id": TEXT}, "provider": TEXT},
    }
    if kind == "ed25519":
        assert fault(document | {"credentialSubject": alike | {"nullifiers": ["n"] * 2}})
        assert fault(document | {"credentialSubject": alike | {"nullifiers": [str(n) for n in range(101)]}})
    assert len(seen) == 1


STRINGS = ["a\nb", "\r\nFORGED line", "\x1b[2J\x1b]0;title\x07", "\u009b31m", "\x7f", "\u2028", "\u202e"]


@pytest.mark.http
def test_one_event_of_the_log_is_one_line_whatever_a_document_holds(
    world: World, ed25519: Issuer, serve: Callable[..., Service]
) -> None:
    """Line breaks and terminal codes in every text of a document: where an IRI is to be, too."""
    trusted = [world.issuer.did, ed25519.did]
    number = 0
    for given in (world.issuer, ed25519):
        for text in STRINGS:
            document = given.credential(ADDRESS, "Github", ["v0:a"])
            for place, key in texts(document):
                original = place[key]
                place[key] = f"{original}{text}"
                number += 1
                world.put(ADDRESS, f"{text}{number}", document)
                place[key] = original
    world.put_valid(ADDRESS, "Github", "v0:g")
    service = serve(world.service_url, TRUSTED_IAM_ISSUERS=json.dumps(trusted))
    assert number > 200
    # On a slow machine it takes more than one request to check them.
    for _ in range(100):
        status, body = service.get_json(world.path(ADDRESS), X_API_Key=world.key)
        if status != 503:
            break
    assert (status, list(body["stamps"])) == (200, ["Github"])
    world.execute(
        f"alter table {base_table(world.connection, 'registry_event')}"
        " add constraint \"a\nFORGED\x1b\" check (address = '') not valid"
    )
    assert service.get(world.path(ADDRESS), X_API_Key=world.key)[0] == 500
    lines = service.output.read_text().split("\n")[:-1]
    assert all(line.isprintable() and len(line) < 4096 for line in lines)
    events = [json.loads(line) for line in lines]
    assert sum("providers_left_out" in event for event in events) == 1
    (failed,) = [event for event in events if event.get("outcome") == "unforeseen"]
    assert failed["sqlstate"] == "23514"
    assert "a\nFORGED\x1b" in failed["error"]
    assert failed["traceback"].startswith("Traceback")


def texts(value: Any) -> list[tuple[Any, Any]]:
    """Where each text of a document stands: what holds it, and its key there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[tuple[Any, Any]] = []
    for key, item in items:
        found += [(value, key)] if isinstance(item, str) else texts(item)
    return found
