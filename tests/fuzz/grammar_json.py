"""Mutations of what any JSON document has: values, names, dates, texts, and the JSON text itself."""

import json
from random import Random
from typing import Any

from tests.fuzz.grammar import kind, objects, other, text_kind
from tests.fuzz.signed import FORGERS, FORGERS_WALLET, TRUSTED, WALLETS, Document

DEEP = 2000
ODD_TEXTS = (
    "", " ", "0", "null", "v0:\nx", "\r\n", "\x1b[2J\x1b]0;x\x07", "\x7f", "\x85\x9b", "\x00", "\ud800",
    "\udc00x",
    "\u2028", "\u202e", "é", "e\u0301", "😀", "\\n", '" .\n', "<x>", "@id", "_:b0", "https://[", "a b",
    "x" * 5000,
    'Github"^^<https://schema.org/Text> .', "1e400",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 0.5, 1e300, 2**63, 2**64, 10**400, "", [], {}, [[]], [[["x"]]], [None], [{}],
    {"@value": "x"}, {"id": "did:pkh:x"}, {"@list": ["x"]},
)  # fmt: skip
NAMES = (
    "id", "type", "issuer", "issuanceDate", "expirationDate", "credentialSubject", "proof", "@context",
    "provider",
    "hash", "nullifiers", "metaPointer", "customInfo", "created", "jws", "proofValue", "verificationMethod",
    "proofPurpose", "eip712Domain", "credentialStatus", "evidence", "termsOfUse", "credentialSchema",
    "refreshService", "challenge", "domain", "nonce", "creator", "@id", "@type", "x",
)  # fmt: skip
DATES = (
    "2024-02-03t04:05:06z", "2024-02-03T04:05:06.000Z", "2024-02-03T04:05:06.000000000000Z",
    "2024-02-03T04:05:06.0000001Z", "2024-02-03T04:05:06.0000000001Z", "2024-02-03T05:05:06+01:00",
    "2024-02-03T04:05:06+00:00", "2024-02-03T04:05:06-00:00", "2024-02-03T04:05:60Z", "2024-02-02T24:00:00Z",
    "2024-02-03 04:05:06Z", "2024-02-03T04:05Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999Z", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z",
    "2090-01-01T00:00:00.5Z", "2090-01-01T00:00:00.500000Z", "2090-01-01T00:00:00.5000001Z",
    "2090-01-01T00:00:00,5Z", "2089-12-31T23:59:60.5Z", "2090-06-31T00:00:00Z", "٢٠٩٠-01-01T00:00:00Z",
    "2090-01-01T00:00:00.500Z ", "2090-01-01T00:00:00.500+23:59",
)  # fmt: skip
DATE_FIELDS = ("expirationDate", "issuanceDate", "issued", "validUntil")


def slots(document: Document) -> list[tuple[Any, Any]]:
    """Each object with each of its names, and each array with each of its indexes."""
    found: list[tuple[Any, Any]] = []
    for container in objects(document):
        for name, value in container.items():
            found.append((container, name))
            if isinstance(value, list):
                found.extend((value, index) for index in range(len(value)))
    return found


@kind("odd text in place of a value")
def odd_text(rng: Random, document: Document) -> Document:
    container, key = rng.choice(slots(document))
    container[key] = rng.choice(ODD_TEXTS)
    return document


@kind("odd text within a text")
def odd_text_within(rng: Random, document: Document) -> Document:
    texts = [(container, key) for container, key in slots(document) if isinstance(container[key], str)]
    container, key = rng.choice(texts)
    at = rng.randint(0, len(container[key]))
    container[key] = container[key][:at] + rng.choice(ODD_TEXTS) + container[key][at:]
    return document


@kind("odd value in place of a value")
def odd_value(rng: Random, document: Document) -> Document:
    container, key = rng.choice(slots(document))
    container[key] = rng.choice(ODD_VALUES)
    return document


@kind("odd value beside the others")
def odd_value_added(rng: Random, document: Document) -> Document:
    rng.choice(list(objects(document)))[rng.choice(NAMES)] = rng.choice((*ODD_VALUES, *ODD_TEXTS, *DATES))
    return document


@kind("value taken out")
def taken_out(rng: Random, document: Document) -> Document:
    container, key = rng.choice(slots(document))
    del container[key]
    return document


