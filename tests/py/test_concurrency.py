"""Races, with real sessions: the second one is seen to wait for a lock before the first one goes on."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from harness.existing import base_table
from harness.model import Community
from harness.patience import wait_until
from harness.peer import score_as_peer
from harness.server import connect
from harness.world import World

Session = Callable[[], psycopg.Connection]
Call = Callable[[psycopg.Connection], Any]

SCORE = "select score_passport(%s, %s, %s, %s)"
A, B, C, D = ("0x" + digit * 40 for digit in "abcd")


def stamp(provider: str, *nullifiers: str, expires_at: str = "2090-01-01T00:00:00Z") -> dict[str, Any]:
    return {
        "provider": provider,
        "credential": {"expirationDate": expires_at},
        "nullifiers": nullifiers,
        "expires_at": expires_at,
    }


def score(
    session: psycopg.Connection,
    address: str,
    *stamps: dict[str, Any],
    community: int = 1,
    points: bool = False,
) -> dict[str, Any]:
    row = session.execute(SCORE, [address, community, json.dumps(stamps), points]).fetchone()
    assert row
    answer: dict[str, Any] = row[0]
    return answer


@pytest.fixture
def later() -> Iterator[Callable[..., Future[Any]]]:
    """Runs a call in a thread of its own."""
    with ThreadPoolExecutor(8) as executor:
        yield executor.submit


def wait_until_blocked(world: World, session: psycopg.Connection, future: Future[Any]) -> None:
    """Returns once the session waits for a lock; fails if its call ends before."""
    waits = "select from pg_stat_activity where pid = %s and wait_event_type = 'Lock'"

    def is_blocked() -> bool:
        assert not future.done(), f"not blocked: {future.result()}"
        return bool(world.execute(waits, session.info.backend_pid))

    wait_until(is_blocked, "the session waits for a lock")


def wait_until_blocking(world: World, blocker: psycopg.Connection, waiting: Future[Any]) -> None:
    """Returns once a session waits for the blocker."""
    blocked = "select from pg_stat_activity where %s = any(pg_blocking_pids(pid))"

    def is_blocking() -> bool:
        assert not waiting.done()
        return bool(world.execute(blocked, blocker.info.backend_pid))

    wait_until(is_blocking, "a session waits for the blocker")


@pytest.fixture
def race(world: World, sessions: Session, later: Any) -> Callable[[Call, Call], tuple[Any, Future[Any]]]:
    """Runs two calls: the first in a transaction that stays open until the second, in a session of its own,
    is seen to wait for it. Gives the first's answer and the second's future."""

    def run(first: Call, second: Call, commit: bool = True) -> tuple[Any, Future[Any]]:
        one, two = sessions(), sessions()
        with one.transaction(force_rollback=not commit):
            answer = first(one)
            waiting = later(second, two)
            wait_until_blocked(world, two, waiting)
        return answer, waiting

    return run


def links(world: World) -> dict[str, str]:
    return dict(world.execute("select hash, address from registry_hashscorerlink where expires_at > now()"))


def dedup(answer: dict[str, Any], provider: str = "Github") -> bool:
    deduped: bool = answer["stamps"][provider]["dedup"]
    return deduped


def scores(address: str, *stamps: dict[str, Any]) -> Call:
    return lambda session: score(session, address, *stamps)


def test_two_wallets_claim_a_new_nullifier(world: World, race: Any) -> None:
    first, second = race(scores(A, stamp("Github", "n")), scores(B, stamp("Github", "n")))
    assert (dedup(first), dedup(second.result())) == (False, True)
    assert links(world) == {"n": A}


def test_the_second_wallet_scores_if_the_first_takes_it_back(world: World, race: Any) -> None:
    _, second = race(scores(A, stamp("Github", "n")), scores(B, stamp("Github", "n")), commit=False)
    assert not dedup(second.result())
    assert links(world) == {"n": B}


@pytest.mark.parametrize("former", [A, B, D])
def test_two_wallets_claim_an_expired_link(world: World, race: Any, former: str) -> None:
    """Whether it was a third wallet's, the first's or the second's."""
    expired_link(world, "n", former)
    first, second = race(scores(A, stamp("Github", "n")), scores(B, stamp("Github", "n")))
    assert (dedup(first), dedup(second.result())) == (False, True)
    assert links(world) == {"n": A}


