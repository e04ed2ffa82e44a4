"""A dry run leaves nothing behind, and nobody waits for it for long."""

import json
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from api import keys
from api.credentials import Check, check
from api.settings import Settings
from compare import dry_run
from compare.asking import Asking
from compare.dry_run import DryRun, Undone
from compare.errors import CannotRun
from compare.sides import Answer
from compare.state import Result
from compare.wallets import Wallet
from harness import existing
from harness.crowd import KINDS, OTHERS, Crowd, gather
from harness.locks import waiting
from harness.printed import Lines
from harness.server import add_service_role, connect, service_url_of
from harness.wire import recorded
from harness.world import World, inhabited
from local.issuer import Issuer

pytestmark = pytest.mark.newest

LEGACY_KEY = "legacy01.secret"
PLENTY = 900


@pytest.fixture(params=["own", "adopted"])
def any_world(
    request: pytest.FixtureRequest, empty_database_url: str, server: str, issuer: Issuer
) -> Iterator[World]:
    """A world in tables of our own, and in those of the existing service."""
    if request.param == "own":
        yield request.getfixturevalue("world")
        return
    existing.make(empty_database_url)
    add_service_role(server)
    with inhabited(empty_database_url, service_url_of(empty_database_url), issuer) as world:
        yield world


def crowd_in(world: World, count: int = 2 * len(KINDS)) -> Crowd:
    """Some of it scored before, and so its documents checked."""
    crowd = gather(world, count, Issuer.ed25519())
    client = world.client(trusted_issuers=crowd.trusted)
    for address in crowd.addresses[1 :: len(KINDS)]:
        assert client.get(world.path(address), headers={"X-API-Key": world.key}).status_code == 200
    return crowd


def rows_of_all(url: str) -> dict[str, list[str]]:
    """Every row of every table, as text, in order."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select format('%I.%I', n.nspname, c.relname) from pg_class as c"
            " inner join pg_namespace as n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'p') and n.nspname !~ '^pg_|^information_schema$'"
        ).fetchall()
        return {
            name: [
                row for (row,) in connection.execute(f"select t::text from {name} as t order by 1".encode())
            ]
            for (name,) in tables
        }


def dry(world: World, crowd: Crowd, limit: int = PLENTY, key: str | None = None, **changes: object) -> DryRun:
    return DryRun(world.settings(trusted_issuers=crowd.trusted, **changes), key or world.key, limit)


def answers(side: DryRun, crowd: Crowd) -> dict[str, Answer]:
    """What it says of each; as often as it takes on a machine that has much to do."""
    connection = side.connect()
    found: dict[str, Answer] = {}
    for address in crowd.addresses:
        while found.get(address) is None or found[address].again:
            found[address] = connection.ask(Wallet("1", address))
    return found


@pytest.mark.http
def test_a_dry_run_leaves_every_row_as_it_was_and_says_what_the_service_then_says(any_world: World) -> None:
    """With all that a request writes: checks, links, stamps, scores, events, human points, a key's hash."""
    world = any_world
    crowd = crowd_in(world)
    world.execute("update account_community set human_points_program = true")
    parameters = "pbkdf2_sha256$10$salt"
    world.add_key(LEGACY_KEY, hashed=keys.pbkdf2_hash(LEGACY_KEY, parameters))
    before = rows_of_all(world.url)
    said = answers(dry(world, crowd, key=LEGACY_KEY, human_points_enabled=True), crowd)
    assert rows_of_all(world.url) == before

    client = world.client(trusted_issuers=crowd.trusted, human_points_enabled=True)
    for address in crowd.addresses:
        told = client.get(world.path(address), headers={"X-API-Key": LEGACY_KEY})
        assert said[address].status == told.status_code == 200
        assert timeless(said[address].body) == timeless(told.data), address
    after = rows_of_all(world.url)
    changed = {name.partition(".")[2] for name in after if after[name] != before[name]}
    assert {"credential_check", "registry_event", "registry_hashscorerlink", "registry_stamp"} <= changed
    assert changed & {"account_apikey", "account_accountapikey"}
    assert changed & {"human_points_passingscorerecord", "registry_humanpointscommunityqualifiedusers"}


def timeless(body: bytes) -> object:
    return json.loads(body) | {"last_score_timestamp": None}


def test_the_service_s_refusals_are_the_dry_run_s(world: World) -> None:
    crowd = Crowd([], frozenset([world.issuer.did]))
    connection = dry(world, crowd).connect()
    refused = {
        wallet: connection.ask(wallet).status
        for wallet in (Wallet("99", OTHERS), Wallet("1", "0x12"), Wallet("one", OTHERS))
    }
    assert [*refused.values()] == [404, 400, 422]
    assert dry(world, crowd, key="unknown1.key").connect().ask(Wallet("1", OTHERS)).status == 401


