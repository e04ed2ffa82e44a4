"""The command scorer: what it ends with, what it asks, what it keeps from whom; and two of it at once."""

import gzip
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api import keys
from db.migrate import ROOT
from harness import printed
from harness.command import Command, administrator, command_for
from harness.server import connect
from harness.service import Service
from harness.wire import Cut, recorded
from harness.world import World

pytestmark = pytest.mark.newest

ADDRESS = "0x" + "a" * 40
AUTHENTICATE = "select account_id from authenticate_api_key('testkey1', %s)"
SCORER = "scorer_weighted_binaryweightedscorer"
HASHES = [f"sha256${digit * 64}" for digit in "123"]


@pytest.fixture(autouse=True)
def unlogged(world: World) -> None:
    """Who administers keys names them by prefix, and the database logs what it refuses: not what
    test_nothing_printed_in_the_whole_run_holds_a_key is about."""
    world.execute(
        "do $$ begin execute format("
        "'alter database %I set log_min_messages = panic', current_database()); end $$"
    )


@pytest.fixture
def command(world: World) -> Command:
    return command_for(world.url, json.dumps([world.issuer.did]))


@pytest.fixture
def later() -> Iterator[Callable[..., Future[Any]]]:
    """Runs a call in a thread of its own."""
    with ThreadPoolExecutor(4) as executor:
        yield executor.submit


@pytest.mark.own_tables
def test_a_key_that_was_made_works_and_is_kept_nowhere(world: World, command: Command) -> None:
    result = command.run("keys", "create", "1")
    key = result.stdout.strip()
    printed.watch_for(key, keys.sha256_hash(key))
    prefix, _, secret = key.partition(".")
    assert len(prefix) == 8
    assert len(secret) >= 43
    assert result.stderr == "The key, which is shown this once:\n"
    client = world.client()
    assert client.get(world.path(ADDRESS), headers={"X-API-Key": key}).status_code == 200
    assert client.get(world.path(ADDRESS), headers={"X-API-Key": f"{prefix}.{'x' * 43}"}).status_code == 401
    stored = world.execute("select k::text from account_apikey as k where prefix = %s", prefix)
    assert secret not in stored[0][0]
    listed = json.loads(command("keys", "list", "--json"))
    (row,) = [row for row in listed if row["prefix"] == prefix]
    assert row["last_used_at"]
    assert secret not in json.dumps(listed)
    assert keys.sha256_hash(key).partition("$")[2] not in json.dumps(listed)

    successor = json.loads(command("keys", "rotate", prefix, "--json"))["key"]
    printed.watch_for(successor, keys.sha256_hash(successor))
    for works in (key, successor):
        assert client.get(world.path(ADDRESS), headers={"X-API-Key": works}).status_code == 200
    command("keys", "revoke", prefix, "--yes")
    assert client.get(world.path(ADDRESS), headers={"X-API-Key": key}).status_code == 401
    assert client.get(world.path(ADDRESS), headers={"X-API-Key": successor}).status_code == 200


@pytest.mark.own_tables
def test_what_a_key_may_is_what_it_is_answered(world: World, command: Command) -> None:
    """The permission to read scores is the existing service's: no request here asks for it."""
    key = command("keys", "create", "1", "--prefix", "reader", "--no-read-scores").strip()
    printed.watch_for(key, keys.sha256_hash(key))
    client, headers = world.client(), {"X-API-Key": key}
    assert client.get(world.path(ADDRESS), headers=headers).status_code == 200
    assert (
        client.post("/v2/stamps/1/scores", json={"addresses": [ADDRESS]}, headers=headers).status_code == 200
    )
    (line,) = [line for line in command("keys", "list").splitlines() if line.startswith("reader")]
    assert " scores " in line
    assert "in bulk" not in command("keys", "create", "--help")


@pytest.mark.own_tables
def test_a_key_whose_making_was_not_answered_is_made_once(world: World) -> None:
    """The connection breaks after the database has done it."""
    cut: list[str] = []

    def after(statement: str, _: int) -> None:
        if "_api_key(" in statement and len(cut) % 2 == 0:
            cut.append(statement)
            raise Cut
        cut.append("")

    with recorded(administrator(world.url), after=after) as (url, _):
        command = Command(url, "")
        made = json.loads(command("keys", "create", "1", "--json"))
        successor = json.loads(command("keys", "rotate", "testkey1", "--json"))
    assert [bool(each) for each in cut] == [True, False] * 2
    for each in (made, successor):
        printed.watch_for(each["key"], keys.sha256_hash(each["key"]))
        answer = world.client().get(world.path(ADDRESS), headers={"X-API-Key": each["key"]})
        assert answer.status_code == 200
    assert world.execute("select count(*) from account_apikey") == [(3,)]


