"""Documents are checked before a request asks for them: those it would ask for, once, in nobody's way."""

import importlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psutil
import psycopg
import pytest

from api import check_ahead, scoring
from api.check_ahead import EVERYTHING, Run
from api.credentials import VERIFIER, Check, as_json, check
from api.database import Database
from db.migrate import ROOT
from harness.existing import base_table
from harness.patience import PATIENCE_SECONDS, wait_until
from harness.server import connect, service_url_of
from harness.wire import recorded
from harness.world import World
from local.issuer import Issuer

ADDRESS = "0x" + "c" * 40
OTHER = "0x" + "d" * 40
CHECKED = re.compile(r"Checked ([\d,]+) documents in [\d.]+ s; (none is left|at most [\d,]+ are left: .+)\.")
# A range of ids that is left, or claimed, of any verifier.
UNFINISHED = """
select left_ids::text from check_ahead_progress where not isempty(left_ids)
union all select ids::text from check_ahead_claim
"""
LOCKS = """
select distinct c.relnamespace::regnamespace || '.' || c.relname, l.mode
from pg_locks as l
inner join pg_class as c on c.oid = l.relation and c.relkind = 'r'
where l.pid = %s and c.relnamespace::regnamespace::text in ('scorer', 'public')
order by 1
"""


def fill(world: World, count: int, address: str = ADDRESS) -> None:
    """Puts so many signed credentials into the wallet."""
    for number in range(count):
        world.put_valid(address, f"P{number}", f"v0:{address[2]}{number}")


def run_of(world: World, **changes: Any) -> Run:
    return Run(Database(world.service_url), [world.issuer.did], **changes)


