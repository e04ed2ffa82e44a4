"""Forgeries that are known to work where nothing but the proof is checked: each takes a document that was
signed, of a form that it works on, and gives one that says more."""

import json
from collections.abc import Callable
from typing import Any

from local.issuer import CREDENTIALS, TEXT
from tests.fuzz.grammar import Mutated, kind
from tests.fuzz.signed import (
    FORGERS_WALLET,
    HASH_CONTEXT,
    OTHER_EDWARDS_PROOFS,
    OTHER_ETHEREUM_PROOFS,
    Document,
    signed_as,
)

CRED = "https://www.w3.org/2018/credentials#"
DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"
FAR = "2091-01-01T00:00:00Z"
FORGED = {"provider": "Forged", "hash": "v0.0.0:Zm9yZ2Vk"}
# A graph of 6 nodes takes a tenth of a second, and each further node ten times as long. A list of 100 takes a
# third of a second, one of twice as many eight times that; one of 3000 has didkit run out of its stack.
DENSE_NODES, LONG_LIST, LONGEST_LIST = 12, 800, 3000

Builder = Callable[[Document], Document]
# Each with the form of the documents that it works on.
FORGERIES: dict[str, tuple[str, Builder]] = {}
# Documents whose check takes minutes or more, documents that end the process, and such that have didkit print
# what the holder wrote.
HANGS: dict[str, tuple[str, Builder]] = {}
CRASHES: dict[str, tuple[str, Builder]] = {}
PRINTS: dict[str, tuple[str, Builder]] = {}
PRINTED = "\x1b[2Jforged"


def forgery(
    name: str, form: str = "ed25519", among: dict[str, tuple[str, Builder]] = FORGERIES
) -> Callable[[Builder], Builder]:
    """Registers a builder by its name; as a kind of mutation too, unless it hangs or crashes."""

    def register(builder: Builder) -> Builder:
        among[name] = (form, builder)
        if among not in (HANGS, CRASHES):
            kind(name)(lambda rng, document: builder(document))
        return builder

    return register


def with_contexts(document: Document, *contexts: Document) -> Document:
    document["@context"] = [CREDENTIALS, *contexts]
    return document


def said(subject: Document) -> list[str]:
    """The values that a legacy subject was signed with; they share one predicate."""
    return [subject["provider"], subject["hash"]]


def moved(document: Document, moved_to: Document) -> Document:
    """The document with the signed values in other fields of the subject, and others in their place."""
    document["credentialSubject"] |= FORGED | moved_to
    return document


@forgery("compact IRI to null in the document's context")
def compact_null_above(document: Document) -> Document:
    return everything_forged(document, "cred:credentialSubject", "cred:expirationDate")


def everything_forged(document: Document, *nulls: str) -> Document:
    """Subject and expiry move to absolute IRIs, and give way to any."""
    with_contexts(document, dict.fromkeys(nulls))
    document[f"{CRED}credentialSubject"] = document["credentialSubject"]
    document[f"{CRED}expirationDate"] = {"@type": DATE_TIME, "@value": document["expirationDate"]}
    subject = {"id": FORGERS_WALLET, "@context": [HASH_CONTEXT]} | FORGED
    return document | {"credentialSubject": subject, "expirationDate": FAR}


@forgery("IRI to null in the document's context")
def iri_null_above(document: Document) -> Document:
    with_contexts(document, {"x": TEXT}, {TEXT: None})
    return moved(document, {"x": said(document["credentialSubject"])})


@forgery("IRI to null in the subject's context")
def iri_null(document: Document) -> Document:
    context = [{"x": TEXT}, {TEXT: None} | HASH_CONTEXT]
    return moved(document, {"@context": context, "x": said(document["credentialSubject"])})


@forgery("compact IRI to null in the subject's context")
def compact_null(document: Document) -> Document:
    context = [
        {"s": "https://schema.org/", "x": TEXT},
        {"s:Text": None, "provider": "s:Text", "hash": "s:Text"},
    ]
    return moved(document, {"@context": context, "x": said(document["credentialSubject"])})


