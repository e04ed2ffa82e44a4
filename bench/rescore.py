"""How fast passports are scored again, and what requests notice: python -m bench.rescore [--wallets N]

Makes N wallets (500,000) of a few stamps each, set-based, changes the weights, and has the command scorer
rescore go through them while clients ask for scores at a steady rate. Prints wallets a second, the processor
time that each takes, and how long the answers took before and during it, each from when it was due. Ends with
1 where it is slower than 500,000 in ten minutes, or the 99th percentile more than doubles.
"""

import argparse
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from api.credentials import VERIFIER
from bench.cases import WEIGHTS
from bench.clients import Client
from bench.issuers import issuers
from bench.report import line, title
from db.migrate import ROOT
from harness.server import OwnServer, operator_url_of
from harness.service import running
from harness.world import World, fresh
from local import postgres

# Of the machine of the service: 500,000 in ten minutes.
WALLETS_A_SECOND = 500_000 / 600
LIMIT = 2.0
# Seconds for which requests are timed before.
BEFORE = 30
# Connections that ask: more than requests that are under way at the rates that this is for.
CLIENTS = 8
SETTINGS = {"fsync": "on", "shared_buffers": "2GB", "max_wal_size": "8GB", "checkpoint_timeout": "15min"}
ADDRESS = "'0x' || lpad(to_hex(n), 40, '0')"
# Wallets as after their first scoring: what a request has checked, claimed, stored and answered.
FILL = [
    f"""
    insert into ceramic_cache (address, provider, stamp)
    select {ADDRESS}, 'Provider' || k, jsonb_build_object(
        'issuer', '{{issuer}}',
        'expirationDate', '2090-01-01T00:00:00Z',
        'credentialSubject', jsonb_build_object(
            'id', 'did:pkh:eip155:1:' || {ADDRESS}, 'provider', 'Provider' || k,
            'nullifiers', jsonb_build_array('v0:' || md5(n || '.' || k))
        ),
        'proof', (select string_agg(md5(n || '.' || k || '.' || i), '') from generate_series(1, 32) as i)
    )
    from generate_series(1, {{wallets}}) as n, generate_series(0, {{stamps}} - 1) as k
    """,
    """
    insert into credential_check (
        digest, verifier, issuer, subject, provider, nullifiers, expires_at, signed_at
    )
    select
        digest, '{verifier}', '{issuer}', stamp #>> '{{credentialSubject,id}}', provider,
        stamp #> '{{credentialSubject,nullifiers}}', '2090-01-01Z', '2026-01-01Z'
    from ceramic_cache
    order by digest
    """,
    f"""
    insert into registry_passport (address, community_id)
    select {ADDRESS}, 1 from generate_series(1, {{wallets}}) as n
    """,
    """
    insert into registry_stamp (passport_id, provider, credential)
    select p.id, c.provider, c.stamp
    from registry_passport as p
    inner join ceramic_cache as c on c.address = p.address
    order by p.id
    """,
    f"""
    insert into registry_hashscorerlink (hash, address, community_id, expires_at)
    select 'v0:' || md5(n || '.' || k), {ADDRESS}, 1, '2090-01-01Z'
    from generate_series(1, {{wallets}}) as n, generate_series(0, {{stamps}} - 1) as k
    order by 1
    """,
    """
    insert into registry_score (
        passport_id, score, status, last_score_timestamp, expiration_date, evidence, stamp_scores, stamps
    )
    select
        p.id, 0, 'DONE', now(), '2090-01-01Z',
        '{{"type": "ThresholdScoreCheck", "success": false, "rawScore": "0", "threshold": "2.50000"}}',
        s.scores, s.stamps
    from registry_passport as p
    cross join (
        select
            jsonb_object_agg('Provider' || k, 0) as scores,
            jsonb_object_agg('Provider' || k, jsonb_build_object(
                'score', '0.00000', 'dedup', false, 'expiration_date', '2090-01-01T00:00:00+00:00'
            )) as stamps
        from generate_series(0, {stamps} - 1) as k
    ) as s
    """,
    "vacuum analyze",
    "checkpoint",
]