def start(world: World, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Starts the command, in a group of processes of its own."""
    given = {"DATABASE_URL": world.service_url, "TRUSTED_IAM_ISSUERS": json.dumps([world.issuer.did])}
    return subprocess.Popen(
        [sys.executable, "-m", "api.check_ahead", *arguments],
        cwd=ROOT,
        env=os.environ | given | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str], status: int = 0) -> tuple[int, str]:
    """How many documents a command says that it has checked, and what is left."""
    output, errors = process.communicate()
    assert (process.returncode, errors) == (status, "")
    (line,) = output.splitlines()
    ended = CHECKED.fullmatch(json.loads(line)["message"])
    assert ended, output
    return int(ended[1].replace(",", "")), ended[2]


def kept(world: World) -> int:
    ((count,),) = world.execute("select count(*) from credential_check")
    return int(count)


@contextmanager
def asked(world: World) -> Iterator[Callable[..., tuple[int, int]]]:
    """Asks for a wallet's score; gives how many stamps count, and the number of round trips."""
    with recorded(world.service_url) as (url, recording):
        client = world.client(database_url=url)

        def ask(address: str = ADDRESS) -> tuple[int, int]:
            before = recording.round_trips
            response = client.get(world.path(address), headers={"X-API-Key": world.key})
            assert response.status_code == 200
            assert response.json
            return len(response.json["stamps"]), recording.round_trips - before

        yield ask


def test_a_first_request_for_what_was_checked_ahead_is_one_round_trip(world: World) -> None:
    fill(world, 20)
    fill(world, 3, OTHER)
    tampered = world.issuer.credential(ADDRESS, "Tampered", ["v0:a"])
    tampered["credentialSubject"]["nullifiers"] = ["v0:b"]
    world.put(ADDRESS, "Tampered", tampered)
    with asked(world) as ask:
        assert ask(OTHER) == (3, 2)
        assert finished(start(world)) == (21, "none is left")
        assert kept(world) == 24
        assert ask() == (20, 1)
        assert ask(OTHER) == (3, 1)
    assert finished(start(world)) == (0, "none is left")


def test_what_no_request_would_ask_for_is_left_alone(world: World) -> None:
    fill(world, 4)
    world.execute("update ceramic_cache set deleted_at = now() where provider = 'P0'")
    world.execute(
        "insert into ceramic_cache_revocation (ceramic_cache_id)"
        " select id from ceramic_cache where provider = 'P1'"
    )
    world.put(ADDRESS, "Stranger", Issuer.ethereum().credential(ADDRESS, "Stranger", ["v0:s"]))
    world.put(ADDRESS, "Large", world.issuer.credential(ADDRESS, "Large", ["v0:l"]) | {"more": "x" * 70_000})
    world.put(ADDRESS, "Odd", ["odd"])
    assert finished(start(world, "--jobs", "1")) == (2, "none is left")
    with asked(world) as ask:
        assert ask() == (2, 1)


def test_the_newest_are_checked_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_ahead, "DOCUMENTS", 2)
    fill(world, 5)
    order: list[list[str]] = []

    def noting(documents: Sequence[str]) -> list[Check]:
        order.append([json.loads(document)["credentialSubject"]["provider"] for document in documents])
        if len(order) == 1:
            world.put_valid(OTHER, "New", "v0:new")
        return check(documents)

    run = run_of(world, check=noting)
    run.begin()
    run.work()
    assert order == [["P4", "P3"], ["New"], ["P2", "P1"], ["P0"]]
    assert (run.checked, run.kept, run.ids_left, kept(world)) == (6, 6, 0, 6)
    assert world.execute(UNFINISHED) == []


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(("signum", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_run_that_is_stopped_is_gone_on_with(
    world: World, signum: signal.Signals, status: int, jobs: str
) -> None:
    """The signal goes to all processes, as a terminal and a service manager send it."""
    fill(world, 300)
    process = start(world, "--rate", "30", "--jobs", jobs)
    wait_until(lambda: kept(world) > 0)
    os.killpg(process.pid, signum)
    checked, left = finished(process, status)
    assert 0 < checked == kept(world) < 300
    assert left.endswith("run it again to go on")
    assert world.execute("select from check_ahead_claim") == []
    assert finished(start(world, "--jobs", jobs)) == (300 - checked, "none is left")
    assert kept(world) == 300
    assert world.execute(UNFINISHED) == []


def test_a_run_that_is_killed_takes_its_processes_along_and_is_gone_on_with(world: World) -> None:
    fill(world, 300)
    process = start(world, "--rate", "30", "--jobs", "2")
    wait_until(lambda: kept(world) > 0)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, PATIENCE_SECONDS)
    assert alive == []
    before = kept(world)
    # As if a minute had passed.
    world.execute("update check_ahead_claim set claimed_at = claimed_at - interval '61 seconds'")
    assert finished(start(world, "--jobs", "1")) == (300 - before, "none is left")
    assert world.execute(UNFINISHED) == []


def test_two_runs_at_once_check_each_document_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_ahead, "DOCUMENTS", 10)
    fill(world, 200)
    both = threading.Barrier(2, timeout=PATIENCE_SECONDS)
    seen: list[list[str]] = [[], []]

    def working(number: int) -> Run:
        def noting(documents: Sequence[str]) -> list[Check]:
            if not seen[number]:
                # Both hold a claim now.
                both.wait()
            seen[number] += documents
            return check(documents)

        run = run_of(world, check=noting)
        run.begin()
        run.work()
        return run

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(working, range(2))
    assert first.checked + second.checked == first.kept + second.kept == kept(world) == 200
    assert min(first.checked, second.checked) >= 10
    assert len({*seen[0], *seen[1]}) == 200
    assert world.execute(UNFINISHED) == []


@pytest.mark.http
def test_two_commands_at_once_share_the_work(world: World) -> None:
    fill(world, 400)
    commands = [start(world, "--jobs", "2", "--rate", "400") for _ in range(2)]
    assert sum(finished(command)[0] for command in commands) == kept(world) == 400
    assert world.execute(UNFINISHED) == []


