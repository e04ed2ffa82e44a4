"""Which differences are known and accepted, each for a reason; and how much slower the candidate may be."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compare.errors import CannotRun

# The differences of the existing service and this one that two answers tell.
KNOWN = Path(__file__).parent / "known.toml"
QUANTILES = ("p50", "p95", "p99")
# What a rule may compare, each a regular expression that the whole text has to match.
PATTERNS = ("cause", "field", "primary", "candidate", "scorer", "address")


@dataclass(frozen=True)
class Rule:
    """Accepts differences that match all its patterns."""

    reason: str
    patterns: Mapping[str, re.Pattern[str]]

    def accepts(self, **values: str) -> bool:
        """Whether a difference is accepted; values by the names of PATTERNS."""
        return all(pattern.fullmatch(values[name]) for name, pattern in self.patterns.items())

    @property
    def text(self) -> str:
        return ", ".join(f"{name} {pattern.pattern}" for name, pattern in self.patterns.items())


@dataclass(frozen=True)
class Rules:
    """times has, by quantile, how many times the primary's time the candidate may take."""

    source: str = "none"
    rules: tuple[Rule, ...] = ()
    times: Mapping[str, float] = field(default_factory=lambda: {"p50": 2.0, "p95": 3.0})


def load(path: Path) -> Rules:
    """Reads a rules file, as compare/known.toml is one; raises CannotRun."""
    try:
        content = tomllib.loads(path.read_text())
        rules = tuple(map(rule, content.pop("rule", [])))
        times = content.pop("times", Rules().times)
        if content:
            raise ValueError(f"there is no {next(iter(content))}")
        if not isinstance(times, dict) or not all(
            name in QUANTILES and isinstance(ratio, int | float) and ratio > 0
            for name, ratio in times.items()
        ):
            raise ValueError(f"times has numbers for {', '.join(QUANTILES)}")
    except (OSError, ValueError, TypeError, re.error) as error:
        raise CannotRun(f"The rules of {path} cannot be used: {error}.") from None
    return Rules(path.name, rules, times)


def rule(entry: Any) -> Rule:
    patterns = dict(entry)
    reason = patterns.pop("reason", None)
    if not isinstance(reason, str) or not reason.strip():
        raise ValueError("a rule has no reason")
    if "cause" not in patterns or not patterns.keys() <= set(PATTERNS):
        raise ValueError(f"a rule has a cause, and of these what it needs: {', '.join(PATTERNS)}")
    return Rule(reason, {name: re.compile(pattern) for name, pattern in patterns.items()})