def test_three_wallets_claim_what_overlaps(world: World, sessions: Session, later: Any) -> None:
    """Of new, expired and own nullifiers in opposite orders: the third waits for the second, which waits for
    the first. What the second gives back goes to the first, so the third loses it too."""
    expired_link(world, "a", D)
    expired_link(world, "c", C)
    first, second, third = sessions(), sessions(), sessions()
    with first.transaction():
        assert not dedup(score(first, A, stamp("Github", "b")))
        two = later(score, second, B, stamp("Github", "c", "b", "a"))
        wait_until_blocked(world, second, two)
        three = later(score, third, C, stamp("Github", "d", "c", "a"), stamp("Google", "d"))
        wait_until_blocked(world, third, three)
    assert dedup(two.result())
    assert (dedup(three.result()), dedup(three.result(), "Google")) == (True, False)
    assert links(world) == {"a": A, "b": A, "c": A, "d": C}


def test_a_claim_that_loses_one_nullifier_gives_the_others_back(world: World, race: Any) -> None:
    expired_link(world, "old", D)
    world.execute(
        "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
        " values ('own', %s, 1, '2070-01-01Z')",
        B,
    )
    _, second = race(
        scores(A, stamp("Github", "n", expires_at="2080-01-01T00:00:00Z")),
        scores(B, stamp("Github", "a", "n", "old", "own", "z"), stamp("Google", "z")),
    )
    answer = second.result()
    assert (dedup(answer), dedup(answer, "Google")) == (True, False)
    assert world.execute(
        "select hash, address, extract(year from expires_at at time zone 'UTC')::int"
        " from registry_hashscorerlink order by hash"
    ) == [("a", A, 2080), ("n", A, 2080), ("old", A, 2080), ("own", B, 2070), ("z", B, 2090)]


@pytest.mark.parametrize("state", ["new", "expired", "mixed"])
def test_nullifiers_in_opposite_order_do_not_deadlock(
    world: World, sessions: Session, later: Any, state: str
) -> None:
    names = [f"n{number:02}" for number in range(40)]
    expired = {"new": [], "expired": names, "mixed": [n for i, n in enumerate(names) if i % 3]}[state]
    pairs = [(sessions(), address) for address in (A, B, C)]

    def nullifiers(shift: int) -> dict[str, list[str]]:
        """Those of ten stamps, by provider: the names from the shift on, an odd one backwards."""
        order = names[shift:] + names[:shift]
        if shift % 2:
            order.reverse()
        return {f"P{i}": order[i * 4 : i * 4 + 4] for i in range(10)}

    def run(session: psycopg.Connection, address: str, shift: int, start: threading.Barrier) -> Any:
        stamps = [stamp(provider, *given) for provider, given in nullifiers(shift).items()]
        start.wait()
        return score(session, address, *stamps)

    for round_ in range(10):
        world.execute("delete from registry_hashscorerlink")
        for number, name in enumerate(expired):
            expired_link(world, name, D if number % 2 else C)
        start = threading.Barrier(len(pairs))
        answers = [
            later(run, session, address, index * 7 + round_, start)
            for index, (session, address) in enumerate(pairs)
        ]
        scored = [answer.result()["stamps"] for answer in answers]
        holders = links(world)
        for index, (_, address) in enumerate(pairs):
            for provider, given in nullifiers(index * 7 + round_).items():
                if not scored[index][provider]["dedup"]:
                    assert {holders[name] for name in given} == {address}


@pytest.mark.parametrize(
    "change",
    ["update registry_hashscorerlink set expires_at = '2020-01-01Z'", "delete from registry_hashscorerlink"],
)
def test_a_clash_that_ends_while_others_are_waited_for_is_a_clash(
    world: World, sessions: Session, later: Any, change: str
) -> None:
    """The other wallet's link was live when it was read; that it no longer is must not leave the stamp
    counted and its nullifier with nobody."""
    score(world.connection, B, stamp("Github", "n"))
    first, second = sessions(), sessions()
    with first.transaction(force_rollback=True):
        inserts_link("z", C)(first)
        waiting = later(score, second, A, stamp("Github", "n", "z"))
        wait_until_blocked(world, second, waiting)
        world.execute(f"{change} where hash = 'n'")
    assert dedup(waiting.result())
    assert world.execute("select address from registry_hashscorerlink where hash = 'z'") == [(B,)]
    assert not dedup(score(world.connection, A, stamp("Github", "n")))


@pytest.mark.parametrize("scored_before", [False, True])
def test_one_passport_is_scored_one_request_after_the_other(
    world: World, race: Any, scored_before: bool
) -> None:
    if scored_before:
        score(world.connection, A, stamp("Ens", "e"))
    _, second = race(scores(A, stamp("Github", "g")), scores(A, stamp("Google", "o")))
    assert second.result()["score"] == "1.00000"
    assert world.execute("select provider from registry_stamp") == [("Google",)]
    assert world.execute("select count(*) from registry_passport") == [(1,)]
    assert world.execute("select evidence ->> 'rawScore' from registry_score") == [("1.0",)]
    assert world.execute("select count(*) from registry_event") == [(2 + scored_before,)]


