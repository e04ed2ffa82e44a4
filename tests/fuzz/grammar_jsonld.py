"""Mutations of what a JSON-LD document means, and of its proofs."""

from random import Random
from typing import Any

from local.issuer import CREDENTIALS, STATUS_LIST, TEXT
from tests.fuzz.forgeries import CRED, DATE_TIME, DENSE_NODES, FAR, FORGED, dense
from tests.fuzz.grammar import kind, objects, other
from tests.fuzz.signed import FORGERS, FORGERS_WALLET, TRUSTED, Document

SECURITY = "https://w3id.org/security#"
IRIS = (
    TEXT, "https://schema.org/URL", "https://schema.org/Thing", f"{CRED}credentialSubject",
    f"{CRED}expirationDate",
    f"{CRED}issuer", f"{CRED}issuanceDate", f"{CRED}VerifiableCredential", f"{SECURITY}proof",
    f"{SECURITY}created",
    f"{SECURITY}proofPurpose", f"{SECURITY}verificationMethod", f"{SECURITY}Ed25519Signature2018", DATE_TIME,
    "http://purl.org/dc/terms/created", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
)  # fmt: skip
COMPACT = (
    "cred:credentialSubject", "cred:expirationDate", "cred:issuer", "cred:issuanceDate", "sec:created",
    "sec:proof",
    "xsd:dateTime", "schema:Text", "s:Text", "cred:VerifiableCredential",
)  # fmt: skip
KEYWORDS = (
    "@id", "@type", "@value", "@language", "@direction", "@list", "@set", "@index", "@graph", "@included",
    "@nest",
    "@reverse", "@vocab", "@base", "@version", "@protected", "@propagate", "@import", "@none", "@json",
    "@prefix",
    "@default", "@unknown",
)  # fmt: skip
TERMS = (
    "id", "type", "provider", "hash", "nullifiers", "metaPointer", "customInfo", "credentialSubject",
    "issuer",
    "issuanceDate", "expirationDate", "VerifiableCredential", "proof", "x", "cred", "sec", "xsd", "s",
    "schema",
    "https", "did", "v0", "v0.0.0",
)  # fmt: skip
CONTAINERS = (
    "@list",
    "@set",
    "@language",
    "@index",
    "@id",
    "@type",
    "@graph",
    ["@graph", "@id"],
    ["@set", "@index"],
)
LOADED = (
    CREDENTIALS, STATUS_LIST, "https://w3id.org/security/v1", "https://w3id.org/security/v2",
    "https://w3id.org/security/suites/ed25519-2018/v1", "https://www.w3.org/ns/did/v1",
    "https://w3id.org/did/v1",
    "https://schema.org/", "https://demo.spruceid.com/ld/eip712sig-2021/v0.1.jsonld", "https://localhost:1/x",
)  # fmt: skip
# All types of proofs that didkit's source names, and some that it does not.
PROOF_TYPES = (
    "RsaSignature2018", "Ed25519Signature2018", "Ed25519Signature2020",
    "Ed25519BLAKE2BDigestSize20Base58CheckEncodedSignature2021",
    "P256BLAKE2BDigestSize20Base58CheckEncodedSignature2021", "EcdsaSecp256k1Signature2019",
    "EcdsaSecp256k1RecoverySignature2020", "Eip712Signature2021", "EthereumPersonalSignature2021",
    "EthereumEip712Signature2021", "TezosSignature2021", "TezosJcsSignature2021", "SolanaSignature2021",
    "AleoSignature2021", "JsonWebSignature2020", "EcdsaSecp256r1Signature2019", "CLSignature2019",
    "NonJwsProof",
    "DataIntegrityProof", f"{SECURITY}Ed25519Signature2018", "sec:Ed25519Signature2018",
)  # fmt: skip


def names(rng: Random) -> str:
    """A name that a context can give a meaning, or that a document can hold."""
    return rng.choice(rng.choice((IRIS, COMPACT, KEYWORDS, TERMS)))


