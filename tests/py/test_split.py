"""Two databases, each with communities of its own, and PL/Proxy before them: docs/splitting.md."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from api import keys
from db.erase import erase
from deploy.split.databases import Databases
from deploy.split.functions import CALLED, CALLERS
from deploy.split.install import IDS_OF_A_PARTITION, install, refresh, unfit
from deploy.split.move import ONE_AT_A_TIME, move
from deploy.split.tables import HOME, LOCAL, OF_A_COMMUNITY, REPLICATED
from harness import existing, invariants, plproxy
from harness.debian import NotPackaged
from harness.invariants import Answered
from harness.load import load
from harness.patience import wait_until
from harness.recording import recording, replay
from harness.server import connect, create_database
from harness.service import Service
from harness.split import Split, split
from harness.world import World
from local.issuer import Issuer

WALLETS = ["0x" + digit * 40 for digit in "123456"]
# All that deploy.split.move has to keep: each table's rows of a community, with their ids.
ROWS = "select coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]') from {table} as r where {condition}"
# What rows gives of a community that lives elsewhere.
NONE: dict[str, Any] = {table: [([],)] for table in OF_A_COMMUNITY}
LAST_EVENT = "select id from registry_event where address = %s order by created_at desc limit 1"
WAITING = """
select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like %s)
"""
WAITING_FOR_STATEMENTS = """
select from pg_stat_activity where query like '%query_start <%' and pid <> pg_backend_pid()
"""
ORPHANS = "select * from {} where passport_id not in (select id from registry_passport)"
END_WAITING = """
select pg_terminate_backend(pid) from pg_stat_activity
where wait_event_type = 'Lock' and query like '%community_home%'
"""


@pytest.fixture(scope="module")
def servers(postgres_version: int, issuer: Issuer) -> Iterator[Split]:
    """Two partitions, and a front."""
    if postgres_version != plproxy.VERSION:
        pytest.skip(f"runs with PostgreSQL {plproxy.VERSION}")
    try:
        with split(issuer) as pair:
            yield pair
    except NotPackaged as missing:
        pytest.skip(f"the archive has no {missing}")


@pytest.fixture
def pair(servers: Split) -> Split:
    """The same, with nothing in them but an account and its key."""
    servers.empty()
    return servers


@pytest.fixture
def service(pair: Split, serve: Callable[..., Service], issuer: Issuer) -> Service:
    return serve(pair.service_url, TRUSTED_IAM_ISSUERS=json.dumps([issuer.did]))


def ask(service: Service, address: str, community: object, key: str = World.key) -> tuple[int, Any]:
    return service.get_json(f"/v2/stamps/{community}/score/{address}", X_API_Key=key)


def caller(pair: Split) -> psycopg.Connection:
    """Another service, which calls from SQL."""
    return psycopg.connect(make_conninfo(pair.urls.front, user="caller"), autocommit=True)


def rows(world: World, community: int) -> dict[str, Any]:
    """What a partition holds of a community."""
    return {
        table: world.execute(ROWS.format(table=table, condition=condition.format(community=community)))
        for table, condition in OF_A_COMMUNITY.items()
    }


def test_each_community_is_scored_where_it_lives_and_only_there(pair: Split, service: Service) -> None:
    """One wallet, whose credentials both count; claims are of a community, wherever it lives."""
    pair.add_community(1, 0)
    pair.add_community(2, 1)
    first, second, *_ = WALLETS
    for address in (first, second):
        pair.worlds[0].put_valid(address, "Github", "v1:shared")
    pair.catch_up()
    for community in (1, 2):
        assert ask(service, first, community)[1]["score"] == "2.25000"
        status, body = ask(service, second, community)
        assert (status, body["stamps"]["Github"]["dedup"]) == (200, True)
    for world, community in zip(pair.worlds, (1, 2), strict=True):
        assert world.execute("select distinct community_id from registry_event") == [(community,)]
        assert world.execute("select distinct community_id from registry_hashscorerlink") == [(community,)]
    assert pair.worlds[1].execute("select min(id) > %s from registry_score", IDS_OF_A_PARTITION) == [(True,)]


def test_a_number_is_an_external_id_of_the_keys_account_before_it_is_an_id(
    pair: Split, service: Service
) -> None:
    """As in one database, where the two are of communities in different partitions."""
    home = pair.worlds[0]
    pair.add_community(7, 0, account=2, threshold="7")
    pair.add_community(30, 1, threshold="30")
    home.execute("update account_community set external_scorer_id = '7' where id = 30")
    home.add_key("otherkey.secret", 2)
    pair.catch_up()
    assert ask(service, WALLETS[0], 7)[1]["threshold"] == "30.00000"
    assert ask(service, WALLETS[0], 7, "otherkey.secret")[1]["threshold"] == "7.00000"
    assert ask(service, WALLETS[0], 30, "otherkey.secret")[0] == 404
    assert ask(service, WALLETS[0], 8)[0] == 404
    assert ask(service, WALLETS[0], "9" * 40)[0] == 404
    for key in ("testkey1.wrong", "nobody.secret"):
        assert ask(service, WALLETS[0], 30, key)[0] == 401


def test_a_legacy_key_is_upgraded_where_it_is_used(pair: Split, service: Service) -> None:
    legacy = keys.pbkdf2_hash("legacy1.secret", "pbkdf2_sha256$1000$salt")
    pair.add_community(2, 1)
    pair.worlds[0].add_key("legacy1.secret", hashed=legacy)
    pair.catch_up()
    for _ in range(2):
        assert ask(service, WALLETS[0], 2, "legacy1.secret")[0] == 200
    stored = [
        world.execute("select hashed_key from account_apikey where prefix = 'legacy1'")
        for world in pair.worlds
    ]
    assert stored == [[(legacy,)], [(keys.sha256_hash("legacy1.secret"),)]]


def test_what_is_stored_in_the_home_counts_elsewhere_once_it_is_there(pair: Split, service: Service) -> None:
    """Until then the partition answers by what it has: a credential, and the revocation of one."""
    home, other = pair.worlds
    pair.add_community(2, 1)
    pair.add_community(1, 0)
    address = WALLETS[0]
    other.execute("alter subscription split_partition_1 disable")
    home.put_valid(address, "Github", "v1:a")
    assert [ask(service, address, c)[1]["score"] for c in (1, 2)] == ["2.25000", "0.00000"]
    other.execute("alter subscription split_partition_1 enable")
    pair.catch_up()
    assert ask(service, address, 2)[1]["score"] == "2.25000"
    digests = "select id, digest from ceramic_cache"
    assert home.execute(digests) == other.execute(digests) != []
    home.execute("insert into ceramic_cache_revocation (ceramic_cache_id) select id from ceramic_cache")
    pair.catch_up()
    assert ask(service, address, 2)[1]["score"] == "0.00000"


def test_a_community_moves_under_load_and_nothing_is_lost(pair: Split, service: Service) -> None:
    """There and back, while it and others are asked for."""
    for community, partition in ((1, 0), (2, 0), (3, 1)):
        pair.add_community(community, partition)
    for number, address in enumerate(WALLETS):
        pair.worlds[0].put_valid(address, "Github", f"v1:{number // 2}")
        pair.worlds[0].put_valid(address, "Ens", f"v1:own {number}")
    pair.catch_up()
    assert {ask(service, address, community)[0] for address in WALLETS for community in (1, 2, 3)} == {200}
    with (
        watched(pair),
        load(service.port, World.key, [(a, c) for a in WALLETS for c in (1, 2, 3)]) as asked,
    ):
        asked.wait_for(40)
        for partition in (1, 0, 1):
            moved = move(pair.urls, 1, partition)
            assert moved["registry_passport"] == moved["registry_score"] == len(WALLETS)
            asked.wait_for(40)
        assert set(asked.by_status()) <= {200, 503}
    home, other = pair.worlds
    assert {c: pair.home_of(c) for c in (1, 2, 3)} == {1: 1, 2: 0, 3: 1}
    assert rows(home, 1) == NONE
    for world in pair.worlds:
        assert world.execute("select to_regclass('split.changed')") == [(None,)]
        assert world.execute("select from pg_trigger where tgname = 'record_change'") == []
    left = invariants.lost(other.connection, asked.answered())
    assert invariants.lost(home.connection, left) == []


def test_each_score_has_its_last_event_wherever_its_community_was(pair: Split, service: Service) -> None:
    """Of the wallet that nobody asks for after the last move it is not the one with the largest id."""
    pair.add_community(1, 0)
    asked, left = WALLETS[:2]
    for partition in (1, 0, 1):
        assert [ask(service, address, 1)[0] for address in (asked, left)] == [200, 200]
        move(pair.urls, 1, partition)
    assert ask(service, asked, 1)[0] == 200
    other = pair.worlds[1]
    assert violations(other) == []
    for address, partition in ((asked, 1), (left, 0)):
        ((last,),) = other.execute(LAST_EVENT, address)
        assert last // IDS_OF_A_PARTITION == partition
        with other.connection.transaction(force_rollback=True):
            other.execute("delete from registry_event where id = %s", last)
            assert len(violations(other)) == 1


def violations(world: World) -> list[str]:
    """What does not hold of a partition, of whose links nobody has kept the history."""
    with world.connection.transaction(force_rollback=True):
        invariants.watch(world.connection)
        return invariants.violations(world.connection)


@contextmanager
def watched(pair: Split) -> Iterator[None]:
    """The invariants hold of both partitions when the block has ended."""
    for world in pair.worlds:
        invariants.watch(world.connection)
    yield
    for world in pair.worlds:
        # Scoring never removes a link: the move has.
        world.execute("delete from link_history where new_address is null")
        assert invariants.violations(world.connection) == []
        world.execute("drop table link_history; drop function record_link cascade")


def test_who_has_written_when_a_move_begins_is_waited_for(pair: Split, service: Service) -> None:
    pair.add_community(1, 0)
    pair.worlds[0].put_valid(WALLETS[0], "Github", "v1:a")
    pair.worlds[0].put_valid(WALLETS[1], "Github", "v1:a")
    assert ask(service, WALLETS[0], 1)[0] == 200
    with connect(pair.urls.partitions[0]) as writer, ThreadPoolExecutor(1) as executor:
        with writer.transaction():
            written = [score(writer, address) for address in WALLETS[:3]]
            moving = executor.submit(move, pair.urls, 1, 1)
            wait_for_lock(pair.worlds[0], "%create or replace trigger%")
        assert moving.result()["registry_passport"] == 3
    assert invariants.lost(pair.worlds[1].connection, written) == []
    assert violations(pair.worlds[1]) == []
    assert rows(pair.worlds[0], 1) == NONE


@pytest.mark.parametrize(
    ("under_way", "late", "isolation"),
    [
        ("known", "known", "read committed"),
        ("new", "new", "read committed"),
        ("erased", "known", "repeatable read"),
        ("known", "new", "repeatable read"),
        ("new", "known", "serializable"),
        ("erased", "new", "serializable"),
    ],
)
def test_what_is_written_while_a_community_moves_moves_or_is_refused(
    pair: Split, service: Service, under_way: str, late: str, isolation: str
) -> None:
    """When all is copied a passport that is known or new is being scored, or a wallet erased. Who comes while
    that is waited for is told to try again, and finds the community elsewhere."""
    home, other = pair.worlds
    pair.add_community(1, 0)
    for address in WALLETS:
        home.put_valid(address, "Github", "v1:shared")
    pair.catch_up()
    known, new = WALLETS[:3], WALLETS[3:]
    assert [ask(service, address, 1)[0] for address in known] == [200] * 3
    written = {"known": known, "new": new, "erased": known}[under_way][1]
    latecomer = {"known": known, "new": new}[late][2]
    with ExitStack() as stack:
        executor = stack.enter_context(ThreadPoolExecutor(2))
        front, writing, coming = (
            stack.enter_context(connect(url)) for url in [pair.urls.front, home.url, home.url]
        )
        with front.transaction(force_rollback=True):
            front.execute("insert into split.community_home (community_id, partition) values (1, 0)")
            moving = executor.submit(move, pair.urls, 1, 1)
            wait_for_lock(pair, "%community_home%")
            # What is there already is a copy.
            with pytest.raises(psycopg.errors.SerializationFailure):
                score(other.connection, known[0])
            writing.execute("begin")
            if under_way == "erased":
                answers = []
                writing.execute("select scorer.erase_wallet(%s)", [written])
            else:
                answers = [score(writing, written)]
        wait_for_lock(home, "select pg_advisory_xact_lock%")
        coming.execute(f"set default_transaction_isolation = '{isolation}'".encode())
        refused = executor.submit(score, coming, latecomer)
        wait_for_lock(home, "%score_passport%")
        writing.execute("commit")
        with pytest.raises(psycopg.errors.SerializationFailure):
            refused.result()
        moving.result()
    assert rows(home, 1) == NONE
    assert invariants.lost(other.connection, answers) == []
    assert violations(other) == []
    for table in ("registry_stamp", "registry_score"):
        assert other.execute(ORPHANS.format(table)) == []
    left = set(known) - {written} if under_way == "erased" else {*known, written}
    for table in ("registry_passport", "registry_event"):
        assert {address for (address,) in other.execute(f"select address from {table}")} == left
    assert ask(service, latecomer, 1)[0] == 200


def score(connection: psycopg.Connection, address: str) -> Answered:
    """Scores a wallet without stamps in community 1, by another service's session with a partition."""
    row = connection.execute("select scorer.score_passport(%s, 1, '[]')", [address]).fetchone()
    assert row
    return Answered(address, 1, row[0]["last_score_timestamp"])