def test_credentials_that_change_while_a_scoring_waits_count_as_they_are_when_it_runs(
    world: World, sessions: Session, later: Any
) -> None:
    world.put_valid(A, "Github", "v0:g")
    client = world.client()

    def ask() -> dict[str, Any]:
        answer = client.get(world.path(A), headers={"X-API-Key": world.key}).json
        assert answer
        return dict(answer["stamps"])

    assert list(ask()) == ["Github"]
    session = sessions()
    with session.transaction():
        session.execute("select from registry_passport for update")
        waiting = later(ask)
        wait_until_blocking(world, session, waiting)
        world.execute("update ceramic_cache set deleted_at = now()")
        world.put_valid(A, "Google", "v0:o")
    assert list(waiting.result()) == ["Google"]
    assert world.execute("select provider from registry_stamp") == [("Google",)]


def test_who_reads_the_credentials_of_a_new_passport_last_writes_last(world: World, later: Any) -> None:
    """The first scoring of a passport has read its credentials, and is kept from writing its row."""
    world.put_valid(A, "Github", "v0:g")
    # So that its credential is known.
    ask(world, "before", A)
    world.execute("delete from registry_score; delete from registry_stamp; delete from registry_passport")
    world.execute(
        "create function hold() returns trigger language plpgsql as $$ begin"
        " if current_setting('application_name') = 'slow' then perform pg_advisory_xact_lock(1); end if;"
        " return new; end $$"
    )
    world.execute(
        f"create trigger hold before insert on {base_table(world.connection, 'registry_passport')}"
        " for each row execute function hold()"
    )
    with connect(world.url) as gate:
        gate.execute("select pg_advisory_lock(1)")
        slow = later(ask, world, "slow", A)
        wait_until_blocking(world, gate, slow)
        world.execute("update ceramic_cache set deleted_at = now()")
        fast = later(ask, world, "fast", A)
        waits = "select from pg_stat_activity where application_name = 'fast' and wait_event_type = 'Lock'"
        wait_until(lambda: fast.done() or bool(world.execute(waits)))
        gate.execute("select pg_advisory_unlock(1)")
    assert list(slow.result()) == ["Github"]
    assert list(fast.result()) == []
    assert world.execute("select from registry_stamp") == []


def ask(world: World, application: str, address: str) -> dict[str, Any]:
    """The stamps of the wallet's answer, by a service whose sessions have the name."""
    client = world.client(database_url=make_conninfo(world.service_url, application_name=application))
    answer = client.get(world.path(address), headers={"X-API-Key": world.key}).json
    assert answer
    return dict(answer["stamps"])


def peer_stamp(*nullifiers: str) -> dict[str, Any]:
    return stamp("Github", *nullifiers) | {"expires_at": "2090-01-01T00:00:00+00:00"}


COMMUNITY = Community({"Github": Decimal("2.25")}, Decimal("2.5"), False)


def test_the_existing_service_scores_first_in_its_own_order(world: World, race: Any) -> None:
    """It deletes and writes stamps around the links, which it inserts unsorted."""
    expired_link(world, "old", D)
    _, ours = race(
        lambda session: score_as_peer(session, B, 1, [peer_stamp("z", "n", "old")], COMMUNITY),
        scores(A, stamp("Github", "a", "n"), stamp("Google", "old")),
    )
    assert (dedup(ours.result()), dedup(ours.result(), "Google")) == (True, True)
    assert links(world) == {"z": B, "n": B, "old": B, "a": B}


def test_the_existing_service_scores_second_in_its_own_order(world: World, race: Any) -> None:
    """Its insert fails on our link; started again, it sees it."""
    expired_link(world, "old", D)
    ours, peer = race(
        scores(A, stamp("Github", "a", "n"), stamp("Google", "old")),
        lambda session: score_as_peer(session, B, 1, [peer_stamp("z", "n", "old")], COMMUNITY),
    )
    assert peer.result() is None
    assert (dedup(ours), dedup(ours, "Google")) == (False, False)
    assert links(world) == {"a": A, "n": A, "old": A}
    assert world.execute(
        "select stamps -> 'Github' -> 'dedup' from registry_score order by id desc limit 1"
    ) == [(True,)]


def test_the_existing_service_inserts_a_link_first(world: World, race: Any) -> None:
    _, ours = race(inserts_link("n", B), scores(A, stamp("Github", "m", "n")))
    assert dedup(ours.result())
    assert links(world) == {"m": B, "n": B}