def test_a_document_is_checked_once_however_often_it_is_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put_valid(OTHERS, "Github", "v1:a")
    checked: list[str] = []

    def counting(documents: list[str]) -> list[Check]:
        checked.extend(documents)
        return check(documents)

    monkeypatch.setattr(dry_run, "check", counting)
    side = dry(world, Crowd([OTHERS], frozenset([world.issuer.did])))
    for _ in range(3):
        answers(side, Crowd([OTHERS], frozenset()))
    assert len(checked) == 1
    assert world.execute("select from credential_check") == []


def test_the_server_undoes_it_without_being_told_again(world: World) -> None:
    """Whatever becomes of the process that asked: it says all at once."""
    crowd = Crowd([OTHERS], frozenset([world.issuer.did]))
    with recorded(world.service_url) as (url, recording):
        side = DryRun(Settings(url, crowd.trusted), world.key, PLENTY)
        answers(side, crowd)
        recording.messages.clear()
        answers(side, crowd)
    assert recording.round_trips == 1
    assert [statement.split()[0] for statement in recording.statements] == [
        "begin", "select", "select", "rollback",
    ]  # fmt: skip


@pytest.mark.http
def test_it_waits_for_no_lock_longer_than_its_limit(world: World, lines: Lines) -> None:
    """The lock is held until it has given up."""
    crowd = crowd_in(world, 2)
    side = dry(world, crowd, limit=300)
    with connect(world.url) as session, session.transaction():
        session.execute("select from registry_passport for update")
        assert side.connect().ask(Wallet("1", crowd.addresses[1])).again
    assert "57014" in [line.get("sqlstate") for line in lines()]
    assert not answers(side, crowd)[crowd.addresses[1]].again


@pytest.mark.http
def test_nobody_waits_for_a_dry_run_longer_than_its_limit(world: World, lines: Lines) -> None:
    """A dry run has made a link and waits for another; a request of another wallet for the first goes on once
    it has given up, while the second is still held."""
    held, wanted = "0x" + "a" * 40, "0x" + "b" * 40
    world.put_valid(held, "Github", "v1:1", "v1:2")
    world.put_valid(wanted, "Github", "v1:1")
    crowd = Crowd([held, wanted], frozenset([world.issuer.did]))
    side = dry(world, crowd)
    said: list[Answer] = []
    with connect(world.url) as session, session.transaction():
        session.execute(
            "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
            " values ('v1:2', %s, 1, now() + interval '1 day')",
            ["0x" + "c" * 40],
        )
        thread = threading.Thread(target=lambda: said.append(side.connect().ask(Wallet("1", held))))
        thread.start()
        while not waiting(world) and thread.is_alive():
            time.sleep(0.01)
        told = world.client().get(world.path(wanted), headers={"X-API-Key": world.key})
        thread.join()
    assert (said[0].again, told.status_code, told.get_json()["score"]) == (True, 200, "2.25000")
    assert "57014" in [line.get("sqlstate") for line in lines()]


def test_what_was_not_had_is_asked_for_again(world: World) -> None:
    """The lock goes once the first attempt has failed."""
    crowd = crowd_in(world, 2)
    session = connect(world.url)
    session.execute("begin")
    session.execute("select from registry_passport for update")
    found: list[Answer] = []

    class Watching(Undone):
        def ask(self, wallet: Wallet) -> Answer:
            found.append(super().ask(wallet))
            if len(found) == 1:
                session.execute("rollback")
            return found[-1]

    class Watched(DryRun):
        def connect(self) -> Watching:
            return Watching(self._app, self._key)

    side = Watched(world.settings(trusted_issuers=crowd.trusted), world.key, PLENTY)
    results: list[Result] = []
    Asking(side, dry(world, crowd), 1000, 1, in_turn=False).run(
        [(7, Wallet("1", crowd.addresses[1]))], results.append
    )
    session.close()
    assert [found[0].again, found[-1].again] == [True, False]
    assert [(r.id, r.outcome, list(r.differences)) for r in results] == [(7, "compared", [])]


@pytest.mark.parametrize("limit", [0, 901])
def test_a_limit_that_might_have_others_ended_is_refused(world: World, limit: int) -> None:
    with pytest.raises(CannotRun, match="--limit"):
        dry(world, Crowd([], frozenset()), limit=limit)