def wait_for_lock(database: World | Split, query: str) -> None:
    """Returns once a session waits for a lock with a statement like it."""
    wait_until(
        lambda: database.connection.execute(WAITING, [query]).fetchone() == (True,),
        f"a session waits with {query}",
    )


def test_a_request_under_way_finds_what_it_asks_for_where_the_community_was(
    pair: Split, service: Service
) -> None:
    """Nothing is removed there while a statement runs that the front began before it was told."""
    pair.add_community(1, 0)
    assert ask(service, WALLETS[0], 1)[0] == 200
    lock = "select pg_advisory_lock(4711)"
    with ExitStack() as stack:
        asking = stack.enter_context(connect(pair.urls.front))
        executor = stack.enter_context(ThreadPoolExecutor(2))
        holder = stack.enter_context(connect(pair.urls.front))
        holder.execute(lock)
        under_way = executor.submit(asking.execute, lock)
        wait_for_lock(pair, lock)
        moving = executor.submit(move, pair.urls, 1, 1)
        while not moving.done() and pair.connection.execute(WAITING_FOR_STATEMENTS).fetchall() == []:
            time.sleep(0.02)
        there, here = (rows(world, 1) for world in pair.worlds)
        assert there == here != NONE
        holder.execute("select pg_advisory_unlock(4711)")
        under_way.result()
        moving.result()
    assert rows(pair.worlds[0], 1) == NONE


