"""What the log, metrics and a rate limit cost a warm request: python -m bench.paired [--before FOLDER]

Services that log no request, that log each, that have its metrics in its line as on Lambda, and that serve
metrics for Prometheus stand side by side on one database, a process each, and are asked in turn for unchanged
wallets with 20 stamps, a batch of requests each time; so is one more that logs each, with a key that has a
rate limit, and with --before one of another commit's checkout. Prints the median time over HTTP, the
processor time of a request, and what both are more than those of the service that logs each request.
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
from collections.abc import Sequence
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
# What all are compared with: what the service does where nothing is set.
USUAL = "log"
LIMITED = "limited1.secret"
# More than are asked for.
LIMIT = "1000000/1d"
# Lambda's way to send metrics, by the WSGI server.
EMBEDDED = (
    sys.executable,
    "-c",
    "from api import app, wsgi; wsgi.app = app.create_app(wsgi.settings, service='paired');"
    "from deploy import serve; serve.main()",
)


@dataclass
class Side:
    """A service, and what its requests took."""

    name: str
    worker: psutil.Process
    connection: http.client.HTTPConnection
    key: str
    seconds: list[float] = field(default_factory=list)
    processor: float = 0

    def ask(self, paths: list[str]) -> None:
        """Asks for so many wallets, one after the other."""
        before = self.used()
        for path in paths:
            start = time.perf_counter()
            self.connection.request("GET", path, headers={"X-API-Key": self.key})
            response = self.connection.getresponse()
            response.read()
            self.seconds.append(time.perf_counter() - start)
            assert response.status == 200
        self.processor += self.used() - before

    def median(self) -> float:
        """Milliseconds of a request."""
        return statistics.median(self.seconds) * 1000

    def processor_ms(self) -> float:
        """Milliseconds of the processor that a request took on average."""
        return self.processor / len(self.seconds) * 1000

    def used(self) -> float:
        """Seconds of the processor so far, to the nanosecond."""
        threads = Path(f"/proc/{self.worker.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.paired", description=__doc__)
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="a checkout of another commit")
    parser.add_argument("--rounds", type=int, default=300)
    arguments = parser.parse_args()
    typed, legacy = issuers()
    with database(typed) as (world, _), ExitStack() as stack:
        wallets = Wallets(world, legacy, 8)
        paths = [world.path(address) for address in wallets.filled(20)] * BATCH
        world.add_key(LIMITED, rate_limit=LIMIT)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        given = {"DATABASE_URL": world.service_url, "TRUSTED_IAM_ISSUERS": json.dumps(wallets.trusted)}
        sides = [
            served(stack, folder, "no line", ROOT, given | {"LOG_LEVEL": "ERROR"}, world.key),
            served(stack, folder, USUAL, ROOT, given, world.key),
            served(stack, folder, "log, metrics in its lines", ROOT, given, world.key, EMBEDDED),
            served(
                stack, folder, "log, Prometheus", ROOT, given | {"METRICS_PORT": str(free_port())}, world.key
            ),
            served(stack, folder, "log, key with a rate limit", ROOT, given, LIMITED),
        ]
        if arguments.before:
            sides.append(served(stack, folder, "before", arguments.before, given, world.key))
        for round_ in range(arguments.rounds + 5):
            if round_ == 5:
                for side in sides:
                    side.seconds, side.processor = [], 0
            for turn in range(len(sides)):
                sides[(round_ + turn) % len(sides)].ask(paths[:BATCH])
    usual = next(side for side in sides if side.name == USUAL)
    print(title("service", "median ms", "more, %", "processor ms", "more, µs"))
    for side in sides:
        print(
            line(
                side.name,
                f"{side.median():.3f}",
                f"{(side.median() / usual.median() - 1) * 100:.1f}",
                f"{side.processor_ms():.3f}",
                f"{(side.processor_ms() - usual.processor_ms()) * 1000:.0f}",
            )
        )
    return 0


def served(
    stack: ExitStack,
    folder: Path,
    name: str,
    checkout: Path,
    given: dict[str, str],
    key: str,
    command: Sequence[str] = COMMAND,
) -> Side:
    """Starts the service of a checkout, to be asked with a key, until the stack is left."""
    port = free_port()
    with (folder / f"{name}.log").open("w") as output:
        process = subprocess.Popen(
            command,
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
    return Side(name, worker, http.client.HTTPConnection("127.0.0.1", port), key)


if __name__ == "__main__":
    sys.exit(main())
