"""Minutes of mixed load while months end, and whether each answer has its event:
MINUTES=10 python -m tests.soak_months

The database's clock, which is not the service's, is set to shortly before a month ends in UTC, and goes on
from there: once with the next months made ahead, once with none, so that a request makes it. Clients ask over
HTTP and in SQL, in several communities, for each other's nullifiers, while credentials change, the schedule's
upkeep runs, and the oldest month is archived and dropped.

Ends with 1 where an answer has no event of the same values, or an event no answer; where an event is in
another month's table or file; where a file does not hold what was said; or where a client got anything but an
answer.
"""

import csv
import gzip
import hashlib
import io
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from api.database import Database
from api.upkeep import upkeep
from db.migrate import ROOT
from harness import faketime
from harness.invariants import violations
from harness.load import load
from harness.server import OwnServer, connect
from harness.service import Service, running
from harness.world import World, fresh
from local import postgres
from local.issuer import Issuer
from tests.soak import COMMUNITIES, HTTP_WALLETS, Soak, fill

SECONDS = float(os.environ.get("MINUTES", "10")) * 60
CLIENTS = 8
WORKERS = 2
# Events of other wallets in the month that is archived first.
OTHERS = int(500 * SECONDS)
OTHER = "0x" + "f" * 40
# What is close to the end of a month, and what begins so long before it.
NEAR = timedelta(seconds=5)
FILL = """
insert into registry_event (action, address, data, community_id, created_at)
select 'SCORE_UPDATE', %s, jsonb_build_object('n', n, 'hash', sha512(n::text::bytea)), 1, %s
from generate_series(1, %s::integer) as n
"""
ROWS = """
select tableoid::regclass::text, id, action, address, data, community_id, created_at from registry_event
"""
ARCHIVED = re.compile(r"(\S+\.csv\.gz): ([\d,]+) events, ([\d,]+) bytes, sha256 of the CSV (\w+); dropped\.")


class Scored(NamedTuple):
    """A score as it was answered, and as its event has it."""

    address: str
    community: int
    at: str
    score: Decimal
    stamps: str

    @classmethod
    def of(cls, address: str, community: int, at: str, score: str, stamps: dict[str, Any]) -> "Scored":
        return cls(address, community, at, Decimal(score), json.dumps(stamps, sort_keys=True))

    @classmethod
    def answered(cls, community: int, answer: dict[str, Any]) -> "Scored":
        return cls.of(
            answer["address"], community, answer["last_score_timestamp"], answer["score"], answer["stamps"]
        )

    @property
    def deduped(self) -> list[str]:
        return [provider for provider, stamp in json.loads(self.stamps).items() if stamp["dedup"]]


@dataclass
class Turning(Soak):
    """A soak that keeps the whole answer, and what was seen of one end of a month."""

    answers: list[Scored] = field(default_factory=list)
    archived: str = ""

    def keep(self, community: int, answer: dict[str, Any]) -> None:
        self.answers.append(Scored.answered(community, answer))


class Kept(NamedTuple):
    """An event, and the month's table or file that it is in."""

    month: str
    id_: int
    action: str
    address: str
    data: dict[str, Any]
    community: int
    created_at: datetime


def main() -> int:
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with (
        tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as name,
        OwnServer(Path(name) / "data", postgres.programs(), postgres.EMBEDDED_VERSION, fsync="on") as server,
    ):
        folder, issuer = Path(name), Issuer.ethereum()
        with fresh(server.url, issuer, "soak") as world:
            fill(world)
            begin_earlier(world)
        turned = []
        for made_ahead in (True, False):
            earlier, month = month, following(month)
            server.stop()
            with (
                # It comes up without its database, so that the time that this takes is none of the month's.
                running(
                    folder / "service.log",
                    world.service_url,
                    TRUSTED_IAM_ISSUERS=f'["{issuer.did}"]',
                    HUMAN_POINTS_ENABLED="true",
                    WEB_CONCURRENCY=str(WORKERS),
                ) as service,
                started(server, world, month) as ahead,
            ):
                soak = turn(server, world, service, folder, ahead, month, made_ahead)
                check_archive(soak, folder)
                turned.append((month, made_ahead, soak))
                print(f"{earlier:%Y-%m} ended, {len(soak.answers):,} answers", file=sys.stderr, flush=True)
        with connect(world.url) as world.connection:
            return report(world, folder, turned)


