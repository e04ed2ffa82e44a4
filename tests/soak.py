"""Minutes of mixed load with faults, and what came of it: MINUTES=3 python -m tests.soak

HTTP clients, SQL callers, a writer in the way of the existing service and changing credentials, while
sessions, workers and the server are killed, locked, starved and made read-only. Ends with 1 where an
invariant broke, a row was lost, or a client saw anything but 200, 503 or the end of a killed worker.
"""

import itertools
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from api.database import ERRORS
from harness import locks
from harness.invariants import INVARIANTS, Answered, lost, violations, watch
from harness.load import Load, load
from harness.model import Community
from harness.peer import score_as_peer
from harness.server import OwnServer, connect
from harness.service import Service, running
from harness.world import World, fresh
from local import postgres
from local.issuer import Issuer

SECONDS = float(os.environ.get("MINUTES", "3")) * 60
# Between the end of a fault and the next one, which comes only when clients are answered again.
CALM_SECONDS = 2
FAULT_SECONDS = 1.5
PROVIDERS = ("Github", "Google", "Ens", "Lens", "Gitcoin")
WEIGHTS = {provider: Decimal(index + 1) / 2 for index, provider in enumerate(PROVIDERS)}
COMMUNITIES = {number: Community(WEIGHTS, Decimal(number), True) for number in (1, 2, 3, 4)}
HTTP_WALLETS = [f"0x{number:040x}" for number in range(40)]
SQL_WALLETS = [f"0x{number:040x}" for number in range(30, 70)]
PEER_WALLETS = [f"0x{number:040x}" for number in range(70, 80)]
NULLIFIERS = [f"v0:{number}" for number in range(150)]


@dataclass
class Soak:
    """What runs, and what has been seen of it."""

    server: OwnServer
    world: World
    service: Service
    http: Load
    stop: threading.Event = field(default_factory=threading.Event)
    sql_answers: list[Answered] = field(default_factory=list)
    sql_errors: Counter[str] = field(default_factory=Counter)
    peer_scores: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)
    checks: int = 0
    # By how much the database's clock is ahead of this one's.
    ahead: timedelta = timedelta()

    def keep_up(self, url: str, step: Callable[[psycopg.Connection], None]) -> None:
        """Repeats a step on a session, and opens another when it is lost."""
        while not self.stop.is_set():
            with suppress(psycopg.OperationalError), connect(url) as session:
                while not self.stop.is_set() and not session.closed:
                    try:
                        step(session)
                    except psycopg.Error as error:
                        code = error.sqlstate or "connection lost"
                        self.sql_errors[code] += 1
                        if error.sqlstate and not (ERRORS.get(code) or ERRORS.get(code[:2])):
                            self.found.append(f"a SQL caller saw {code}: {error}")
                        time.sleep(0.05)
            time.sleep(0.05)

    def score_in_sql(self, session: psycopg.Connection) -> None:
        address, community = random.choice(SQL_WALLETS), random.choice(list(COMMUNITIES))
        row = session.execute(
            "select scorer.score_passport(%s, %s, %s, true)",
            [address, community, json.dumps(random_stamps(datetime.now(UTC) + self.ahead))],
        ).fetchone()
        assert row
        self.keep(community, row[0])

    def keep(self, community: int, answer: dict[str, Any]) -> None:
        self.sql_answers.append(Answered(answer["address"], community, answer["last_score_timestamp"]))

    def score_as_peer(self, session: psycopg.Connection) -> None:
        community = random.choice(list(COMMUNITIES))
        stamps = random_stamps(datetime.now(UTC))
        score_as_peer(session, random.choice(PEER_WALLETS), community, stamps, COMMUNITIES[community])
        self.peer_scores += 1

    def change_credentials(self, session: psycopg.Connection) -> None:
        """Takes a credential out of a wallet, or puts one that was taken out back."""
        session.execute(
            "update ceramic_cache set deleted_at = case when deleted_at is null then now() end"
            " where address = %s and provider = %s",
            [random.choice(HTTP_WALLETS), random.choice(PROVIDERS)],
        )
        time.sleep(0.01)

    def check(self) -> None:
        with connect(self.world.url) as session:
            self.found += violations(session)
        self.checks += len(INVARIANTS)


