"""The function goes on after it was frozen: with SnapStart each environment begins as a copy of one that was
made when the version was published, and Lambda freezes them between two events."""

import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from api import iam
from harness import faketime
from harness.aws_credentials import PASSWORD, credentials_served
from harness.lambda_runtime import Function, Start, lambda_environment
from harness.server import OwnServer
from harness.wire import recorded
from harness.world import World, fresh
from local.issuer import Issuer

pytestmark = pytest.mark.newest

ADDRESS = "0x" + "e" * 40
END_SESSIONS = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where usename = 'service' and datname = current_database()
"""
# Two processes that go on from one state. Of a copy that os.fork makes Python knows, and draws other random
# numbers in it.
RESTORED_TWICE = """
import ctypes, json, os, sys
from api.aws_lambda import handler
copy = ctypes.PyDLL(None).fork()
for event in json.loads(sys.argv[1]):
    assert handler(event, None)["statusCode"] == 200
if copy:
    assert os.waitpid(copy, 0)[1] == 0
"""


class Clock:
    """The clock of a process, as its environment says: it stands still until it is set."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.environment = {
            "LD_PRELOAD": faketime.library(),
            "FAKETIME_TIMESTAMP_FILE": str(path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.set(datetime.now(UTC).replace(microsecond=0))

    def set(self, time: datetime) -> None:
        """The time that it shows from now on."""
        self.time = time
        self._path.write_text(f"{time:%Y-%m-%d %H:%M:%S}")


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


def event(world: World) -> dict[str, Any]:
    """A request for the wallet's score, with no id of its own."""
    return {"httpMethod": "GET", "path": world.path(ADDRESS), "headers": {"x-api-key": world.key}}


def lines(output: Path) -> list[dict[str, Any]]:
    """What was logged of requests."""
    return [json.loads(line) for line in output.read_text().splitlines()]


def test_two_that_are_restored_from_one_snapshot_have_nothing_in_common(
    world: World, function: Function, output: Path
) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    settings = {
        "DATABASE_URL": world.service_url,
        "TRUSTED_IAM_ISSUERS": json.dumps([world.issuer.did]),
        "PYTHONUNBUFFERED": "1",
    }
    with output.open("ab") as file:
        subprocess.run(
            [function.python, "-c", RESTORED_TWICE, json.dumps([event(world)] * 2)],
            cwd=function.folder,
            env=lambda_environment(function, "api.aws_lambda.handler") | settings,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=True,
        )
    told = lines(output)
    assert [line["score"] for line in told] == [2.25] * 4
    assert sorted(line["cold_start"] for line in told) == [False, False, True, True]
    assert len({line["request_id"] for line in told}) == 4


@pytest.fixture
def away(own_server: OwnServer, issuer: Issuer) -> Iterator[World]:
    """A world whose service has to give a password."""
    with fresh(own_server.url, issuer, "away") as world:
        world.put_valid(ADDRESS, "Github", "v0:g")
        (own_server.data / "pg_hba.conf").write_text("local all service scram-sha-256\nlocal all all trust\n")
        world.execute("select pg_reload_conf()")
        yield world


def test_who_is_restored_signs_in_by_the_time_and_with_the_credentials_that_it_finds(
    away: World, start: Start, output: Path, clock: Clock
) -> None:
    """Those of the time when its snapshot was taken are over, and so are those of its last event."""
    given: dict[str, str] = {}

    def turn(days: int) -> None:
        """Other credentials, another time, and another token of both that the database takes."""
        clock.set(clock.time + timedelta(days=days))
        given.update(
            {"AccessKeyId": f"AKID{clock.time:%Y%m%d}", "SecretAccessKey": "secret", "Token": "session"}
        )
        keys = iam.Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
        server = conninfo_to_dict(away.service_url)
        token = iam.token(
            str(server["host"]), str(server.get("port", 5432)), "service", "us-west-2", keys, clock.time
        )
        away.execute(f"alter role service password '{token}'")

    with credentials_served(given) as place:
        turn(0)
        instance = start(
            AWS_LAMBDA_INITIALIZATION_TYPE="snap-start",
            AWS_CONTAINER_CREDENTIALS_FULL_URI=place,
            AWS_CONTAINER_AUTHORIZATION_TOKEN=PASSWORD,
            DATABASE_URL=away.service_url,
            DATABASE_IAM="true",
            **clock.environment,
        )
        instance.start()
        with instance.frozen():
            turn(300)
        instance.restore()
        assert instance.invoke(event(away))["statusCode"] == 200
        with instance.frozen():
            turn(1)
            assert away.execute(END_SESSIONS) == [(1,)]
        assert instance.invoke(event(away))["statusCode"] == 200
    told = lines(output)
    assert [line["cold_start"] for line in told] == [True, False]
    assert [line["time"][:10] for line in told] == [f"{clock.time - timedelta(days):%F}" for days in (1, 0)]


@pytest.mark.parametrize("credential_is_new", [False, True])
def test_a_connection_that_was_ended_meanwhile_is_replaced(
    world: World, start: Start, output: Path, credential_is_new: bool
) -> None:
    world.put_valid(ADDRESS, "Github", "v0:g")
    instance = start()
    instance.start()
    assert instance.invoke(event(world))["statusCode"] == 200
    with instance.frozen():
        assert world.execute(END_SESSIONS) == [(1,)]
        if credential_is_new:
            world.put_valid(ADDRESS, "Ens", "v0:e")
    assert instance.invoke(event(world))["statusCode"] == 200
    told = lines(output)
    assert [line["score"] for line in told] == [2.25, 5.25 if credential_is_new else 2.25]
    assert [line["attempts"] for line in told] == [1, 2]


def test_a_connection_that_the_network_may_have_forgotten_is_not_waited_for(
    world: World, start: Start, output: Path, clock: Clock
) -> None:
    """No answer comes over it, and no word that it has ended."""
    world.put_valid(ADDRESS, "Github", "v0:g")
    over = threading.Event()

    def swallow(statement: str, sent: int) -> None:
        if sent > 1:
            over.wait()

    # A connection is asked for a score once or twice: twice where a document is checked.
    with world.client() as client:
        assert client.get(world.path(ADDRESS), headers={"X-API-Key": world.key}).status_code == 200
    with recorded(world.service_url, before=swallow) as (url, recording):
        instance = start(DATABASE_URL=url, **clock.environment)
        instance.start()
        assert instance.invoke(event(world))["statusCode"] == 200
        with instance.frozen():
            clock.set(clock.time + timedelta(hours=1))
        try:
            assert instance.invoke(event(world))["statusCode"] == 200
        finally:
            over.set()
        assert recording.round_trips == 2
    assert [(line["attempts"], line["score"]) for line in lines(output)] == [(1, 2.25)] * 2
