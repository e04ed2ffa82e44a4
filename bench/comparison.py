"""How long a comparison takes, and how much memory: python -m bench.comparison [WALLETS]

Fills a database with wallets that meet every rule, compares two services on two copies of it, then the
service with a dry run on its database, each in a process of its own; prints a table of Markdown. Of more than
10,000 wallets the others hold no stamps: signing takes longer than comparing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from bench import report
from db.migrate import ROOT
from harness.crowd import gather
from harness.server import create_database, folder_of_data, name_of, service_url_of
from harness.service import running
from harness.world import fresh
from local import postgres
from local.issuer import Issuer

SIGNED = 10_000
# Wallets that are made at a time.
BATCH = 1000
# Seconds between two looks at the memory of the process that compares.
LOOK_SECONDS = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.comparison", description=__doc__)
    parser.add_argument("wallets", nargs="?", type=int, default=SIGNED)
    parser.add_argument(
        "--rate", default="100000", help="requests a second at most; default as fast as it goes"
    )
    options = parser.parse_args()
    legacy = Issuer.ed25519()
    settings = {"fsync": "off", "max_wal_size": "4GB"}
    with folder_of_data() as data, postgres.server(Path(data) / "data", settings) as server:
        with fresh(server, Issuer.ethereum(), "compared") as world:
            addresses: list[str] = []
            trusted: frozenset[str] = frozenset()
            for start in range(0, min(options.wallets, SIGNED), BATCH):
                count = min(BATCH, options.wallets - start)
                crowd = gather(world, count, legacy, start)
                addresses += crowd.addresses
                trusted = crowd.trusted
            addresses += [f"0x{0xC1 << 152 | n:040x}" for n in range(options.wallets - len(addresses))]
            world.execute("analyze")
        copy = create_database(server, name_of(world.url), "copy")
        environment = {"TRUSTED_IAM_ISSUERS": json.dumps(sorted(trusted)), "PRIMARY_API_KEY": world.key}
        with tempfile.TemporaryDirectory() as folder:
            listed = Path(folder) / "wallets"
            listed.write_text("".join(f"1,{address}\n" for address in addresses))
            logs = [Path(folder) / name for name in ("primary.log", "candidate.log")]
            untouched = create_database(server, name_of(world.url), "untouched")
            with (
                running(logs[0], service_url_of(world.url), **environment) as primary,
                running(logs[1], service_url_of(copy), **environment) as candidate,
            ):
                services = [f"http://127.0.0.1:{service.port}" for service in (primary, candidate)]
                over_http = timed(services, listed, environment, options.rate)
            with running(logs[0], service_url_of(untouched), **environment) as primary:
                environment["DATABASE_URL"] = service_url_of(untouched)
                sides = [f"http://127.0.0.1:{primary.port}", "dry-run"]
                dry_run = timed(sides, listed, environment, options.rate)
    print(report.title(*over_http))
    print(report.line(*("HTTP" if not n else str(v) for n, v in enumerate(over_http.values()))))
    print(report.line(*("dry run" if not n else str(v) for n, v in enumerate(dry_run.values()))))


def timed(sides: list[str], listed: Path, environment: dict[str, str], rate: str) -> dict[str, Any]:
    """Compares in a process of its own; what it came to."""
    out = listed.parent / "out"
    command = [
        *(sys.executable, "-m", "compare", "--primary", sides[0], "--candidate", sides[1]),
        *("--rate", rate, "--out", str(out), str(listed)),
    ]
    start = time.monotonic()
    memory = []
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | environment) as process:
        while process.poll() is None:
            try:
                if size := psutil.Process(process.pid).memory_info().rss / 2**20:
                    memory.append(size)
            except psutil.NoSuchProcess:
                break
            time.sleep(LOOK_SECONDS)
    seconds = time.monotonic() - start
    found = json.loads((out / "report.json").read_text())
    verdict, times = found["verdict"], found["times"]["sent"]
    return {
        "candidate": sides[1],
        **{name: verdict[name] for name in ("asked", "equal", "unexplained", "errors", "not_had", "flips")},
        "causes": ", ".join(c["cause"] for c in found["causes"]) or "none",
        "seconds": f"{seconds:,.0f}",
        "MB after a tenth": f"{memory[len(memory) // 10]:,.0f}",
        "MB at the end": f"{memory[-1]:,.0f}",
        "MB at most": f"{max(memory):,.0f}",
        "p50 ms": f"{times['p50']['primary']:.1f} / {times['p50']['candidate']:.1f}",
        "p99 ms": f"{times['p99']['primary']:.1f} / {times['p99']['candidate']:.1f}",
    }


if __name__ == "__main__":
    main()
