"""What fails while the service is under load: what its clients get, what the tables hold, how it recovers."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psutil
import psycopg
import pytest

from api import scoring
from harness import faketime
from harness.existing import base_table
from harness.invariants import lost, violations
from harness.load import Load, load
from harness.locks import locked_passports, waiting
from harness.neighbours import WALLETS, fill
from harness.server import OwnServer, connect
from harness.service import Service
from harness.wire import Cut, Hook, recorded
from harness.world import World, fresh

UNAVAILABLE = b'{"detail": "The service is temporarily unavailable. Please try again."}'


@pytest.fixture
def filled(world: World) -> World:
    return fill(world)


@pytest.fixture
def own_world(own_server: OwnServer, issuer: Any) -> Iterator[World]:
    """A filled world on a server of the test's own."""
    with fresh(own_server.url, issuer, "own") as world:
        yield fill(world)


@pytest.fixture
def served(serve: Callable[..., Service]) -> Callable[..., Service]:
    """Starts the service for a world."""

    def start(world: World, url: str | None = None, **environment: str) -> Service:
        trusted = json.dumps([world.issuer.did])
        return serve(url or world.service_url, TRUSTED_IAM_ISSUERS=trusted, **environment)

    return start


@contextmanager
def loaded(
    service: Service, world: World, clients: int = 4, passports: Sequence[str] = WALLETS
) -> Iterator[Load]:
    """Load on the service, which is well before and after the block; then all that must hold, is checked:
    nothing but 200 and 503, nothing half written, no answer that the tables do not hold."""
    with load(service.port, world.key, [(address, 1) for address in passports], clients) as result:
        result.wait_for(20)
        yield result
        result.wait_for(50)
    assert set(result.by_status()) <= {200, 503}
    for answer in result.answers:
        if answer.status == 503:
            assert (answer.retry_after, answer.body) == ("1", UNAVAILABLE)
    with connect(world.url) as connection:
        assert violations(connection) == []
        assert lost(connection, result.answered()) == []


def wait_until_waiting(world: World, result: Load, count: int = 1) -> list[int]:
    result.wait_until(lambda: len(waiting(world)) >= count, "backends that wait")
    return waiting(world)


def end_sessions(world: World) -> None:
    """Ends the service's sessions, so that it opens new ones, under settings that were changed."""
    world.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'service'")


def test_backends_terminated_inside_the_function(filled: World, served: Callable[..., Service]) -> None:
    with loaded(served(filled), filled) as result, locked_passports(filled):
        killed = wait_until_waiting(filled, result, 4)
        filled.execute("select pg_terminate_backend(pid) from unnest(%s::int[]) as pid", killed)
        # They have come back, and wait again.
        result.wait_until(lambda: len(set(waiting(filled)) - set(killed)) == 4, "new backends")
    assert set(result.by_status()) == {200}


def test_a_backend_killed_inside_the_function(own_world: World, served: Callable[..., Service]) -> None:
    """The server ends all its other sessions too, and recovers from its log."""
    with (
        loaded(served(own_world), own_world) as result,
        suppress(psycopg.OperationalError),
        locked_passports(own_world) as session,
    ):
        os.kill(wait_until_waiting(own_world, result)[0], signal.SIGKILL)
        # Until the server ends this session as well.
        session.execute("select pg_sleep(60)")


def test_the_server_killed_and_started_again(
    own_server: OwnServer, own_world: World, served: Callable[..., Service]
) -> None:
    with loaded(served(own_world), own_world) as result:
        own_server.kill()
        result.wait_for(10, 503)
        own_server.start()


def test_the_server_restarted(
    own_server: OwnServer, own_world: World, served: Callable[..., Service]
) -> None:
    with loaded(served(own_world), own_world):
        own_server.stop()
        own_server.start()


def test_a_service_that_starts_before_its_database(
    own_server: OwnServer, own_world: World, served: Callable[..., Service]
) -> None:
    own_server.stop()
    service = served(own_world)
    assert service.get("/ready")[0] == 503
    assert service.get(own_world.path(WALLETS[0]), X_API_Key=own_world.key)[0] == 503
    own_server.start()
    assert service.get("/ready")[0] == 200
    assert service.get(own_world.path(WALLETS[0]), X_API_Key=own_world.key)[0] == 200


def test_sessions_ended_for_idling(filled: World, served: Callable[..., Service]) -> None:
    service = served(filled)
    with loaded(service, filled) as result, setting_of_the_service(filled, "idle_session_timeout", "1ms"):
        result.wait_until(lambda: log_of(service).count("57P05") >= 10, "sessions that ended")