@kind("values swapped")
def swapped(rng: Random, document: Document) -> Document:
    (left, left_key), (right, right_key) = rng.sample(slots(document), 2)
    left[left_key], right[right_key] = right[right_key], left[left_key]
    return document


@kind("value doubled")
def doubled(rng: Random, document: Document) -> Document:
    container, key = rng.choice(slots(document))
    container[key] = [container[key]] * rng.choice((1, 2, 3))
    return document


@kind("value of another document")
def of_another(rng: Random, document: Document) -> Document:
    name = rng.choice(NAMES)
    holders = [held for held in objects(other(rng)) if name in held]
    targets = [held for held in objects(document) if name in held]
    rng.choice(targets)[name] = rng.choice(holders)[name]
    return document


@kind("object renamed in part")
def renamed(rng: Random, document: Document) -> Document:
    container = rng.choice(list(objects(document)))
    name = rng.choice(list(container))
    container[rng.choice((name.upper(), f" {name}", f"{name}\x00", f"@{name}", rng.choice(NAMES)))] = (
        container.pop(name)
    )
    return document


@kind("date written otherwise")
def redated(rng: Random, document: Document) -> Document:
    document[rng.choice(DATE_FIELDS[:2])] = rng.choice(DATES)
    return document


@kind("date added")
def date_added(rng: Random, document: Document) -> Document:
    rng.choice(list(objects(document)))[rng.choice(DATE_FIELDS)] = rng.choice(DATES)
    return document


@kind("proof dated otherwise")
def proof_redated(rng: Random, document: Document) -> Document:
    document["proof"]["created"] = rng.choice(DATES)
    return document


@kind("subject of another wallet")
def other_wallet(rng: Random, document: Document) -> Document:
    subject = document["credentialSubject"]
    wallet = rng.choice((FORGERS_WALLET, *WALLETS))
    subject["id"] = rng.choice((wallet, wallet.upper(), wallet.replace("x", "X"), f" {wallet}", f"{wallet}#"))
    return document


@kind("issuer of another key")
def other_issuer(rng: Random, document: Document) -> Document:
    did = rng.choice((*TRUSTED, *FORGERS)).did
    # A web DID is looked up, where nothing answers.
    document["issuer"] = rng.choice(
        (did, {"id": did}, [did], did.upper(), f"{did}#x", "did:web:localhost%3A1")
    )
    return document


@kind("emptied nullifiers")
def emptied(rng: Random, document: Document) -> Document:
    subject = document["credentialSubject"]
    subject[rng.choice(("nullifiers", "hash", "provider"))] = rng.choice(("", [], [""], [[]], None))
    return document


@kind("nullifiers beside a hash")
def both(rng: Random, document: Document) -> Document:
    subject = document["credentialSubject"]
    subject[rng.choice(("nullifiers", "hash"))] = rng.choice(("v0:x", ["v0:x"], "v0.0.0:eA==", subject["id"]))
    return document


@text_kind("name twice in an object")
def twice(rng: Random, text: str) -> str:
    name, value = rng.choice(NAMES), json.dumps(rng.choice((*ODD_VALUES, *ODD_TEXTS)))
    places = [
        index for index, letter in enumerate(text) if letter in "{}" and text[index : index + 2] != "{}"
    ]
    at = rng.choice(places)
    if text[at] == "{":
        return f'{text[: at + 1]}"{name}": {value}, {text[at + 1 :]}'
    return f'{text[:at]}, "{name}": {value}{text[at:]}'


@text_kind("nested very deep")
def deep(rng: Random, text: str) -> str:
    opening, closing = rng.choice((("[", "]"), ('{"x":', "}"), ('{"@context":', "}"), ('{"@nest":', "}")))
    depth = rng.choice((50, 120, DEEP))
    return f'{text[:-1]}, "{rng.choice(NAMES)}": {opening * depth}1{closing * depth}}}'


@text_kind("escapes and numbers of the text")
def escaped(rng: Random, text: str) -> str:
    old, new = rng.choice(
        (
            ("e", "\\u0065"), ("@", "\\u0040"), ("g", "\\ud83d\\ude00"), ("G", "\\ud800"), ("v", "\\udc00"),
            (" ", "\n\t "), ("null", "NaN"), ("[", "[1e999,"), ("[", "[-Infinity,"), (":", ": \ufeff"),
        )
    )  # fmt: skip
    return text.replace(old, new, rng.choice((1, 2, -1)))
