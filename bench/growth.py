"""Whether the cost stays flat while the tables grow: python -m bench.growth [--passports N] [--adopted]

Three databases: an empty one, one with a thousand passports, one with N (a million), of 20 links each. In
each two sessions: one that planned everything while all tables were empty and known to be, and a fresh one;
nothing has been analyzed since. They are asked in turn, so that what else the machine does is the same for
all. Ends with 1 where a median is more than 1.3 times the smallest of its kind.

With --adopted the databases are the existing service's, analyzed as one that has run for years is, with the
digests that checks made ahead keep, and all sessions are fresh; the empty one has one of ours beside it.
"""

import argparse
import hashlib
import json
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from bench.cases import Wallets
from bench.cost import Requests
from bench.issuers import issuers
from bench.report import grown, spread
from db import digests
from harness.server import OwnServer
from harness.world import World, fresh
from local import postgres
from local.issuer import Issuer

LINKS = 20
# Passports of those that fill the tables, asked for again and again.
SAMPLE = 100
LIMIT = 1.3
# Memory as an operator gives it; durable, but for the parts that only take long to fill.
SETTINGS = {"fsync": "on", "autovacuum": "off", "shared_buffers": "4GB", "max_wal_size": "8GB"}
# Passports with their links, and a row each of all that grows with them. Sorted where an index is filled.
GROW = """
insert into scorer_weighted_binaryweightedscorer (scorer_ptr_id)
select n from generate_series(1000, 1000 + {last} / 50) as n;

insert into account_community (id, account_id, scorer_id)
select n, 1, n from generate_series(1000, 1000 + {last} / 50) as n;

insert into registry_passport (address, community_id)
select '0x' || lpad(to_hex(n), 40, '0'), 1
from generate_series(1::bigint, {last}) as n;

insert into registry_hashscorerlink (hash, address, community_id, expires_at)
select 'v1:' || md5(n || '.' || m), '0x' || lpad(to_hex(n), 40, '0'), 1, '2090-01-01Z'
from generate_series(1::bigint, {last}) as n, generate_series(1, {links}) as m
order by 1;

insert into ceramic_cache (address, provider, stamp)
select '0x' || lpad(to_hex(n), 40, '0'), 'Provider0', jsonb_build_object('n', n, 'm', m)
from generate_series(1::bigint, {last}) as n, generate_series(1, {credentials}) as m;

insert into ceramic_cache_revocation (ceramic_cache_id)
select id from ceramic_cache where id % 10 = 0 and address < '0xb';

insert into credential_check (digest, verifier, fault)
select digest, 'growth', 'bad_proof' from ceramic_cache
order by digest;

insert into registry_stamp (passport_id, provider, credential)
select id, 'Provider119', '{{}}' from registry_passport;

insert into registry_score (passport_id, score)
select id, 1 from registry_passport
on conflict do nothing;

insert into registry_event (action, address)
select 'SCORE_UPDATE', address from registry_passport, generate_series(1, {events});
"""
# Of the account and the scorer of the first; nobody has been scored there.
NEW_COMMUNITY = """
insert into account_community (id, account_id, scorer_id)
select max(id) + 1, 1, 1 from account_community
returning id
"""