@pytest.mark.own_tables
def test_nothing_changes_unless_it_is_confirmed(world: World, command: Command, tmp_path: Path) -> None:
    (tmp_path / "weights.json").write_text('{"Github": 5}')
    weights = ["communities", "weights", "1", str(tmp_path / "weights.json")]
    before = command("communities", "show", "1", "--json")
    world.put_valid(ADDRESS, "Github", "v1:a")
    for answer in ("n\n", "\n", ""):
        for arguments in (
            weights,
            ["communities", "threshold", "1", "7"],
            ["keys", "revoke", "testkey1"],
            ["credentials", "revoke", "--address", ADDRESS],
        ):
            assert command.fails(*arguments, given=answer)[0] == 1
    assert command("communities", "show", "1", "--json") == before
    assert [row["state"] for row in json.loads(command("keys", "list", "--json"))] == ["works"]
    assert [row["state"] for row in json.loads(command("credentials", "list", ADDRESS, "--json"))] == ["live"]
    changed = json.loads(command(*weights, "--yes", "--json"))
    assert changed == {
        "changes": [
            {"provider": "Ens", "old": 3, "new": None},
            {"provider": "Github", "old": "2.25", "new": 5},
            {"provider": "Google", "old": "1.0", "new": None},
        ],
        "passports": 0,
    }
    (weighed,) = world.execute("select weights from scorer_weighted_binaryweightedscorer")
    assert weighed == ({"Github": 5},)


@pytest.mark.own_tables
def test_a_key_that_has_expired_is_not_made(command: Command) -> None:
    said = command.fails("keys", "create", "1", "--expires", "2020-01-01")[1]
    assert "The time of expiry has passed" in said


