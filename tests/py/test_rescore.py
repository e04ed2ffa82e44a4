"""scorer rescore: each passport gets, once, the score that a request would give it, in nobody's way."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli import rescoring
from cli.rescoring import Choice, Page, Passports, Rescored, Run, TooManyFailed
from db.migrate import ROOT
from harness import crowd
from harness.invariants import lost, violations, watch
from harness.load import load
from harness.patience import wait_until
from harness.server import connect, operator_url_of
from harness.service import Service
from harness.world import World
from local.issuer import Issuer

pytestmark = pytest.mark.newest

SAID = re.compile(
    r"(Scored|Would score) (?P<scored>[\d,]+) wallets in [\d.]+ s: (?P<up>\d+) pass that did not,"
    r" (?P<down>\d+) do not that did; (?P<since>\d+) were scored meanwhile, (?P<gone>\d+) have no passport,"
    r" (?P<failed>\d+) failed; (none is left|go on with (?P<options>--since \S+ --after \d+)"
    r"|try those again with (?P<again>--since \S+))"
    r"\.\n"
)
NOTHING = {"scored": 0, "up": 0, "down": 0, "since": 0, "gone": 0, "failed": 0}


def filled(world: World, count: int, first: int = 1) -> list[str]:
    """So many wallets, each with a stamp of its own, scored in community 1 one after the other."""
    client = world.client()
    wallets = [f"0x{0xA << 152 | number:040x}" for number in range(first, first + count)]
    for wallet in wallets:
        world.put_valid(wallet, "Github", f"v0:{wallet}")
        assert client.get(world.path(wallet), headers={"X-API-Key": world.key}).status_code == 200
    return wallets


def weigh(world: World, scorer: int = 1, **weights: str) -> None:
    world.execute(
        "update scorer_weighted_binaryweightedscorer set weights = weights || %s where scorer_ptr_id = %s",
        json.dumps(weights), scorer,
    )  # fmt: skip


def start(world: World, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    given = {
        "DATABASE_URL": operator_url_of(world.service_url),
        "TRUSTED_IAM_ISSUERS": json.dumps([world.issuer.did]),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "rescore", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | given | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str], status: int = 0) -> tuple[dict[str, int], str, str]:
    """What a command counted, other than nothing; how it goes on; what it printed to standard error, but for
    the first line."""
    output, errors = process.communicate()
    assert process.returncode == status, output + errors
    said = SAID.fullmatch(output)
    assert said, output
    counted = {name: int(said[name].replace(",", "")) for name in NOTHING}
    first, _, rest = errors.partition("\n")
    assert first.startswith("What is scored from now on is not scored again: --since ")
    return (
        {name: count for name, count in counted.items() if count},
        said["options"] or said["again"] or "",
        rest,
    )


def run_of(world: World, choice: Choice, database: Passports | None = None, **changes: Any) -> Run:
    database = database or Passports(operator_url_of(world.url))
    run = Run(database, world.settings(), choice, **changes)
    run.begin()
    return run


def events(world: World) -> dict[tuple[str, int], int]:
    """How many scores of each passport were written."""
    rows = world.execute(
        "select address, community_id, count(*) from registry_event where action = 'SCORE_UPDATE'"
        " group by address, community_id"
    )
    return {(address, community): count for address, community, count in rows}


def scores(world: World) -> dict[str, Any]:
    """The raw score of each wallet in community 1."""
    return dict(
        world.execute(
            "select p.address, (s.evidence ->> 'rawScore') from registry_passport as p"
            " inner join registry_score as s on s.passport_id = p.id where p.community_id = 1"
        )
    )


def rows_of(out: Path) -> list[dict[str, str]]:
    with out.open() as lines:
        return list(csv.DictReader(lines))


def newest_fields(world: World, address: str, community: int) -> dict[str, Any]:
    ((fields,),) = world.execute(
        "select data -> 'fields' from registry_event where action = 'SCORE_UPDATE' and address = %s"
        " and community_id = %s order by id desc limit 1",
        address, community,
    )  # fmt: skip
    return dict(fields)


def test_every_passport_gets_what_a_request_would_answer(
    world: World, ed25519: Issuer, tmp_path: Path
) -> None:
    """Wallets of every kind, some with credentials that nobody has checked, and human points."""
    watch(world.connection)
    gathered = crowd.gather(world, 2 * len(crowd.KINDS), ed25519)
    world.execute("update account_community set human_points_program = true")
    weigh(world, Near="1")
    world.add_community(2, json.dumps({"Github": "9"}))
    began = datetime(2026, 1, 1, tzinfo=UTC)
    client = world.client(
        trusted_issuers=gathered.trusted, human_points_enabled=True, human_points_start=began
    )

    def ask(wallet: str, community: int = 1) -> dict[str, Any]:
        response = client.get(world.path(wallet, community), headers={"X-API-Key": world.key})
        assert response.status_code == 200
        assert response.json
        return dict(response.json)

    for wallet in gathered.addresses:
        ask(wallet)
    ask(gathered.addresses[0], 2)
    before = events(world)
    world.execute("delete from credential_check where digest < '\\x80'")
    world.execute("delete from human_points_stampaction")
    for wallet in gathered.addresses[::5]:
        world.put_valid(wallet, "Google", f"v9:{wallet}")
    weigh(world, Github="0.123455", Google="2.3")
    out = tmp_path / "scores.csv"
    command = start(
        world, "--scorer", 1, "--out", out, "--jobs", 3,
        TRUSTED_IAM_ISSUERS=json.dumps(sorted(gathered.trusted)),
        HUMAN_POINTS_ENABLED="true", HUMAN_POINTS_START_TIMESTAMP=f"{began.timestamp():.0f}",
    )  # fmt: skip
    counted, _, errors = finished(command)
    assert (counted["scored"], errors) == (len(gathered.addresses), "")
    assert events(world) == {key: count + (key[1] == 1) for key, count in before.items()}
    earned = world.execute("select address, provider from human_points_stampaction order by 1, 2")
    assert earned
    rows = rows_of(out)
    assert [row["wallet"] for row in rows] == gathered.addresses
    assert counted["up"] == sum((row["passing"], row["was_passing"]) == ("true", "false") for row in rows)
    assert counted["down"] == sum((row["passing"], row["was_passing"]) == ("false", "true") for row in rows)
    assert counted["up"]
    assert counted["down"]
    for row in rows:
        fields = newest_fields(world, row["wallet"], 1)
        answer = ask(row["wallet"])
        deduped = sum(stamp["dedup"] for stamp in answer["stamps"].values())
        assert row | {"was_passing": ""} == {
            "wallet": answer["address"],
            "scorer": "1",
            "score": answer["score"],
            "passing": str(answer["passing_score"]).lower(),
            "was_passing": "",
            "expires_at": answer["expiration_timestamp"] or "",
            "counted": str(len(answer["stamps"]) - deduped),
            "deduped": str(deduped),
        }
        asked = newest_fields(world, row["wallet"], 1)
        assert fields | {"last_score_timestamp": ""} == asked | {"last_score_timestamp": ""}
    assert world.execute("select address, provider from human_points_stampaction order by 1, 2") == earned
    assert violations(world.connection) == []


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_run_that_is_stopped_is_gone_on_with(
    world: World, tmp_path: Path, signum: signal.Signals, status: int
) -> None:
    wallets = filled(world, 30)
    weigh(world, Github="5")
    out = tmp_path / "scores.csv"
    process = start(world, "--scorer", 1, "--rate", 20, "--out", out)
    wait_until(lambda: sum(events(world).values()) > 33)
    os.killpg(process.pid, signum)
    counted, options, errors = finished(process, status)
    assert 0 < counted["scored"] < 30
    assert errors == ""
    assert [row["wallet"] for row in rows_of(out)] == wallets[: counted["scored"]]
    left, options, _ = finished(start(world, "--scorer", 1, "--out", out, *options.split()))
    assert (left["scored"], left.get("since", 0)) == (30 - counted["scored"], 0)
    assert [row["wallet"] for row in rows_of(out)] == wallets
    assert set(events(world).values()) == {2}


def test_a_run_that_is_killed_is_gone_on_with(world: World) -> None:
    filled(world, 30)
    weigh(world, Github="5")
    process = start(world, "--scorer", 1, "--rate", 20)
    wait_until(lambda: sum(events(world).values()) > 33)
    process.kill()
    _, errors = process.communicate()
    since = errors.split()[-1]
    # What it had sent may be done still.
    wait_until(
        lambda: (
            not world.execute(
                "select from pg_stat_activity where usename = 'operator' and datname = current_database()"
            )
        )
    )
    done = sum(events(world).values()) - 30
    assert finished(start(world, "--scorer", 1, "--since", since))[0] == {"scored": 30 - done, "up": 0} | {
        "scored": 30 - done,
        "up": 30 - done,
    }
    assert set(events(world).values()) == {2}


def test_two_runs_at_once_score_each_passport_once(world: World) -> None:
    filled(world, 60)
    weigh(world, Github="5")
    ((since,),) = world.execute("select now()")
    commands = [start(world, "--scorer", 1, "--rate", 60, "--since", since.isoformat()) for _ in range(2)]
    counted = [finished(command)[0] for command in commands]
    assert sum(each.get("scored", 0) for each in counted) == 60
    assert set(events(world).values()) == {2}


@pytest.mark.http
def test_requests_are_answered_meanwhile(world: World, serve: Callable[..., Service]) -> None:
    """Wallets with nullifiers in common, asked for while they are scored again, several at a time."""
    watch(world.connection)
    wallets = [f"0x{0xB << 152 | number:040x}" for number in range(40)]
    for number, wallet in enumerate(wallets):
        for provider in ("Github", "Google", "Ens"):
            names = [f"v0:{provider}{(number + shift) % 40}" for shift in (0, 1)]
            world.put_valid(wallet, provider, *(names if number % 2 else reversed(names)))
    service = serve(world.service_url, TRUSTED_IAM_ISSUERS=json.dumps([world.issuer.did]))
    for wallet in wallets:
        assert service.get(world.path(wallet), X_API_Key=world.key)[0] == 200
    with load(service.port, world.key, [(wallet, 1) for wallet in wallets], clients=3) as answers:
        answers.wait_for(50)
        for weight in ("1.25", "7.5", "0.5"):
            weigh(world, Github=weight, Ens=weight)
            # As when dedup is decided anew.
            world.execute("update registry_hashscorerlink set expires_at = now() where id % 3 = 0")
            counted, _, errors = finished(start(world, "--scorer", 1, "--jobs", 4))
            assert errors == ""
            assert counted.get("scored", 0) + counted.get("since", 0) >= 1
            assert "failed" not in counted
            answers.wait_for(20)
    assert answers.by_status().keys() == {200}
    assert violations(world.connection) == []
    assert lost(world.connection, answers.answered()) == []


def test_those_that_expire_before_a_time(world: World) -> None:
    world.add_community(2, json.dumps({"Github": "1"}))
    now = datetime.now(UTC)
    client = world.client()
    for number, days in enumerate((1, 5, 9, None)):
        wallet = f"0x{number:040x}"
        if days:
            world.put(
                wallet,
                "Github",
                world.issuer.credential(wallet, "Github", [f"v0:{number}"], now + timedelta(days=days)),
            )
        for community in (1, 2):
            assert (
                client.get(world.path(wallet, community), headers={"X-API-Key": world.key}).status_code == 200
            )
    # As if a day had passed.
    world.execute(
        "update registry_score set expiration_date = now() where expiration_date < now() + interval '2 days'"
    )
    until = (now + timedelta(days=7)).isoformat()
    assert finished(start(world, "--expires-before", until, "--scorer", 2))[0] == {"scored": 2}
    assert finished(start(world, "--expires-before", until))[0] == {"scored": 4}
    again = {key for key, count in events(world).items() if count > 1}
    assert again == {(f"0x{number:040x}", community) for number in (0, 1) for community in (1, 2)}


def test_what_came_of_it_is_json_for_programs(world: World, tmp_path: Path) -> None:
    listed = tmp_path / "wallets"
    listed.write_text("".join(f"{wallet}\n" for wallet in [*filled(world, 3), "0x" + "9" * 40]))
    weigh(world, Github="100")
    process = start(world, "--scorer", 1, "--json", "--dry-run")
    dry = json.loads(process.communicate()[0])
    assert (process.returncode, dry["dry_run"], dry["scored"], dry["now_pass"]) == (0, True, 3, 3)
    process = start(world, "--scorer", 1, "--json", "--wallets", listed)
    came = json.loads(process.communicate()[0])
    assert process.returncode == 0
    assert datetime.fromisoformat(came.pop("since"))
    assert came == {
        "dry_run": False, "scored": 3, "now_pass": 3, "no_longer_pass": 0, "scored_since": 0,
        "no_passport": 1, "failed": 0, "is_complete": True, "after": None,
    }  # fmt: skip
    process = start(world, "--scorer", 99, "--json")
    output, errors = process.communicate()
    assert (process.returncode, output) == (1, "")
    assert "There is no community 99." in errors


def test_those_of_a_list(world: World, tmp_path: Path) -> None:
    wallets = filled(world, 6)
    weigh(world, Github="5")
    stranger = "0x" + "9" * 40
    file = tmp_path / "wallets"
    file.write_text("\n".join([wallets[4], wallets[1].upper().replace("X", "x"), stranger, wallets[2]]))
    out = tmp_path / "scores.csv"
    counted, _, _ = finished(start(world, "--scorer", 1, "--wallets", file, "--out", out))
    assert counted == {"scored": 3, "up": 3, "gone": 1}
    assert [row["wallet"] for row in rows_of(out)] == [wallets[4], wallets[1], wallets[2]]
    assert world.execute("select count(*) from registry_passport") == [(6,)]
    counted, _, _ = finished(start(world, "--scorer", 1, "--wallets", file, "--after", 3, "--out", out))
    assert counted == {"scored": 1}
    assert [row["wallet"] for row in rows_of(out)][3:] == [wallets[2]]


def test_a_dry_run_writes_no_score(world: World, tmp_path: Path) -> None:
    filled(world, 4)
    world.execute("delete from credential_check")
    tables = ("registry_score", "registry_stamp", "registry_event", "registry_hashscorerlink")
    weigh(world, Github="5")

    def held() -> list[Any]:
        return [world.execute(f"select * from {table} order by id") for table in tables]

    before = held()
    out = tmp_path / "scores.csv"
    assert finished(start(world, "--scorer", 1, "--dry-run", "--out", out))[0] == {"scored": 4, "up": 4}
    assert held() == before
    assert world.execute("select count(*) from credential_check") == [(4,)]
    assert {row["score"] for row in rows_of(out)} == {"5.00000"}
    assert finished(start(world, "--scorer", 1))[0] == {"scored": 4, "up": 4}


def test_a_file_holds_those_too_that_requests_score_meanwhile(world: World, tmp_path: Path) -> None:
    wallets = filled(world, 4)
    ((since,),) = world.execute("select now()")
    weigh(world, Github="5")
    client = world.client()
    response = client.get(world.path(wallets[2]), headers={"X-API-Key": world.key})
    assert response.json
    # As another service may store it.
    world.execute(
        "update registry_score set last_score_timestamp = now(), stamps = null, evidence = null"
        " where passport_id = (select id from registry_passport where address = %s)",
        wallets[3],
    )
    out = tmp_path / "scores.csv"
    counted, _, _ = finished(start(world, "--scorer", 1, "--out", out, "--since", since.isoformat()))
    assert counted == {"scored": 2, "up": 2, "since": 2}
    rows = rows_of(out)
    assert [row["wallet"] for row in rows] == wallets
    assert {
        (row["score"], row["passing"], row["expires_at"]) for row in rows if row["wallet"] == wallets[2]
    } == {("5.00000", "true", response.json["expiration_timestamp"])}
    assert rows[3] == rows[3] | {"score": "", "passing": "false", "counted": "0", "deduped": "0"}
    # A file that is there is not written over.
    process = start(world, "--scorer", 1, "--out", out)
    _, errors = process.communicate()
    assert (process.returncode, errors.count("\n")) == (1, 1)
    assert "is there already" in errors


def test_a_wallet_that_fails_is_told_and_the_others_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wallets = filled(world, 6)
    client = world.client()
    for wallet in wallets[2:5]:
        world.put_valid(wallet, "Odd", f"v1:{wallet}")
        assert client.get(world.path(wallet), headers={"X-API-Key": world.key}).status_code == 200
    world.unguard_weights()
    weigh(world, Github="5", Odd="odd")
    counted, options, errors = finished(start(world, "--scorer", 1), 1)
    assert counted == {"scored": 3, "up": 3, "failed": 3}
    assert [line.split(" of ")[0] for line in errors.splitlines()] == wallets[2:5]
    assert errors.count('Community 1 has an unusable weight for provider "Odd"'.replace('"', "'")) == 3
    monkeypatch.setattr(rescoring, "MAX_FAILED", 2)
    run = run_of(world, Choice(1))
    with pytest.raises(TooManyFailed):
        run.work(1)
    assert run.failed == 2
    assert capsys.readouterr().err.count("\n") == 2
    # The communities beside it are scored.
    elsewhere = run_of(world, Choice(expires_before=datetime.now(UTC) + timedelta(days=36500)))
    elsewhere.work(1)
    assert (elsewhere.failed, elsewhere.scored) == (3, 3)
    weigh(world, Odd="1")
    assert finished(start(world, "--scorer", 1, *options.split()))[0]["scored"] == 3


def test_a_score_of_a_clock_that_was_ahead_is_made_anew(world: World) -> None:
    wallets = filled(world, 2)
    weigh(world, Github="5")
    world.execute("update registry_score set last_score_timestamp = now() + interval '1 hour'")
    assert finished(start(world, "--scorer", 1))[0] == {"scored": 2, "up": 2}
    assert set(scores(world)) == set(wallets)


def test_a_passport_that_is_locked_fails_alone(world: World) -> None:
    wallets = filled(world, 3)
    weigh(world, Github="5")
    world.execute("alter function rescore_wallet set lock_timeout = '100ms'")
    with connect(world.url) as other, other.transaction():
        other.execute("select from registry_passport where address = %s for update", [wallets[1]])
        counted, _, errors = finished(start(world, "--scorer", 1), 1)
    assert counted == {"scored": 2, "up": 2, "failed": 1}
    assert errors.startswith(f"{wallets[1]} of scorer 1: 55P03")


def test_a_passport_that_a_request_made_meanwhile_is_found(world: World) -> None:
    """It has an id that is smaller than others', and comes late."""
    wallets = filled(world, 3)
    late = "0x" + "7" * 40
    world.put_valid(late, "Github", "v0:late")
    other = connect(world.url)

    class Late(Passports):
        """Commits the passport once all have been looked at."""

        def to_rescore(self, arguments: Mapping[str, Any]) -> Page:
            page = super().to_rescore(arguments)
            if page.last_id is None and arguments["after_id"] < rescoring.NO_ID:
                other.commit()
            return page

    with other:
        other.autocommit = False
        other.execute("insert into registry_passport (address, community_id) values (%s, 1)", [late])
        wallets += filled(world, 3, first=4)
        weigh(world, Github="5")
        run = run_of(world, Choice(1), Late(operator_url_of(world.url)))
        run.work(2)
    assert run.scored == 7
    assert scores(world) == dict.fromkeys([*wallets, late], "5")