def test_whoever_writes_an_event_does_not_deadlock_with_the_end_of_a_move(pair: Split) -> None:
    pair.add_community(1, 0)
    pair.add_community(2, 0)
    home = pair.worlds[0]
    with ExitStack() as stack:
        executor = stack.enter_context(ThreadPoolExecutor(1))
        front, writing = (stack.enter_context(connect(url)) for url in [pair.urls.front, home.url])
        with front.transaction(force_rollback=True):
            front.execute("insert into split.community_home (community_id, partition) values (1, 0)")
            moving = executor.submit(move, pair.urls, 1, 1)
            wait_for_lock(pair, "%community_home%")
            # As far as an insert is before it has found its month.
            writing.execute("begin")
            writing.execute("lock table only registry_event in row exclusive mode")
        wait_for_lock(home, "%registry_event%")
        writing.execute("insert into registry_event (action, address, community_id) values ('LXU', '0x1', 2)")
        writing.execute("commit")
        moving.result()


def test_events_move_of_months_that_the_other_partition_has_not(pair: Split, service: Service) -> None:
    home, other = pair.worlds
    pair.add_community(1, 0)
    assert ask(service, WALLETS[0], 1)[0] == 200
    for month in ("2031-05-05Z", "2031-07-07Z"):
        home.execute("select ensure_event_partitions(0, %s)", month)
    home.execute(
        "insert into registry_event (action, address, community_id, created_at)"
        " values ('LXU', %s, 1, '2031-05-05Z')",
        WALLETS[0],
    )
    before = rows(home, 1)
    move(pair.urls, 1, 1)
    assert rows(other, 1) == before
    made = other.execute("select partition from event_partitions() where partition like '%_2031_%'")
    assert made == [("registry_event_2031_05",)]


