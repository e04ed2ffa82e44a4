"""What is asked for: wallets of freshly signed credentials, and what changes before they are asked again."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.world import World
from local.issuer import Issuer

# As many providers as production weighs, of which a wallet holds some.
WEIGHTS = {f"Provider{number}": f"{number % 7 + 0.123456:f}" for number in range(120)}
# How many wallets a case has at most, for it to be filled in seconds; each is asked for once in a round.
WALLETS = {3: 64, 20: 64, 100: 16}
CLASHING = 5

Change = Callable[[], None]


@dataclass(frozen=True)
class Case:
    """Wallets of so many stamps each; change is done before each round, which asks for each wallet once."""

    name: str
    stamps: int
    wallets: list[str]
    change: Change


class Wallets:
    """Makes wallets, which the scorer weighs, and changes them."""

    def __init__(self, world: World, legacy: Issuer, most: int = max(WALLETS.values())) -> None:
        self.world = world
        world.execute("update scorer_weighted_binaryweightedscorer set weights = %s", json.dumps(WEIGHTS))
        self.legacy = legacy
        self.most = most
        self.trusted = [world.issuer.did, self.legacy.did]
        # Those of production's form and of middling size.
        self.usual: list[str] = []
        self._numbers = itertools.count(1)

    def filled(self, stamps: int, issuer: Issuer | None = None, like: list[str] | None = None) -> list[str]:
        """Fresh wallets, whose credentials have two nullifiers each, those of a did:key issuer one; the first
        few the same as those of the wallets in like."""
        addresses = [
            f"0x{0xBE << 152 | next(self._numbers):040x}" for _ in range(min(self.most, WALLETS[stamps]))
        ]
        rows = []
        for position, address in enumerate(addresses):
            for number, provider in enumerate(itertools.islice(WEIGHTS, stamps)):
                holder = like[position] if like and number < CLASHING else address
                document = (issuer or self.world.issuer).credential(
                    address, provider, nullifiers(holder, provider)
                )
                rows.append((address, provider, json.dumps(document)))
        self.world.connection.cursor().executemany(
            "insert into ceramic_cache (address, provider, stamp) values (%s, %s, %s)", rows
        )
        return addresses

    def forgotten(self, addresses: list[str], checks: bool = True) -> None:
        """As if these wallets had never been scored, nor, unless checks is false, their credentials
        checked."""
        statements = [
            "delete from registry_score as s using registry_passport as p"
            " where p.id = s.passport_id and p.address = any(%s)",
            "delete from registry_stamp as s using registry_passport as p"
            " where p.id = s.passport_id and p.address = any(%s)",
            "delete from registry_passport where address = any(%s)",
            "delete from registry_hashscorerlink where address = any(%s)",
        ]
        if checks:
            statements.append(
                "delete from credential_check where subject = any("
                "select 'did:pkh:eip155:1:' || a from unnest(%s::text[]) as a)"
            )
        for statement in statements:
            self.world.execute(statement, addresses)

    def with_another_credential(self, addresses: list[str]) -> None:
        """Replaces one credential of each wallet by one that was signed now."""
        for address in addresses:
            document = self.world.issuer.credential(address, "Provider0", nullifiers(address, "Provider0"))
            self.world.execute(
                "update ceramic_cache set stamp = %s where address = %s and provider = 'Provider0'",
                json.dumps(document),
                address,
            )


def nullifiers(holder: str, provider: str) -> list[str]:
    """Two, of the length of production's."""
    return [f"v{version}:{holder}{provider}".ljust(47, "=") for version in (0, 1)]


def nothing() -> None:
    """The change that is none."""


def cases(wallets: Wallets) -> Iterator[Case]:
    """All of them. A case finds wallets as the one before left them: scored, and all credentials checked."""
    usual = wallets.usual = wallets.filled(20)
    yield Case("first scoring", 20, usual, lambda: wallets.forgotten(usual))
    yield Case("first scoring, checked ahead", 20, usual, lambda: wallets.forgotten(usual, checks=False))
    yield Case("unchanged", 20, usual, nothing)
    yield Case("one credential changed", 20, usual, lambda: wallets.with_another_credential(usual))
    yield Case(f"dedup clash of {CLASHING} stamps", 20, wallets.filled(20, like=usual), nothing)
    legacy = wallets.filled(20, wallets.legacy)
    yield Case("first scoring, Ed25519", 20, legacy, lambda: wallets.forgotten(legacy))
    yield Case("unchanged, Ed25519", 20, legacy, nothing)
    for stamps in (3, 100):
        addresses = wallets.filled(stamps)
        yield Case("first scoring", stamps, addresses, lambda a=addresses: wallets.forgotten(a))  # type: ignore[misc]
        yield Case("unchanged", stamps, addresses, nothing)
