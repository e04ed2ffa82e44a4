"""The rules of scoring once more, in plain Python over dictionaries: what the service is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

BONUS_COMMUNITIES = 4


@dataclass(frozen=True)
class Stamp:
    """A credential in a wallet. is_valid says whether it may count at all, apart from dedup."""

    provider: str
    nullifiers: tuple[str, ...]
    expires_at: datetime
    is_valid: bool = True


@dataclass(frozen=True)
class Link:
    """Who claimed a nullifier, and until when."""

    address: str
    expires_at: datetime


@dataclass(frozen=True)
class Community:
    """A community's scorer."""

    weights: Mapping[str, Decimal]
    threshold: Decimal
    human_points_program: bool


@dataclass
class Model:
    """All that the database should hold. now divides what is live from what is expired."""

    now: datetime
    communities: Mapping[int, Community]
    wallets: dict[str, list[Stamp]] = field(default_factory=dict)
    links: dict[int, dict[str, Link]] = field(default_factory=dict)
    passports: dict[tuple[str, int], dict[str, datetime]] = field(default_factory=dict)
    events: list[tuple[str, str, int, Any]] = field(default_factory=list)
    passing: set[tuple[str, int]] = field(default_factory=set)
    actions: set[tuple[str, str]] = field(default_factory=set)
    bonuses: set[tuple[str, str, int]] = field(default_factory=set)

    def score(self, address: str, community: int, human_points_enabled: bool) -> dict[str, Any]:
        """Scores a wallet; gives the answer but for its time."""
        stamps = self.valid_stamps(address)
        deduped = self.claim(address, community, stamps)
        clean = {s.provider: s for s in stamps if s not in deduped}
        rules = self.communities[community]
        total = sum((rules.weights.get(provider, Decimal(0)) for provider in clean), Decimal(0))
        passes = total >= rules.threshold
        self.passports[address, community] = {provider: s.expires_at for provider, s in clean.items()}
        self.events += [
            ("LIFO_DEDUPLICATION", address, community, (s.provider, list(s.nullifiers))) for s in deduped
        ]
        self.events.append(("SCORE_UPDATE", address, community, total))
        if human_points_enabled and rules.human_points_program and passes:
            self.award(address, community, clean)
        weights = {
            s.provider: Decimal(0) if s in deduped else rules.weights.get(s.provider, 0) for s in stamps
        }
        return {
            "address": address,
            "score": f"{total:.5f}",
            "passing_score": passes,
            "expiration_timestamp": min((s.expires_at.isoformat() for s in clean.values()), default=None),
            "threshold": f"{rules.threshold:.5f}",
            "error": None,
            "stamps": {
                s.provider: {
                    "score": f"{weights[s.provider]:.5f}",
                    "dedup": s in deduped,
                    "expiration_date": f"{s.expires_at:%Y-%m-%dT%H:%M:%SZ}"
                    if s in deduped
                    else s.expires_at.isoformat(),
                }
                for s in stamps
            },
            "points_data": None,
            "possible_points_data": None,
            "linked_score": None,
        }

    def valid_stamps(self, address: str) -> list[Stamp]:
        """Of each provider the newest valid credential, in the order they were put."""
        valid = [s for s in self.wallets.get(address, []) if s.is_valid and s.expires_at > self.now]
        return [
            s for i, s in enumerate(valid) if s.provider not in {later.provider for later in valid[i + 1 :]}
        ]

    def claim(self, address: str, community: int, stamps: list[Stamp]) -> list[Stamp]:
        """Moves the community's links; gives the stamps that another wallet's live links take out."""
        links = self.links.setdefault(community, {})
        live = {nullifier: link for nullifier, link in links.items() if link.expires_at > self.now}
        clashes: list[tuple[Stamp, Link]] = []
        for stamp in stamps:
            others = [live[n] for n in stamp.nullifiers if n in live and live[n].address != address]
            if others:
                clashes.append((stamp, others[0]))
        deduped = [stamp for stamp, _ in clashes]
        own: dict[str, datetime] = {}
        for stamp in stamps:
            if stamp not in deduped:
                for nullifier in stamp.nullifiers:
                    own[nullifier] = max(stamp.expires_at, own.get(nullifier, stamp.expires_at))
        for stamp, clash in reversed(clashes):
            for nullifier in stamp.nullifiers:
                held = links.get(nullifier)
                if (
                    nullifier not in live
                    and nullifier not in own
                    and (held is None or held.address != address)
                ):
                    links[nullifier] = clash
        for nullifier, expires_at in own.items():
            links[nullifier] = Link(address, expires_at)
        return deduped

    def award(self, address: str, community: int, clean: Mapping[str, Stamp]) -> None:
        """Human points of a passing score."""
        self.passing.add((address, community))
        self.actions |= {(address, provider) for provider in clean}
        if "metamaskDeveloperDao" in clean:
            self.bonuses.add((address, "METAMASK_OG", 100))
        if len({c for a, c in self.passing if a == address}) >= BONUS_COMMUNITIES:
            self.bonuses.add((address, "SCORING_BONUS", 50))