def test_a_run_that_is_stopped_at_once_has_not_done_all(world: World) -> None:
    filled(world, 3)
    run = run_of(world, Choice(1))
    run.stopped.set()
    run.work(2)
    assert (run.scored, run.is_complete) == (0, False)
    run.stopped.clear()
    run.work(2)
    assert (run.scored, run.is_complete) == (3, True)


def test_what_waits_when_a_run_is_stopped_is_not_scored(world: World) -> None:
    """All wallets wait for their turn by then; what is scored is counted."""
    filled(world, 40)
    stopped = threading.Event()

    class Stopping(Passports):
        def rescore(self, arguments: Mapping[str, Any]) -> Rescored:
            got = super().rescore(arguments)
            stopped.set()
            return got

    run = run_of(world, Choice(1), Stopping(operator_url_of(world.url)), stopped=stopped)
    run.work(3)
    assert 0 < run.scored < 40
    assert sum(events(world).values()) == 40 + run.scored
    assert world.execute("select count(*) from registry_passport where id <= %s", run.position) == [
        (run.scored,)
    ]


def test_a_file_that_cannot_be_written_ends_a_run(world: World) -> None:
    filled(world, 3)
    process = start(world, "--scorer", 1, "--after", 0, "--out", "/dev/full")
    output, errors = process.communicate()
    assert (process.returncode, output) == (1, "")
    assert "Stopped: /dev/full: No space left on device." in errors
    assert "Traceback" not in errors


