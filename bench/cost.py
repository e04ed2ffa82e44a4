"""What a case costs in the database, and the least it could: the bare commit of the rows that must change."""

import statistics
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from api import scoring
from api.database import Database, Reply
from api.settings import Settings
from bench.cases import Case
from harness.wire import recorded
from harness.world import World

# One statement, one round trip: the score and the event that a scoring has written, once more.
FLOOR = """
with score as (
    insert into scorer.registry_score (
        passport_id, score, status, last_score_timestamp, evidence, stamp_scores, stamps, expiration_date
    )
    values (
        %(passport_id)s, %(score)s, 'DONE', now(), %(evidence)s, %(stamp_scores)s, %(stamps)s, %(expires)s
    )
    on conflict (passport_id) do update set
        score = excluded.score,
        status = excluded.status,
        last_score_timestamp = excluded.last_score_timestamp,
        evidence = excluded.evidence,
        stamp_scores = excluded.stamp_scores,
        stamps = excluded.stamps,
        expiration_date = excluded.expiration_date
)
insert into scorer.registry_event (action, address, data, community_id)
values ('SCORE_UPDATE', %(address)s, %(data)s, %(community)s)
"""
WRITTEN_SINCE = """
select
    p.id as passport_id, s.score, s.evidence::text as evidence, s.stamp_scores::text as stamp_scores,
    s.stamps::text as stamps, s.expiration_date as expires, e.address, e.data::text as data,
    e.community_id as community
from registry_event as e
inner join registry_passport as p on p.address = e.address and p.community_id = e.community_id
inner join registry_score as s on s.passport_id = p.id
where e.id > %s and e.action = 'SCORE_UPDATE'
order by e.id
"""
# Each of all requests so far: rows written, updates, those of them that were heap-only, dead rows, WAL.
COUNTERS = """
select
    sum(n_tup_ins + n_tup_upd + n_tup_del)::float8,
    sum(n_tup_upd)::float8,
    sum(n_tup_hot_upd)::float8,
    sum(n_dead_tup)::float8,
    (pg_current_wal_insert_lsn() - '0/0')::float8
from pg_stat_user_tables
where schemaname = 'scorer'
"""
# Milliseconds in all calls so far.
FUNCTIONS = """
select
    coalesce(sum(total_time) filter (where funcname = 'answer_request'), 0)::float8,
    coalesce(sum(total_time) filter (where funcname = 'score_checked_stamps'), 0)::float8
from pg_stat_user_functions
"""


@dataclass(frozen=True)
class Cost:
    """Of a request the median milliseconds of its calls to the database together, of checking credentials and
    of the floor; and what it counts for there, on average."""

    calls: float
    verify: float
    floor: float
    load: float
    score: float
    round_trips: float | None
    wal_bytes: float
    rows_written: float
    updates: float
    hot_updates: float
    dead_tuples: float


class Timed(Database):
    """The database, and of each call since the times were last forgotten its start, its end and its reply."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.calls: list[tuple[float, float, Reply]] = []

    def answer_request(self, arguments: Mapping[str, Any]) -> Reply:
        start = time.perf_counter()
        reply = super().answer_request(arguments)
        self.calls.append((start, time.perf_counter(), reply))
        return reply


class Requests:
    """The requests of the service, without HTTP."""

    def __init__(self, world: World, trusted: list[str], url: str) -> None:
        self.database = Timed(url)
        self.settings = Settings(url, frozenset(trusted))
        self.key = world.key

    def score(self, address: str, community: int = 1) -> tuple[float, float]:
        """Seconds in calls to the database, and in the checks that one asks for before the next."""
        calls = self.database.calls
        calls.clear()
        scoring.score(self.database, self.settings, self.key, str(community), address)
        called = sum(end - start for start, end, _ in calls)
        verified = sum(
            next_start - end for (_, end, reply), (next_start, _, _) in pairwise(calls) if reply.unchecked
        )
        return called, verified


def cost(world: World, trusted: list[str], case: Case, rounds: int) -> Cost:
    """Scores the case's wallets, alone and one by one; then once more, counting."""
    requests = Requests(world, trusted, world.service_url)
    called, verified, floor = [], [], []
    with psycopg.connect(world.url, autocommit=True, prepare_threshold=None) as bare:
        for _ in range(rounds):
            case.change()
            ((last,),) = world.execute("select max(id) from registry_event")
            for address in case.wallets:
                seconds = requests.score(address)
                called.append(seconds[0])
                verified.append(seconds[1])
            floor += floors(world, bare, last)
    counted = counts(world, trusted, case)
    return Cost(
        statistics.median(called) * 1000,
        statistics.median(verified) * 1000,
        statistics.median(floor) * 1000,
        **counted,
    )


def floors(world: World, bare: psycopg.Connection, last_event: int) -> list[float]:
    """Seconds that it takes to write the score and the event of each scoring since an event once more."""
    with world.connection.cursor(row_factory=dict_row) as cursor:
        written = cursor.execute(WRITTEN_SINCE, [last_event]).fetchall()
    taken = []
    for rows in written:
        start = time.perf_counter()
        bare.execute(FLOOR, rows)
        taken.append(time.perf_counter() - start)
    return taken


def counts(world: World, trusted: list[str], case: Case) -> dict[str, Any]:
    """What a request counts for in the database and on the wire."""
    case.change()
    world.execute(f"alter database {world.connection.info.dbname} set track_functions = 'pl'")
    before = read(world)
    with ExitStack() as stack:
        url, recording = world.service_url, None
        # A relay stands before a server on this machine alone.
        if str(conninfo_to_dict(url).get("host", "")).startswith("/"):
            url, recording = stack.enter_context(recorded(url))
        requests = Requests(world, trusted, url)
        for address in case.wallets:
            requests.score(address)
    after = read(world)
    world.execute(f"alter database {world.connection.info.dbname} reset track_functions")
    rows, updates, hot_updates, dead, wal, request, score = (
        (b - a) / len(case.wallets) for a, b in zip(before, after, strict=True)
    )
    return {
        "load": request - score,
        "score": score,
        "round_trips": recording.round_trips / len(case.wallets) if recording else None,
        "wal_bytes": wal,
        "rows_written": rows,
        "updates": updates,
        "hot_updates": hot_updates,
        "dead_tuples": dead,
    }


def read(world: World) -> list[float]:
    """The sums so far, once all sessions have told theirs: those of the service tell at their end."""
    world.execute(
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
        " where application_name = 'passport-scorer' and datname = current_database()"
    )
    world.execute("select pg_stat_force_next_flush()")
    return [*world.execute(COUNTERS)[0], *world.execute(FUNCTIONS)[0]]
