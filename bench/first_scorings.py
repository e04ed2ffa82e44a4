"""How fast first scorings are, before and after: python -m bench.first_scorings BEFORE [--rounds N]

BEFORE is a checkout of another commit. It and this one stand side by side, each with a database, a service of
a process a core, and 64 wallets of 20 credentials that nobody has checked yet, and are asked in turn, by one
client and by eight. Prints medians over HTTP, requests a second, and the processor time of a request.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
CLIENTS = (1, 8)
# What a side runs, which uses nothing of its checkout but what both have.
SIDE = [sys.executable, __file__, "--side"]
Round = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.first_scorings", description=__doc__)
    parser.add_argument("before", type=Path, metavar="BEFORE")
    parser.add_argument("--rounds", type=int, default=20, help="of each side and number of clients")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        sides = {"before": Side(stack, arguments.before.resolve()), "after": Side(stack, HERE)}
        for number in range(arguments.rounds + 1):
            for clients in CLIENTS:
                for side in list(sides.values())[:: 1 if number % 2 else -1]:
                    taken = side.ask(clients)
                    # The first round warms up.
                    if number:
                        side.rounds[clients].append(taken)
    print("| side | clients | median ms | requests/s | processor ms: service | PostgreSQL |")
    print("| --- | --- | --- | --- | --- | --- |")
    for clients in CLIENTS:
        for name, side in sides.items():
            print(f"| {name} | {clients} | {' | '.join(side.columns(clients))} |")
    return 0


class Side:
    """A checkout's database and service, in a process that asks for its wallets when it is told to."""

    def __init__(self, stack: ExitStack, checkout: Path) -> None:
        self.rounds: dict[int, list[Round]] = {clients: [] for clients in CLIENTS}
        environment = os.environ | {"PYTHONPATH": str(checkout)}
        self._process = stack.enter_context(
            subprocess.Popen(
                SIDE,
                cwd=checkout,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def ask(self, clients: int) -> Round:
        """Has so many clients ask for all wallets, once each."""
        assert self._process.stdin
        assert self._process.stdout
        print(clients, file=self._process.stdin, flush=True)
        answer: Round = json.loads(self._process.stdout.readline())
        return answer

    def columns(self, clients: int) -> list[str]:
        rounds = self.rounds[clients]
        seconds = [second for taken in rounds for second in taken["requests"]]
        return [
            f"{statistics.median(seconds) * 1000:.2f}",
            f"{len(seconds) / sum(taken['together'] for taken in rounds):.1f}",
            *(f"{statistics.median(taken[name] for taken in rounds):.2f}" for name in ("service", "server")),
        ]


def serve_side() -> int:
    """Takes numbers of clients, one a line, until there are no more; gives of each round, as JSON, the
    seconds that requests took, each and together, and the milliseconds of the processor of one."""
    import psutil

    from bench.cases import Wallets
    from bench.clients import ask
    from bench.database import database
    from bench.issuers import issuers
    from harness.service import running

    def used(processes: list[psutil.Process]) -> float:
        threads = [path for one in processes for path in Path(f"/proc/{one.pid}/task").glob("*/schedstat")]
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6

    typed, legacy = issuers()
    with database(typed) as (world, server), tempfile.TemporaryDirectory() as folder:
        assert server
        wallets = Wallets(world, legacy)
        addresses = wallets.filled(20)
        paths = [world.path(address) for address in addresses]
        settings = {
            "WEB_CONCURRENCY": str(os.cpu_count()),
            "TRUSTED_IAM_ISSUERS": json.dumps(wallets.trusted),
        }
        with running(Path(folder) / "log", world.service_url, **settings) as service:
            workers = psutil.Process(service.pid).children()
            for clients in map(int, sys.stdin):
                wallets.forgotten(addresses)
                world.execute("checkpoint")
                backends = server.children()
                before = used(workers), used(backends)
                timed = ask(f"http://127.0.0.1:{service.port}", world.key, paths, clients)
                taken = {
                    "requests": timed.requests,
                    "together": timed.together,
                    "service": (used(workers) - before[0]) / len(paths),
                    "server": (used(backends) - before[1]) / len(paths),
                }
                print(json.dumps(taken), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(serve_side() if sys.argv[1:] == ["--side"] else main())