def test_a_run_with_nothing_new_reads_little_however_many_there_are(world: World) -> None:
    credentials = base_table(world.connection, "ceramic_cache").partition(".")[2]

    def read(look_back: int) -> tuple[int, int]:
        """Rows of the credentials that a call reads, and of their checks."""
        with connect(world.url) as session, session.transaction():
            session.execute(
                "select unchecked_documents(%s, %s, 200, %s, null)", [VERIFIER, ["did:key:i"], look_back]
            )
            scanned = session.execute(
                "select relname from pg_stat_xact_user_tables"
                " where schemaname in ('scorer', 'public') and seq_scan > 0"
            )
            assert scanned.fetchall() == []
            rows = session.execute(
                "select relname::text, idx_tup_fetch from pg_stat_xact_user_tables"
                " where schemaname in ('scorer', 'public')"
            )
            counts: dict[str, int] = dict(rows.fetchall())
        return counts[credentials], counts["credential_check"]

    def add(count: int) -> None:
        world.execute(
            "insert into ceramic_cache (address, provider, stamp)"
            " select %s, 'Odd', jsonb_build_object('issuer', 'did:key:i', 'n', clock_timestamp(), 'i', i)"
            " from generate_series(1, %s) as i",
            ADDRESS, count,
        )  # fmt: skip
        world.execute(
            "insert into credential_check (digest, verifier, fault)"
            " select digest, %s, 'odd' from ceramic_cache on conflict do nothing",
            VERIFIER,
        )
        while world.execute(
            "select ids_left from unchecked_documents(%s, '{did:key:i}', 200, 0, null)", VERIFIER
        )[0] != (0,):
            pass

    add(3000)
    few = read(check_ahead.LOOK_BACK)
    add(12_000)
    many = read(check_ahead.LOOK_BACK)
    assert few == many
    # Each of them, and its id; the first and the last id besides. Where they are another service's, whether
    # its digest is kept, too.
    times = 2 if credentials == "ceramic_cache" else 3
    assert few == (times * check_ahead.LOOK_BACK + 2, check_ahead.LOOK_BACK)
    assert max(read(0)) <= 2


def test_nobody_waits_while_documents_are_checked(world: World) -> None:
    """Between its two statements a run holds nothing: no transaction, no lock. A request for the very wallet
    is answered meanwhile."""
    fill(world, 20)
    found: list[Any] = []

    def asking(documents: Sequence[str]) -> list[Check]:
        checks = check(documents)
        found.append(
            world.execute(
                "select state, xact_start is null, backend_xmin from pg_stat_activity"
                " where usename = 'service' and datname = current_database()"
            )
        )
        found.append(
            world.execute(
                "select l.locktype, l.mode from pg_locks as l where l.pid in ("
                "select pid from pg_stat_activity where usename = 'service' and datname = current_database())"
            )
        )
        with asked(world) as ask:
            found.append(ask())
        return checks

    run = run_of(world, check=asking)
    run.begin()
    run.work()
    assert found == [[("idle", True, None)], [], (20, 2)]
    # What the request has kept stays.
    assert (run.checked, run.kept, kept(world)) == (20, 0, 20)


def test_neither_call_locks_what_a_request_locks(world: World) -> None:
    fill(world, 20)
    with psycopg.connect(service_url_of(world.url)) as session:
        pid = session.info.backend_pid
        row = session.execute(
            "select documents from scorer.unchecked_documents(%s, %s, 5, 1000, null)",
            [VERIFIER, [world.issuer.did]],
        ).fetchone()
        assert row
        modes = dict(world.execute(LOCKS, pid))
        for table in ("ceramic_cache", "ceramic_cache_revocation"):
            assert modes.pop(base_table(world.connection, table)) == "AccessShareLock"
        assert modes.pop("scorer.credential_check") == "AccessShareLock"
        modes.pop("scorer.credential_digest", None)
        assert {name.removeprefix("scorer.check_ahead_") for name in modes} == {"progress", "claim"}
        # In the midst of it.
        with asked(world) as ask:
            assert ask() == (20, 2)
        session.commit()
        world.execute("delete from credential_check")
        checks = as_json(check(row[0].split("\n")))
        session.execute("select scorer.keep_checks(%s, %s)", [VERIFIER, checks])
        assert world.execute(LOCKS, pid) == [("scorer.credential_check", "RowExclusiveLock")]
        session.commit()
    assert kept(world) == 5


