"""Mutations that stay near the forms that issuers wrote, so that the proof alone can tell."""

from random import Random

from tests.fuzz.grammar import kind, other
from tests.fuzz.signed import (
    BARE_LIST_CONTEXT,
    HASH_CONTEXT,
    LIST_CONTEXT,
    META_CONTEXT,
    Document,
)

CONTEXTS = (HASH_CONTEXT, LIST_CONTEXT, BARE_LIST_CONTEXT, HASH_CONTEXT | META_CONTEXT, META_CONTEXT)
VALUES = (
    "v0.0.0:Zm9yZ2Vk", "v1:x", "v0.0.0:", "Github", "Forged", "https://example.org/meta", "_:b0", "@id",
    "v0.0.0:a b", "v0.0.0:\u00e9", "v0.0.0:'", "v0.0.0:<x>", "v0.0.0:#", "v0.0.0:" + "x" * 92, "x" * 256,
)  # fmt: skip


@kind("meanings of another form")
def other_meanings(rng: Random, document: Document) -> Document:
    context = rng.choice(CONTEXTS) | rng.choice(({}, *CONTEXTS))
    document["credentialSubject"]["@context"] = rng.choice((context, [context], [context, context]))
    return document


@kind("fields of another subject")
def other_fields(rng: Random, document: Document) -> Document:
    subject, taken = document["credentialSubject"], other(rng)["credentialSubject"]
    for name in rng.sample(list(taken), rng.randint(1, 3)):
        subject[name] = taken[name]
    if rng.random() < 0.5:
        subject["@context"] = taken["@context"]
    return document


@kind("texts of the subject swapped")
def swapped_texts(rng: Random, document: Document) -> Document:
    subject = document["credentialSubject"]
    left, right = rng.sample([name for name in subject if isinstance(subject[name], str)], 2)
    subject[left], subject[right] = subject[right], subject[left]
    return document


@kind("plausible values of the subject")
def plausible(rng: Random, document: Document) -> Document:
    subject = document["credentialSubject"]
    for name in rng.sample(("provider", "hash", "metaPointer", "nullifiers"), 2):
        if name == "nullifiers":
            subject[name] = rng.sample(VALUES, rng.randint(1, 3))
        elif name in subject or rng.random() < 0.3:
            subject[name] = rng.choice(VALUES)
    return document


@kind("nullifiers in another order")
def reordered(rng: Random, document: Document) -> Document:
    subject = document["credentialSubject"]
    subject["nullifiers"] = rng.choice(
        (
            subject["nullifiers"][::-1],
            subject["nullifiers"][:1],
            subject["nullifiers"][1:],
            [*subject["nullifiers"], subject["provider"]],
            [",".join(subject["nullifiers"])],
        )
    )
    return document


@kind("hash as the nullifiers")
def hash_as_list(rng: Random, document: Document) -> Document:
    subject = document["credentialSubject"]
    if "hash" in subject:
        subject["nullifiers"] = [subject.pop("hash")]
    else:
        subject["hash"] = rng.choice(subject.pop("nullifiers"))
    subject["@context"] = rng.choice(CONTEXTS) | {}
    return document