@contextmanager
def started(server: OwnServer, world: World, end: datetime) -> Iterator[timedelta]:
    """Starts the server with its clock about a quarter of the time before a month's end, and a session of the
    world until the block ends; gives by how much the clock is ahead."""
    quarter = before = timedelta(seconds=SECONDS / 4)
    while True:
        ahead = timedelta(seconds=round((end - before - datetime.now(UTC)).total_seconds()))
        with faketime.ahead(ahead):
            server.start()
        with connect(world.url) as world.connection:
            ((left,),) = world.execute("select %s - clock_timestamp()", end)
            if left >= quarter / 2:
                yield ahead
                return
        # It took so long to start that the month would end before anybody has asked.
        server.stop()
        before *= 2


def following(month: datetime) -> datetime:
    return (month + timedelta(days=32)).replace(day=1)


def begin_earlier(world: World) -> None:
    """Has months from the one before this on, with events in it."""
    for (table,) in world.execute("select partition from event_partitions()"):
        world.execute(f"drop table scorer.{table}")
    ((before,),) = world.execute("select date_trunc('month', now(), 'UTC') - interval '1 day'")
    world.execute("select ensure_event_partitions(4, %s)", before)
    world.execute(FILL, OTHER, before, OTHERS)


def turn(
    server: OwnServer,
    world: World,
    service: Service,
    folder: Path,
    ahead: timedelta,
    end: datetime,
    made_ahead: bool,
) -> Turning:
    """Load from a quarter of the time before a month's end to a quarter after it."""
    if not made_ahead:
        for (table,) in world.execute("select partition from event_partitions() where since >= %s", end):
            world.execute(f"drop table scorer.{table}")
    passports = [(address, community) for community in COMMUNITIES for address in HTTP_WALLETS]
    random.shuffle(passports)
    caller_url = make_conninfo(world.url, user="caller")
    with (
        ThreadPoolExecutor() as executor,
        load(service.port, world.key, passports, CLIENTS) as http,
    ):
        # A second more, so that no stamp has expired when a slow caller's call begins.
        soak = Turning(server, world, service, http, ahead=ahead + timedelta(seconds=1))
        others = [
            executor.submit(soak.keep_up, caller_url, soak.score_in_sql),
            executor.submit(soak.keep_up, caller_url, soak.score_in_sql),
            executor.submit(soak.keep_up, world.url, soak.change_credentials),
        ]
        try:
            scheduled = Database(world.service_url)
            keep_up(world, scheduled if made_ahead else None, end - NEAR)
            archiving = executor.submit(archive, world.url, folder, (end - timedelta(days=1)).replace(day=1))
            keep_up(world, scheduled if made_ahead else None, end + NEAR)
            table = f"registry_event_{end:%Y_%m}"
            if not world.execute("select from event_partitions() where partition = %s", table):
                soak.found.append(f"no request has made {table}")
            keep_up(world, scheduled, end + timedelta(seconds=SECONDS / 4))
            soak.archived = archiving.result()
        finally:
            soak.stop.set()
    for each in others:
        each.result()
    for answer in http.answers:
        if answer.status == 200:
            soak.keep(answer.community, json.loads(answer.body))
    return soak


def keep_up(world: World, scheduled: Database | None, until: datetime) -> None:
    """Waits until the database's clock has come so far, with the schedule's upkeep, if any, each second."""
    while world.execute("select now() < %s", until) == [(True,)]:
        if scheduled:
            upkeep(scheduled)
        time.sleep(1)