@dataclass
class Live:
    """Seconds that answers took, each from when it was due."""

    taken: list[float] = field(default_factory=list)

    def mark(self) -> list[float]:
        """Those since the last mark."""
        taken, self.taken = self.taken, []
        return taken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.rescore", description=__doc__)
    parser.add_argument("--wallets", type=int, default=500_000)
    parser.add_argument("--stamps", type=int, default=5, help="of each wallet")
    parser.add_argument("--live", type=float, default=20, help="requests a second beside it")
    parser.add_argument("--before", type=float, default=BEFORE, help="seconds of requests before it")
    parser.add_argument("rest", nargs="*", help="after --, options of scorer rescore")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="rescore-", ignore_cleanup_errors=True))
        )
        server = stack.enter_context(
            OwnServer(folder / "data", postgres.programs(), postgres.EMBEDDED_VERSION, **SETTINGS)
        )
        issuer, _ = issuers()
        world = stack.enter_context(fresh(server.url, issuer, "bench"))
        fill(world, arguments.wallets, arguments.stamps)
        trusted = json.dumps([issuer.did])
        service = stack.enter_context(running(folder / "log", world.service_url, TRUSTED_IAM_ISSUERS=trusted))
        sample = random.sample(range(1, arguments.wallets + 1), min(arguments.wallets, 5000))
        paths = [world.path(f"0x{number:040x}") for number in sample]
        live = stack.enter_context(
            asking(f"http://127.0.0.1:{service.port}", world.key, paths, arguments.live)
        )
        # The first answers plan the function.
        time.sleep(min(arguments.before, 5))
        live.mark()
        time.sleep(arguments.before)
        before = live.mark()
        world.execute("update scorer_weighted_binaryweightedscorer set weights = %s", json.dumps(WEIGHTS))
        start, worked = time.monotonic(), spent(server)
        subprocess.run(
            [sys.executable, "-m", "cli", "rescore", "--scorer", "1", *arguments.rest],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": operator_url_of(world.url), "TRUSTED_IAM_ISSUERS": trusted},
            check=True,
        )
        seconds = time.monotonic() - start
        worked = [
            (now - then) / arguments.wallets * 1000 for then, now in zip(worked, spent(server), strict=True)
        ]
        during = live.mark()
        ((wrong,),) = world.execute("select count(*) from registry_score where score = 0")
    assert wrong == 0, f"{wrong} passports have the score from before"
    speed = arguments.wallets / seconds
    print(title("live", "requests", "p50 ms", "p99 ms", "wallets a second"))
    print(line("before", f"{len(before):,}", *milliseconds(before), "0"))
    print(line("during", f"{len(during):,}", *milliseconds(during), f"{speed:,.0f}"))
    ratio = percentile(during, 99) / percentile(before, 99)
    print(f"p99 during it is {ratio:.2f} times that before")
    print(f"CPU ms a wallet: {worked[0]:.2f} PostgreSQL, the live requests' too; {worked[1]:.2f} the command")
    return 1 if speed < WALLETS_A_SECOND or ratio > LIMIT else 0


def fill(world: World, wallets: int, stamps: int) -> None:
    """Makes the wallets, which weigh nothing yet."""
    start = time.monotonic()
    for statement in FILL:
        world.execute(
            statement.format(wallets=wallets, stamps=stamps, issuer=world.issuer.did, verifier=VERIFIER)
        )
    print(f"{wallets:,} wallets after {time.monotonic() - start:.0f} s", file=sys.stderr)


@contextmanager
def asking(url: str, key: str, paths: Sequence[str], rate: float) -> Iterator[Live]:
    """Has clients ask for the paths in turn, one each 1/rate seconds whatever the others wait for, until the
    block ends."""
    live = Live()
    stop = threading.Event()
    turns = itertools.count()
    began = time.monotonic()
    lock = threading.Lock()

    def ask() -> None:
        client = Client(url, key)
        while True:
            with lock:
                turn = next(turns)
            due = began + turn / rate
            if stop.wait(max(0, due - time.monotonic())):
                client.close()
                return
            client.get(paths[turn % len(paths)])
            live.taken.append(time.monotonic() - due)

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield live
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def spent(server: OwnServer) -> list[float]:
    """Seconds of processor time so far: of a server's processes, and of commands that have ended."""
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    processes = [psutil.Process(pid), *psutil.Process(pid).children()]
    ended = processes[0].cpu_times()
    return [
        sum(sum(process.cpu_times()[:2]) for process in processes)
        + ended.children_user
        + ended.children_system,
        sum(psutil.Process().cpu_times()[2:4]),
    ]


def percentile(taken: Sequence[float], percent: int) -> float:
    return statistics.quantiles(taken, n=100, method="inclusive")[percent - 1]


def milliseconds(taken: Sequence[float]) -> list[str]:
    return [f"{percentile(taken, percent) * 1000:.1f}" for percent in (50, 99)]


if __name__ == "__main__":
    sys.exit(main())
