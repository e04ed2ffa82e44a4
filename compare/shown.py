"""A body as a report may show it: without keys, and without what a credential holds."""

import json
from collections.abc import Iterable
from typing import Any

# Names under which a credential or its proof stands.
LEFT_OUT = {
    "credential", "credentialSubject", "verifiableCredential", "proof", "proofValue", "jws", "stamp",
    "nullifiers", "hash",
}  # fmt: skip
GONE = "(left out)"
# Characters of a body that is shown, and of one that is no JSON.
LONGEST = 20_000
LONGEST_OTHER = 300


def shown(body: bytes, keys: Iterable[str]) -> str:
    """JSON as it is printed with two spaces and names sorted; anything else cut short."""
    try:
        text = json.dumps(without(json.loads(body)), indent=2, sort_keys=True, ensure_ascii=False)[:LONGEST]
    except (ValueError, RecursionError):
        text = body[:LONGEST_OTHER].decode("utf-8", "replace")
    for key in keys:
        text = text.replace(key, GONE)
    return text


def without(value: Any) -> Any:
    """A JSON value without what stands under the names to be left out."""
    if isinstance(value, dict):
        return {name: GONE if name in LEFT_OUT else without(inner) for name, inner in value.items()}
    return [without(inner) for inner in value] if isinstance(value, list) else value
