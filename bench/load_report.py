"""What a load test came to: a row a stage, what is judged, and what more requests a second would need."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.arrivals import Profile
from bench.open_loop import Answer
from bench.report import line, number, title

# How much of a core is used on average at most, so that what comes in bursts does not wait for long.
USE = 0.6
# The part of a limit that the client may be late before its own lateness says as much as the service's.
LATE = 0.1


@dataclass(frozen=True)
class Spent:
    """Processor seconds so far, of the service's processes and of the database server's."""

    service: float
    database: float


@dataclass(frozen=True)
class StageRow:
    """A stage: rates are requests a second, times milliseconds from when a request was planned. late is how
    late the client itself came to one request in a hundred. errors counts what was not 200, by outcome.
    service and database are processor milliseconds a request; None is what was not measured."""

    name: str
    requests: int
    asked: float
    achieved: float
    p50: float
    p95: float
    p99: float
    longest: float
    late: float
    errors: dict[str, int]
    service: float | None = None
    database: float | None = None


def rows(profile: Profile, answers: Sequence[Answer], spent: Sequence[Spent] = ()) -> list[StageRow]:
    """The stages; spent is what had been spent at the start and at the end of each. A request belongs to the
    stage that it was planned in, what was achieved to the one in which the answer came."""
    result = []
    begins = [0.0, *profile.ends]
    for index, stage in enumerate(profile.stages):
        own = [answer for answer in answers if profile.stage_at(answer.planned) == index]
        ended = sum(
            answer.outcome == "200" and begins[index] <= answer.planned + answer.seconds < begins[index + 1]
            for answer in answers
        )
        times = sorted(answer.seconds * 1000 for answer in own)
        costs = {}
        if spent and own:
            before, after = spent[index : index + 2]
            costs = {
                "service": (after.service - before.service) * 1000 / len(own),
                "database": (after.database - before.database) * 1000 / len(own),
            }
        result.append(
            StageRow(
                name=stage.name,
                requests=len(own),
                asked=len(own) / stage.seconds,
                achieved=ended / stage.seconds,
                p50=percentile(times, 0.5),
                p95=percentile(times, 0.95),
                p99=percentile(times, 0.99),
                longest=percentile(times, 1),
                late=percentile(sorted(answer.late * 1000 for answer in own), 0.99),
                errors=dict(Counter(answer.outcome for answer in own if answer.outcome != "200")),
                **costs,
            )
        )
    return result


def percentile(values: Sequence[float], share: float) -> float:
    """The least of the sorted values that so many of them do not exceed; 0 of none."""
    return values[max(0, math.ceil(share * len(values)) - 1)] if values else 0.0


def missed(profile: Profile, rows: Sequence[StageRow]) -> list[str]:
    """A line for each threshold that a stage did not keep."""
    limits = profile.thresholds
    lines = []
    for row in rows:
        rate = sum(row.errors.values()) / row.requests if row.requests else 0.0
        for what, is_kept, got in (
            (f"p95 under {limits.p95_ms:g} ms", row.p95 < limits.p95_ms, f"{row.p95:,.0f} ms"),
            (f"p99 under {limits.p99_ms:g} ms", row.p99 < limits.p99_ms, f"{row.p99:,.0f} ms"),
            (f"errors at most {limits.error_rate:.1%}", rate <= limits.error_rate, f"{rate:.1%}"),
        ):
            if not is_kept:
                lines.append(f"{row.name}: {what}, got {got}")
    return lines


def late(profile: Profile, rows: Sequence[StageRow]) -> list[str]:
    """A line for each stage in which the client itself was late: its machine is too busy to judge by."""
    return [
        f"{row.name}: the client itself was {row.late:,.0f} ms late; run it on an idle machine"
        for row in rows
        if row.late > profile.thresholds.p95_ms * LATE
    ]


def printed(rows: Sequence[StageRow]) -> str:
    """A table of Markdown."""
    head = [
        "stage", "requests", "asked/s", "achieved/s", "p50 ms", "p95", "p99", "longest", "client late p99",
        "errors", "CPU ms service", "PostgreSQL",
    ]  # fmt: skip
    return "\n".join(
        [
            title(*head),
            *(
                line(
                    row.name,
                    f"{row.requests:,}",
                    *(number(rate, 0) for rate in (row.asked, row.achieved)),
                    *(number(time, 1) for time in (row.p50, row.p95, row.p99, row.longest, row.late)),
                    ", ".join(f"{count} {outcome}" for outcome, count in sorted(row.errors.items()))
                    or "none",
                    number(row.service, 2),
                    number(row.database, 2),
                )
                for row in rows
            ),
        ]
    )


def needed(rate: int, row: StageRow) -> str:
    """The cores that so many requests a second need, computed from what those of a stage took."""
    assert row.service is not None
    assert row.database is not None
    service, database = (rate * cost / 1000 for cost in (row.service, row.database))
    return (
        f"{rate:,} requests a second, from stage {row.name}: the service {rate:,} x {row.service:.2f} ms ="
        f" {service:.2f} cores, at {USE:.0%} use {service / USE:.1f}: {math.ceil(service / USE)} processes;"
        f" PostgreSQL {rate:,} x {row.database:.2f} ms = {database:.2f} cores, at {USE:.0%} use"
        f" {database / USE:.1f}."
    )