def cutting(time: int) -> tuple[Hook, list[str]]:
    """A hook that cuts each connection at its so-manieth call of answer_request, and what it cut. A client
    that asks alone gets a fresh connection for its next attempt; one of several may get a third one that is
    cut."""
    cut: list[str] = []

    def hook(statement: str, sent: int) -> None:
        if "answer_request" in statement and sent == time:
            cut.append(statement)
            raise Cut

    return hook, cut


def test_the_connection_cut_before_a_call(filled: World, served: Callable[..., Service]) -> None:
    """Nothing of the request is written, and another attempt answers it."""
    hook, cut = cutting(4)
    with (
        recorded(filled.service_url, before=hook) as (url, _),
        loaded(served(filled, url), filled, clients=1) as result,
    ):
        result.wait_until(lambda: len(cut) >= 10, "cuts")
    assert set(result.by_status()) == {200}


def test_the_connection_cut_after_the_commit(filled: World, served: Callable[..., Service]) -> None:
    """The answer is lost, and another attempt scores again: an event more than answers, and the same rows."""
    service = served(filled)
    # So that each call is a scoring.
    for address in WALLETS:
        assert service.get(filled.path(address), X_API_Key=filled.key)[0] == 200
    hook, cut = cutting(4)
    with (
        recorded(filled.service_url, after=hook) as (url, _),
        loaded(served(filled, url), filled, clients=1) as result,
    ):
        result.wait_until(lambda: len(cut) >= 10, "cuts")
    assert set(result.by_status()) == {200}
    ((events,),) = filled.execute("select count(*) from registry_event where action = 'SCORE_UPDATE'")
    assert events == len(WALLETS) + len(result.answers) + len(cut)


def test_a_connection_that_is_always_cut_is_given_up(filled: World, served: Callable[..., Service]) -> None:
    hook, cut = cutting(1)
    with recorded(filled.service_url, before=hook) as (url, _):
        service = served(filled, url)
        status, headers, body = service.get(filled.path(WALLETS[0]), X_API_Key=filled.key)
    assert (status, headers["Retry-After"], body) == (503, "1", UNAVAILABLE)
    assert len(cut) == 3
    assert filled.execute("select from registry_passport") == []


def test_no_connection_left(filled: World, served: Callable[..., Service]) -> None:
    """The service has more threads than it may have connections."""
    filled.execute("alter role service connection limit 2")
    try:
        with loaded(served(filled), filled, clients=8) as result:
            result.wait_for(10, 503)
            filled.execute("alter role service connection limit -1")
            result.wait_until(lambda: {a.status for a in result.answers[-50:]} == {200}, "recovery")
    finally:
        filled.execute("alter role service connection limit -1")


@contextmanager
def setting_of_the_service(world: World, name: str, value: str) -> Iterator[None]:
    world.execute(f"alter role service set {name} = '{value}'")
    end_sessions(world)
    try:
        yield
    finally:
        world.execute(f"alter role service reset {name}")
        end_sessions(world)


def test_a_statement_timeout(filled: World, served: Callable[..., Service]) -> None:
    with (
        loaded(served(filled), filled) as result,
        setting_of_the_service(filled, "statement_timeout", "100ms"),
        locked_passports(filled),
    ):
        result.wait_for(10, 503)


def test_a_lock_timeout(filled: World, served: Callable[..., Service]) -> None:
    filled.execute("alter function answer_request set lock_timeout = '100ms'")
    with loaded(served(filled), filled) as result, locked_passports(filled):
        result.wait_for(10, 503)


def test_a_deadlock(filled: World, served: Callable[..., Service]) -> None:
    """Another session holds a link that a scoring waits for, and asks for its passport."""
    service = served(filled)
    with (
        ThreadPoolExecutor() as executor,
        loaded(service, filled, passports=WALLETS[2:]) as result,
        setting_of_the_service(filled, "deadlock_timeout", "2s"),
        connect(filled.url) as other,
    ):
        ask = partial(service.get, filled.path(WALLETS[0]), X_API_Key=filled.key)
        assert ask()[0] == 200
        filled.execute(
            "update registry_hashscorerlink set expires_at = '2020-01-01Z' where hash = 'v0:shared0'"
        )
        other.execute("set deadlock_timeout = '1h'")
        with other.transaction():
            other.execute("select from registry_hashscorerlink where hash = 'v0:shared0' for update")
            answer = executor.submit(ask)
            blocked = "select from pg_stat_activity where %s = any(pg_blocking_pids(pid))"
            pid = other.info.backend_pid
            result.wait_until(lambda: bool(filled.execute(blocked, pid)), "a scoring that waits for the link")
            other.execute("select from registry_passport where address = %s for update", [WALLETS[0]])
        assert answer.result()[0] == 200
    assert log_of(service).count('"sqlstate":"40P01"') == 1


