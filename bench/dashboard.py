"""The template's dashboard as a picture, docs/dashboard.svg: make dashboard, python -m bench.dashboard

Asks the service for wallets of all kinds, from four threads and on a database of its own, while locks are
held and, later, wallets come whose stamps do not count. What it logs, as on Lambda, is drawn as CloudWatch
would draw it.
"""

import argparse
import io
import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from api import json_lines
from api.app import create_app
from bench.dashboard_chart import draw
from bench.database import database
from bench.issuers import issuers
from db.migrate import ROOT
from harness.crowd import KINDS, gather
from harness.server import connect
from harness.world import World

CLIENTS = 4
PAUSE_SECONDS = 0.02
WALLETS = 640
# Whose stamps do not count, as in a wave of them: kinds of harness/crowd.py.
WAVE = {"clash", "partial clash", "expired", "untrusted", "tampered"}
# When locks are held and when the wave comes, as shares of the run.
LOCKED, FREE, BEGINS, ENDS = 0.3, 0.36, 0.6, 0.8
POINTS = 60
# Of communities: the first is scored, the second has a weight that is no number, the third is not there.
SCORED, MISCONFIGURED, UNKNOWN = 1, 2, 999


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.dashboard", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="how long to ask")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/dashboard.svg", metavar="FILE")
    arguments = parser.parse_args()
    typed, legacy = issuers()
    with database(typed) as (world, _):
        crowd = gather(world, WALLETS, legacy)
        world.unguard_weights()
        world.add_community(MISCONFIGURED, '{"Github": "none"}')
        world.execute("alter function answer_request set lock_timeout = '300ms'")
        lines = asked(world, crowd.addresses, crowd.trusted, arguments.seconds)
    draw(lines, arguments.seconds / POINTS, arguments.out)
    print(f"{len(lines):,} requests, drawn in {arguments.out}.")
    return 0


def asked(
    world: World, addresses: list[str], trusted: frozenset[str], seconds: float
) -> list[dict[str, Any]]:
    """The lines of the log."""
    log = io.StringIO()
    json_lines.write_to(log)
    app = create_app(world.settings(trusted_issuers=trusted), service="passport-scorer")
    begin = time.monotonic()

    def passed() -> float:
        return (time.monotonic() - begin) / seconds

    def ask(number: int) -> None:
        client = app.test_client()
        for community, wallet, key in asking(world, addresses, passed, number):
            client.get(world.path(wallet, community), headers={"X-API-Key": key})
            time.sleep(PAUSE_SECONDS)

    threads = [threading.Thread(target=ask, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(LOCKED * seconds)
    with closing(connect(world.url)) as session, session.transaction():
        session.execute("select from registry_passport for update")
        # For so long, and until somebody was told to come again.
        while passed() < FREE or (passed() < 1 and '"status":503' not in log.getvalue()):
            time.sleep(0.1)
    for thread in threads:
        thread.join()
    return [json.loads(line) for line in log.getvalue().splitlines()]


def asking(
    world: World, addresses: list[str], passed: Callable[[], float], number: int
) -> Iterator[tuple[int, str, str]]:
    """Community, wallet and key of each request of a thread, until the run is over."""
    chance = random.Random(number)
    kinds = dict(zip(addresses, itertools.cycle(KINDS), strict=False))
    wave = [wallet for wallet in addresses if kinds[wallet] in WAVE]
    others = [wallet for wallet in addresses if kinds[wallet] not in WAVE]
    yield MISCONFIGURED, addresses[0], world.key
    while passed() < 1:
        wallets = wave if BEGINS < passed() < ENDS and chance.random() < 0.6 else others
        community = chance.choices([SCORED, UNKNOWN, MISCONFIGURED], [100, 2, 1])[0]
        yield community, chance.choice(wallets), world.key if chance.random() < 0.97 else "none.such"


if __name__ == "__main__":
    raise SystemExit(main())
