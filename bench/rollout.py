"""Moves the traffic of an adopted database from one service to another and back: python -m bench.rollout
[--wallets N]

Two processes of this service stand for the existing one and the candidate, nginx as deploy/nginx has it
before them. Clients ask for the wallets in turn without pause while the candidate's share goes up step by
step, and is taken back at once; then make compare asks both. Prints a row a step; ends with 1 where a client
got anything but a score, an answer differs, or what the database holds is not right.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.issuers import issuers
from bench.report import line, number, title
from db.migrate import ROOT
from harness.balancer import Balancer, balanced
from harness.invariants import lost, violations, watch
from harness.load import load
from harness.server import OwnServer
from harness.service import Service, running
from harness.world import World, fresh
from local import postgres

STEPS = (0, 1, 5, 25, 50, 100, 0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.rollout", description=__doc__)
    parser.add_argument("--wallets", type=int, default=10_000)
    parser.add_argument("--requests", type=int, help="of each step; by default one a wallet")
    parser.add_argument("--clients", type=int, default=8)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rollout-")))
        server = stack.enter_context(
            OwnServer(folder / "data", postgres.programs(), postgres.EMBEDDED_VERSION, fsync="on")
        )
        issuer, _ = issuers()
        world = stack.enter_context(fresh(server.url, issuer, "moving", adopted=True))
        wallets = filled(world, arguments.wallets)
        trusted = {"TRUSTED_IAM_ISSUERS": json.dumps([issuer.did])}
        existing, candidate = (
            stack.enter_context(running(folder / f"{name}.log", world.service_url, **trusted))
            for name in ("existing", "candidate")
        )
        balancer = stack.enter_context(balanced(existing.port, candidate.port))
        requests = arguments.requests or arguments.wallets
        print(
            title(
                "candidate's share",
                "answers",
                "of the candidate",
                "not 200",
                "p50 ms",
                "p99 ms",
                "longest ms",
            )
        )
        wrong = moved(world, balancer, wallets, requests, arguments.clients)
        wrong += compared(world, wallets, existing, candidate, folder)
    for what in wrong:
        print(what, file=sys.stderr)
    return 1 if wrong else 0


def filled(world: World, count: int) -> list[str]:
    """Wallets of which every two neighbours share a nullifier."""
    watch(world.connection)
    wallets = [f"0x{0xACE << 148 | n:040x}" for n in range(count)]
    for n, address in enumerate(wallets):
        world.put_valid(address, "Github", f"v0:own{n}")
        world.put_valid(address, "Ens", f"v0:shared{n // 2}")
    return wallets


def moved(world: World, balancer: Balancer, wallets: list[str], requests: int, clients: int) -> list[str]:
    """Goes through the steps and prints them; gives what was not as it has to be."""
    wrong = []
    with load(balancer.port, world.key, [(address, 1) for address in wallets], clients) as result:
        seen = 0
        for percent in STEPS:
            balancer.share(percent)
            result.wait_for(requests)
            answers = balancer.answered()[seen:]
            seen += len(answers)
            statuses = Counter(answer["status"] for answer in answers)
            print(row(percent, answers, statuses), flush=True)
            if set(statuses) != {200}:
                wrong.append(f"at {percent} %: {dict(statuses)}")
    if set(result.by_status()) != {200}:
        wrong.append(f"clients got {result.by_status()}")
    wrong += violations(world.connection)
    wrong += [f"lost: {answer}" for answer in lost(world.connection, result.answered())]
    return wrong


def compared(
    world: World, wallets: list[str], existing: Service, candidate: Service, folder: Path
) -> list[str]:
    """Has make compare ask both; gives what it says where they differ."""
    asked = folder / "wallets.csv"
    asked.write_text("".join(f"1,{address}\n" for address in wallets))
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "compare", str(asked), "--rate", "1000", "--out", str(folder / "report")),
            *("--primary", f"http://127.0.0.1:{existing.port}"),
            *("--candidate", f"http://127.0.0.1:{candidate.port}"),
        ],
        cwd=ROOT,
        env=os.environ | {"PRIMARY_API_KEY": world.key},
        check=False,
        capture_output=True,
        text=True,
    )
    print(f"\n{ended.stdout.strip()}")
    return [f"make compare: {ended.stderr}"] if ended.returncode else []


def row(percent: int, answers: list[dict[str, Any]], statuses: Counter[int]) -> str:
    seconds = sorted(answer["seconds"] for answer in answers)
    by_candidate = sum(answer["service"] == "candidate" for answer in answers)
    return line(
        f"{percent} %",
        f"{len(answers):,}",
        f"{by_candidate / len(answers):.1%}",
        str(len(answers) - statuses[200]),
        number(statistics.median(seconds) * 1000, 0),
        number(seconds[int(len(seconds) * 0.99)] * 1000, 0),
        number(seconds[-1] * 1000, 0),
    )


if __name__ == "__main__":
    sys.exit(main())