def test_a_row_that_moves_stays_as_it_is(pair: Split, service: Service) -> None:
    """Its id too, so that an event names its score; and rows that are made afterwards get others."""
    pair.add_community(1, 0)
    pair.worlds[0].put_valid(WALLETS[0], "Github", "v1:a")
    pair.worlds[0].put_valid(WALLETS[1], "Github", "v1:a")
    assert [ask(service, address, 1)[0] for address in WALLETS[:2]] == [200, 200]
    before = rows(pair.worlds[0], 1)
    move(pair.urls, 1, 1)
    assert rows(pair.worlds[1], 1) == before
    assert all(table != [([],)] for table in before.values())
    assert [ask(service, address, 1)[0] for address in WALLETS] == [200] * len(WALLETS)
    after = rows(pair.worlds[1], 1)
    move(pair.urls, 1, 0)
    assert rows(pair.worlds[0], 1) == after
    assert [ask(service, address, 1)[0] for address in WALLETS] == [200] * len(WALLETS)


def test_a_move_that_is_interrupted_is_done_again_by_the_same_call(pair: Split, service: Service) -> None:
    """Until the partition that it leaves has given it away the community lives there; from then on it waits
    for the front to be told."""
    pair.add_community(1, 0)
    for url, address in zip([pair.urls.front, pair.urls.partitions[0]], WALLETS, strict=False):
        assert ask(service, address, 1)[0] == 200
        with connect(url) as holding, holding.transaction():
            holding.execute("insert into split.community_home (community_id, partition) values (1, 0)")
            interrupt(pair, url)
        assert pair.home_of(1) == 0
    pair.add_community(2, 0)
    with pytest.raises(SystemExit, match="move of community 1 from partition 0 was interrupted: repeat it"):
        move(pair.urls, 2, 1)
    with connect(pair.urls.partitions[0]) as another:
        another.execute(ONE_AT_A_TIME)
        with pytest.raises(SystemExit, match="Community 1 is being moved away from partition 0"):
            move(pair.urls, 1, 1)
    assert ask(service, WALLETS[2], 1)[0] == 200
    assert move(pair.urls, 1, 1)["registry_passport"] == 3
    assert rows(pair.worlds[0], 1) == NONE
    held = rows(pair.worlds[1], 1)
    # What one leaves that is interrupted between the two.
    pair.connection.execute("update split.community_home set partition = 0")
    assert ask(service, WALLETS[0], 1)[0] == 503
    assert move(pair.urls, 1, 1) == {}
    assert rows(pair.worlds[1], 1) == held
    assert ask(service, WALLETS[0], 1)[0] == 200


