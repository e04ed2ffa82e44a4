"""What 24 months of events cost in one table and in a table a month: python -m bench.months [--events N]

Two databases with N events (1,200,000) of 20 stamps each over 24 months, one of them in one table, beside one
with none. Asks each in turn for a request that changes nothing and for the history of a wallet, and prints
medians of the processor time that the server takes, which depends least on what else the machine does. Then
archives the oldest month, and puts the one table by month while requests run. Takes 4 kB of disk an event.
"""

import argparse
import json
import random
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from db import event_archive, events_by_month
from harness.server import OwnServer
from harness.world import World, fresh
from local import postgres
from local.issuer import Issuer

MONTHS = 24
WALLETS = 100_000
# Wallets that are scored, besides.
SCORED = 50
SETTINGS = {"fsync": "on", "autovacuum": "off", "shared_buffers": "2GB", "max_wal_size": "4GB"}
SCORE = "select scorer.score_passport(%s, 1, %s)"
STAMPS = json.dumps(
    [
        {
            "provider": f"Provider{n}",
            "credential": {"n": n, "filler": "x" * 1500},
            "nullifiers": [f"v1:{n}"],
            "expires_at": "2090-01-01T00:00:00Z",
        }
        for n in range(20)
    ]
)
START = "date_trunc('month', now(), 'UTC') - make_interval(months => {back})"
FILL = f"""
insert into registry_event (action, address, data, community_id, created_at)
select
    'SCORE_UPDATE', '0x' || lpad(to_hex(n %% {WALLETS}), 40, '0'), %s::jsonb, 1,
    {{start}} + n * interval '27 days' / %s::integer
from generate_series(1, %s::integer) as n
"""
HISTORY = """
select data from scorer.registry_event
where action = 'SCORE_UPDATE' and address = $1 and community_id = 1 and created_at <= $2
order by created_at desc
limit 1
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.months", description=__doc__)
    parser.add_argument("--events", type=int, default=1_200_000)
    parser.add_argument("--rounds", type=int, default=1000)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="months-", ignore_cleanup_errors=True))
        )
        server = stack.enter_context(
            OwnServer(folder / "data", postgres.programs(), postgres.EMBEDDED_VERSION, **SETTINGS)
        )
        issuer = Issuer.ethereum()
        worlds = {
            name: stack.enter_context(fresh(server.url, issuer, name))
            for name in ("empty", "one_table", "by_month")
        }
        events_by_month.undo(worlds["one_table"].url)
        for name, world in worlds.items():
            score(world, 0)
            start = time.monotonic()
            fill(world, 0 if name == "empty" else arguments.events // MONTHS, name == "by_month")
            print(f"{name}: filled in {time.monotonic() - start:.0f} s, {size(world)}", flush=True)
        for line in measured(worlds, arguments.rounds):
            print(line, flush=True)
        print(archived(worlds["by_month"], folder), flush=True)
        print(switched(worlds["one_table"]), flush=True)


def fill(world: World, a_month: int, by_month: bool) -> None:
    """Events of each of the months before this one, as a score writes them."""
    ((data,),) = world.execute("select data::text from registry_event where action = 'SCORE_UPDATE'")
    if by_month:
        for (table,) in world.execute("select partition from event_partitions()"):
            world.execute(f"drop table scorer.{table}")
    for back in range(MONTHS, 0, -1):
        if by_month:
            world.execute(f"select ensure_event_partitions(0, {START.format(back=back)})")
        if a_month:
            world.execute(FILL.format(start=START.format(back=back)), data, a_month, a_month)
    world.execute("select ensure_event_partitions(3)")
    world.execute("vacuum analyze registry_event")
    world.execute("checkpoint")


def score(world: World, number: int) -> float:
    """Seconds of a request of a wallet whose stamps nobody else has claimed."""
    start = time.perf_counter()
    world.execute(SCORE, f"0x{'b' * 32}{number:08x}", STAMPS.replace("v1:", f"v1:{number}."))
    return time.perf_counter() - start


def ran(world: World) -> float:
    """Seconds that the session's process has been on a processor."""
    time.sleep(0.0002)
    return int(Path(f"/proc/{world.connection.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9


def measured(worlds: dict[str, World], rounds: int) -> list[str]:
    """Median milliseconds on the processor of each kind of call, and the plan of a history."""
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    wallets = worlds["by_month"].execute(
        "select address, created_at from registry_event tablesample system (0.5)"
        " where community_id = 1 limit 5000"
    )
    for world in worlds.values():
        world.execute("set plan_cache_mode = force_generic_plan")
        world.execute("set enable_seqscan = off")
        world.execute(f"prepare history (varchar, timestamptz) as {HISTORY}")
        for number in range(SCORED):
            score(world, number)
            score(world, number)
    now = datetime.now(UTC)
    for round_ in range(rounds):
        address, at = random.choice(wallets)
        for name, world in sorted(worlds.items(), reverse=round_ % 2 == 0):
            start = ran(world)
            score(world, round_ % SCORED)
            taken["request, unchanged", name].append(ran(world) - start)
            for kind, wallet, until in (
                ("history, at the time of an event", address, at),
                ("history, now", address, now),
                ("history, of a wallet without events", f"0x{round_:040x}", now),
            ):
                start = ran(world)
                world.execute(f"execute history ({quoted(wallet)}, {quoted(until)})")
                taken[kind, name].append(ran(world) - start)
    call = f"execute history ({quoted(address)}, {quoted(at)})"
    explain = f"explain (analyze, costs off, timing off, summary off) {call}"
    plan = [line for (line,) in worlds["by_month"].execute(explain)]
    return [
        *(
            f"{kind}, {name}: {statistics.median(seconds) * 1000:.3f} ms"
            for (kind, name), seconds in taken.items()
        ),
        f"the plan of {at}:",
        *(line for line in plan if ("actual" in line and "never" not in line) or "Removed" in line),
        f"and {sum('never executed' in line for line in plan)} months never executed",
    ]


def quoted(value: Any) -> str:
    return f"'{value}'"


def size(world: World) -> str:
    ((rows, table, indexes),) = world.execute(
        """
        select
            sum(c.reltuples)::bigint, sum(pg_table_size(c.oid))::float8, sum(pg_indexes_size(c.oid))::float8
        from pg_class as c
        where c.relkind = 'r' and c.relname ~ '^registry_event'
        """
    )
    return (
        f"{rows:,} events, {table / 1e9:.2f} GB and {indexes / 1e9:.2f} GB of indexes:"
        f" {(table + indexes) / max(rows, 1):.0f} bytes each"
    )


def archived(world: World, folder: Path) -> str:
    """What became of the oldest month."""
    ((until, bytes_),) = world.execute(
        "select until, pg_total_relation_size(partition::regclass) from event_partitions()"
        " order by until limit 1"
    )
    start = time.monotonic()
    (line,) = event_archive.archive(world.url, until.date(), folder)
    seconds = time.monotonic() - start
    return f"archived {bytes_ / 1e6:,.0f} MB in {seconds:.1f} s: {line.removeprefix(str(folder))}"


def switched(world: World) -> str:
    """How long it took to put a table by month, and the longest request meanwhile."""
    longest = 0.0
    stopped = threading.Event()

    def ask() -> None:
        nonlocal longest
        with psycopg.connect(world.url, autocommit=True, options="-c search_path=scorer") as session:
            own = World(world.url, world.service_url, session, world.issuer)
            score(own, SCORED)
            while not stopped.is_set():
                longest = max(longest, score(own, SCORED))

    asking = threading.Thread(target=ask)
    asking.start()
    start = time.monotonic()
    said = events_by_month.partition(world.url)
    seconds = time.monotonic() - start
    stopped.set()
    asking.join()
    return f"put by month in {seconds:.1f} s: {said} The longest request took {longest * 1000:.0f} ms."


if __name__ == "__main__":
    main()
