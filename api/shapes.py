"""The closed shapes: which documents didkit is asked about at all, by what alone they can mean.

Whoever holds a document may rewrite it, and finding out whether its proof still holds can take for ever or
cover something else than what is read. So a document is compared with the few forms that issuers wrote. In
each of them what is read of a document is what its proof signs, didkit takes a bounded time, and nothing that
it prints holds a text of the holder's.
"""

import re
from collections.abc import Iterator
from typing import Any

from api.rfc3339 import time_of

JSON_LD_PROOF = "Ed25519Signature2018"
TYPED_PROOF = "EthereumEip712Signature2021"

DID_KEY = re.compile(r"did:key:(z[1-9A-HJ-NP-Za-km-z]{1,100})")
DID_ETHR = re.compile(r"did:ethr:(?:[0-9a-z]{1,32}:)?0x(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{66})")
SUBJECT = re.compile(r"did:pkh:eip155:1:0x[0-9a-f]{40}", re.IGNORECASE | re.ASCII)
IRI = re.compile(r"(?:urn:uuid:|https://)[0-9A-Za-z._~/?=&%-]{1,200}")

CREDENTIALS = "https://www.w3.org/2018/credentials/v1"
TEXT = "https://schema.org/Text"
JSON_LD_NAMES = frozenset(
    ("@context", "id", "type", "issuer", "issuanceDate", "expirationDate", "credentialSubject", "proof")
)
JSON_LD_PROOF_NAMES = frozenset(("type", "created", "proofPurpose", "verificationMethod", "jws"))
JWS = re.compile(r"[0-9A-Za-z_-]{1,200}\.\.[0-9A-Za-z_-]{86}")
# What each term of a subject means. A list of texts is written as in EIP-712 documents, but JSON-LD signs it
# only where it has an @id.
LIST_OF_TEXTS = {"@container": "@list", "@type": TEXT}
MEANINGS: dict[str, tuple[object, ...]] = {
    "hash": (TEXT,),
    "provider": (TEXT,),
    "nullifiers": (LIST_OF_TEXTS, LIST_OF_TEXTS | {"@id": TEXT}),
    "metaPointer": ("https://schema.org/URL",),
    "customInfo": ("https://schema.org/Thing",),
}
# The hash and the provider have one meaning, so that a proof does not tell them apart. Their forms do.
LEGACY_HASH = re.compile(r"v[0-9][0-9.]*:.+")
MAX_META_POINTER = 2048
# Signing a list takes cubic time in elements that are alike.
MAX_LISTED = 100

TYPED_PROOF_NAMES = frozenset(
    ("@context", "type", "created", "proofPurpose", "verificationMethod", "proofValue", "eip712Domain")
)
PROOF_VALUE = re.compile(r"0x[0-9a-fA-F]{130}")
# Names of types and fields are signed as one text, with spaces, commas and parentheses between them.
NAME = re.compile(r"[@A-Za-z_][0-9A-Za-z_-]{0,63}")
# An EIP-712 document of production has 6 types with 21 fields in 5 objects. Each object costs the text of its
# types.
MAX_TYPES = 16
MAX_FIELDS = 64
MAX_OBJECTS = 16
MAX_DEPTH = 5

Object = dict[str, Any]
Types = dict[str, dict[str, str]]

# The types that were read last, as they are given and as they were read. Nobody may change them.
MAX_KNOWN = 16
_known: tuple[tuple[Object, Types], ...] = ()


class Misshapen(Exception):
    """The document is in none of the forms; the message is the reason, one word for the log."""


def is_issuer(did: object) -> bool:
    """Whether a document of one of the forms can have this issuer."""
    return isinstance(did, str) and bool(DID_KEY.fullmatch(did) or DID_ETHR.fullmatch(did))


def check_shape(document: Object) -> None:
    """Takes a document that has passed claims_of; raises Misshapen unless it is in one of the forms:
    unknown_proof where its proof is of no type that is looked at, other_subject where its subject is no
    wallet, unsigned_field where it holds a field that its types do not name, else unknown_form."""
    proof: Object = document["proof"]
    forms = {JSON_LD_PROOF: check_json_ld, TYPED_PROOF: check_typed}
    proof_type = proof.get("type")
    if not isinstance(proof_type, str) or proof_type not in forms:
        raise Misshapen("unknown_proof")
    if not SUBJECT.fullmatch(document["credentialSubject"]["id"]):
        raise Misshapen("other_subject")
    demand(proof.get("proofPurpose") == "assertionMethod" and time_of(document.get("issuanceDate")))
    forms[proof_type](document, proof)


def demand(holds: object) -> None:
    if not holds:
        raise Misshapen("unknown_form")


def check_json_ld(document: Object, proof: Object) -> None:
    """A JSON-LD proof signs what terms mean, under contexts that the holder can rewrite: so each must be as
    it was written, and no name may stand where it could mean anything else."""
    issuer = DID_KEY.fullmatch(document["issuer"])
    demand(
        document.keys() <= JSON_LD_NAMES
        and document.get("@context") == [CREDENTIALS]
        and document.get("type") == ["VerifiableCredential"]
        and ("id" not in document or is_iri(document["id"]))
        and proof.keys() == JSON_LD_PROOF_NAMES
        and issuer
        and proof["verificationMethod"] == f"{issuer[0]}#{issuer[1]}"
        and isinstance(proof["jws"], str)
        and JWS.fullmatch(proof["jws"])
    )
    subject = document["credentialSubject"]
    demand(("hash" in subject) != ("nullifiers" in subject))
    terms = subject.keys() - {"@context", "id"}
    context = subject.get("@context")
    if isinstance(context, list) and len(context) == 1:
        (context,) = context
    demand(
        isinstance(context, dict)
        and terms <= context.keys() <= MEANINGS.keys()
        and all(context[term] in MEANINGS[term] for term in context)
        and is_plain(subject["provider"])
        and not LEGACY_HASH.fullmatch(subject["provider"])
        and is_plain(subject.get("metaPointer", ""))
        and len(subject.get("metaPointer", "")) <= MAX_META_POINTER
        and subject.get("customInfo", {}) == {}
    )
    if "hash" in subject:
        demand(is_plain(subject["hash"]) and LEGACY_HASH.fullmatch(subject["hash"]))
    else:
        nullifiers = subject["nullifiers"]
        demand(
            len(nullifiers) <= MAX_LISTED
            and len(set(nullifiers)) == len(nullifiers)
            and all(map(is_plain, nullifiers))
        )


