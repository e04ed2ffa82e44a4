"""How statements are planned: by indexes, even where every table was empty when a session planned them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api import keys
from api.credentials import VERIFIER, as_json, check
from harness.existing import base_table
from harness.server import OLDEST, connect
from harness.world import World

# As the tables are when the service has run for a while, and nobody has analyzed them.
FILL = """
insert into scorer_weighted_binaryweightedscorer (scorer_ptr_id) select n from generate_series(10, 2000) as n;

insert into account_community (id, account_id, scorer_id) select n, 1, n from generate_series(10, 2000) as n;

insert into registry_passport (address, community_id)
select '0x' || lpad(n::text, 40, 'f'), 1 from generate_series(1, 2000) as n;

insert into registry_hashscorerlink (hash, address, community_id, expires_at)
select 'h' || n, '0x' || lpad(n::text, 40, 'f'), 1, '2090-01-01Z' from generate_series(1, 20000) as n;

insert into registry_stamp (passport_id, provider, credential)
select id, 'Provider0', '{}' from registry_passport;

insert into registry_score (passport_id) select id from registry_passport on conflict do nothing;

insert into ceramic_cache (address, provider, stamp)
select '0x' || lpad(n::text, 40, 'f'), 'Provider0', jsonb_build_array(n) from generate_series(1, 5000) as n;

insert into ceramic_cache_revocation (ceramic_cache_id)
select id from ceramic_cache where provider = 'Provider0';

insert into credential_check (digest, verifier, fault)
select digest, 'another', 'odd' from ceramic_cache on conflict do nothing;

insert into registry_event (action, address)
select 'SCORE_UPDATE', '0x' || lpad(n::text, 40, 'f') from generate_series(1, 5000) as n;

insert into scorer.api_key_window (api_key_id, window_start, used)
select n, now(), 1 from generate_series(1000, 6000) as n;

insert into human_points_passingscorerecord (address, community_id)
select '0x' || lpad(n::text, 40, 'f'), 1 from generate_series(1, 5000) as n;

insert into human_points_stampaction (address, provider)
select '0x' || lpad(n::text, 40, 'f'), 'Provider0' from generate_series(1, 5000) as n;

insert into human_points_bonusaward (address, bonus_type)
select '0x' || lpad(n::text, 40, 'f'), 'SCORING_BONUS' from generate_series(1, 5000) as n;
"""
# Of events, those of all months together.
INDEXES = """
select c.relname
from pg_index as i
inner join pg_stat_user_indexes as s on s.indexrelid = i.indexrelid
left join pg_inherits as m on m.inhrelid = i.indexrelid
inner join pg_class as c on c.oid = coalesce(m.inhparent, i.indexrelid)
where s.schemaname = 'scorer' and not i.indisprimary
group by c.relname
having sum(s.idx_scan) = 0
"""
SCANNED = r"""
select distinct regexp_replace(relname, '_\d{4}_\d\d$', '')
from pg_stat_xact_user_tables
where schemaname in ('scorer', 'public') and seq_scan > 0
"""
PRUNE = "select looked_at from prune_checks(%s, 2000)"
ROWS = """
select relname, sum(coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0))
from pg_stat_xact_user_tables
where schemaname in ('scorer', 'public')
group by relname
"""
# Events of other wallets at any time, and many of the wallet that is asked for, in other communities and of
# another kind too; credentials of others that are newer than all of its own.
MANY = """
insert into registry_event (action, address, community_id, created_at)
select 'SCORE_UPDATE', '0x' || lpad(n::text, 40, 'd'), 1, now() - n * interval '1 s'
from generate_series(1, 20000) as n;

insert into registry_event (action, address, community_id, created_at)
select 'SCORE_UPDATE', '0x' || repeat('e', 40), 10 + n, now() - interval '1 s'
from generate_series(1, 1000) as n;

insert into registry_event (action, address, community_id, created_at)
select 'SCORE_UPDATE', '0x' || repeat('e', 40), 1, now() - n * interval '1 s'
from generate_series(1, 1000) as n;

insert into registry_event (action, address, community_id, created_at)
select 'LIFO_DEDUPLICATION', '0x' || repeat('e', 40), 1, now() - interval '1 s'
from generate_series(1, 1000) as n;

