"""Wallets that meet every rule of scoring: to compare two services on."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.world import World
from local.issuer import Issuer

# Tied is a tie in the sixth decimal that goes to even, Near is next to one.
WEIGHTS = {"Github": "2.25", "Google": "1.0", "Ens": "3", "Tied": "0.123445", "Near": "0.123454"}
PROVIDERS = [*WEIGHTS]
OTHERS = "0x" + "e" * 40
# One wallet of each kind, again and again.
KINDS = (
    "fresh", "scored before", "own link", "expired link", "partial clash", "clash", "renewed", "legacy",
    "expired", "tampered", "revoked", "other wallet's", "untrusted", "no stamps", "tied", "all providers",
)  # fmt: skip


@dataclass(frozen=True)
class Crowd:
    """The wallets, and the issuers whose credentials they hold."""

    addresses: list[str]
    trusted: frozenset[str]


def gather(world: World, count: int, legacy: Issuer, start: int = 0) -> Crowd:
    """Fills community 1 with wallets: their credentials, and the links that they meet."""
    world.execute("update scorer_weighted_binaryweightedscorer set weights = %s", json.dumps(WEIGHTS))
    addresses = [f"0x{0xC0 << 152 | number:040x}" for number in range(start, start + count)]
    stored: list[tuple[str, str, str]] = []
    links: list[tuple[str, str, datetime]] = []
    revoked: list[tuple[str, str]] = []
    for number, address in enumerate(addresses):
        kind = KINDS[number % len(KINDS)]
        for provider, document, is_revoked in held(world.issuer, legacy, kind, address):
            stored.append((address, provider, json.dumps(document)))
            if is_revoked:
                revoked.append((address, provider))
        links += links_of(kind, address)
    with world.connection.transaction(), world.connection.cursor() as cursor:
        cursor.executemany("insert into ceramic_cache (address, provider, stamp) values (%s, %s, %s)", stored)
        cursor.executemany(
            "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
            " values (%s, %s, 1, %s)",
            links,
        )
        cursor.executemany(
            "insert into ceramic_cache_revocation (proof_value, ceramic_cache_id)"
            " select 'proof ' || id, id from ceramic_cache where address = %s and provider = %s",
            revoked,
        )
    return Crowd(addresses, frozenset([world.issuer.did, legacy.did]))


def held(issuer: Issuer, legacy: Issuer, kind: str, address: str) -> Iterator[tuple[str, Any, bool]]:
    """A wallet's credentials: provider, document, whether it is revoked."""
    providers = {"no stamps": [], "all providers": PROVIDERS, "tied": ["Tied"]}.get(kind, ["Github", "Near"])
    past = datetime.now(UTC) - timedelta(days=1)
    for provider in providers:
        first = provider == "Github"
        whose = legacy if kind == "legacy" else Issuer.ethereum() if kind == "untrusted" and first else issuer
        document = whose.credential(
            OTHERS if kind == "other wallet's" and first else address,
            provider,
            [f"v1:{provider}{address}", f"v2:{provider}{address}"],
            past if kind == "expired" and first else None,
        )
        if kind == "tampered" and first:
            document["issuanceDate"] = "2026-06-02T00:00:00Z"
        yield provider, document, kind == "revoked" and first
        if kind == "renewed" and first:
            later = datetime.now(UTC) + timedelta(days=180)
            yield provider, issuer.credential(address, provider, [f"v1:{provider}{address}"], later), False


def links_of(kind: str, address: str) -> Iterator[tuple[str, str, datetime]]:
    """The hash links that its Github credential meets: hash, owner, expiry."""
    later, past = (datetime.now(UTC) + timedelta(days=days) for days in (30, -30))
    first, second = (f"v{n}:Github{address}" for n in (1, 2))
    match kind:
        case "own link":
            yield first, address, later
        case "expired link":
            yield first, OTHERS, past
            yield second, address, past
        case "partial clash":
            yield first, OTHERS, later
        case "clash":
            yield first, OTHERS, later
            yield second, OTHERS, later