def is_iri(value: object) -> bool:
    return isinstance(value, str) and IRI.fullmatch(value) is not None


def is_plain(value: object) -> bool:
    """Whether a value is a text that is written in N-Quads as it is."""
    return isinstance(value, str) and value.isprintable() and '"' not in value and "\\" not in value


def check_typed(document: Object, proof: Object) -> None:
    """An EIP-712 proof signs each field that its types name, on the path where it stands. A field that is
    missing is signed as if it were a number, 0, so none that is read may be."""
    issuer = document["issuer"]
    demand(
        proof.keys() <= TYPED_PROOF_NAMES
        and DID_ETHR.fullmatch(issuer)
        and proof.get("verificationMethod") in (f"{issuer}#controller", f"{issuer}#controllerKey")
        and isinstance(proof.get("proofValue"), str)
        and PROOF_VALUE.fullmatch(proof["proofValue"])
    )
    unsigned = ("proofValue", "eip712Domain")
    signed = document | {"proof": {name: proof[name] for name in proof if name not in unsigned}}
    demand(count_objects(signed) <= MAX_OBJECTS)
    if "eip712Domain" in proof:
        types, primary_type = types_of(proof["eip712Domain"])
        check_fields(signed, primary_type, types)
    else:
        check_derivable(signed)


def count_objects(value: Object, depth: int = 1) -> int:
    """How many objects there are within an object, itself included. Raises Misshapen where they stand too
    deep."""
    demand(depth <= MAX_DEPTH)
    return 1 + sum([count_objects(child, depth + 1) for child in value.values() if isinstance(child, dict)])


def objects(value: Object) -> Iterator[tuple[str, Object]]:
    """Each object within an object, and the object itself, with the name of the field that holds it."""
    yield "", value
    for name, child in value.items():
        if isinstance(child, dict):
            for inner_name, inner in objects(child):
                yield inner_name or name, inner


def types_of(domain: object) -> tuple[Types, str]:
    """The types by name, each with the types of its fields, and the name of the document's own type."""
    demand(isinstance(domain, dict) and domain.keys() == {"types", "primaryType", "domain"})
    assert isinstance(domain, dict)
    given, primary_type, values = domain["types"], domain["primaryType"], domain["domain"]
    demand(
        isinstance(given, dict)
        and isinstance(primary_type, str)
        and len(given) <= MAX_TYPES
        and isinstance(values, dict)
        and len(values) <= MAX_FIELDS
        and all(isinstance(value, str) for value in values.values())
    )
    return known_types(given), primary_type


def known_types(given: Object) -> Types:
    """As named_types. Documents of one issuer name the same types, and reading them takes as long as all
    else of a document's shape."""
    global _known
    for known, types in _known:
        if known == given:
            return types
    types = named_types(given)
    _known = ((given, types), *_known[: MAX_KNOWN - 1])
    return types


def named_types(given: Object) -> Types:
    """The types that are given by name, each with the types of its fields."""
    types: Types = {}
    for name, fields in given.items():
        demand(NAME.fullmatch(name) and isinstance(fields, list))
        types[name] = {}
        for field in fields:
            demand(
                isinstance(field, dict)
                and field.keys() == {"name", "type"}
                and isinstance(field["name"], str)
                and isinstance(field["type"], str)
                and NAME.fullmatch(field["name"])
                and field["name"] not in types[name]
                and NAME.fullmatch(field["type"].removesuffix("[]"))
            )
            types[name][field["name"]] = field["type"]
    demand(sum(map(len, types.values())) <= MAX_FIELDS)
    return types


def check_fields(value: Object, type_name: str, types: Types) -> None:
    """Raises Misshapen unless each field of the object, at any depth, is of the type that is signed for
    it."""
    fields = types.get(type_name)
    demand(fields is not None)
    assert fields is not None
    for name, child in value.items():
        type_ = fields.get(name)
        if type_ is None:
            raise Misshapen("unsigned_field")
        if isinstance(child, str):
            demand(type_ == "string")
        elif isinstance(child, dict):
            check_fields(child, type_, types)
        else:
            demand(type_ == "string[]" and isinstance(child, list) and all(isinstance(c, str) for c in child))


def check_derivable(signed: Object) -> None:
    """Raises Misshapen unless didkit, which derives types that are not given from the document, derives one
    for each object: it names a type by its field."""
    type_names = ["Document", "EIP712Domain"]
    count = 0
    for name, value in objects(signed):
        if name:
            type_names.append(name[0].upper() + name[1:])
        count += len(value)
        for field, child in value.items():
            demand(NAME.fullmatch(field))
            if isinstance(child, list):
                demand(child and all(isinstance(item, str) for item in child))
            else:
                demand(isinstance(child, str | dict))
    demand(count <= MAX_FIELDS and len(set(type_names)) == len(type_names))