def test_another_version_checks_ahead_beside_the_one_that_serves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(world, 20)
    assert finished(start(world, "--jobs", "1")) == (20, "none is left")
    with asked(world) as ask:
        assert ask() == (20, 1)
        monkeypatch.setattr(check_ahead, "VERIFIER", "rules 9, didkit 9")
        run = run_of(world)
        run.begin()
        run.work()
        assert run.kept == 20
        assert ask() == (20, 1)
        # The new version begins to serve.
        monkeypatch.setattr(scoring, "VERIFIER", "rules 9, didkit 9")
        assert ask() == (20, 1)
    assert world.execute(
        "select verifier, count(*), count(distinct digest) from credential_check group by 1 order by 1"
    ) == [(VERIFIER, 20, 20), ("rules 9, didkit 9", 20, 20)]


def test_what_came_late_or_changed_in_its_place_is_found(world: World) -> None:
    with connect(world.url) as late:
        with late.transaction():
            document = json.dumps(world.issuer.credential(ADDRESS, "Late", ["v0:late"]))
            late.execute(
                "insert into ceramic_cache (address, provider, stamp) values (%s, 'Late', %s)",
                [ADDRESS, document],
            )
            fill(world, 3)
            assert finished(start(world, "--jobs", "1")) == (3, "none is left")
        assert finished(start(world, "--jobs", "1")) == (1, "none is left")
    world.execute(
        "insert into ceramic_cache (address, provider, stamp)"
        " select %s, 'Odd', to_jsonb(i) from generate_series(1, 2000) as i",
        OTHER,
    )
    assert finished(start(world, "--jobs", "1")) == (0, "none is left")
    document = json.dumps(world.issuer.credential(ADDRESS, "P0", ["v0:other"]))
    world.execute("update ceramic_cache set stamp = %s where provider = 'P0'", document)
    assert finished(start(world, "--jobs", "1")) == (0, "none is left")
    assert finished(start(world, "--jobs", "1", "--again")) == (1, "none is left")


def test_a_rate_is_kept_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    class Hurried(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            return False

    fill(world, 30)
    run = run_of(world, rate=10, stopped=Hurried())
    run.begin()
    began = time.monotonic()
    run.work()
    # Each time until all documents so far have had their tenth of a second.
    assert len(waits) == 3
    assert all(0 < wait <= number for number, wait in enumerate(waits, 1))
    assert waits[-1] + time.monotonic() - began >= 3


def test_progress_is_told_a_line_at_a_time_and_on_a_terminal_in_one_line(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(world, 30)
    for name, is_terminal in (("PLAIN_SECONDS", False), ("TERMINAL_SECONDS", True)):
        monkeypatch.setattr(check_ahead, name, 0.001)
        monkeypatch.setattr(sys.stderr, "isatty", lambda is_terminal=is_terminal: is_terminal)
        monkeypatch.setattr(check_ahead, "DOCUMENTS", 10)
        world.execute("delete from credential_check")
        run = run_of(world)
        run.begin(EVERYTHING)
        check_ahead.work_together(run, 1, time.monotonic())
        said = capsys.readouterr().err
        line = r"\d+ documents, [\d,]+ a second, at most \d+ left"
        if not is_terminal:
            events = [json.loads(text) for text in said.splitlines()]
            assert [event["event"] for event in events] == ["check_ahead"] * len(events)
            said = "".join(f"{event['message']}\n" for event in events)
        assert re.fullmatch(rf"(\r{line}\x1b\[K)+\n" if is_terminal else rf"({line}\n)+", said), said


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "said"),
    [
        ([], {"DATABASE_URL": ""}, 2, "DATABASE_URL is not set"),
        ([], {"TRUSTED_IAM_ISSUERS": "[]"}, 2, "TRUSTED_IAM_ISSUERS names no issuer"),
        (["--rate", "0"], {}, 2, "argument --rate"),
        (["--jobs", "few"], {}, 2, "argument --jobs"),
        (
            [],
            {"DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/scorer"},
            1,
            "What was checked is kept: run it again to go on.",
        ),
    ],
)
def test_what_hinders_a_run_is_said_in_a_line(
    world: World, arguments: list[str], environment: dict[str, str], status: int, said: str
) -> None:
    process = start(world, *arguments, **environment)
    output, errors = process.communicate()
    assert (process.returncode, output) == (status, "")
    assert said in errors.splitlines()[-1]
    assert "Traceback" not in errors
    assert "secret" not in errors


