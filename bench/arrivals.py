"""When requests are sent: fixed before the first one, whatever the service does."""

import bisect
import itertools
import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stage:
    """So many seconds in which the rate goes evenly to a share of the whole."""

    name: str
    seconds: float
    share: float


@dataclass(frozen=True)
class Thresholds:
    """What each stage has to keep: milliseconds that are not reached, the part of requests that may fail."""

    p95_ms: float
    p99_ms: float
    error_rate: float


@dataclass(frozen=True)
class Profile:
    """A load test: requests a second at its height, the share that it starts with, its stages."""

    rate: float
    start: float
    stages: list[Stage]
    thresholds: Thresholds

    @property
    def ends(self) -> list[float]:
        """The seconds at which the stages end."""
        return list(itertools.accumulate(stage.seconds for stage in self.stages))

    def stage_at(self, seconds: float) -> int:
        """The number of the stage that a moment belongs to."""
        return min(bisect.bisect_right(self.ends, seconds), len(self.stages) - 1)


def read(path: Path, rate: float | None = None) -> Profile:
    """The profile of a file, as bench/load.json is; with another rate, if one is given."""
    kept = json.loads(path.read_text())
    return Profile(
        rate or kept["rate"],
        kept["start"],
        [Stage(**stage) for stage in kept["stages"]],
        Thresholds(**kept["thresholds"]),
    )


def planned(profile: Profile, seed: int | None = None) -> list[float]:
    """The seconds at which requests are to be sent: evenly, or, with a seed, at random as those of many
    clients that know nothing of each other come (Poisson)."""
    # In the middle of their share of time, so that none is due where a stage ends.
    counts = itertools.count(0.5) if seed is None else arrivals(random.Random(seed))
    times: list[float] = []
    before, rate, begin = 0.0, profile.rate * profile.start, 0.0
    due: float = next(counts)
    for stage in profile.stages:
        end_rate = profile.rate * stage.share
        slope = (end_rate - rate) / stage.seconds
        together = (rate + end_rate) / 2 * stage.seconds
        while due <= before + together:
            # Where rate * t + slope / 2 * t * t reaches what is due, in the form that holds without slope.
            left = due - before
            times.append(begin + 2 * left / (rate + math.sqrt(max(0.0, rate * rate + 2 * slope * left))))
            due = next(counts)
        before, rate, begin = before + together, end_rate, begin + stage.seconds
    return times


def arrivals(chance: random.Random) -> Iterator[float]:
    """Sums of exponential gaps, one on average."""
    total = 0.0
    while True:
        total += chance.expovariate(1)
        yield total