def test_serialization_failures(filled: World, served: Callable[..., Service]) -> None:
    """The service's user is given a stricter isolation than it needs, and all ask for one passport."""
    service = served(filled)
    with (
        loaded(service, filled, passports=WALLETS[:1]) as result,
        setting_of_the_service(filled, "default_transaction_isolation", "serializable"),
    ):
        result.wait_until(lambda: log_of(service).count("40001") >= 10, "serialization failures")


def test_a_disk_that_is_full(filled: World, served: Callable[..., Service]) -> None:
    """As the server says it: raised where a scoring has written most of its rows."""
    filled.execute(
        "create function fill_disk() returns trigger language plpgsql as"
        " $$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$"
    )
    events = base_table(filled.connection, "registry_event")
    with loaded(served(filled), filled) as result:
        filled.execute(f"create trigger fill_disk before insert on {events} execute function fill_disk()")
        result.wait_for(10, 503)
        filled.execute(f"drop trigger fill_disk on {events}")


def test_a_read_only_database(filled: World, served: Callable[..., Service]) -> None:
    """As after a failover to a replica that is not yet promoted."""
    with (
        loaded(served(filled), filled) as result,
        setting_of_the_service(filled, "default_transaction_read_only", "on"),
    ):
        result.wait_for(10, 503)


def test_a_worker_killed(filled: World, served: Callable[..., Service]) -> None:
    """Its clients lose their connection; another worker takes its place."""
    service = served(filled)
    with load(service.port, filled.key, [(address, 1) for address in WALLETS]) as result:
        result.wait_for(20)
        (worker,) = psutil.Process(service.pid).children()
        worker.kill()
        result.wait_for(50)
    assert set(result.by_status()) <= {0, 200}
    assert violations(filled.connection) == []
    assert lost(filled.connection, result.answered()) == []


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_is_wrong(filled: World, served: Callable[..., Service], days: int) -> None:
    """What is expired is decided by the clock of the database alone."""
    address = "0x" + "c" * 40
    filled.put_valid(address, "Github", "v0:clock")
    expired = filled.issuer.credential(address, "Ens", ["v0:expired"], datetime.now(UTC) - timedelta(days=1))
    filled.put(address, "Ens", expired)
    service = served(filled, LD_PRELOAD=faketime.library(), FAKETIME=f"{days:+}d")
    with loaded(service, filled):
        status, body = service.get_json(filled.path(address), X_API_Key=filled.key)
    assert status == 200
    assert list(body["stamps"]) == ["Github"]
    year = (datetime.now() + timedelta(days=days)).year
    assert log_of(service).startswith(f'{{"time":"{year}-')
    assert datetime.fromisoformat(body["last_score_timestamp"]).year == datetime.now(UTC).year


def test_a_credential_that_expires_while_it_is_checked(world: World) -> None:
    """It is left out."""
    address = WALLETS[0]
    world.put_valid(address, "Ens", "v0:lasts")
    held: list[str] = []
    # On a machine so slow that it has expired before it is checked, it is given longer.
    for seconds in (2, 10, 50):
        world.execute("delete from ceramic_cache where provider = 'Github'")
        ((expiry,),) = world.execute(
            "select date_trunc('second', now()) + make_interval(secs => %s)", seconds
        )
        short = world.issuer.credential(address, "Github", [f"v0:{seconds}"], expiry.astimezone(UTC))
        world.put(address, "Github", short)

        def wait_for_expiry(statement: str, sent: int, expiry: datetime = expiry) -> None:
            if sent == 2 and not held and world.execute("select now() < %s", expiry) == [(True,)]:
                held.append(statement)
                while world.execute("select now() < %s", expiry) == [(True,)]:
                    time.sleep(0.05)

        with recorded(world.service_url, before=wait_for_expiry) as (url, recording):
            client = world.client(database_url=url)
            answer = client.get(world.path(address), headers={"X-API-Key": world.key}).json
        if held:
            break
    assert answer
    assert list(answer["stamps"]) == ["Ens"]
    assert recording.round_trips == 2
    assert world.execute("select hash from registry_hashscorerlink") == [("v0:lasts",)]


def test_attempts_wait_for_longer_and_longer_at_random(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    hook, cut = cutting(1)
    with recorded(world.service_url, before=hook) as (url, _):
        client = world.client(database_url=url)
        for _ in range(20):
            assert client.get(world.path(WALLETS[0]), headers={"X-API-Key": world.key}).status_code == 503
    assert len(cut) == 20 * scoring.ATTEMPTS
    for attempt in range(1, scoring.ATTEMPTS):
        drawn = waits[attempt - 1 :: scoring.ATTEMPTS - 1]
        assert all(0 <= wait <= scoring.BACKOFF * 2 ** (attempt - 1) for wait in drawn)
        assert len(set(drawn)) == 20


def log_of(service: Service) -> str:
    return service.output.read_text()