insert into ceramic_cache (address, provider, stamp)
select '0x' || repeat('e', 40), 'P' || n, '{}' from generate_series(1, 5) as n;

insert into ceramic_cache (address, provider, stamp)
select '0x' || lpad(n::text, 40, 'd'), 'P', '{}' from generate_series(1, 20000) as n;
"""
REQUEST = """
select outcome, unchecked
from answer_request('testkey1', %s, null, 1, %s, %s, %s, %s, true, '-infinity')
"""
RESCORE = """
select outcome from rescore_wallet(%s, 1, null, %s, %s, '[]', true, '-infinity', %s)
"""
DUE = "select last_id from passports_to_rescore(1, now(), 'infinity', 0)"
HISTORY = "select outcome from answer_history('testkey1', %s, null, 1, %s, now())"
CREDENTIALS = "select outcome from answer_credentials('testkey1', %s, null, %s, 2, null, null, 1000)"
ADMISSION = "select outcome from admit_batch('testkey1', %s, null, 1, 2)"
EXPLAIN = "select explain_score(%s, 1, %s, %s)"
AHEAD = "select claim, documents from unchecked_documents(%s, %s, 200, 1000, null)"


class Session:
    """A session whose calls are looked at: which tables they read from end to end."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.connection = connect(world.url)
        self.scanned: set[str] = set()

    def call(self, statement: str, *arguments: object) -> tuple[Any, ...]:
        with self.connection.transaction():
            row = self.connection.execute(statement.encode(), arguments).fetchone()
            self.scanned |= {table for (table,) in self.connection.execute(SCANNED)}
        assert row
        return row

    def rows_read(self, statement: str, *arguments: object) -> dict[str, int]:
        """How many rows a statement reads of each table."""
        # What the session has read before is counted with it, until that has gone to where all of it is kept.
        self.connection.execute("select pg_stat_force_next_flush()")
        with self.connection.transaction():
            self.connection.execute(statement.encode(), arguments)
            return dict(self.connection.execute(ROWS).fetchall())

    def score(self, address: str, *stamps: tuple[str, list[str], int]) -> None:
        given = [
            {
                "provider": provider,
                "credential": {"year": year},
                "nullifiers": nullifiers,
                "expires_at": f"{year}-01-01T00:00:00Z",
            }
            for provider, nullifiers, year in stamps
        ]
        self.call("select score_passport(%s, 1, %s, true)", address, json.dumps(given))

    def request(self, address: str, checks: str = "[]") -> tuple[Any, ...]:
        key_hash = keys.sha256_hash(self.world.key)
        return self.call(REQUEST, key_hash, address, [self.world.issuer.did], VERIFIER, checks)

    def ask_for_everything(self, part: str) -> None:
        """New wallets and known ones, clashes that are backfilled, links that are renewed, and those that are
        taken over expired, stamps that go, human points; credentials to check, and those that have been; past
        scores, lists, requests that are counted."""
        first, second, third = (f"0x{part}{number}".ljust(42, "0") for number in range(3))
        self.score(
            first, ("Provider1", [f"{part}a", f"{part}b"], 2089), ("metamaskDeveloperDao", [f"{part}c"], 2089)
        )
        self.score(first, ("Provider1", [f"{part}a", f"{part}b"], 2090))
        self.score(second, ("Provider1", [f"{part}a", f"{part}d"], 2090), ("Provider3", [f"{part}e"], 2090))
        self.world.execute(
            "update registry_hashscorerlink set expires_at = '2020-01-01Z' where hash = %s", f"{part}e"
        )
        self.world.put_valid(third, "Provider1", f"{part}e", f"{part}f")
        self.world.put_valid(third, "Provider2", f"{part}b", f"{part}g")
        found = self.call(AHEAD, VERIFIER, [self.world.issuer.did])
        assert found[1].count("\n") == 1
        assert self.call(AHEAD, "another", [self.world.issuer.did])
        outcome, unchecked = self.request(third)
        assert outcome == "unchecked"
        assert self.request(third, as_json(check(unchecked.split("\n"))))[0] == "scored"
        assert self.request(third)[0] == "scored"
        for dry_run in (True, False):
            assert self.call(RESCORE, third, [self.world.issuer.did], VERIFIER, dry_run) == ("scored",)
        assert self.call(DUE)[0] > 0
        assert self.call(PRUNE, VERIFIER) != (0,)
        key_hash = keys.sha256_hash(self.world.key)
        assert self.call(HISTORY, key_hash, third) == ("found",)
        assert self.call(CREDENTIALS, key_hash, third) == ("listed",)
        assert self.call(ADMISSION, key_hash) == ("admitted",)
        assert self.call(EXPLAIN, third, [self.world.issuer.did], VERIFIER)[0]["outcome"] == "scored"