def test_a_rate_is_kept_to(world: World) -> None:
    class Hurried(threading.Event):
        waited = 0.0

        def wait(self, timeout: float | None = None) -> bool:
            self.waited = max(self.waited, timeout or 0)
            return False

    filled(world, 30)
    stopped = Hurried()
    began = time.monotonic()
    run = run_of(world, Choice(1), rate=10, stopped=stopped)
    run.work(2)
    # The last one is due when all before it have had their tenth of a second.
    assert 3 - rescoring.SLACK - (time.monotonic() - began) <= stopped.waited <= 3


def test_progress_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(world, 5)
    monkeypatch.setattr(rescoring, "PLAIN_SECONDS", 0)
    run = run_of(world, Choice(1))
    run.work(1)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    for number, line in enumerate(lines, 1):
        assert re.fullmatch(rf"{number} wallets, [\d,]+ a second, at most {5 - number} left", line)


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "said"),
    [
        ([], {}, 2, "Give --scorer, --expires-before, or both."),
        (["--wallets", "-", "--expires-before", "2027-01-01"], {}, 2, "--wallets goes with --scorer"),
        (["--scorer", "1", "--wallets", "README.md"], {}, 2, "Line 1 of README.md is no wallet"),
        (["--expires-before", "soon"], {}, 2, "soon is no time"),
        (["--scorer", "1", "--rate", "0"], {}, 2, "--rate"),
        (["--scorer", "1"], {"TRUSTED_IAM_ISSUERS": "[]"}, 1, "TRUSTED_IAM_ISSUERS names no issuer"),
        (["--scorer", "99"], {}, 1, "There is no community 99."),
        (
            ["--scorer", "1"],
            {"DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/scorer"},
            1,
            "Nothing was scored: ",
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
    assert "PL/pgSQL" not in errors
    assert "secret" not in errors


def test_a_database_that_goes_away_ends_a_run(world: World) -> None:
    filled(world, 30)
    weigh(world, Github="5")
    process = start(world, "--scorer", 1, "--rate", 20)
    wait_until(lambda: sum(events(world).values()) > 33)
    world.execute("alter role operator connection limit 0")
    try:
        world.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'operator'")
        output, errors = process.communicate()
    finally:
        world.execute("alter role operator connection limit -1")
    assert (process.returncode, output) == (1, "")
    last = errors.splitlines()[-1]
    assert re.match(r"Stopped: .*; go on with --since \S+\.$", last), errors
    since = last.split()[-1].rstrip(".")
    done = sum(events(world).values()) - 30
    counted, _, _ = finished(start(world, "--scorer", 1, "--since", since))
    assert counted["scored"] == 30 - done
    assert set(events(world).values()) == {2}
