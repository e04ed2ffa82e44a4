"""What a change costs a warm request: python -m bench.paired FOLDER [--rounds N]

FOLDER is a checkout of the commit before. Its service, this one's and this one's with its metrics served
stand side by side on one database, a process each, and are asked in turn for unchanged wallets with 20
stamps, a batch of requests each time. Prints the median time over HTTP, and the processor time of a request.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.cases import Wallets
from bench.database import database
from bench.issuers import issuers
from bench.report import line, title
from db.migrate import ROOT
from deploy.serve import COMMAND
from harness.service import free_port, wait_for, wait_for_workers

BATCH = 20


@dataclass
class Side:
    """A service, and what its requests took."""

    name: str
    worker: psutil.Process
    connection: http.client.HTTPConnection
    seconds: list[float] = field(default_factory=list)
    processor: float = 0

    def ask(self, paths: list[str], key: str) -> None:
        """Asks for so many wallets, one after the other."""
        before = self.used()
        for path in paths:
            start = time.perf_counter()
            self.connection.request("GET", path, headers={"X-API-Key": key})
            response = self.connection.getresponse()
            response.read()
            self.seconds.append(time.perf_counter() - start)
            assert response.status == 200
        self.processor += self.used() - before

    def used(self) -> float:
        """Seconds of the processor so far, to the nanosecond."""
        threads = Path(f"/proc/{self.worker.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.paired", description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("--rounds", type=int, default=300)
    arguments = parser.parse_args()
    typed, legacy = issuers()
    with database(typed) as (world, _), ExitStack() as stack:
        wallets = Wallets(world, legacy, 8)
        paths = [world.path(address) for address in wallets.filled(20)] * BATCH
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        given = {"DATABASE_URL": world.service_url, "TRUSTED_IAM_ISSUERS": json.dumps(wallets.trusted)}
        sides = [
            served(stack, "before", arguments.before, folder, given),
            served(stack, "this", ROOT, folder, given),
            served(stack, "this, with metrics", ROOT, folder, given | {"METRICS_PORT": str(free_port())}),
        ]
        for round_ in range(arguments.rounds + 5):
            if round_ == 5:
                for side in sides:
                    side.seconds, side.processor = [], 0
            for turn in range(len(sides)):
                sides[(round_ + turn) % len(sides)].ask(paths[:BATCH], world.key)
    print(title("service", "median ms", "more, %", "processor ms", "more, µs"))
    for side in sides:
        median, processor = (statistics.median(side.seconds), side.processor / len(side.seconds))
        more = statistics.median(side.seconds) / statistics.median(sides[0].seconds) - 1
        extra = processor - sides[0].processor / len(sides[0].seconds)
        print(
            line(
                side.name,
                f"{median * 1000:.3f}",
                f"{more * 100:.1f}",
                f"{processor * 1000:.3f}",
                f"{extra * 1e6:.0f}",
            )
        )
    return 0


def served(stack: ExitStack, name: str, checkout: Path, folder: Path, given: dict[str, str]) -> Side:
    """Starts the service of a checkout, until the stack is left."""
    port = free_port()
    with (folder / f"{name}.log").open("w") as output:
        process = subprocess.Popen(
            COMMAND,
            cwd=checkout,
            env=os.environ | given | {"PORT": str(port), "WEB_CONCURRENCY": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    wait_for(port, process)
    wait_for_workers(process, 1)
    (worker,) = psutil.Process(process.pid).children()
    return Side(name, worker, http.client.HTTPConnection("127.0.0.1", port))


if __name__ == "__main__":
    sys.exit(main())
