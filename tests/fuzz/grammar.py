"""The kinds of mutation by name, and documents that were mutated by some of them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.fuzz.signed import GENUINE, Document, corpus

Mutation = Callable[[Random, Document], Document]
TextMutation = Callable[[Random, str], str]

# How many mutations a document has: each kind is alone as often as it is not.
MUTATIONS = (1, 1, 1, 2, 3, 4)
# How many of the documents are of the forms that are read; the others have proofs by other rules.
GENUINE_SHARE = 0.85
KINDS: dict[str, Mutation] = {}
TEXT_KINDS: dict[str, TextMutation] = {}
# What a mutation raises where an earlier one left nothing to mutate.
MISFITS = (AttributeError, IndexError, KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class Mutated:
    """A document after its mutations, and the kinds of them, in order."""

    form: str
    kinds: tuple[str, ...]
    text: str


def kind(name: str) -> Callable[[Mutation], Mutation]:
    """Registers a mutation, which may change the document that it takes, under the name of its kind."""

    def register(mutation: Mutation) -> Mutation:
        KINDS[name] = mutation
        return mutation

    return register


def text_kind(name: str) -> Callable[[TextMutation], TextMutation]:
    """Registers a mutation of the JSON text, which comes after all others."""

    def register(mutation: TextMutation) -> TextMutation:
        TEXT_KINDS[name] = mutation
        return mutation

    return register


def mutated(seed: int, index: int) -> Mutated:
    """The document of this index, the same for the same seed."""
    rng = Random(f"{seed}:{index}")
    genuine = rng.random() < GENUINE_SHARE
    signed = rng.choice([signed for signed in corpus() if (signed.form in GENUINE) == genuine])
    text = signed.text
    kinds: list[str] = []
    chosen = rng.choices([*KINDS, *TEXT_KINDS], k=rng.choice(MUTATIONS))
    for name in chosen:
        if name in KINDS:
            try:
                text = json.dumps(KINDS[name](rng, json.loads(text)))
            except MISFITS:
                continue
            kinds.append(name)
    for name in chosen:
        if name in TEXT_KINDS:
            text = TEXT_KINDS[name](rng, text)
            kinds.append(name)
    return Mutated(signed.form, tuple(kinds), text)


def objects(value: Any) -> Iterator[Document]:
    """Each object within a value, the value itself too."""
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from objects(child)
    elif isinstance(value, list):
        for child in value:
            yield from objects(child)


def other(rng: Random) -> Document:
    """Another document that was signed."""
    return rng.choice(corpus()).document()