def test_errors_are_one_line_and_a_status(world: World, command: Command, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"Github": 1, "Github": 2}')
    unreadable = []
    for number, text in enumerate(('{"Github": NaN}', r'{"\ud800": 1}')):
        unreadable.append(tmp_path / f"{number}.json")
        unreadable[-1].write_text(text)
    refused = []
    for number, text in enumerate(('{"Github": "sNaN"}', '{"Github": 1e999999999}')):
        refused.append(tmp_path / f"refused-{number}.json")
        refused[-1].write_text(text)
    half = tmp_path / "half.csv.gz"
    half.write_bytes(gzip.compress(b"id,action,address,data,community_id,created_at\n")[:-9])
    for status, arguments in {
        1: [
            ["explain", "0x1", "--scorer", "1"],
            ["explain", ADDRESS, "--scorer", "9"],
            ["communities", "show", "9"],
            ["credentials", "list", "nobody"],
            ["keys", "create", "1", "--prefix", "a.b"],
            ["keys", "change", "testkey1", "--expires", "2020-01-01"],
            ["events", "read", ADDRESS, str(half)],
            ["events", "read", ADDRESS, str(bad)],
        ],
        2: [
            ["explain", ADDRESS],
            ["explain", ADDRESS, "--scorer", "one"],
            ["communities", "weights", "1", str(bad)],
            *(["communities", "weights", "1", str(file)] for file in unreadable),
            ["communities", "show", str(2**63)],
            ["keys", "rotate", "testkey1", "--overlap-hours", "nan"],
            ["communities", "weights", "1", str(tmp_path / "none.json")],
            ["communities", "threshold", "1", "NaN"],
            ["keys", "change", "testkey1"],
            ["credentials", "revoke"],
            ["nothing"],
        ],
    }.items():
        for given in arguments:
            code, said = command.fails(*given)
            assert code == status, said
            assert status == 2 or said.count("\n") == 1, said
    for file in refused:
        assert command.fails("communities", "weights", "1", str(file), "--yes")[0] == 1
    elsewhere = command.run("accounts", "list", DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert elsewhere.returncode == 1
    assert elsewhere.stderr.startswith("The database cannot be reached: ")
    assert elsewhere.stderr.count("\n") == 1
    assert command.run("accounts", "list", DATABASE_URL="nonsense").returncode == 1
    for asked in (["accounts", "list"], ["explain", ADDRESS, "--scorer", "1"]):
        stranger = command.run(*asked, DATABASE_URL=world.service_url)
        assert (stranger.returncode, stranger.stderr.count("\n")) == (1, 1)
        assert "in the role scorer_admin" in stranger.stderr
    untold = command.run("explain", ADDRESS, "--scorer", "1", TRUSTED_IAM_ISSUERS="")
    assert (untold.returncode, untold.stderr.count("\n")) == (1, 1)


def test_what_writes_refuses_tables_of_another_service(
    world: World, command: Command, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """And what reads works there; on tables of ours each is done."""
    adopted = request.config.getoption("--adopted")
    if not adopted:
        # The world has brought ids of its own.
        for table, column in (
            ("account_account", "id"),
            ("account_community", "id"),
            (SCORER, "scorer_ptr_id"),
        ):
            world.execute(f"alter table {table} alter column {column} restart with 10")
    (tmp_path / "weights.json").write_text('{"Github": 5}')
    world.put_valid(ADDRESS, "Github", "v1:a")
    (tmp_path / "credential.json").write_text(
        json.dumps(world.issuer.credential(ADDRESS, "Ens", ["v1:alice.eth"]))
    )
    (document,) = world.execute("select id from ceramic_cache")
    for arguments in (
        ["accounts", "create", ADDRESS],
        [*("communities", "create", "1", "x", "--threshold", "1"), "--weights", f"{tmp_path}/weights.json"],
        ["communities", "weights", "1", f"{tmp_path}/weights.json", "--yes"],
        ["communities", "threshold", "1", "7", "--yes"],
        ["keys", "create", "1", "--prefix", "mine"],
        ["keys", "change", "testkey1", "--name", "x"],
        ["keys", "rotate", "testkey1"],
        ["keys", "revoke", "testkey1", "--yes"],
        ["credentials", "put", ADDRESS, f"{tmp_path}/credential.json"],
        ["credentials", "revoke", str(document[0])],
    ):
        if adopted:
            status, said = command.fails(*arguments)
            assert status == 1
            assert "tables of another service (SC101)" in said.splitlines()[-1]
        else:
            command(*arguments)
    for arguments in (
        ["accounts", "list"],
        ["communities", "list"],
        ["communities", "show", "1"],
        ["keys", "list"],
        ["credentials", "list", ADDRESS],
        ["explain", ADDRESS, "--scorer", "1"],
    ):
        command(*arguments)
        json.loads(command(*arguments, "--json"))


def test_nobody_waits_for_whoever_writes_that_a_key_was_used(
    world: World, sessions: Callable[[], psycopg.Connection]
) -> None:
    """Where it was never used, and where an hour has passed; what is written is written once."""
    digest = keys.sha256_hash(world.key)
    used = "select xmin::text::bigint, last_used_at > now() - interval '1 minute' from api_key_use"
    written = []
    for before in (
        "delete from api_key_use",
        "update api_key_use set last_used_at = now() - interval '2 hours'",
    ):
        world.execute(before)
        first = sessions()
        with first.transaction():
            first.execute(AUTHENTICATE, [digest])

            def ask(_: int) -> Any:
                with connect(world.url) as session:
                    session.execute("set statement_timeout = '20s'")
                    return session.execute(AUTHENTICATE, [digest]).fetchone()

            with ThreadPoolExecutor(16) as executor:
                assert set(executor.map(ask, range(64))) == {(1,)}
        written += world.execute(used)
        # Whoever comes next finds it written.
        world.execute(AUTHENTICATE, digest)
        assert world.execute(used) == written[-1:]
    assert [is_fresh for _, is_fresh in written] == [True, True]
    assert written[0] != written[1]


def race(
    world: World,
    later: Callable[..., Future[Any]],
    first: str,
    second: str,
    commits: bool = True,
) -> Any:
    """What the second call gives, or its SQLSTATE, which waits until the first one's transaction ends."""

    def call(session: psycopg.Connection) -> Any:
        try:
            row = session.execute(second.encode()).fetchone()
        except psycopg.Error as error:
            return error.sqlstate
        return row and row[0]

    with connect(world.url) as one, connect(world.url) as two:
        one.execute("begin")
        one.execute(first.encode())
        answer = later(call, two)
        blocked = "select from pg_stat_activity where %s = any(pg_blocking_pids(pid))"
        while not world.execute(blocked, one.info.backend_pid):
            assert not answer.done(), answer.result()
            time.sleep(0.01)
        one.execute("commit" if commits else "rollback")
        return answer.result()


def created(prefix: str, digest: str) -> str:
    return f"select create_api_key(1, '{prefix}', '{digest}')"


def rotated(prefix: str, digest: str) -> str:
    return f"select rotate_api_key('testkey1', '{prefix}', '{digest}')"


@pytest.mark.own_tables
def test_of_two_that_make_a_key_with_one_prefix_one_is_refused(
    world: World, later: Callable[..., Future[Any]]
) -> None:
    one, other, _ = HASHES
    assert race(world, later, created("a", one), created("a", other)) == "SC103"
    assert isinstance(race(world, later, created("b", one), created("b", other), commits=False), int)
    # The same call once more is the same key.
    made = race(world, later, created("c", one), created("c", one))
    assert world.execute("select id from account_apikey where prefix = 'c'") == [(made,)]


@pytest.mark.own_tables
def test_of_two_that_rotate_a_key_one_is_refused(world: World, later: Callable[..., Future[Any]]) -> None:
    one, other, _ = HASHES
    assert isinstance(race(world, later, rotated("x", other), rotated("a", one), commits=False), int)
    assert world.execute("select count(*) from api_key_rotation") == [(1,)]
    world.execute("delete from api_key_rotation")
    assert race(world, later, rotated("b", one), rotated("c", other)) == "SC106"
    assert world.execute("select from account_apikey where prefix = 'c'") == []
    revoked = "select revoke_api_key('testkey1')"
    world.execute("delete from api_key_rotation")
    assert race(world, later, revoked, rotated("d", one)) == "SC107"


@pytest.mark.own_tables
def test_of_two_that_change_a_scorer_one_is_refused(world: World, later: Callable[..., Future[Any]]) -> None:
    ((digest,),) = world.execute("select digest from show_scorer(1)")
    first, second = [f"select change_scorer(1, '{digest}', '{{\"Github\": {weight}}}')" for weight in (1, 2)]
    assert race(world, later, first, second) == "SC105"
    assert world.execute("select weights from show_scorer(1)") == [({"Github": 1},)]


@pytest.mark.own_tables
def test_a_credential_that_is_put_twice_at_once_is_there_once(
    world: World, later: Callable[..., Future[Any]]
) -> None:
    document = json.dumps(world.issuer.credential(ADDRESS, "Github", ["v1:a"]))
    put = f"select put_credential('{ADDRESS}', '{document}')"
    made = race(world, later, put, put)
    assert world.execute("select id from ceramic_cache") == [(made,)]


@pytest.mark.http
@pytest.mark.own_tables
def test_a_key_that_is_revoked_during_traffic_is_refused_from_then_on(
    world: World, command: Command, serve: Callable[..., Service]
) -> None:
    service = serve(world.service_url, TRUSTED_IAM_ISSUERS=json.dumps([world.issuer.did]))
    revoked = threading.Event()
    answers: list[tuple[bool, int]] = []

    def ask() -> None:
        for _ in range(100_000):
            began_after = revoked.is_set()
            answers.append((began_after, service.get(world.path(ADDRESS), X_API_Key=world.key)[0]))
            if began_after:
                return

    with ThreadPoolExecutor(4) as executor:
        asking = [executor.submit(ask) for _ in range(4)]
        while len(answers) < 20:
            assert not any(each.done() for each in asking)
            time.sleep(0.01)
        command("keys", "revoke", "testkey1", "--yes")
        revoked.set()
        for each in asking:
            each.result()
    assert {status for began_after, status in answers if began_after} == {401}
    assert {status for _, status in answers} == {200, 401}


def test_it_runs_from_any_folder_and_takes_its_modules_from_its_own(tmp_path: Path) -> None:
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli/__main__.py").write_text("raise SystemExit('another one')")
    (tmp_path / "scorer").symlink_to(ROOT / "local/scorer")
    result = subprocess.run(
        [tmp_path / "scorer", "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    for name in ("accounts", "communities", "credentials", "explain", "keys"):
        assert f"\n  {name} " in result.stdout
