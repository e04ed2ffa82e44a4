"""The results as people read them: tables of Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """A case with so many clients. Times are milliseconds; None is what was not measured.

    median, p95, p99 and per_second are of requests over HTTP. calls is the time of a request's calls to the
    database by themselves, floor that of the bare commit of a score and an event of that size; load and score
    are what the calls consist of, in the server, and verify is what the checks of credentials take.
    """

    case: str
    stamps: int
    clients: int
    median: float
    p95: float
    p99: float
    per_second: float
    floor: float | None = None
    calls: float | None = None
    load: float | None = None
    verify: float | None = None
    score: float | None = None
    round_trips: float | None = None
    wal_bytes: float | None = None
    rows_written: float | None = None
    updates: float | None = None
    hot_updates: float | None = None
    dead_tuples: float | None = None
    cpu_python: float | None = None
    cpu_postgres: float | None = None


def printed(result: dict[str, Any], rows: list[Row]) -> str:
    """A table of Markdown, and what is said once."""
    head = [
        "case", "stamps", "clients", "median ms", "p95", "p99", "req/s", "/ floor", "calls ms", "/ floor",
        "floor ms", "load", "verify", "score", "trips", "WAL bytes", "rows", "HOT", "dead", "CPU ms Python",
        "Postgres",
    ]  # fmt: skip
    told = [f"{result['machine']}; PostgreSQL {result['postgresql'] // 10000}"]
    if cold := result.get("cold_start"):
        told += [
            f"largest process of the service {result['largest_process_mb']:.0f} MB",
            f"cold start: first answer after {cold['first_answer']:.0f} ms, "
            f"import flask, psycopg alone {cold['imports']:.0f} ms, ratio {cold['ratio']:.2f}",
        ]
    return "\n".join([title(*head), *(line(*cells(row)) for row in rows), "", *told])


def cells(row: Row) -> list[str]:
    """A row's cells, in the order of the head."""
    updates = f"{row.hot_updates:.1f} of {row.updates:.1f}" if row.updates is not None else ""
    return [
        row.case,
        str(row.stamps),
        str(row.clients),
        *(number(value, 2) for value in (row.median, row.p95, row.p99)),
        number(row.per_second, 0),
        ratio(row.median, row.floor),
        number(row.calls, 2),
        ratio(row.calls, row.floor),
        number(row.floor, 2) if row.calls is not None else "",
        *(number(value, 2) for value in (row.load, row.verify, row.score)),
        number(row.round_trips, 1),
        number(row.wal_bytes, 0),
        number(row.rows_written, 1),
        updates,
        number(row.dead_tuples, 1),
        number(row.cpu_python, 2),
        number(row.cpu_postgres, 2),
    ]


def number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def ratio(value: float | None, floor: float | None) -> str:
    return "" if value is None or floor is None else f"{value / floor:.1f}"


def grown(medians: Mapping[tuple[str, str], Mapping[int, float]], sizes: Sequence[int]) -> str:
    """The table of bench.growth: median milliseconds by kind and session, of each number of passports."""
    head = title("median ms", "session", *(f"{size:,} passports" for size in sizes), "largest / smallest")
    return "\n".join(
        [
            head,
            *(
                line(kind, session, *(number(row.get(size), 2) for size in sizes), number(spread(row), 2))
                for (kind, session), row in sorted(medians.items())
            ),
        ]
    )


def spread(row: Mapping[int, float]) -> float:
    """How many times the smallest the largest is."""
    return max(row.values()) / min(row.values())


def title(*cells: str) -> str:
    """The head of a table."""
    return f"{line(*cells)}\n{line(*['---'] * len(cells))}"


def line(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"