def test_a_move_that_is_interrupted_between_its_commits_is_finished_by_the_same_call(
    pair: Split, service: Service
) -> None:
    """The community lives nowhere then: not where it was, nor where it will be."""
    home, other = pair.worlds
    pair.add_community(1, 0)
    pair.worlds[0].put_valid(WALLETS[0], "Github", "v1:a")
    assert ask(service, WALLETS[0], 1)[0] == 200
    with connect(other.url) as holding, holding.transaction(force_rollback=True):
        holding.execute("insert into split.community_home (community_id, partition) values (1, 1)")
        interrupt(pair, other.url)
    assert pair.home_of(1) == 0
    for world in pair.worlds:
        for address in WALLETS[:2]:
            with pytest.raises(psycopg.errors.SerializationFailure):
                score(world.connection, address)
    assert ask(service, WALLETS[0], 1)[0] == 503
    held = rows(home, 1)
    with pytest.raises(SystemExit, match="move of community 1 to partition 1 was interrupted: repeat it"):
        move(pair.urls, 1, 0)
    assert move(pair.urls, 1, 1) == {}
    assert (rows(home, 1), rows(other, 1)) == (NONE, held)
    assert ask(service, WALLETS[0], 1)[0] == 200


def interrupt(pair: Split, url: str) -> None:
    """Moves community 1 to partition 1, and ends the move's session that waits for a lock on a database."""
    with ThreadPoolExecutor(1) as executor, connect(url) as watching:
        moving = executor.submit(move, pair.urls, 1, 1)
        while not moving.done() and not watching.execute(END_WAITING).fetchall():
            time.sleep(0.02)
        with pytest.raises(psycopg.errors.AdminShutdown):
            moving.result()