def test_a_database_that_goes_away_ends_a_run(world: World) -> None:
    fill(world, 100)
    process = start(world, "--jobs", "2", "--rate", "20")
    wait_until(lambda: kept(world) > 0)
    world.execute("alter role service connection limit 0")
    try:
        world.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'service'")
        output, errors = process.communicate()
    finally:
        world.execute("alter role service connection limit -1")
    assert (process.returncode, output, errors.count("\n")) == (1, "", 1), errors
    assert json.loads(errors)["message"].startswith("Stopped: ")
    assert 0 < kept(world) < 100


def test_processes_that_die_end_a_run(world: World) -> None:
    fill(world, 100)
    process = start(world, "--jobs", "2", "--rate", "20")
    wait_until(lambda: kept(world) > 0)
    for child in psutil.Process(process.pid).children():
        # Not the one that looks after their semaphores.
        if any("spawn_main" in argument for argument in child.cmdline()):
            child.kill()
    output, errors = process.communicate()
    assert (process.returncode, output, errors.count("\n")) == (1, "", 1), errors
    assert json.loads(errors)["message"].startswith("Stopped: ")
    assert 0 < kept(world) < 100


class Context:
    """What Lambda gives a handler, with so many milliseconds left."""

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def test_a_schedule_of_lambda_checks_until_its_time_is_used_up(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATABASE_URL", world.service_url)
    monkeypatch.setenv("TRUSTED_IAM_ISSUERS", json.dumps([world.issuer.did]))
    import api.check_ahead_lambda

    module = importlib.reload(api.check_ahead_lambda)
    fill(world, 30)
    caplog.set_level(logging.INFO)
    ((by_month,),) = world.execute("select scorer.ensure_event_partitions(0) is not null")
    same = {"months_ahead": 3 if by_month else None, "checks_removed": 0}
    # What is left of it is the reserve.
    assert module.handler({}, Context(5000)) == {"checked": 0, "kept": 0, "left": 30} | same
    assert module.handler({}, Context(60_000 * 15)) == {"checked": 30, "kept": 30, "left": 0} | same
    assert module.handler({}, Context(60_000 * 15)) == {"checked": 0, "kept": 0, "left": 0} | same
    document = json.dumps(world.issuer.credential(ADDRESS, "P7", ["v0:other"]))
    world.execute("update ceramic_cache set stamp = %s where provider = 'P7'", document)
    # Two days ago; the document of one is gone now.
    world.execute("update credential_check set checked_at = now() - interval '2 days'")
    expected = {"checked": 1, "kept": 1, "left": 0} | same | {"checks_removed": 1}
    assert module.handler({}, Context(60_000 * 15)) == expected
    lines = [record.msg for record in caplog.records if record.name == "api.check_ahead_lambda"]
    assert [line["checked"] for line in lines if isinstance(line, dict)] == [0, 30, 0, 1]
    with asked(world) as ask:
        assert ask() == (30, 1)