def test_the_existing_service_inserts_a_link_second(world: World, race: Any) -> None:
    ours, peer = race(scores(A, stamp("Github", "n")), inserts_link("n", B))
    assert not dedup(ours)
    with pytest.raises(psycopg.errors.UniqueViolation):
        peer.result()
    assert links(world) == {"n": A}


def test_the_existing_service_takes_an_expired_link_by_its_id_first(world: World, race: Any) -> None:
    expired_link(world, "n", D)
    _, ours = race(updates_link(world, B), scores(A, stamp("Github", "n")))
    assert dedup(ours.result())
    assert links(world) == {"n": B}


def test_the_existing_service_takes_an_expired_link_by_its_id_too_late(world: World, race: Any) -> None:
    """It read the link while it was expired; ours has it when its update arrives."""
    expired_link(world, "n", D)
    ours, peer = race(scores(A, stamp("Github", "n")), updates_link(world, B))
    assert not dedup(ours)
    with pytest.raises(psycopg.errors.UniqueViolation, match="hash link is live"):
        peer.result()
    assert links(world) == {"n": A}


def test_the_existing_service_takes_an_expired_link_by_its_id_after_it_was_given_away(world: World) -> None:
    """Ours claimed it for a stamp that turned out to be deduped, and left it to the owner of the clash."""
    score(world.connection, B, stamp("Github", "taken"))
    expired_link(world, "old", D)
    peer = updates_link(world, C, "old")
    assert dedup(score(world.connection, A, stamp("Github", "taken", "old")))
    with pytest.raises(psycopg.errors.UniqueViolation, match="hash link is live"):
        peer(world.connection)
    assert links(world) == {"taken": B, "old": B}


def test_the_fourth_community_reached_from_several_sessions_earns_one_bonus(
    world: World, sessions: Session, later: Any
) -> None:
    """A provider each, so that no unique index makes them wait for each other."""
    providers = {2: "Github", 3: "Google", 4: "Ens", 5: "Lens"}
    for community, provider in providers.items():
        world.add_community(community, json.dumps({provider: 3}), points=True)

    def passes(session: psycopg.Connection, community: int) -> bool:
        given = stamp(providers[community], "n")
        answer = score(session, A, given, community=community, points=True)
        passing: bool = answer["passing_score"]
        return passing

    waiting = []
    first = sessions()
    with first.transaction():
        assert passes(first, 2)
        for community in (3, 4, 5):
            session = sessions()
            waiting.append(later(passes, session, community))
            wait_until_blocked(world, session, waiting[-1])
    assert all(future.result() for future in waiting)
    assert world.execute("select bonus_type, points from human_points_bonusaward") == [("SCORING_BONUS", 50)]
    assert world.execute("select count(*) from human_points_passingscorerecord") == [(4,)]


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_stricter_isolation_fails_rather_than_score_wrongly(
    world: World, sessions: Session, later: Any, level: str
) -> None:
    first, second = sessions(), sessions()
    second.execute(f"set default_transaction_isolation to '{level}'".encode())
    with first.transaction():
        score(first, A, stamp("Github", "n"))
        waiting = later(score, second, B, stamp("Github", "n"))
        wait_until_blocked(world, second, waiting)
    with pytest.raises(psycopg.errors.SerializationFailure):
        waiting.result()
    assert dedup(score(second, B, stamp("Github", "n")))


def test_a_wait_for_a_lock_ends(world: World, sessions: Session) -> None:
    world.execute("alter function score_passport set lock_timeout = '50ms'")
    first, second = sessions(), sessions()
    with first.transaction():
        score(first, A, stamp("Github", "n"))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            score(second, A, stamp("Github", "n"))
    assert not dedup(score(second, A, stamp("Github", "n")))


def expired_link(world: World, name: str, owner: str) -> None:
    world.execute(
        "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
        " values (%s, %s, 1, '2020-01-01Z')",
        name,
        owner,
    )


def inserts_link(name: str, owner: str) -> Call:
    """How the existing service makes a link: it fails on one that is there."""
    return lambda session: session.execute(
        "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
        " values (%s, %s, 1, '2090-01-01Z')",
        [name, owner],
    )


def updates_link(world: World, owner: str, name: str = "n") -> Call:
    """How the existing service takes the link that it read before."""
    ((id_,),) = world.execute("select id from registry_hashscorerlink where hash = %s", name)
    return lambda session: session.execute(
        "update registry_hashscorerlink set address = %s, expires_at = '2090-01-01Z' where id = %s",
        [owner, id_],
    )
