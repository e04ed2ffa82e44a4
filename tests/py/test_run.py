"""make run and make migrate, as a newcomer runs them, in a copy of the checkout."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from db.migrate import ROOT
from harness.server import name_of
from harness.service import Service, free_port, wait_for
from harness.world import World
from local import demo
from local.migrate import migrate_embedded

README = (ROOT / "README.md").read_text()
COPIED = ("Makefile", "alembic.ini", "api", "db", "deploy", "local", "requirements")

Run = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy of the checkout with the same installed packages. Under /tmp: a database user must reach it."""
    folder = Path("/tmp") / f"scorer-checkout-{os.getpid()}-{free_port()}"
    folder.mkdir()
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def make(checkout: Path) -> Iterator[Run]:
    """Starts a make target, with what it is given as standard input; its output, both kinds, is in the file
    output.log of the checkout."""
    started = []

    def start(target: str, given: str | None = None, **environment: str) -> subprocess.Popen[str]:
        inherited = {
            k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "MAKEFLAGS", "MAKELEVEL")
        }
        with (checkout / "output.log").open("w") as output:
            process = subprocess.Popen(
                ["make", target],
                cwd=checkout,
                env=inherited | environment,
                stdin=None if given is None else subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            if process.stdin:
                process.stdin.write(str(given))
                process.stdin.close()
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            interrupt(process)


def interrupt(process: subprocess.Popen[str]) -> int:
    """What Ctrl-C does: SIGINT to all processes of the terminal. Gives the exit status."""
    os.killpg(process.pid, signal.SIGINT)
    return process.wait(60)


def wait_until_served(port: int, process: subprocess.Popen[str], checkout: Path) -> str:
    """The output, once the port is served."""
    try:
        wait_for(port, process)
    except AssertionError:
        raise AssertionError((checkout / "output.log").read_text()) from None
    return (checkout / "output.log").read_text()


def comparable(text: str) -> str:
    """The text without what differs from run to run."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?", "TIME", text)
    return re.sub(r"localhost:\d+", "localhost:PORT", text)


def test_a_newcomer_gets_a_score(checkout: Path, make: Run) -> None:
    port = free_port()
    process = make("run", PORT=str(port))
    output = wait_until_served(port, process, checkout)
    shown = re.search(r"prints:\n\n```text\n.*?\n(.*?)```", README, re.DOTALL)
    assert shown
    assert comparable(shown[1]) in comparable(output)

    curl = shlex.split(re.search(r"^ +(curl .*)$", output, re.MULTILINE)[1])  # type: ignore[index]
    name, _, key = curl[2].partition(": ")
    service = Service(port, checkout / "output.log", process.pid)
    path = curl[3].removeprefix(f"http://localhost:{port}")
    status, body = service.get_json(path, **{name: key})
    promised = re.search(r"^  (\{.*\})$", output, re.MULTILINE)
    assert promised
    assert (status, comparable(json.dumps(body))) == (200, comparable(promised[1]))

    assert service.get_json(path.replace("1" * 40, "2" * 40), **{name: key})[1]["passing_score"] is False
    example = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert example
    clashing = service.get_json(path.replace("1" * 40, "3" * 40), **{name: key})[1]
    assert comparable(json.dumps(clashing, sort_keys=True)) == comparable(
        json.dumps(json.loads(example[1]), sort_keys=True)
    )

    second = make("run", PORT=str(port))
    assert second.wait() != 0
    assert re.search(f"^Port {port} cannot be used", (checkout / "output.log").read_text(), re.MULTILINE)
    third = make("run", PORT=str(free_port()))
    assert third.wait() != 0
    assert "is served already" in (checkout / "output.log").read_text()

    assert make("migrate").wait() == 0
    assert service.get_json(path, **{name: key})[0] == 200, "make migrate stopped the server of make run"

    assert make("psql", "select address from scorer.registry_passport order by 1").wait() == 0
    assert re.findall("0x(.)", (checkout / "output.log").read_text()) == ["1", "2", "3"]
    assert service.get_json(path, **{name: key})[0] == 200, "make psql stopped the server of make run"

    events = psycopg.connect(f"postgresql://postgres@/postgres?host={checkout}/.postgres", autocommit=True)
    with events:
        before = count_events(events)
    interrupt(process)
    assert not (checkout / ".postgres/postmaster.pid").exists(), "PostgreSQL is still running"
    assert "Failed" not in (checkout / "output.log").read_text()

    process = make("run", PORT=str(port))
    wait_until_served(port, process, checkout)
    assert service.get_json(path, **{name: key})[0] == 200
    with psycopg.connect(f"postgresql://postgres@/postgres?host={checkout}/.postgres") as again:
        assert count_events(again) > before
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(60)
    for _ in range(600):
        if not (checkout / ".postgres/postmaster.pid").exists():
            break
        time.sleep(0.1)
    assert not (checkout / ".postgres/postmaster.pid").exists()

    assert make("migrate").wait() == 0
    assert make("psql", "select count(*) from scorer.registry_passport").wait() == 0
    assert re.search(r"^ +3$", (checkout / "output.log").read_text(), re.MULTILINE)
    assert not (checkout / ".postgres/postmaster.pid").exists()


def count_events(connection: psycopg.Connection) -> int:
    row: Any = connection.execute("select count(*) from scorer.registry_event").fetchone()
    count: int = row[0]
    return count


def test_a_given_database_is_served_without_demo_data(checkout: Path, make: Run, world: World) -> None:
    port = free_port()
    address = "0x" + "a" * 40
    world.put_valid(address, "Github", "v0:g")
    process = make(
        "run", PORT=str(port), DATABASE_URL=world.service_url, TRUSTED_IAM_ISSUERS=f'["{world.issuer.did}"]'
    )
    wait_until_served(port, process, checkout)
    service = Service(port, checkout / "output.log", process.pid)
    assert service.get_json(world.path(address), X_API_Key=world.key)[1]["score"] == "2.25000"
    assert service.get_json(world.path(address), X_API_Key=demo.KEY)[0] == 401
    interrupt(process)
    assert world.execute("select count(*) from ceramic_cache") == [(1,)]
    assert not (checkout / ".postgres").exists()


def test_a_given_database_is_migrated(checkout: Path, make: Run, empty_database_url: str) -> None:
    refused = make(
        "run", DATABASE_URL=empty_database_url, PORT=str(free_port()), TRUSTED_IAM_ISSUERS='["did:key:z6MkA"]'
    )
    assert refused.wait() != 0
    assert "run make migrate" in (checkout / "output.log").read_text()
    for _ in range(2):
        assert make("migrate", DATABASE_URL=empty_database_url).wait() == 0
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("select to_regproc('scorer.score_passport') is null").fetchone() == (False,)


def test_psql_reaches_a_given_database(
    checkout: Path, make: Run, empty_database_url: str, programs: Path
) -> None:
    url = make_conninfo(empty_database_url, sslmode="disable")
    path = f"{programs}:{os.environ['PATH']}"
    assert make("psql", "select current_database()", DATABASE_URL=url, PATH=path).wait() == 0
    assert name_of(url) in (checkout / "output.log").read_text()


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, "There is no embedded database yet: make run makes it."),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL is not a postgresql:// URL."),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "There is no psql: install Debian's package"),
    ],
)
def test_psql_says_what_is_missing(
    checkout: Path, make: Run, tmp_path: Path, environment: dict[str, str], line: str
) -> None:
    for program in ("make", "sh", "dirname", "cmp"):
        (tmp_path / program).symlink_to(str(shutil.which(program)))
    assert make("psql", "select 1", PATH=str(tmp_path), **environment).wait() != 0
    said = (checkout / "output.log").read_text()
    assert said.startswith(line)
    assert "Traceback" not in said
    assert not (checkout / ".postgres").exists()


def test_demo_data_of_an_older_checkout_are_made_anew(checkout: Path, make: Run) -> None:
    port = free_port()
    process = make("run", PORT=str(port))
    assert "made anew" not in wait_until_served(port, process, checkout)
    with psycopg.connect(f"postgresql://postgres@/postgres?host={checkout}/.postgres") as connection:
        connection.execute("update scorer.alembic_version set version_num = '0008_request_score'")
        connection.execute("alter table scorer.registry_passport drop column community_id")
    interrupt(process)
    process = make("run", PORT=str(port))
    output = wait_until_served(port, process, checkout)
    assert output.count("is of an older checkout: its demo data are made anew.\n") == 1
    assert '"score": "5.25000"' in output
    with psycopg.connect(f"postgresql://postgres@/postgres?host={checkout}/.postgres") as connection:
        connection.execute("update scorer.alembic_version set version_num = '0002_newer'")
    interrupt(process)
    process = make("run", PORT=str(port))
    assert process.wait() != 0
    said = (checkout / "output.log").read_text()
    assert "is of a newer checkout" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"PORT": "x"}, "PORT is not a number from 1 to 65535."),
        ({"PORT": "70000"}, "PORT is not a number from 1 to 65535."),
        ({"TRUSTED_IAM_ISSUERS": "nobody"}, "TRUSTED_IAM_ISSUERS is not a JSON array of did:"),
        ({"HUMAN_POINTS_ENABLED": "maybe"}, "HUMAN_POINTS_ENABLED is neither true nor false."),
        ({"HUMAN_POINTS_START_TIMESTAMP": "soon"}, "HUMAN_POINTS_START_TIMESTAMP is not a number"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL is not a postgresql:// URL."),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "TRUSTED_IAM_ISSUERS names no issuer"),
        (
            {"DATABASE_URL": "postgresql://127.0.0.1:1/x", "TRUSTED_IAM_ISSUERS": '["did:key:z6MkA"]'},
            "DATABASE_URL cannot be used: ",
        ),
    ],
)
def test_a_bad_setting_stops_the_run_with_one_line(
    checkout: Path, make: Run, environment: dict[str, str], line: str
) -> None:
    process = make("run", **({"PORT": str(free_port())} | environment))
    assert process.wait() != 0
    said = [
        text for text in (checkout / "output.log").read_text().splitlines() if not text.startswith("make: ")
    ]
    assert len(said) == 1
    assert said[0].startswith(line)
    assert not (checkout / ".postgres").exists()


def test_a_taken_port_is_said_plainly(checkout: Path, make: Run) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        process = make("run", PORT=str(port))
        assert process.wait() != 0
    assert "make run PORT=8001" in (checkout / "output.log").read_text()


def test_demo_data_are_made_anew_where_an_unreleased_migration_has_changed(
    empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = "select from scorer.account_account"
    for changed in (False, True):
        for _ in range(2):
            migrate_embedded(empty_database_url)
            with psycopg.connect(empty_database_url) as connection:
                found = connection.execute(kept).fetchall()
                connection.execute("insert into scorer.account_account default values")
        assert len(found) == 1
        assert ("made anew" in capsys.readouterr().out) is changed
        with psycopg.connect(empty_database_url) as connection:
            connection.execute("delete from scorer.account_account")
            connection.execute("comment on schema scorer is 'made from something else'")