@forgery("values at absolute IRIs")
def absolute(document: Document) -> Document:
    context = [dict.fromkeys(HASH_CONTEXT)]
    return moved(document, {"@context": context, TEXT: said(document["credentialSubject"])})


@forgery("values in @included")
def included(document: Document) -> Document:
    with_contexts(document, {"x": TEXT}, {TEXT: None})
    subject = document["credentialSubject"]
    return moved(document, {"@included": [{"id": subject["id"], "x": said(subject)}]})


@forgery("values in @nest")
def nested(document: Document) -> Document:
    with_contexts(document, {"x": TEXT}, {TEXT: None})
    return moved(document, {"@nest": {"x": said(document["credentialSubject"])}})


@forgery("values in a second subject node")
def second_node(document: Document) -> Document:
    with_contexts(document, {"x": TEXT}, {TEXT: None})
    subject = document["credentialSubject"]
    document[f"{CRED}credentialSubject"] = [{"id": subject["id"], "x": said(subject)}]
    return moved(document, {})


@forgery("provider and hash swapped")
def swapped(document: Document) -> Document:
    subject = document["credentialSubject"]
    subject["provider"], subject["hash"] = subject["hash"], subject["provider"]
    return document


@forgery("terms that are blank nodes")
def blank_terms(document: Document) -> Document:
    context = [dict.fromkeys(HASH_CONTEXT, "_:forged") | {"x": TEXT}]
    return moved(document, {"@context": context, "x": said(document["credentialSubject"])})


@forgery("nullifiers signed as another term", "ed25519 list")
def other_list(document: Document) -> Document:
    subject = document["credentialSubject"]
    context = subject["@context"] | {"x": subject["@context"]["nullifiers"], "nullifiers": None}
    document["credentialSubject"] = subject | {
        "@context": context,
        "x": subject["nullifiers"],
        "nullifiers": ["v0:forged"],
    }
    return document


def of_another_type(document: Document) -> Document:
    return everything_forged(document, "cred:credentialSubject", "cred:expirationDate")


for _name in OTHER_ETHEREUM_PROOFS:
    forgery(f"did:ethr with {_name}", f"did:ethr {_name}")(of_another_type)
for _name in OTHER_EDWARDS_PROOFS:
    forgery(f"did:key with {_name}", f"did:key {_name}")(of_another_type)


def dense(nodes: int) -> list[dict[str, Any]]:
    """Blank nodes, each of which points to all others: an order of them is sought among all orders."""
    names = [f"_:b{number}" for number in range(nodes)]
    return [
        {"@id": name, "https://example.org/p": [{"@id": to} for to in names if to != name]} for name in names
    ]


@forgery("term like a keyword", among=PRINTS)
def keyword_like(document: Document) -> Document:
    document["credentialSubject"]["@context"] = [dict.fromkeys(HASH_CONTEXT, "@forged")]
    return document


@forgery("malformed IRI", among=PRINTS)
def malformed_iri(document: Document) -> Document:
    document["credentialSubject"]["@context"] = [HASH_CONTEXT | {"x": PRINTED}]
    return document


@forgery("dense graph", among=HANGS)
def dense_graph(document: Document) -> Document:
    document["https://example.org/dense"] = dense(DENSE_NODES)
    return document


@forgery("one nullifier in a long list", "ed25519 list", HANGS)
def long_list(document: Document) -> Document:
    subject = document["credentialSubject"]
    subject["nullifiers"] = subject["nullifiers"][:1] * LONG_LIST
    return document


@forgery("one nullifier in a longer list", "ed25519 list", CRASHES)
def longer_list(document: Document) -> Document:
    subject = document["credentialSubject"]
    subject["nullifiers"] = subject["nullifiers"][:1] * LONGEST_LIST
    return document


def named() -> list[Mutated]:
    """A document of each builder, forgeries first."""
    return [
        Mutated(form, (name,), json.dumps(builder(signed_as(form))))
        for name, (form, builder) in (FORGERIES | PRINTS | HANGS | CRASHES).items()
    ]