class Session:
    """A session of a database, and how long it takes for what it is asked."""

    def __init__(self, world: World, wallets: Wallets, passports: int) -> None:
        self.world = world
        self.wallets = wallets
        self.requests = Requests(world, wallets.trusted, world.service_url)
        self.connection = psycopg.connect(world.url, autocommit=True, prepare_threshold=None)
        self.sample: list[int] = []
        self.draw(passports)

    def draw(self, passports: int) -> None:
        """Draws the passports to ask for, of so many, and scores each once."""
        self.sample = random.sample(range(1, passports + 1), min(passports, SAMPLE))
        for number in self.sample:
            self.score_passport(number)

    def ask(self, round_: int) -> dict[str, float]:
        """Seconds of each kind of call."""
        address = self.wallets.usual[round_ % len(self.wallets.usual)]
        ((community,),) = self.world.execute(NEW_COMMUNITY)
        taken = {
            "request, unchanged": self.requests.score(address)[0],
            "request, first scoring": self.requests.score(address, community)[0],
        }
        if self.sample:
            number = self.sample[round_ % len(self.sample)]
            taken["score_passport, any passport unchanged"] = self.score_passport(number)
        return taken

    def score_passport(self, number: int) -> float:
        """Seconds for a passport of those that fill the tables, with stamps of its links."""
        stamps: list[dict[str, Any]] = [
            {
                "provider": f"Provider{m}",
                "credential": {"n": m},
                "nullifiers": [f"v1:{hashlib.md5(f'{number}.{m}'.encode()).hexdigest()}"],
                "expires_at": "2090-01-01T00:00:00Z",
            }
            for m in range(1, LINKS + 1)
        ]
        call = "select scorer.score_passport(%s, 1, %s)"
        arguments = [f"0x{number:040x}", json.dumps(stamps)]
        start = time.perf_counter()
        self.connection.execute(call, arguments).fetchall()
        return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--passports", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--wallets", type=int, default=64)
    parser.add_argument("--credentials", type=int, default=1, help="of each passport")
    parser.add_argument("--events", type=int, default=1, help="of each passport")
    parser.add_argument("--adopted", action="store_true")
    arguments = parser.parse_args()
    sizes = (0, min(1000, arguments.passports // 2), arguments.passports)
    with ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="growth-", ignore_cleanup_errors=True)
        )
        server = stack.enter_context(
            OwnServer(Path(folder) / "data", postgres.programs(), postgres.EMBEDDED_VERSION, **SETTINGS)
        )
        issuer, legacy = issuers()
        sessions: dict[tuple[int, str], Session] = {}
        kinds = [(size, arguments.adopted) for size in sizes]
        if arguments.adopted:
            kinds.append((0, False))
        for size, adopted in kinds:
            name = f"{'adopted' if adopted else 'own'}_{size}"
            world = stack.enter_context(fresh(server.url, issuer, name, adopted))
            wallets, planned = prepared(world, legacy, arguments.wallets)
            if size:
                start = time.monotonic()
                world.execute(
                    GROW.format(
                        last=size,
                        links=LINKS,
                        credentials=arguments.credentials,
                        events=arguments.events,
                    )
                )
                world.execute("checkpoint")
                print(f"{size:,} passports after {time.monotonic() - start:.0f} s", file=sys.stderr)
            if adopted:
                digests.keep(world.url)
            if arguments.adopted:
                world.execute("analyze")
                made = {"adopted" if adopted else "own": Session(world, wallets, size)}
            else:
                planned.draw(size)
                made = {"planned when empty": planned, "fresh": Session(world, wallets, size)}
            for kind, session in made.items():
                sessions[size, kind] = session
                for round_ in range(len(wallets.usual)):
                    session.ask(round_)
        medians = measured(sessions, arguments.rounds)
    print(grown(medians, sizes))
    return 1 if max(map(spread, medians.values())) > LIMIT else 0


def prepared(world: World, legacy: Issuer, most: int) -> tuple[Wallets, Session]:
    """Wallets, so many at most, and a session that has planned everything while all tables were known to be
    empty."""
    # Known to be empty, which is when a sequential scan looks best.
    world.execute("vacuum analyze")
    wallets = Wallets(world, legacy, most)
    wallets.usual = wallets.filled(20)
    planned = Session(world, wallets, 0)
    planned.ask(0)
    planned.score_passport(0)
    return wallets, planned


def measured(
    sessions: dict[tuple[int, str], Session], rounds: int
) -> dict[tuple[str, str], dict[int, float]]:
    """Median milliseconds by kind and session, of each number of passports."""
    taken: dict[tuple[str, str], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for round_ in range(rounds):
        for (size, name), session in sessions.items():
            for kind, seconds in session.ask(round_).items():
                taken[kind, name][size].append(seconds)
    return {
        key: {size: statistics.median(seconds) * 1000 for size, seconds in row.items()}
        for key, row in taken.items()
    }


if __name__ == "__main__":
    sys.exit(main())