def random_stamps(now: datetime) -> list[dict[str, Any]]:
    """Stamps as p_valid_stamps has them, some of which expire soon after now."""
    stamps = []
    for provider in random.sample(PROVIDERS, random.randint(0, len(PROVIDERS))):
        left = timedelta(seconds=random.choice([0.2, 1, 5, 10**8]))
        expires_at = (now + left).isoformat()
        nullifiers = random.sample(NULLIFIERS, random.randint(1, 3))
        credential = {"expirationDate": expires_at, "credentialSubject": {"nullifiers": nullifiers}}
        stamps.append(
            {
                "provider": provider,
                "credential": credential,
                "nullifiers": nullifiers,
                "expires_at": expires_at,
            }
        )
    return stamps


def end_of_sessions(soak: Soak) -> None:
    soak.world.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where usename in ('service', 'caller') and random() < 0.5"
    )


def killed_backend(soak: Soak) -> None:
    rows = soak.world.execute("select pid from pg_stat_activity where usename = 'service'")
    if rows:
        with suppress(ProcessLookupError):
            os.kill(random.choice(rows)[0], signal.SIGKILL)


def killed_server(soak: Soak) -> None:
    soak.server.kill()
    time.sleep(FAULT_SECONDS)
    soak.server.start()


def restarted_server(soak: Soak) -> None:
    soak.server.stop()
    soak.server.start()


def killed_worker(soak: Soak) -> None:
    workers = psutil.Process(soak.service.pid).children()
    random.choice(workers).kill()


def locked_passports(soak: Soak) -> None:
    with locks.locked_passports(soak.world):
        time.sleep(FAULT_SECONDS)


@contextmanager
def setting(soak: Soak, name: str, value: str) -> Iterator[None]:
    for role in ("service", "caller"):
        soak.world.execute(f"alter role {role} set {name} = '{value}'")
    end_of_sessions(soak)
    yield
    for role in ("service", "caller"):
        soak.world.execute(f"alter role {role} reset {name}")
    soak.world.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename in ('service', 'caller')"
    )


def statement_timeout(soak: Soak) -> None:
    with setting(soak, "statement_timeout", "50ms"):
        locked_passports(soak)


def read_only(soak: Soak) -> None:
    with setting(soak, "default_transaction_read_only", "on"):
        time.sleep(FAULT_SECONDS)


def stricter_isolation(soak: Soak) -> None:
    with setting(soak, "default_transaction_isolation", "serializable"):
        time.sleep(FAULT_SECONDS)


def few_connections(soak: Soak) -> None:
    soak.world.execute("alter role service connection limit 2")
    end_of_sessions(soak)
    time.sleep(FAULT_SECONDS)
    soak.world.execute("alter role service connection limit -1")


FAULTS = [
    end_of_sessions,
    killed_backend,
    killed_server,
    restarted_server,
    killed_worker,
    locked_passports,
    statement_timeout,
    read_only,
    stricter_isolation,
    few_connections,
]


def fill(world: World) -> None:
    """Communities, and wallets with signed credentials, of whose nullifiers neighbours hold some too; and the
    role of the SQL callers."""
    world.execute("create role caller login in role scorer_caller")
    watch(world.connection)
    world.execute("delete from account_community")
    world.execute("delete from scorer_weighted_binaryweightedscorer")
    for number, community in COMMUNITIES.items():
        weights = {provider: str(weight) for provider, weight in WEIGHTS.items()}
        world.add_community(number, json.dumps(weights), str(community.threshold), points=True)
    for number, address in enumerate(HTTP_WALLETS):
        for index, provider in enumerate(PROVIDERS):
            world.put_valid(address, provider, f"v0:{number * 3 + index}", f"v1:{number * 3 + index}")


