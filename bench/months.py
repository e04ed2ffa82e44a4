"""What 24 months of events cost in one table and in a table a month: python -m bench.months [--events N]

Fills a database with N events (1,200,000) of 20 stamps each over 24 months, in a table a month, beside one
with none. Asks each in turn for a request that changes nothing and for the history of a wallet, and prints
medians of the processor time that the server takes, which depends least on what else the machine does. Then
archives the oldest month. After that the same with the events in one table, which is put by month and back
while requests run. Takes 0.8 kB of disk an event, and 8 GB. The server has no checksums of its pages: with
them, all would be written once more, to the log.
"""

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

import psycopg

from db import events_by_month
from harness.command import Command
from harness.server import OwnServer, connect, programs_of
from harness.world import World, fresh
from local import postgres
from local.issuer import Issuer

MONTHS = 24
WALLETS = 100_000
# Wallets that are scored, besides.
SCORED = 50
# Months that are filled at the same time.
FILLERS = 2
SETTINGS = {
    "fsync": "on",
    "autovacuum": "off",
    "shared_buffers": "2GB",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "1GB",
    # What a transaction puts into tables that it has made goes to them alone.
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
SCORE = "select scorer.score_passport(%s, 1, %s)"
# A month's start, and the wallet and the time of its nth event.
START = "date_trunc('month', now(), 'UTC') - make_interval(months => {back})"
WALLET = f"'0x' || md5((n % {WALLETS})::text) || lpad(to_hex(n % {WALLETS}), 8, '0')"
AT = "{start} + n * interval '27 days' / {count}"
# The event of a score, as it is stored, which is compressed.
KEEP = """
create table scorer.scored as
select data from scorer.registry_event where action = 'SCORE_UPDATE';
grant select on scorer.scored to scorer_owner;
"""
FILL = f"""
insert into scorer.{{table}} (id, action, address, data, community_id, created_at)
select {{first}} + n, 'SCORE_UPDATE', {WALLET}, s.data, 1, {AT}
from generate_series(1, {{count}}) as n, scorer.scored as s
"""
# In the end as ensure_event_partitions makes it, but with its indexes filled at once.
MAKE_MONTH = "create table scorer.{table} (like scorer.registry_event including defaults)"
INDEX_MONTH = """
alter table scorer.{table} add primary key (id, created_at);
create index on scorer.{table} (action, address, community_id, created_at);
alter table scorer.registry_event attach partition scorer.{table} for values from ({since}) to ({until});
"""
EMPTY_TABLE = """
alter table scorer.registry_event drop constraint registry_event_pkey;
drop index scorer.registry_event_history;
truncate scorer.registry_event;
"""
INDEX_TABLE = """
alter table scorer.registry_event add primary key (id);
create index registry_event_history on scorer.registry_event (action, address, community_id, created_at);
"""
# Of a month's table, but for its name.
SHAPE = """
select replace(pg_get_indexdef(i.indexrelid), c.relname, '') as definition
from pg_class as c
inner join pg_index as i on i.indrelid = c.oid
where c.relname = %s
union all
select concat_ws(' ', a.attname, a.atttypid::regtype, a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
from pg_class as c
inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relname = %s
order by 1
"""
LOCK = "begin; lock table scorer.registry_event in access share mode; commit"
HISTORY = """
select data from scorer.score_update
where address = $1 and community_id = 1 and created_at <= $2
order by created_at desc
limit 1
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.months", description=__doc__)
    parser.add_argument("--events", type=int, default=1_200_000)
    parser.add_argument("--stamps", type=int, default=20, help="of the score that an event is of")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--only", choices=("by_month", "one_table"))
    parser.add_argument(
        "--switches", type=int, default=1, help="how often the table is put by month and back"
    )
    parser.add_argument("--postgres", type=int, default=postgres.EMBEDDED_VERSION)
    arguments = parser.parse_args()
    for name in ("by_month", "one_table"):
        if name == arguments.only or not arguments.only:
            for line in costs(name, arguments):
                print(f"{datetime.now(UTC):%H:%M:%S} {line}", flush=True)


def costs(name: str, arguments: argparse.Namespace) -> Iterator[str]:
    """What events cost in a table a month, or in one."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="months-", ignore_cleanup_errors=True))
        )
        programs = programs_of(arguments.postgres)
        server = stack.enter_context(OwnServer(folder / "data", programs, arguments.postgres, **SETTINGS))
        without_checksums(server)
        issuer = Issuer.ethereum()
        stamps = documents(arguments.stamps)
        worlds = {each: stack.enter_context(fresh(server.url, issuer, each)) for each in ("empty", name)}
        for world in worlds.values():
            score(world, stamps, 0)
        world = worlds[name]
        start = time.monotonic()
        if name == "by_month":
            fill_months(world, arguments.events // MONTHS)
        else:
            events_by_month.undo(world.url)
            fill_table(world, arguments.events // MONTHS)
        seconds = time.monotonic() - start
        yield f"{name}, PostgreSQL {arguments.postgres}: filled in {seconds:.0f} s, {size(world)}"
        world.execute("alter system set wal_level = 'replica'")
        server.stop()
        server.start()
        for each in worlds.values():
            each.connection = stack.enter_context(connect(each.url))
        yield from measured(worlds, stamps, arguments.events // MONTHS, arguments.rounds)
        if name == "by_month":
            yield archived(world, folder)
        else:
            for _ in range(arguments.switches):
                yield from switched(world, stamps)


def documents(count: int) -> str:
    """So many stamps, of which {} is the wallet's number."""
    return json.dumps(
        [
            {
                "provider": f"Provider{n}",
                "credential": {"n": n, "filler": "x" * 1500},
                "nullifiers": [f"v1:{n}.WALLET"],
                "expires_at": "2090-01-01T00:00:00Z",
            }
            for n in range(count)
        ]
    )


def without_checksums(server: OwnServer) -> None:
    server.stop()
    other_user = {"user": server.data.stat().st_uid} if os.getuid() == 0 else {}
    subprocess.run(
        [server.programs / "pg_checksums", "--disable", "-D", server.data],
        check=False,
        capture_output=True,
        **other_user,  # type: ignore[call-overload]
    )
    server.start()


def fill_months(world: World, count: int) -> None:
    """So many events in each of the months before this one."""
    world.execute(KEEP)
    for (table,) in world.execute("select partition from event_partitions()"):
        world.execute(f"drop table scorer.{table}")
    backs = range(MONTHS, 0, -1)
    # The first month of all takes what is older.
    fill_month(world.url, MONTHS, count)
    with ThreadPoolExecutor(FILLERS) as executor:
        list(executor.map(fill_month, repeat(world.url), backs[1:], repeat(count)))
    world.execute("select setval('scorer.registry_event_ids', %s)", (MONTHS + 1) * count + 1)
    world.execute("select ensure_event_partitions(3)")
    shapes = {
        tuple(world.execute(SHAPE, table, table))
        for (table,) in world.execute("select partition from event_partitions()")
    }
    assert len(shapes) == 1, shapes
    world.execute("analyze registry_event")


def fill_month(url: str, back: int, count: int) -> None:
    with connect(url) as session:
        session.execute("set role scorer_owner")
        session.execute("set timezone = 'UTC'")
        ((start, end),) = session.execute(
            f"select {START.format(back=back)}, {START.format(back=back - 1)}".encode()
        ).fetchall()
        names = {
            "table": f"registry_event_{start:%Y_%m}",
            "since": "minvalue" if back == MONTHS else quoted(start),
            "until": quoted(end),
        }
        with session.transaction():
            session.execute(MAKE_MONTH.format(**names).encode())
            insert(session, names["table"], back, count)
        with session.transaction():
            session.execute(INDEX_MONTH.format(**names).encode())


def insert(session: psycopg.Connection, table: str, back: int, count: int) -> None:
    first = (MONTHS - back) * count + 1
    session.execute(
        FILL.format(table=table, first=first, start=START.format(back=back), count=max(count, 1)).encode()
    )


def fill_table(world: World, count: int) -> None:
    """The same in one table."""
    world.execute(KEEP)
    with connect(world.url) as session:
        session.execute("set role scorer_owner")
        with session.transaction():
            session.execute(EMPTY_TABLE)
            for back in range(MONTHS, 0, -1):
                insert(session, "registry_event", back, count)
        with session.transaction():
            session.execute(INDEX_TABLE)
    world.execute(
        "select setval(pg_get_serial_sequence('scorer.registry_event', 'id'), %s)", (MONTHS + 1) * count + 1
    )
    world.execute("analyze registry_event")


def score(world: World, stamps: str, number: int) -> None:
    """A request of a wallet whose stamps nobody else has claimed."""
    world.execute(SCORE, f"0x{'b' * 32}{number:08x}", stamps.replace("WALLET", str(number)))


def ran(world: World) -> float:
    """Seconds that the session's process has been on a processor."""
    time.sleep(0.0002)
    return int(Path(f"/proc/{world.connection.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9


def measured(worlds: dict[str, World], stamps: str, count: int, rounds: int) -> Iterator[str]:
    """Median milliseconds on the processor of each kind of call, and the plan of a history."""
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    first: list[float] = []
    filled = list(worlds)[-1]
    found = picked(worlds[filled], count, rounds)
    for world in worlds.values():
        plan_once(world)
        for number in range(SCORED):
            score(world, stamps, number)
            score(world, stamps, number)
    now = datetime.now(UTC)
    for round_, (address, at) in enumerate(found):
        asked = {
            "history, at the time of an event": history(address, at),
            "history, now": history(address, now),
            "history, of a wallet without events": history(f"0x{round_:040x}", now),
        }
        start = time.perf_counter()
        worlds[filled].execute(asked["history, at the time of an event"])
        first.append(time.perf_counter() - start)
        worlds[filled].execute(asked["history, now"])
        for name, world in sorted(worlds.items(), reverse=round_ % 2 == 0):
            start = ran(world)
            score(world, stamps, round_ % SCORED)
            taken["request, unchanged", name].append(ran(world) - start)
            for kind, call in asked.items():
                start = ran(world)
                world.execute(call)
                taken[kind, name].append(ran(world) - start)
    for (kind, name), seconds in sorted(taken.items()):
        yield f"{kind}, {name}: {statistics.median(seconds) * 1000:.3f} ms"
    yield f"history, read for the first time, elapsed, {filled}: {spread(first)}"
    for at in (now - timedelta(days=300), now):
        explain = f"explain (analyze, costs off, timing off, summary off) {history(address, at)}"
        plan = [line for (line,) in worlds[filled].execute(explain)]
        yield f"the plan of {at:%Y-%m-%d}:"
        yield from (line for line in plan if ("actual" in line and "never" not in line) or "Removed" in line)
        yield f"and {sum('never executed' in line for line in plan)} months never executed"


def picked(world: World, count: int, rounds: int) -> list[tuple[Any, ...]]:
    """Wallets and times of random events."""
    backs, numbers = zip(
        *((random.randint(1, MONTHS), random.randint(1, max(count, 1))) for _ in range(rounds)), strict=True
    )
    at = AT.format(start=START.format(back="back"), count=max(count, 1))
    return world.execute(
        f"select {WALLET.replace('%', '%%')}, {at} from unnest(%s::integer[], %s::integer[]) as p (back, n)",
        list(backs), list(numbers),
    )  # fmt: skip


def plan_once(world: World) -> None:
    """Has the session plan as the functions do, and know the history."""
    world.execute("set plan_cache_mode = force_generic_plan")
    world.execute("set enable_seqscan = off")
    world.execute(f"prepare history (varchar, timestamptz) as {HISTORY}")


def history(address: str, at: datetime) -> str:
    return f"execute history ({quoted(address)}, {quoted(at)})"


def quoted(value: Any) -> str:
    return f"'{value}'"


def spread(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds) * 1000:.1f} ms, longest {max(seconds) * 1000:.0f} ms"


def size(world: World) -> str:
    ((rows, table, indexes),) = world.execute(
        """
        select
            sum(c.reltuples)::bigint, sum(pg_table_size(c.oid))::float8, sum(pg_indexes_size(c.oid))::float8
        from pg_class as c
        where c.relkind = 'r' and c.relname ~ '^registry_event'
        """
    )
    ((event,),) = world.execute("select pg_column_size(data) from scorer.scored")
    free = shutil.disk_usage(tempfile.gettempdir()).free
    return (
        f"{rows:,} events, {table / 1e9:.2f} GB and {indexes / 1e9:.2f} GB of indexes:"
        f" {(table + indexes) / max(rows, 1):.0f} bytes each, {event} of them its data;"
        f" {free / 1e9:.0f} GB are free"
    )


def archived(world: World, folder: Path) -> str:
    """What became of the oldest month."""
    ((until, bytes_),) = world.execute(
        "select until, pg_total_relation_size(partition::regclass) from event_partitions()"
        " order by until limit 1"
    )
    start = time.monotonic()
    said = Command(world.url, "[]")("events", "archive", "--before", f"{until:%Y-%m}", "--to", str(folder))
    seconds = time.monotonic() - start
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    said = said.strip().removeprefix(str(folder))
    return f"archived {bytes_ / 1e6:,.0f} MB in {seconds:.1f} s, with {memory / 1e6:.0f} MB of memory: {said}"


def switched(world: World, stamps: str) -> Iterator[str]:
    """How long it took to put a table by month and back, the longest request and history meanwhile, and what
    the first ones of a session afterwards took, which make their plans anew."""
    with connect(world.url) as session:
        idle = World(world.url, world.service_url, session, world.issuer)
        plan_once(idle)
        calls: dict[str, Callable[[], object]] = {
            "request": lambda: score(idle, stamps, SCORED),
            "history": lambda: idle.execute(history(f"0x{0:040x}", datetime.now(UTC))),
        }
        for change in (events_by_month.partition, events_by_month.undo):
            for call in list(calls.values()) * 6:
                call()
            with asking(world, stamps) as longest:
                start = time.monotonic()
                said = change(world.url)
                seconds = time.monotonic() - start
            lock = milliseconds(longest["lock"])
            yield f"in {seconds:.1f} s: {said} Who asked for no more than the lock waited {lock} at most."
            for kind, call in calls.items():
                took = [elapsed(call) for _ in range(2)]
                yield (
                    f"{kind}: longest meanwhile {milliseconds(longest[kind])}; of a session that was idle the"
                    f" first afterwards {milliseconds(took[0])}, the second {milliseconds(took[1])}"
                )


@contextmanager
def asking(world: World, stamps: str) -> Iterator[dict[str, float]]:
    """Sessions that ask for scores, for histories, and for no more than the lock that a history takes, a
    millisecond after each answer; gives the seconds of the longest."""
    longest: dict[str, float] = defaultdict(float)
    stopped, begun = threading.Event(), threading.Barrier(4)

    def ask(kind: str, call: Callable[[World], object]) -> None:
        with connect(world.url) as session:
            own = World(world.url, world.service_url, session, world.issuer)
            plan_once(own)
            for _ in range(6):
                call(own)
            begun.wait(60)
            while not stopped.wait(0.001):
                longest[kind] = max(longest[kind], elapsed(lambda: call(own)))

    with ThreadPoolExecutor(3) as executor:
        wallet, later = f"0x{0:040x}", datetime.now(UTC) + timedelta(days=1)
        askers = [
            executor.submit(ask, "request", lambda own: score(own, stamps, SCORED + 1)),
            executor.submit(ask, "history", lambda own: own.execute(history(wallet, later))),
            executor.submit(ask, "lock", lambda own: own.execute(LOCK)),
        ]
        begun.wait(60)
        try:
            yield longest
        finally:
            stopped.set()
    for each in askers:
        each.result()


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def elapsed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
