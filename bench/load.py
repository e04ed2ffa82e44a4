"""A load test at times that are fixed beforehand: make load, python -m bench.load

Starts a database and the service, fills wallets with freshly signed credentials of 20 stamps, and asks for
them at the rates of bench/load.json, whatever the service does meanwhile. Prints a row a stage, writes the
same to .bench/load-result.json beside a picture, load.svg, and ends with 1 where a stage misses a threshold.

--url asks a service that runs, with the key of API_KEY, for the wallets of a file. bench/load.k6.js is the
same test for k6.
"""

import argparse
import asyncio
import dataclasses
import gc
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.arrivals import Profile, planned, read
from bench.cases import Wallets
from bench.database import database
from bench.issuers import RESULTS, issuers
from bench.load_chart import draw
from bench.load_report import Spent, late, missed, needed, printed, rows
from bench.open_loop import LEAD_SECONDS, Answer, ask
from compare import wallets
from compare.errors import CannotRun
from db.migrate import ROOT
from harness.service import running

# Requests a second that the cores are computed for.
AIM = 1000


@dataclass(frozen=True)
class Target:
    """Whom to ask, for what, and what that has cost so far, where it is known."""

    url: str
    key: str
    paths: list[str]
    spent: Callable[[], Spent] | None = None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--url", help="the service to ask, with the key of API_KEY, for --wallets")
    parser.add_argument("--wallets", metavar="FILE", help="a line a wallet: scorer_id,address")
    parser.add_argument("--filled", type=int, default=128, help="wallets of the service of its own")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="of the service of its own")
    parser.add_argument("--rate", type=float, help="requests a second at the height, instead of the file's")
    parser.add_argument("--load", type=Path, default=ROOT / "bench/load.json", metavar="FILE", help="stages")
    parser.add_argument("--poisson", type=int, metavar="SEED", help="send at random instead of evenly")
    parser.add_argument("--connections", type=int, default=1000, help="to the service, at most")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="FOLDER", help="where results are kept")
    arguments = parser.parse_args()
    if bool(arguments.url) != bool(arguments.wallets):
        parser.error("--url and --wallets go together")
    profile = read(arguments.load, arguments.rate)
    with ExitStack() as stack:
        if arguments.url:
            target = given(arguments.url, arguments.wallets)
        else:
            target = stack.enter_context(own(arguments.filled, arguments.processes))
        times = planned(profile, arguments.poisson)
        # Nothing that is alive now is garbage, and a pause to look for some would be the service's.
        gc.freeze()
        answers, spent = asyncio.run(measured(profile, target, times, arguments.connections))
    stages = rows(profile, answers, spent)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "load-result.json").write_text(
        json.dumps([dataclasses.asdict(row) for row in stages], indent=2)
    )
    draw(profile, answers, arguments.out / "load.svg")
    print(printed(stages))
    lines = missed(profile, stages)
    kept = [row for row in stages if row.service and not missed(profile, [row])]
    if kept:
        print(f"\n{needed(AIM, max(kept, key=lambda row: row.asked))}")
    for told in late(profile, stages) + lines:
        print(told, file=sys.stderr)
    return 1 if lines else 0


def given(url: str, file: str) -> Target:
    """A service that runs; raises SystemExit with a line where it cannot be asked."""
    key = os.environ.get("API_KEY", "")
    if not key:
        raise SystemExit("API_KEY is not set: the key to ask with.")
    try:
        paths = [wallet.path for wallet in wallets.read(file)]
    except CannotRun as error:
        raise SystemExit(str(error)) from None
    if not paths:
        raise SystemExit(f"{file} names no wallet.")
    return Target(url, key, paths)


@contextmanager
def own(count: int, processes: int) -> Iterator[Target]:
    """A service of our own, on a database with so many wallets of 20 stamps that nobody has asked for yet."""
    typed, legacy = issuers()
    with database(typed) as (world, server), tempfile.TemporaryDirectory() as folder:
        filling = Wallets(world, legacy)
        addresses: list[str] = []
        while len(addresses) < count:
            addresses += filling.filled(20)
        with running(
            Path(folder) / "log",
            world.service_url,
            WEB_CONCURRENCY=str(processes),
            TRUSTED_IAM_ISSUERS=json.dumps(filling.trusted),
        ) as service:
            assert server
            parents = psutil.Process(service.pid), server
            yield Target(
                f"http://127.0.0.1:{service.port}",
                world.key,
                [world.path(address) for address in addresses[:count]],
                lambda: Spent(*(children_seconds(parent) for parent in parents)),
            )


def children_seconds(parent: psutil.Process) -> float:
    """Processor seconds of the processes below one, so far."""
    return sum(sum(child.cpu_times()[:2]) for child in parent.children())


async def measured(
    profile: Profile, target: Target, times: Sequence[float], connections: int
) -> tuple[list[Answer], list[Spent]]:
    """Asks, and gives what had been spent at the start and at the end of each stage besides."""

    async def watched() -> list[Spent]:
        spent = []
        if target.spent:
            begin = asyncio.get_running_loop().time() + LEAD_SECONDS
            for end in (0.0, *profile.ends):
                await asyncio.sleep(begin + end - asyncio.get_running_loop().time())
                spent.append(target.spent())
        return spent

    spent, answers = await asyncio.gather(
        watched(), ask(target.url, target.key, target.paths, times, connections)
    )
    return answers, spent


if __name__ == "__main__":
    sys.exit(main())
