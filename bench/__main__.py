"""How fast the service is: python -m bench [--database URL] [--url URL]

Starts a database and the service, fills wallets with freshly signed credentials, asks for their scores in
several cases with 1, 8 and 32 clients, and prints a table, which it writes to .bench/ too, as JSON beside a
chart.

--database does the same in that database, as a superuser, and leaves it filled. --url asks another
implementation of the endpoint, which works on the same database and trusts the issuers that --issuers prints.
"""

import argparse
import dataclasses
import json
import math
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import psycopg

from bench import cold_start
from bench.cases import Case, Wallets, cases
from bench.chart import draw
from bench.clients import ask
from bench.cost import cost, floors
from bench.database import database
from bench.issuers import RESULTS, issuers
from bench.report import Row, printed
from harness.service import running
from harness.world import World

CLIENTS = (1, 8, 32)
# The processor time of a request is read while so many clients ask.
BUSY = 8


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--database", metavar="URL", help="the database to fill and to ask")
    parser.add_argument("--url", help="the service to ask")
    parser.add_argument("--issuers", action="store_true", help="print the DIDs to trust, and no more")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="FOLDER", help="where results are kept")
    parser.add_argument(
        "--requests", type=int, default=512, help="of each case and number of clients, at least"
    )
    parser.add_argument("--wallets", type=int, default=64, help="in a case, at most")
    parser.add_argument("--cold-starts", type=int, default=cold_start.RUNS, help="to take the median of")
    parser.add_argument("--only", default="", metavar="TEXT", help="the cases whose name has the text")
    arguments = parser.parse_args()
    typed, legacy = issuers(arguments.out)
    if arguments.issuers:
        print(json.dumps([typed.did, legacy.did]))
        return 0
    with ExitStack() as stack:
        world, server = stack.enter_context(database(typed, arguments.database))
        wallets = Wallets(world, legacy, arguments.wallets)
        settings = {"TRUSTED_IAM_ISSUERS": json.dumps(wallets.trusted)}
        url, workers = arguments.url, []
        if not url:
            service = stack.enter_context(
                running(
                    Path(stack.enter_context(tempfile.TemporaryDirectory())) / "log",
                    world.service_url,
                    WEB_CONCURRENCY=str(os.cpu_count()),
                    **settings,
                )
            )
            url, workers = f"http://127.0.0.1:{service.port}", psutil.Process(service.pid).children()
        rows = [
            row
            for case in cases(wallets)
            if arguments.only in case.name
            for row in measured(world, wallets.trusted, case, arguments.requests, url, workers, server)
        ]
        result: dict[str, Any] = {
            "machine": f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB",
            "postgresql": world.connection.info.server_version,
            "rows": [dataclasses.asdict(row) for row in rows],
        }
        if workers:
            result["largest_process_mb"] = max(worker.memory_info().rss for worker in workers) / 1e6
            cold = settings | {"DATABASE_URL": world.service_url}
            result["cold_start"] = dataclasses.asdict(
                cold_start.measured(cold, world.path(wallets.usual[0]), world.key, arguments.cold_starts)
            )
    (arguments.out / "result.json").write_text(json.dumps(result, indent=2))
    draw(rows, arguments.out / "result.svg")
    print(printed(result, rows))
    return 0


def measured(
    world: World,
    trusted: list[str],
    case: Case,
    requests: int,
    url: str,
    workers: list[psutil.Process],
    server: psutil.Process | None,
) -> Iterator[Row]:
    """A row for each number of clients; with the first one what a request costs in the database."""
    print(f"{case.name}, {case.stamps} stamps ...", file=sys.stderr)
    rounds = math.ceil(requests / len(case.wallets))
    paths = [world.path(address) for address in case.wallets]
    # What a case finds is what requests over HTTP leave.
    case.change()
    ask(url, world.key, paths, 1)
    costs: dict[str, Any] = {}
    if workers:
        costs = dataclasses.asdict(cost(world, trusted, case, math.ceil(rounds / 2)))
    for clients in CLIENTS:
        seconds: list[float] = []
        together = python = postgres_ = 0.0
        ((last,),) = world.execute("select max(id) from registry_event")
        for _ in range(rounds):
            case.change()
            backends = server.children() if server else []
            before = cpu_seconds(workers), cpu_seconds(backends)
            timed = ask(url, world.key, paths, clients)
            seconds += timed.requests
            together += timed.together
            python += cpu_seconds(workers) - before[0]
            postgres_ += cpu_seconds(backends) - before[1]
        if "floor" not in costs:
            with psycopg.connect(world.url, autocommit=True, prepare_threshold=None) as bare:
                costs["floor"] = statistics.median(floors(world, bare, last)) * 1000
        cuts = statistics.quantiles(seconds, n=100)
        yield Row(
            case=case.name,
            stamps=case.stamps,
            clients=clients,
            median=statistics.median(seconds) * 1000,
            p95=cuts[94] * 1000,
            p99=cuts[98] * 1000,
            per_second=len(seconds) / together,
            cpu_python=python * 1000 / len(seconds) if workers and clients == BUSY else None,
            cpu_postgres=postgres_ * 1000 / len(seconds) if server and clients == BUSY else None,
            floor=costs["floor"],
            **({name: value for name, value in costs.items() if name != "floor"} if clients == 1 else {}),
        )


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """Of all processes, so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


if __name__ == "__main__":
    sys.exit(main())
