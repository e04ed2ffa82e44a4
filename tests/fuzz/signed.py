"""What was really signed: documents of each form that issuers wrote, and of a forger's own keys."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import didkit
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.issuer import CREDENTIALS, EIP712_DOMAIN, STATUS_LIST, TEXT, Issuer, sign, typed

Document = dict[str, Any]

TYPED_PROOF = "EthereumEip712Signature2021"
PAST, FUTURE = "2024-02-03T04:05:06Z", "2090-01-01T00:00:00.500Z"
SIGNED_AT = "2023-11-05T06:07:08.123Z"
WALLETS = tuple(f"did:pkh:eip155:1:0x{byte * 20}" for byte in ("a1", "B2", "c3"))
FORGERS_WALLET = f"did:pkh:eip155:1:0x{'f0' * 20}"
# The contexts that legacy subjects carried, and a list of nullifiers that JSON-LD signs.
HASH_CONTEXT = {"hash": TEXT, "provider": TEXT}
META_CONTEXT = {"customInfo": "https://schema.org/Thing", "metaPointer": "https://schema.org/URL"}
LIST_CONTEXT = {"nullifiers": {"@id": TEXT, "@container": "@list", "@type": TEXT}, "provider": TEXT}
BARE_LIST_CONTEXT = {"nullifiers": {"@container": "@list", "@type": TEXT}, "provider": TEXT}


@dataclass(frozen=True)
class Signed:
    """A document as it was signed; ours, unless it is of the forger's own key."""

    form: str
    text: str
    ours: bool

    def document(self) -> Document:
        """A copy that may be changed."""
        document: Document = json.loads(self.text)
        return document


def ethereum(number: int) -> Issuer:
    """The did:ethr issuer with this private key."""
    public = ec.derive_private_key(number, ec.SECP256K1()).public_key().public_numbers()
    coordinates = {"x": public.x, "y": public.y, "d": number}
    key = json.dumps(
        {"kty": "EC", "crv": "secp256k1"}
        | {name: encoded(value.to_bytes(32)) for name, value in coordinates.items()}
    )
    did = didkit.key_to_did("ethr", key)
    return Issuer(did, key, f"{did}#controller")


def edwards(number: int) -> Issuer:
    """The did:key issuer with this private key."""
    private = number.to_bytes(32)
    public = ed25519.Ed25519PrivateKey.from_private_bytes(private).public_key()
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    key = json.dumps({"kty": "OKP", "crv": "Ed25519", "x": encoded(raw), "d": encoded(private)})
    did = didkit.key_to_did("key", key)
    return Issuer(did, key, f"{did}#{did.removeprefix('did:key:')}")


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def hash_types() -> Document:
    """The types of an EIP-712 document with a hash, a metaPointer and an empty customInfo."""
    subject = {"@context": "@context", "customInfo": "customInfo", "hash": "string", "id": "string"}
    return EIP712_DOMAIN | {
        "types": {
            name: fields
            for name, fields in EIP712_DOMAIN["types"].items()  # type: ignore[attr-defined]
            if name != "NullifiersContext"
        }
        | {
            "@context": typed(dict.fromkeys(("customInfo", "hash", "metaPointer", "provider"), "string")),
            "CredentialSubject": typed(subject | {"metaPointer": "string", "provider": "string"}),
            "customInfo": [],
        }
    }


@dataclass(frozen=True)
class Form:
    """A form of documents: the fields of the subject beside its id, the contexts, and how it is signed."""

    subject: Document
    contexts: tuple[str, ...] = (CREDENTIALS,)
    proof: Document | None = None


