"""Whether the memory of the service stays flat: python -m bench.endurance [--requests N]

Asks N times (100,000) for scores, of unchanged wallets and now and then of ones never scored before, and
prints the memory of the service's process as it goes. Ends with 1 where that reaches 100 MB, or where the
last tenth needs a tenth more than the second.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import psutil

from bench.cases import Wallets
from bench.clients import ask
from bench.database import database
from bench.issuers import issuers
from bench.report import line, title
from harness.service import running

CLIENTS = 8
PARTS = 10
# Once in so many rounds everything that is known of the wallets is forgotten.
FORGET = 20
LIMIT = 100e6
GROWTH = 1.1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.endurance", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--wallets", type=int, default=64, help="of a kind, at most")
    arguments = parser.parse_args()
    requests = arguments.requests
    typed, legacy = issuers()
    with database(typed) as (world, _), tempfile.TemporaryDirectory() as folder:
        wallets = Wallets(world, legacy, arguments.wallets)
        addresses = [*wallets.filled(20), *wallets.filled(20, wallets.legacy), *wallets.filled(100)]
        paths = [world.path(address) for address in addresses]
        with running(
            Path(folder) / "log", world.service_url, TRUSTED_IAM_ISSUERS=json.dumps(wallets.trusted)
        ) as service:
            memory = []
            print(title("requests", "memory of the process, MB"))
            for part in range(PARTS):
                for round_ in range(requests // PARTS // len(paths)):
                    if round_ % FORGET == 0:
                        wallets.forgotten(addresses)
                    ask(f"http://127.0.0.1:{service.port}", world.key, paths, CLIENTS)
                workers = psutil.Process(service.pid).children()
                memory.append(max(worker.memory_info().rss for worker in workers))
                asked = (part + 1) * requests // PARTS
                print(line(f"{asked:,}", f"{memory[-1] / 1e6:.1f}"), flush=True)
    return 1 if max(memory) >= LIMIT or memory[-1] > memory[1] * GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