@pytest.fixture
def planned(world: World) -> Iterator[Session]:
    """A session that has planned everything while all tables were known to be empty, which is when
    reading from end to end looks best; now they are not."""
    world.execute("update scorer_weighted_binaryweightedscorer set weights = '{\"Provider1\": 3}'")
    world.execute("update account_community set human_points_program = true")
    world.execute("update account_apikey set rate_limit = '1000000/d', historical_endpoint = true")
    world.execute("vacuum analyze")
    session = Session(world)
    session.ask_for_everything("a")
    world.execute(FILL)
    if base_table(world.connection, "registry_event").startswith("public"):
        # Their foreign keys are checked at the commit, planned for what the tables are known to hold.
        world.execute("analyze")
        session.connection.execute("select pg_stat_force_next_flush()")
        session.scanned.clear()
    yield session
    session.connection.close()


def test_no_table_is_read_from_end_to_end(planned: Session) -> None:
    planned.ask_for_everything("b")
    fresh = Session(planned.world)
    fresh.ask_for_everything("c")
    fresh.connection.close()
    assert planned.scanned | fresh.scanned == set()


def test_a_request_reads_no_more_rows_of_a_large_table(planned: Session) -> None:
    """Nor by an index from one end to the other, as a join may that was planned while a table was empty."""
    address = "0x" + "d" * 40
    planned.world.put_valid(address, "Provider1", "v0:d")
    outcome, unchecked = planned.request(address)
    assert outcome == "unchecked"
    assert planned.request(address, as_json(check(unchecked.split("\n")))) == ("scored", None)
    key_hash = keys.sha256_hash(planned.world.key)
    rows = planned.rows_read(REQUEST, key_hash, address, [planned.world.issuer.did], VERIFIER, "[]")
    assert sum(rows.values()) > 0
    assert {table: count for table, count in rows.items() if count >= 100} == {}


def test_history_and_lists_read_no_more_rows_of_a_large_table(planned: Session) -> None:
    """However the planner, which knows little of the tables, may weigh their indexes."""
    address = "0x" + "e" * 40
    planned.world.execute(MANY)
    key_hash = keys.sha256_hash(planned.world.key)
    for session in (planned, Session(planned.world)):
        for statement, outcome in ((HISTORY, "found"), (CREDENTIALS, "listed")):
            assert session.call(statement, key_hash, address) == (outcome,)
            rows = session.rows_read(statement, key_hash, address)
            assert 0 < sum(rows.values()) < 100, rows


def test_a_reading_from_end_to_end_would_be_seen(planned: Session) -> None:
    planned.call("select count(*) from registry_event where data = '[]'")
    assert planned.scanned == {"registry_event"}


@pytest.mark.own_tables
def test_every_index_is_used(planned: Session) -> None:
    """Primary keys aside, by whose ids other services go."""
    planned.connection.execute("select pg_stat_force_next_flush()")
    planned.world.execute("select pg_stat_force_next_flush()")
    assert planned.world.execute(INDEXES) == []


def test_the_plans_of_a_request_hold_no_sequential_scan(planned: Session, postgres_version: int) -> None:
    """As auto_explain shows them, on the version whose package brings it."""
    if postgres_version != OLDEST:
        pytest.skip(f"runs with PostgreSQL {OLDEST}")
    plans: list[str] = []
    planned.connection.add_notice_handler(lambda notice: plans.append(notice.message_primary or ""))
    for setting in ("log_min_duration = 0", "log_nested_statements = on", "log_level = notice"):
        planned.connection.execute("load 'auto_explain'")
        planned.connection.execute(f"set auto_explain.{setting}".encode())
    planned.ask_for_everything("d")
    assert sum("Index Scan" in plan for plan in plans) > 20
    assert [plan for plan in plans if "Seq Scan" in plan and "pg_stat" not in plan] == []