TYPED_SUBJECT = {"provider": "Github", "nullifiers": ["v0:n1", "v1:n2"], "@context": BARE_LIST_CONTEXT}
LEGACY_SUBJECT = {"provider": "Github", "hash": "v0.0.0:aGFzaA=="}
FULL_SUBJECT = LEGACY_SUBJECT | {
    "metaPointer": "https://example.org/meta",
    "customInfo": {},
    "@context": HASH_CONTEXT | META_CONTEXT,
}
TYPED_FORMS = {
    "eip712": Form(
        TYPED_SUBJECT, (CREDENTIALS, STATUS_LIST), {"type": TYPED_PROOF, "eip712Domain": EIP712_DOMAIN}
    ),
    "eip712 hash": Form(FULL_SUBJECT, proof={"type": TYPED_PROOF, "eip712Domain": hash_types()}),
    "eip712 derived types": Form(TYPED_SUBJECT, proof={"type": TYPED_PROOF}),
}
JSON_LD_FORMS = {
    "ed25519": Form(LEGACY_SUBJECT | {"@context": [HASH_CONTEXT]}),
    "ed25519 context object": Form(LEGACY_SUBJECT | {"@context": HASH_CONTEXT}),
    "ed25519 full": Form(FULL_SUBJECT | {"@context": [HASH_CONTEXT | META_CONTEXT]}),
    "ed25519 list": Form({"provider": "Github", "nullifiers": ["v0:n1", "v1:n2"], "@context": LIST_CONTEXT}),
}
# Proofs by other rules of the same keys; what they sign of a document is what JSON-LD says that it means.
OTHER_ETHEREUM_PROOFS = (
    "EcdsaSecp256k1RecoverySignature2020",
    "Eip712Signature2021",
    "EthereumPersonalSignature2021",
)
OTHER_EDWARDS_PROOFS = ("Ed25519Signature2020", "JsonWebSignature2020")
OTHER_TYPED_FORMS = {
    f"did:ethr {name}": Form(LEGACY_SUBJECT | {"@context": [HASH_CONTEXT]}, proof={"type": name})
    for name in OTHER_ETHEREUM_PROOFS
}
OTHER_JSON_LD_FORMS = {
    f"did:key {name}": Form(LEGACY_SUBJECT | {"@context": [HASH_CONTEXT]}, proof={"type": name})
    for name in OTHER_EDWARDS_PROOFS
}
ETHEREUM_FORMS = TYPED_FORMS | OTHER_TYPED_FORMS
EDWARDS_FORMS = JSON_LD_FORMS | OTHER_JSON_LD_FORMS
# Whether a form is read at all once only the forms that issuers wrote are.
GENUINE = TYPED_FORMS.keys() | JSON_LD_FORMS.keys()

TRUSTED_ETHEREUM = (ethereum(101), ethereum(102))
TRUSTED_EDWARDS = (edwards(101), edwards(102))
TRUSTED = (*TRUSTED_ETHEREUM, *TRUSTED_EDWARDS)
FORGERS = (ethereum(666), edwards(666))


def unsigned(issuer: str, form: Form, wallet: str, expires_at: str, number: int) -> Document:
    """A document of a form, its provider and its nullifiers its own by its number."""
    subject: Document = json.loads(json.dumps({"id": wallet} | form.subject))
    if number:
        subject["provider"] = f"Provider{number}"
        if "hash" in subject:
            subject["hash"] = f"v0.0.0:{number:08}=="
        else:
            subject["nullifiers"] = [f"v0:{number}", f"v1:{number}"]
    return {
        "@context": list(form.contexts),
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "issuanceDate": "2023-11-05T06:07:08.123Z",
        "expirationDate": expires_at,
        "credentialSubject": subject,
    }


def with_proof(document: Document, issuer: Issuer, form: Form) -> Document:
    """The document with the issuer's proof, the same each time."""
    options = {
        "proofPurpose": "assertionMethod",
        "verificationMethod": issuer.method,
        "created": SIGNED_AT,
    } | (form.proof or {})
    return sign(document, options, issuer.key)


def sign_all(issuers: Iterable[Issuer], forms: dict[str, Form], ours: bool) -> Iterator[Signed]:
    numbers = iter(range(1_000_000))
    for issuer in issuers:
        for name, form in forms.items():
            for wallet, expires_at in zip(WALLETS, (PAST, FUTURE, PAST), strict=True):
                document = unsigned(issuer.did, form, wallet, expires_at, next(numbers))
                yield Signed(name, json.dumps(with_proof(document, issuer, form)), ours)


@cache
def corpus() -> tuple[Signed, ...]:
    """All documents that were signed: of two issuers a kind of key for three wallets, and the forger's."""
    ethereum_forger, edwards_forger = FORGERS
    return (
        *sign_all(TRUSTED_ETHEREUM, ETHEREUM_FORMS, True),
        *sign_all(TRUSTED_EDWARDS, EDWARDS_FORMS, True),
        *sign_all([ethereum_forger], ETHEREUM_FORMS, False),
        *sign_all([edwards_forger], EDWARDS_FORMS, False),
    )


def signed_as(form: str) -> Document:
    """A copy of the first document of a form."""
    return next(signed for signed in corpus() if signed.form == form).document()