def test_a_wallet_is_erased_from_each_partition(pair: Split, service: Service) -> None:
    pair.add_community(1, 0)
    pair.add_community(2, 1)
    pair.worlds[0].put_valid(WALLETS[0], "Github", "v1:a")
    pair.catch_up()
    assert [ask(service, WALLETS[0], community)[0] for community in (1, 2)] == [200, 200]
    for url in pair.urls.partitions:
        erase(url, WALLETS[0])
    pair.catch_up()
    for world in pair.worlds:
        for table in ("registry_passport", "registry_event", "ceramic_cache", "credential_check"):
            assert world.execute(f"select * from {table}") == []


def test_who_calls_a_partition_by_itself_is_refused_what_lives_elsewhere(pair: Split) -> None:
    pair.add_community(1, 0)
    pair.add_community(2, 1)
    for world, community, lives in zip(pair.worlds, (2, 1), (1, 0), strict=True):
        with pytest.raises(psycopg.errors.SerializationFailure) as refused:
            world.execute("select scorer.score_passport(%s, %s, '[]')", WALLETS[0], community)
        assert f"Community {community} lives in partition {lives}" in str(refused.value)
        assert "Call the front database" in str(refused.value)
        assert world.execute("select * from registry_passport") == []


def test_communities_with_human_points_stay_in_the_home(pair: Split) -> None:
    pair.add_community(1, 0, points=True)
    pair.add_community(2, 1)
    with pytest.raises(SystemExit, match="Community 1 has human points"):
        move(pair.urls, 1, 1)
    with pytest.raises(psycopg.errors.CheckViolation, match="Move the community to partition 0 first"):
        pair.worlds[0].execute("update account_community set human_points_program = true where id = 2")
    move(pair.urls, 2, 0)
    pair.worlds[0].execute("update account_community set human_points_program = true where id = 2")
    with pytest.raises(SystemExit, match="no community 9"):
        move(pair.urls, 9, 1)
    with pytest.raises(SystemExit, match="no partition 2"):
        move(pair.urls, 2, 2)


def test_sql_callers_get_the_same_answers_and_errors(pair: Split) -> None:
    stamps = [
        {"provider": "Ens", "credential": {}, "nullifiers": ["n"], "expires_at": "2090-06-01T00:00:00Z"}
    ]
    expired = [stamps[0] | {"expires_at": "2020-06-01T00:00:00Z"}]
    pair.add_community(2, 1)
    call = "select scorer.score_passport(p_address => %s, p_scorer_id => %s, p_valid_stamps => %s)"
    with caller(pair) as connection:
        (row,) = connection.execute(call, [WALLETS[0], 2, json.dumps(stamps)]).fetchall()
        assert row[0]["score"] == "3.00000"
        for sqlstate, arguments in {
            "SC001": ["0x5", 2, "[]"],
            "SC002": [WALLETS[0], 99, "[]"],
            "SC003": [WALLETS[0], 2, "{}"],
            "SC004": [WALLETS[0], 2, json.dumps([stamps[0] | {"nullifiers": [""]}])],
            "SC005": [WALLETS[0], 2, json.dumps(expired)],
        }.items():
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(call, arguments)
            assert refused.value.sqlstate == sqlstate
            assert refused.value.diag.message_detail
            assert refused.value.diag.message_hint
        for forbidden in (
            "select scorer.answer_request(null, null, null, null, null, null, null, null, null, null)",
            "select split.score_passport(null, null, null)",
            "select * from split.community_home",
            "select * from scorer.account_apikey",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())


def test_the_front_has_the_functions_that_callers_have_in_a_partition(pair: Split) -> None:
    """By the same signatures, and to the same callers; made anew after a partition has got another one."""
    home = pair.worlds[0]
    home.execute(
        "create function scorer.passports_of(p_scorer_id bigint, out address text, out id bigint)"
        " returns setof record language sql security definer as 'select null::text, null::bigint'"
    )
    home.execute("revoke execute on function scorer.passports_of(bigint) from public")
    home.execute("grant execute on function scorer.passports_of(bigint) to scorer_caller")
    refresh(pair.urls)
    with Databases(pair.urls) as databases:
        there, here = (
            connection.execute(CALLED, {"callers": list(CALLERS)}).fetchall()
            for connection in (databases.partitions[0], databases.front)
        )
    assert {"answer_request", "passports_of", "score_passport"} <= {row[0] for row in there}
    assert here == there
    home.execute("drop function scorer.passports_of")