def archive(url: str, folder: Path, before: datetime) -> str:
    """What the command says of the months before one."""
    return subprocess.run(
        [sys.executable, "-m", "cli", "events", "archive", "--before", f"{before:%Y-%m}", "--to", folder],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout


def check_archive(soak: Turning, folder: Path) -> None:
    """Notes where one month was not archived, or its file is not what was said of it."""
    said = ARCHIVED.fullmatch(soak.archived.strip())
    if not said:
        soak.found.append(f"the archive said {soak.archived!r}")
        return
    path = Path(said[1])
    content = gzip.decompress(path.read_bytes())
    rows = sum(1 for _ in csv.reader(io.StringIO(content.decode(), newline=""))) - 1
    held = (f"{rows:,}", f"{path.stat().st_size:,}", hashlib.sha256(content).hexdigest())
    if held != said.groups()[1:]:
        soak.found.append(f"{path.name} holds {held}, said was {soak.archived!r}")
    month = path.name.removesuffix(".csv.gz")
    if soak.world.execute("select to_regclass(%s) is null", f"scorer.{month}") != [(True,)]:
        soak.found.append(f"{month} was not dropped")


def events_in(connection: psycopg.Connection, folder: Path) -> Iterator[Kept]:
    """All events, of the tables and of the files."""
    with connection.cursor() as cursor:
        for row in cursor.stream(ROWS.encode()):
            yield Kept(*row)
    csv.field_size_limit(2**30)
    for path in folder.glob("*.csv.gz"):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                yield Kept(
                    path.name.removesuffix(".csv.gz"),
                    int(line["id"]),
                    line["action"],
                    line["address"],
                    json.loads(line["data"]),
                    int(line["community_id"]),
                    datetime.fromisoformat(line["created_at"]),
                )


def report(world: World, folder: Path, turned: list[tuple[datetime, bool, Turning]]) -> int:
    """Prints the table, and what is wrong; gives the exit status."""
    answers = Counter(answer for _, _, soak in turned for answer in soak.answers)
    # Of a whole second an answer shows no microseconds.
    deduped = Counter(
        (a.address, a.community, datetime.fromisoformat(a.at), p)
        for a in answers.elements()
        for p in a.deduped
    )
    scores: Counter[Scored] = Counter()
    clashes: Counter[tuple[str, int, datetime, str]] = Counter()
    months: Counter[str] = Counter()
    ids: set[int] = set()
    misplaced = 0
    for event in events_in(world.connection, folder):
        months[event.month] += 1
        ids.add(event.id_)
        misplaced += event.month != f"registry_event_{event.created_at.astimezone(UTC):%Y_%m}"
        fields = event.data.get("fields", {})
        if event.action == "LIFO_DEDUPLICATION":
            clashes[event.address, event.community, event.created_at, event.data["provider"]] += 1
        elif event.address != OTHER:
            raw = fields["evidence"]["rawScore"]
            at = fields["last_score_timestamp"]
            scores[Scored.of(event.address, event.community, at, raw, fields["stamps"])] += 1
    lost, unasked = answers - scores, scores - answers
    unlike = (deduped - clashes) + (clashes - deduped)
    wrong = {
        "answers without their event": lost.total(),
        "events without their answer": unasked.total(),
        "deduped stamps without their event, or the other way round": unlike.total(),
        "events in another month's table or file": misplaced,
        "ids of several events": months.total() - len(ids),
        "events of others that are gone": OTHERS + scores.total() + clashes.total() - months.total(),
    }
    found = [line for _, _, soak in turned for line in soak.found]
    # Of a passport that nobody has asked for since, the event is in a file by now.
    found += [line for line in violations(world.connection) if not line.startswith("a score without its")]
    http = Counter(answer.status for _, _, soak in turned for answer in soak.http.answers)
    in_sql = sum((soak.sql_errors for _, _, soak in turned), Counter[str]())
    rows = [
        ("machine", f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"),
        ("time under load", f"{SECONDS / 60:g} minutes, {CLIENTS} clients, {WORKERS} processes"),
        *((f"HTTP requests answered {status}", f"{count:,}") for status, count in sorted(http.items())),
        ("other than 200", f"{http.total() - http[200]:,}"),
        ("SQL calls answered", f"{answers.total() - http[200]:,}"),
        ("SQL calls that failed", f"{in_sql.total():,}"),
        ("deduped stamps", f"{deduped.total():,}"),
        *(
            (f"no score for longest, {name}, month's end {end:%Y-%m-%d}", text)
            for end, made_ahead, soak in turned
            for name in ["made ahead" if made_ahead else "made by a request"]
            for text in [pauses(soak, end)]
        ),
        *(
            (f"events of {name}", f"{count:,}{', archived' * (folder / f'{name}.csv.gz').exists()}")
            for name, count in sorted(months.items())
        ),
        *((name, f"{count:,}") for name, count in wrong.items()),
        ("invariants broken", f"{len(found):,}"),
    ]
    print("\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)]))
    lines = [*found, *(f"lost: {a}" for a in lost), *(f"of nobody: {a}" for a in unasked)]
    lines += [f"deduped: {stamp}, {deduped[stamp]} times, events: {clashes[stamp]}" for stamp in unlike]
    lines += [f"in SQL: {code}, {count} times" for code, count in in_sql.items()]
    lines += [
        f"over HTTP: {answer.status}, {answer.body.decode()}"
        for _, _, soak in turned
        for answer in soak.http.answers
        if answer.status != 200
    ]
    for line in lines[:40]:
        print(line, file=sys.stderr)
    return 1 if lines or any(wrong.values()) or not http else 0


def pauses(soak: Turning, end: datetime) -> str:
    """The longest time from one score to the next, of all and of those around the end of the month."""
    times = sorted(datetime.fromisoformat(answer.at) for answer in soak.answers)
    longest, near = timedelta(), timedelta()
    for one, next_ in pairwise(times):
        longest = max(longest, next_ - one)
        if one - NEAR < end < next_ + NEAR:
            near = max(near, next_ - one)
    return f"{longest / timedelta(milliseconds=1):.0f} ms; {near / timedelta(milliseconds=1):.0f} ms at it"


if __name__ == "__main__":
    sys.exit(main())