def meaning(rng: Random, depth: int = 0) -> Any:
    """What a context may say of a term."""
    plain = (
        None,
        names(rng),
        rng.choice(IRIS),
        "_:b",
        "@id",
        "@type",
        "@nest",
        "@index",
        "https://[",
        "a b",
        "#",
    )
    if depth > 2 or rng.random() < 0.5:
        return rng.choice(plain)
    parts: Document = {
        "@id": rng.choice(plain),
        "@type": rng.choice(("@id", "@vocab", "@json", "@none", None, rng.choice(IRIS), DATE_TIME)),
        "@container": rng.choice(CONTAINERS),
        "@context": context(rng, depth + 1),
        "@language": rng.choice(("en", None, "x-y", "not a language")),
        "@direction": rng.choice(("ltr", None)),
        "@index": names(rng),
        "@nest": rng.choice(("@nest", "x")),
        "@reverse": names(rng),
        "@prefix": rng.choice((True, False)),
        "@protected": rng.choice((True, False)),
        "@propagate": rng.choice((True, False)),
    }
    return {name: parts[name] for name in rng.sample(list(parts), rng.randint(1, 3))}


def context(rng: Random, depth: int = 0) -> Any:
    """A context, or several one after the other."""
    if depth < 2 and rng.random() < 0.3:
        return [context(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    if rng.random() < 0.15:
        return rng.choice((None, *LOADED, {}))
    made: Document = {names(rng): meaning(rng, depth) for _ in range(rng.randint(1, 4))}
    settings: Document = {
        "@vocab": rng.choice((TEXT, "https://schema.org/", "", None, "_:b", CRED)),
        "@base": rng.choice(("https://schema.org/", None, "x")),
        "@language": rng.choice(("en", None)),
        "@direction": rng.choice(("ltr", "rtl", None)),
        "@version": rng.choice((1.1, 1.0, "1.1")),
        "@protected": True,
        "@propagate": rng.choice((True, False)),
        "@import": rng.choice(LOADED),
    }
    if rng.random() < 0.4:
        name = rng.choice(list(settings))
        made[name] = settings[name]
    return made


def add_context(rng: Random, holder: Document, added: Any) -> None:
    """Puts a context before, behind or into those of the holder, or in their place."""
    held = holder.get("@context")
    many = held if isinstance(held, list) else [] if held is None else [held]
    if isinstance(held, dict) and isinstance(added, dict) and rng.random() < 0.5:
        held |= added
    else:
        holder["@context"] = rng.choice(([*many, added], [added, *many], [*many, added, *many], added))


@kind("context of the document")
def document_context(rng: Random, document: Document) -> Document:
    document["@context"] = [CREDENTIALS, *(context(rng) for _ in range(rng.randint(1, 2)))]
    return document


@kind("context of the subject")
def subject_context(rng: Random, document: Document) -> Document:
    add_context(rng, document["credentialSubject"], context(rng))
    return document


@kind("context of the proof")
def proof_context(rng: Random, document: Document) -> Document:
    add_context(rng, document["proof"], context(rng))
    return document


@kind("context of any object")
def any_context(rng: Random, document: Document) -> Document:
    add_context(rng, rng.choice(list(objects(document))), context(rng))
    return document


@kind("context that is scoped to a type")
def type_scoped(rng: Random, document: Document) -> Document:
    document["@context"] = [
        CREDENTIALS,
        {"Forged": {"@id": rng.choice((None, *IRIS)), "@context": context(rng)}},
    ]
    holder = rng.choice((document, document["credentialSubject"], document["proof"]))
    held = holder.get("type", [])
    holder["type"] = [*(held if isinstance(held, list) else [held]), "Forged"]
    return document


@kind("context that is scoped to a term")
def term_scoped(rng: Random, document: Document) -> Document:
    scoped = {"@id": rng.choice((None, *IRIS)), "@context": context(rng)}
    add_context(rng, rng.choice((document, document["credentialSubject"])), {rng.choice(TERMS): scoped})
    return document


@kind("keyword by another name")
def alias(rng: Random, document: Document) -> Document:
    keyword = rng.choice(KEYWORDS)
    holder = rng.choice(list(objects(document)))
    add_context(rng, document, {"alias": keyword})
    holder["alias"] = holder.pop(rng.choice(list(holder)))
    return document


@kind("meanings in a circle")
def cyclic(rng: Random, document: Document) -> Document:
    left, right = names(rng), names(rng)
    circle = rng.choice(({left: right, right: left}, {left: left}, {left: {"@id": f"{left}:x"}}))
    add_context(rng, rng.choice((document, document["credentialSubject"])), circle)
    return document


@kind("terms without a meaning")
def unmeant(rng: Random, document: Document) -> Document:
    terms = rng.sample((*TERMS, *COMPACT, *IRIS), rng.randint(1, 4))
    nothing = rng.choice((None, {"@id": None}, "_:b", "@type", {"@id": "_:b"}, {"@reverse": "_:b"}))
    add_context(rng, rng.choice((document, document["credentialSubject"])), dict.fromkeys(terms, nothing))
    return document


def wrapped(rng: Random, value: Any) -> Any:
    """The value, in one of the ways that JSON-LD writes the same."""
    return rng.choice(
        (
            value, [value], {"@value": value}, {"@set": [value]}, {"@list": [value]}, {"@id": value},
            {"@value": value, "@type": None}, {"@value": value, "@index": "x"},
            {"@value": value, "@language": "en"},
            {"@value": value, "@type": "@json"}, {"@graph": [value]}, {"x": value}, [[value]],
            {"@type": value},
        )
    )  # fmt: skip


@kind("value wrapped")
def wrap(rng: Random, document: Document) -> Document:
    holder = rng.choice(list(objects(document)))
    name = rng.choice(list(holder))
    holder[name] = wrapped(rng, holder[name])
    return document


@kind("value under another name")
def move(rng: Random, document: Document) -> Document:
    holder = rng.choice(list(objects(document)))
    name = rng.choice(list(holder))
    holder[names(rng)] = wrapped(rng, holder[name])
    if rng.random() < 0.5:
        del holder[name]
    return document


@kind("signed values hidden, others shown")
def hide(rng: Random, document: Document) -> Document:
    """The forger's plan: terms lose their meaning one way, and the signed values get it another way."""
    subject = document["credentialSubject"]
    values = [subject["provider"], subject["hash"]]
    nothing = rng.choice((None, {"@id": None}, "_:b", "s:Text"))
    hidden = dict.fromkeys(rng.choice((("provider", "hash"), (TEXT, "s:Text"), (TEXT,))), nothing)
    secret = rng.choice(("x", "x", TEXT, "s:Text"))
    place: Document = {secret: rng.choice((values, [{"@value": value} for value in values]))}
    held = rng.choice(
        (
            place, {"@included": [{"id": subject["id"]} | place]}, {"@nest": place}, {"@nest": [place]},
            {"@graph": [place]}, {"@set": [place]}, {"x": place}, {"@reverse": place},
        )
    )  # fmt: skip
    meanings = [{"x": TEXT, "s": "https://schema.org/"}, hidden]
    own = subject["@context"] if isinstance(subject["@context"], list) else [subject["@context"]]
    if rng.random() < 0.5:
        document["@context"] = [CREDENTIALS, *meanings]
    else:
        subject["@context"] = [*meanings, *own] if TEXT in hidden else [*own, *meanings]
    subject |= FORGED | held
    return document


@kind("signed fields hidden, others shown")
def hide_fields(rng: Random, document: Document) -> Document:
    field = rng.choice(("credentialSubject", "expirationDate", "issuer", "issuanceDate"))
    nothing = rng.choice((f"cred:{field}", f"cred:{field}", f"{CRED}{field}", field))
    document["@context"] = [CREDENTIALS, {nothing: rng.choice((None, {"@id": None}, "_:b"))}]
    signed = document[field]
    if field.endswith("Date") and rng.random() < 0.7:
        signed = {"@type": DATE_TIME, "@value": signed}
    elif field == "issuer" and rng.random() < 0.7:
        signed = {"id": signed}
    document[rng.choice((f"{CRED}{field}", f"cred:{field}", "x"))] = rng.choice(
        (signed, wrapped(rng, signed))
    )
    shown: Document = {
        "credentialSubject": document["credentialSubject"] | {"id": FORGERS_WALLET},
        "issuer": rng.choice(TRUSTED).did,
    }
    document[field] = shown.get(field, FAR)
    return document


@kind("subject twice")
def second_subject(rng: Random, document: Document) -> Document:
    subjects = [document["credentialSubject"], other(rng)["credentialSubject"]]
    rng.shuffle(subjects)
    way = rng.randrange(4)
    if way == 0:
        document["credentialSubject"] = subjects
    elif way == 1:
        document["credentialSubject"], document[f"{CRED}credentialSubject"] = subjects
    elif way == 2:
        document["credentialSubject"] = subjects[0] | {"@included": [subjects[1]]}
    else:
        document["@included"] = subjects
    return document


@kind("fields of a subject elsewhere")
def included(rng: Random, document: Document) -> Document:
    subject = document["credentialSubject"]
    taken = {name: subject.pop(name) for name in ("provider", "hash", "nullifiers") if name in subject}
    where = rng.choice(("@included", "@nest", "@graph", "@reverse", "@set", "id", "customInfo", TEXT))
    subject[where] = rng.choice((taken, [taken], {"id": subject["id"]} | taken))
    return document


@kind("value with N-Quads in it")
def quads(rng: Random, document: Document) -> Document:
    subject = document["credentialSubject"]
    separator = rng.choice(
        (f'" .\n<{subject["id"]}> <{TEXT}> "', f'"^^<{TEXT}> .\n', '" .', '\\" .\n', "\\u0022 .\n")
    )
    subject["provider"] += separator + subject.get("hash", "x")
    return document


@kind("proof of another type")
def proof_type(rng: Random, document: Document) -> Document:
    document["proof"]["type"] = rng.choice((*PROOF_TYPES, list(PROOF_TYPES[:2]), [PROOF_TYPES[1]]))
    return document


@kind("proof of another document")
def other_proof(rng: Random, document: Document) -> Document:
    document["proof"] = other(rng)["proof"]
    return document


@kind("proofs of others beside the own one")
def more_proofs(rng: Random, document: Document) -> Document:
    proofs = [document["proof"], *(other(rng)["proof"] for _ in range(rng.randint(0, 2)))]
    rng.shuffle(proofs)
    document[rng.choice(("proof", f"{SECURITY}proof"))] = proofs
    return document


@kind("key of another")
def other_method(rng: Random, document: Document) -> Document:
    issuer = rng.choice((*TRUSTED, *FORGERS))
    fragment = rng.choice(
        ("#controller", "#controllerKey", "#Eip712Method2021", "#x", "", f"#{issuer.did[8:]}")
    )
    document["proof"][rng.choice(("verificationMethod", "creator"))] = rng.choice(
        (f"{issuer.did}{fragment}", issuer.method, [issuer.method], {"id": issuer.method})
    )
    return document


@kind("proof with more fields")
def proof_fields(rng: Random, document: Document) -> Document:
    field = rng.choice(
        ("challenge", "domain", "nonce", "jws", "proofValue", "publicKeyJwk", "publicKeyMultibase",
        "capabilityChain")
    )  # fmt: skip
    document["proof"][field] = rng.choice(("x", "eyJhbGciOiJub25lIn0..", "0x", "0x" + "00" * 65, {}, None))
    return document


@kind("graph of blank nodes")
def graph(rng: Random, document: Document) -> Document:
    holder = rng.choice((document, document["credentialSubject"]))
    holder["https://example.org/dense"] = dense(rng.choice((2, 4, 6, DENSE_NODES)))
    return document


@kind("long list")
def long_list(rng: Random, document: Document) -> Document:
    value = rng.choice(("v0:n1", "v1:n2"))
    listed: list[Any] = [value] * rng.choice((2, 20, 100, 3000))
    document["credentialSubject"]["nullifiers"] = listed
    return document


@kind("nodes of other names")
def identified(rng: Random, document: Document) -> Document:
    holder = rng.choice(list(objects(document)))
    holder[rng.choice(("id", "@id"))] = rng.choice(
        (
            "_:b0",
            "",
            "#x",
            "https://example.org/x",
            "relative",
            document["issuer"],
            FORGERS_WALLET,
            "urn:uuid:0",
        )
    )
    return document


@kind("types of nodes")
def typed_nodes(rng: Random, document: Document) -> Document:
    holder = rng.choice(list(objects(document)))
    holder[rng.choice(("type", "@type"))] = rng.choice(
        (
            "VerifiableCredential",
            ["VerifiableCredential", "x"],
            TEXT,
            [TEXT],
            "_:b",
            "Ed25519Signature2018",
            [],
        )
    )
    return document