def run(soak: Soak) -> None:
    """Injects one fault after the other until the time is up."""
    end = time.monotonic() + SECONDS
    for fault in itertools.cycle(random.sample(FAULTS, len(FAULTS))):
        if time.monotonic() > end:
            return
        # What a worker's memory becomes is seen in the second half, when none is replaced any more.
        if fault is killed_worker and time.monotonic() > end - SECONDS / 2:
            continue
        fault(soak)
        soak.faults[fault.__name__.replace("_", " ")] += 1
        time.sleep(CALM_SECONDS)
        soak.http.wait_for(20)
        # The fault may have ended this session too.
        soak.world.connection.close()
        soak.world.connection = connect(soak.world.url)
        soak.check()


def memory(service: Service) -> int:
    """Of the largest worker, in bytes."""
    largest: int = max(worker.memory_info().rss for worker in psutil.Process(service.pid).children())
    return largest


def table(soak: Soak, start: int, end: int, lost_rows: int) -> str:
    """The result, as a table of Markdown."""
    statuses = soak.http.by_status()
    label = {0: "ended with a killed worker"}
    rows = [
        ("machine", f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"),
        ("time under load", f"{SECONDS / 60:g} minutes"),
        ("HTTP requests", f"{len(soak.http.answers):,}"),
        *(
            (label.get(status, f"answered {status}"), f"{count:,}")
            for status, count in sorted(statuses.items(), reverse=True)
        ),
        ("SQL calls answered", f"{len(soak.sql_answers):,}"),
        *((f"SQL calls ended by {code}", f"{count:,}") for code, count in sorted(soak.sql_errors.items())),
        ("scorings in the existing service's way", f"{soak.peer_scores:,}"),
        *((f"fault: {name}", str(count)) for name, count in sorted(soak.faults.items())),
        ("invariants checked", f"{len(INVARIANTS)}, {soak.checks // len(INVARIANTS)} times"),
        ("invariants broken", str(len(soak.found))),
        ("rows lost", str(lost_rows)),
        ("memory of a worker at the start, at the end", f"{start / 1e6:.0f} MB, {end / 1e6:.0f} MB"),
    ]
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)])


def main() -> int:
    with (
        tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder,
        OwnServer(
            Path(folder) / "data", postgres.programs(), postgres.EMBEDDED_VERSION, fsync="on"
        ) as server,
    ):
        issuer = Issuer.ethereum()
        with (
            fresh(server.url, issuer, "soak") as world,
            running(
                Path(folder) / "service.log",
                world.service_url,
                TRUSTED_IAM_ISSUERS=f'["{issuer.did}"]',
                HUMAN_POINTS_ENABLED="true",
                WEB_CONCURRENCY="2",
            ) as service,
        ):
            fill(world)
            return report(*soaked(server, world, service))


def soaked(server: OwnServer, world: World, service: Service) -> tuple[Soak, int, int]:
    """Runs it all; gives what was seen, and a worker's memory at the start and at the end."""
    passports = [(address, community) for community in COMMUNITIES for address in HTTP_WALLETS]
    random.shuffle(passports)
    caller_url = make_conninfo(world.url, user="caller")
    with ThreadPoolExecutor() as executor, load(service.port, world.key, passports, clients=8) as http:
        soak = Soak(server, world, service, http)
        others = [
            executor.submit(soak.keep_up, caller_url, soak.score_in_sql),
            executor.submit(soak.keep_up, caller_url, soak.score_in_sql),
            executor.submit(soak.keep_up, world.url, soak.score_as_peer),
            executor.submit(soak.keep_up, world.url, soak.change_credentials),
        ]
        try:
            http.wait_for(500)
            start = memory(service)
            run(soak)
            end = memory(service)
        finally:
            soak.stop.set()
    for each in others:
        each.result()
    soak.check()
    return soak, start, end


def report(soak: Soak, start: int, end: int) -> int:
    """Prints the table, and what is wrong; gives the exit status."""
    gone = lost(soak.world.connection, [*soak.http.answered(), *soak.sql_answers])
    print(table(soak, start, end, len(gone)))
    unexpected = set(soak.http.by_status()) - {0, 200, 503}
    for line in [*soak.found[:20], *(f"lost: {answer}" for answer in gone[:20])]:
        print(line, file=sys.stderr)
    return 1 if soak.found or gone or unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
