"""All mutations: importing this registers them."""

from tests.fuzz import forgeries, grammar_eip712, grammar_forms, grammar_json, grammar_jsonld
from tests.fuzz.grammar import KINDS, TEXT_KINDS

__all__ = [
    "KINDS",
    "TEXT_KINDS",
    "forgeries",
    "grammar_eip712",
    "grammar_forms",
    "grammar_json",
    "grammar_jsonld",
]