@pytest.mark.parametrize(("lost", "kept"), [(0, 1), (1, 0)])
def test_with_a_partition_gone_the_communities_of_the_other_are_answered(
    pair: Split, service: Service, lost: int, kept: int
) -> None:
    """Those of the one that is gone get 503; with it back, all are answered."""
    communities = (10, 11)
    for partition, community in enumerate(communities):
        pair.add_community(community, partition)
    pair.worlds[0].put_valid(WALLETS[0], "Github", "v1:a")
    pair.catch_up()
    assert [ask(service, WALLETS[0], community)[0] for community in communities] == [200, 200]
    pair.partitions[lost].kill()
    for _ in range(3):
        status, headers, body = service.get(
            f"/v2/stamps/{communities[lost]}/score/{WALLETS[0]}", X_API_Key=World.key
        )
        assert (status, headers["Retry-After"]) == (503, "1")
        assert "temporarily unavailable" in body.decode()
        status, answered = ask(service, WALLETS[0], communities[kept])
        assert (status, answered["score"]) == (200, "2.25000")
    with caller(pair) as connection, pytest.raises(psycopg.errors.ConnectionFailure):
        connection.execute("select scorer.score_passport(%s, %s, '[]')", [WALLETS[0], communities[lost]])
    assert "08006" in service.output.read_text()
    pair.partitions[lost].start()
    pair.worlds[lost].connection = connect(pair.worlds[lost].url)
    for community in communities:
        assert ask(service, WALLETS[0], community)[1]["score"] == "2.25000"


def test_a_partition_from_which_nothing_comes_back_is_given_up(pair: Split, service: Service) -> None:
    """As a machine that is gone, which lets the front wait for as long as it will; here for a tenth of it."""
    pair.add_community(10, 0)
    pair.add_community(11, 1)
    point = "alter server partitions options (set p1 {})"
    options = pair.connection.execute("select unnest(srvoptions) from pg_foreign_server").fetchall()
    (kept,) = [option.removeprefix("p1=") for (option,) in options if option.startswith("p1=")]
    with ExitStack() as stack:
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        # With its queue full it takes no notice of who connects.
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(silent.getsockname())
        port = silent.getsockname()[1]
        gone = make_conninfo(kept, host="127.0.0.1", port=port, tcp_user_timeout=500)
        pair.connection.execute(sql.SQL(point).format(sql.Literal(gone)))
        assert [ask(service, WALLETS[0], community)[0] for community in (11, 10)] == [503, 200]
        pair.connection.execute(sql.SQL(point).format(sql.Literal(kept)))
    assert ask(service, WALLETS[0], 11)[0] == 200


def test_install_refuses_what_does_not_fit(pair: Split) -> None:
    with pytest.raises(SystemExit, match="Partition 1 is one of a split already"):
        install(pair.urls)
    adopted = create_database(pair.urls.partitions[0], "template0")
    existing.make(adopted)
    with Databases(pair.urls) as databases, psycopg.connect(adopted) as connection:
        databases.partitions[0] = connection
        assert any("not a database with tables of ours alone" in problem for problem in unfit(databases))


def test_of_each_table_it_is_said_what_becomes_of_it(pair: Split) -> None:
    found = pair.worlds[0].execute(
        "select relname::text from pg_class"
        " where relnamespace = 'scorer'::regnamespace and relkind in ('r', 'p') and not relispartition"
    )
    said = [*REPLICATED, *OF_A_COMMUNITY, *HOME, *LOCAL]
    assert sorted(name for (name,) in found) == sorted(said)


def test_the_recorded_walk_passes_with_its_communities_in_both_partitions(
    pair: Split, serve: Callable[..., Service]
) -> None:
    recorded = recording()
    for community in recorded["communities"]:
        pair.worlds[0].add_community(
            community["id"],
            json.dumps(community["weights"]),
            community["threshold"],
            community["account_id"],
            community["human_points_program"],
        )
    move(pair.urls, 2, 1)
    pair.catch_up()
    service = serve(pair.service_url, TRUSTED_IAM_ISSUERS=json.dumps(recorded["trusted_issuers"]))
    scored = {0: 0, 1: 0}
    with closing(http.client.HTTPConnection("127.0.0.1", service.port)) as client:
        for step in recorded["steps"]:
            partition = 1 if step.get("community_id") == 2 else 0
            if partition and step["op"] == "score":
                pair.catch_up()
            scored[partition] += replay(step, pair.worlds[partition], client, known=False)
    assert scored == {0: 306, 1: 90}
