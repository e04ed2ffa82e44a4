"""make compare: what agrees, what differs and why, where its wallets come from, and what it never shows. Each
fault is that of a copy of our service: on a copy of the other's database, or in its answers."""

import gzip
import io
import itertools
import json
import re
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api import keys
from api.app import create_app
from api.settings import Settings
from compare import demo, differences, figures
from compare.asking import Asking
from compare.command import main
from compare.errors import CannotRun
from compare.faulty import Change, faulty, served
from compare.rules import KNOWN, Rules, load
from compare.sides import Answer
from compare.state import Result, State, Times
from compare.wallets import Wallet, parse, read, recent
from db.migrate import ROOT
from harness.crowd import KINDS, OTHERS, Crowd, gather
from harness.server import connect, database, name_of, service_url_of
from harness.world import World
from local.issuer import Issuer

pytestmark = pytest.mark.newest

# As fast as it can.
FAST = ("--rate", "100000")


@dataclass
class Copies:
    """Two services, the candidate's on a copy of the primary's database."""

    world: World
    crowd: Crowd
    candidate_database: str
    folder: Path
    stack: ExitStack

    def execute(self, statement: str) -> None:
        """Changes the candidate's database."""
        with connect(self.candidate_database) as connection:
            connection.execute(statement.encode())

    def app(self, url: str) -> Any:
        return create_app(Settings(service_url_of(url), self.crowd.trusted))

    def serve(self, url: str, change: Change | None = None) -> str:
        app = self.app(url)
        return self.stack.enter_context(served(faulty(app, change) if change else app))

    def compare(
        self, change: Change | None = None, *arguments: str, primary: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The exit status and the figures. The candidate's answers are changed."""
        listed = self.folder / "wallets"
        listed.write_text("".join(f"1,{address}\n" for address in self.crowd.addresses))
        status = main(
            [
                *("--primary", primary or self.serve(self.world.url)),
                *("--candidate", self.serve(self.candidate_database, change)),
                *("--out", str(self.folder / "out"), "--connections", "1"),
                # Times are those of a machine that has much else to do.
                *("--rules", str(self.rules())),
                *(str(listed), *FAST, *arguments),
            ]
        )
        return status, json.loads((self.folder / "out/report.json").read_text())

    def rules(self, text: str = "[times]\n") -> Path:
        file = self.folder / "rules.toml"
        if not file.exists():
            file.write_text(text)
        return file


@pytest.fixture
def copies(world: World, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copies]:
    crowd = gather(world, 2 * len(KINDS), Issuer.ed25519())
    # What is copied has no session.
    world.connection.close()
    monkeypatch.setenv("PRIMARY_API_KEY", world.key)
    monkeypatch.delenv("CANDIDATE_API_KEY", raising=False)
    with database(server, name_of(world.url)) as candidate, ExitStack() as stack:
        yield Copies(world, crowd, candidate, tmp_path, stack)


def unexplained(found: dict[str, Any]) -> dict[str, int]:
    return {c["cause"]: c["unexplained"] for c in found["causes"] if c["unexplained"]}


def replaced(name: str, there: str, here: str) -> str:
    """A function of ours, in one place otherwise."""
    text = (ROOT / f"db/functions/{name}.sql").read_text()
    assert there in text
    return text.replace(there, here)


def changing(**fields: Any) -> Change:
    """Changes fields of scores."""

    def change(path: str, status: int, body: Any) -> tuple[int, Any]:
        return status, body | fields if status == 200 else body

    return change


def test_a_copy_agrees_on_every_rule(copies: Copies) -> None:
    status, found = copies.compare()
    verdict = found["verdict"]
    assert (status, verdict["asked"], verdict["equal"]) == (0, 32, 32)
    assert (verdict["scored_by_both"], found["causes"], verdict["flips"]) == (32, [], 0)
    assert found["statuses"] == [{"primary": 200, "candidate": 200, "wallets": 32}]


def deduped(path: str, status: int, body: Any) -> tuple[int, Any]:
    stamps = {name: stamp | {"dedup": True} for name, stamp in body["stamps"].items() if name == "Github"}
    return status, body | {"stamps": body["stamps"] | stamps}


def weighing(provider: str, weight: str) -> str:
    weights = json.dumps({provider: weight})
    return f"update scorer_weighted_binaryweightedscorer set weights = weights || '{weights}'"


HALF_UP = """
create or replace function scorer.five_decimals(p_value numeric) returns text language sql immutable
return round(p_value, 5)::text
"""
FAULTS: dict[str, tuple[str | Change, str]] = {
    "a weight off in the sixth decimal": (
        weighing("Near", "0.123455"),
        differences.WEIGHT_BELOW,
    ),
    "a weight off by more": (
        weighing("Github", "2.26"),
        differences.WEIGHT,
    ),
    "a stamp dropped": (
        "update ceramic_cache set deleted_at = now() where provider = 'Github'",
        differences.ONLY_PRIMARY,
    ),
    "a wrong expiry": (
        replaced("iso_timestamp", "p_time at", "(p_time + interval '1 s') at"),
        differences.EXPIRY,
    ),
    "half-up rounding": (HALF_UP, differences.ROUNDING),
    "a time format": (replaced("iso_timestamp", '"+00:00"', '"Z"'), differences.TIME_FORMAT),
    "a stamp shown as deduped": (deduped, differences.DEDUPED_CANDIDATE),
    "a stamp deduped": (
        "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
        f" select 'v1:Github' || address, '{OTHERS}', 1, now() + interval '1 day' from scorer.ceramic_cache"
        " where provider = 'Github' on conflict (hash, community_id) do nothing",
        differences.DEDUPED_CANDIDATE,
    ),
    "a threshold": (
        "update scorer_weighted_binaryweightedscorer set threshold = 2.3",
        differences.THRESHOLD,
    ),
    "a verdict turned round": (
        lambda _, status, body: (status, body | {"passing_score": not body["passing_score"]}),
        differences.VERDICT,
    ),
    "a sum that is none": (changing(score="1.50000"), differences.SCORE),
    "a number for a text": (
        lambda _, status, body: (status, body | {"threshold": float(body["threshold"])}),
        differences.TYPE,
    ),
    "fewer decimals": (
        lambda _, status, body: (status, body | {"threshold": body["threshold"].rstrip("0")}),
        differences.NUMBER_FORMAT,
    ),
    "an error beside the score": (changing(error="cannot"), differences.ERROR_CANDIDATE),
    "a time of long ago": (
        changing(last_score_timestamp="2024-01-01T00:00:00.123456+00:00"),
        differences.SCORED_AT,
    ),
    "a field too many": (changing(extra=1), differences.MISSING_FIELD),
    "a body that is none": (lambda _, status, __: (status, "no object"), differences.NO_ANSWER_BODY),
    "another status": (lambda _, __, body: (201, body), "status 200/201"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_filed_under_its_own_cause(copies: Copies, name: str) -> None:
    fault, cause = FAULTS[name]
    if isinstance(fault, str):
        copies.execute(fault)
    status, found = copies.compare(None if isinstance(fault, str) else fault)
    assert (status, [*unexplained(found)]) == (1, [cause])
    assert found["verdict"]["unexplained"] == unexplained(found)[cause]
    (sample, *_) = next(c["samples"] for c in found["causes"])
    assert any(not line["same"] for line in sample["lines"])
    assert cause in (copies.folder / "out/report.html").read_text()


def test_one_answer_of_5000_that_is_a_500_is_found(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The services answer with what ours once said, which is fast."""
    world.put_valid(OTHERS, "Github", "v1:a")
    body = world.client().get(world.path(OTHERS), headers={"X-API-Key": world.key}).get_json()
    numbers = itertools.count(1)

    def failing(path: str, status: int, body: Any) -> tuple[int, Any]:
        return (500, {"detail": "Unexpected error"}) if next(numbers) == 3000 else (status, body)

    def replay(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(body | {"address": environ["PATH_INFO"][-42:]}).encode()]

    listed = tmp_path / "wallets"
    listed.write_text("".join(f"1,0x{number:040x}\n" for number in range(5000)))
    monkeypatch.setenv("PRIMARY_API_KEY", world.key)
    (tmp_path / "rules").write_text("[times]")
    with served(replay) as primary, served(faulty(replay, failing)) as candidate:
        arguments = [
            "--primary",
            primary,
            "--candidate",
            candidate,
            "--rules",
            str(tmp_path / "rules"),
            *FAST,
        ]
        assert main([*arguments, "--out", str(tmp_path), str(listed)]) == 1
    found = json.loads((tmp_path / "report.json").read_text())
    assert (found["verdict"]["asked"], found["verdict"]["equal"]) == (5000, 4999)
    assert unexplained(found) == {"status 200/500": 1}


def test_a_candidate_that_is_slower_than_it_may_be_is_a_finding(copies: Copies) -> None:
    """Slower by far more than a machine that has much to do makes it."""

    def slow(path: str, status: int, body: Any) -> tuple[int, Any]:
        time.sleep(0.5)
        return status, body

    copies.crowd.addresses[8:] = []
    copies.rules("[times]\np50 = 2.0\n")
    status, found = copies.compare(slow)
    assert (status, found["verdict"]["unexplained"], found["verdict"]["agrees"]) == (1, 0, False)
    assert {slower["quantile"] for slower in found["slower"]} == {"p50"}
    assert "The candidate is slower: p50" in (copies.folder / "out/report.html").read_text()


class Nobody:
    """A side of figures, which nobody asks."""

    name = "nobody"

    def connect(self) -> Any:
        raise AssertionError

    def versions(self) -> dict[str, str]:
        return {}

    def command(self, wallet: Wallet) -> str:
        return "true"


@pytest.mark.parametrize(("ratio", "found"), [(1.9, []), (3.0, ["p50", "p50"])])
def test_quantiles_are_of_the_times_that_were_kept(tmp_path: Path, ratio: float, found: list[str]) -> None:
    state = State(tmp_path / "state", {})
    state.add(Wallet("1", f"0x{n:040x}") for n in range(100))
    for id_, _ in [*state.left()]:
        seconds = Times(id_ / 1000, id_ / 2000)
        slower = Times(seconds.due * ratio, seconds.sent * ratio)
        state.keep(Result(id_, "compared", (200, 200), times=(seconds, slower)))
    said = figures.of(state, Rules(times={"p50": 2.0}), Nobody(), Nobody(), is_timed=True)
    assert [round(said["times"]["due"][q]["primary"], 3) for q in ("p50", "p95", "p99")] == [50, 95, 99]
    assert round(said["times"]["sent"]["p99"]["candidate"], 3) == round(49.5 * ratio, 3)
    assert [slower["quantile"] for slower in said["slower"]] == found
    assert sum(bar["primary"] for bar in said["picture"]) == 100
    assert figures.of(state, Rules(times={"p50": 0.1}), Nobody(), Nobody(), is_timed=False)["slower"] == []


def test_an_answer_is_timed_from_when_it_was_planned_to_be_asked_for() -> None:
    """Whoever waits for a connection waits for the answer; the other side does not wait with it."""

    class Stalling(Nobody):
        def __init__(self, seconds: float) -> None:
            self.seconds = seconds

        def connect(self) -> "Stalling":
            return Stalling(self.seconds)

        def ask(self, wallet: Wallet) -> Answer:
            time.sleep(self.seconds)
            self.seconds = 0
            return Answer(200, b"{}")

        def close(self) -> None:
            pass

    results: list[Result] = []
    wallets = [(number, Wallet("1", OTHERS)) for number in range(20)]
    Asking(Stalling(0.5), Stalling(0), 1000, 2, in_turn=False).run(wallets, results.append)
    late = [primary for r in results for primary in r.times[:1] if primary and primary.sent < 0.4]
    assert len(late) == 18
    assert all(times.due > 0.4 for times in late)
    assert sorted(r.times[1].due for r in results if r.times[1])[10] < 0.4

    one_by_one: list[Result] = []
    Asking(Stalling(0.5), Stalling(0), 1000, 1, in_turn=False).run(wallets[:2], one_by_one.append)
    second = one_by_one[1].times[0]
    assert second
    assert second.due > 0.4 > second.sent


@contextmanager
def curt(body: bytes, answered: str) -> Iterator[str]:
    """A service that hangs up without a word: after each answer, and in place of one to a path that does not
    match what is answered. Its URL."""

    class Curt(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            path = self.rfile.readline().decode().split()[1]
            while self.rfile.readline().strip():
                pass
            if re.search(answered, path):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Curt) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_service_that_hangs_up_is_asked_anew_and_what_it_never_answers_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIMARY_API_KEY", "some1.secret")
    listed = tmp_path / "wallets"
    listed.write_text("".join(f"1,0x{number:040x}\n" for number in range(16)))
    (tmp_path / "rules").write_text("[times]")
    common = ["--out", str(tmp_path), "--rules", str(tmp_path / "rules"), *FAST, str(listed)]
    with curt(b'{"score": "1"}', "") as primary, curt(b'{"score": "1"}', "[^f]$") as candidate:
        assert main(["--primary", primary, "--candidate", primary, *common]) == 0
        assert main(["--primary", primary, "--candidate", candidate, *common]) == 1
    found = json.loads((tmp_path / "report.json").read_text())
    assert (found["verdict"]["equal"], found["verdict"]["errors"]) == (15, 1)
    assert found["faults"] == [{"fault": "candidate: RemoteDisconnected", "wallets": 1}]


def test_what_the_rules_accept_is_explained_and_its_flips_are_shown(copies: Copies) -> None:
    def turned(path: str, status: int, body: Any) -> tuple[int, Any]:
        return status, body | ({"passing_score": False} if body["passing_score"] else {})

    copies.rules('[times]\n[[rule]]\ncause = "passing_score .*"\nreason = "It is <known>."\n')
    status, found = copies.compare(turned)
    assert status == 0
    assert found["verdict"]["explained"] == found["verdict"]["flips"] == len(found["flips"]) > 0
    (rule,) = found["rules"]["rules"]
    assert rule["differences"] == found["verdict"]["explained"]
    assert "It is &lt;known&gt;." in (copies.folder / "out/report.html").read_text()


@pytest.mark.parametrize(
    ("there", "here", "address", "is_known"),
    [
        ({"error": "KeyError", "score": None}, {"error": None, "score": "1.00000"}, OTHERS, True),
        ({"error": None, "score": "1.00000"}, {"error": "x", "score": None}, OTHERS, False),
        ({"points_data": {"total": 1}, "score": "0"}, {"points_data": None, "score": "0"}, OTHERS, True),
        ({"points_data": None, "score": "0"}, {"points_data": {"total": 1}, "score": "0"}, OTHERS, False),
        (200, 400, "1" * 40, True),
        (200, 400, OTHERS, False),
        (200, 500, OTHERS, False),
    ],
)
def test_the_known_differences_of_the_existing_service_are_told_by_the_answers(
    there: Any, here: Any, address: str, is_known: bool
) -> None:
    answers = [
        Answer(200, json.dumps(said).encode()) if isinstance(said, dict) else Answer(said, b"{}")
        for said in (there, here)
    ]
    (found,) = differences.differences(answers[0], answers[1])
    values = {
        "cause": found.cause,
        "field": found.field,
        "primary": found.primary,
        "candidate": found.candidate,
        "scorer": "1",
        "address": address,
    }
    assert any(rule.accepts(**values) for rule in load(KNOWN).rules) is is_known


def test_noise_of_the_primary_is_counted_apart(copies: Copies) -> None:
    numbers = itertools.count()

    def noisy(path: str, status: int, body: Any) -> tuple[int, Any]:
        return status, body | {"points_data": next(numbers)}

    primary = copies.serve(copies.world.url, noisy)
    status, found = copies.compare(None, "--noise", primary=primary)
    assert (status, found["verdict"]["noise"], found["verdict"]["equal"]) == (0, 32, 0)
    status, found = copies.compare(None, primary=primary)
    assert (status, found["verdict"]["noise"], found["verdict"]["unexplained"]) == (1, 0, 32)


def test_a_comparison_that_was_stopped_goes_on_and_asks_nothing_twice(
    copies: Copies, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def stopping(path: str, status: int, body: Any) -> tuple[int, Any]:
        if "/score/" not in path:
            return status, body
        asked.append(path)
        if len(asked) == 10:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return status, body

    listed = copies.folder / "wallets"
    listed.write_text("".join(f"1,{address}\n" for address in copies.crowd.addresses))
    primary, candidate = copies.serve(copies.world.url), copies.serve(copies.candidate_database, stopping)
    arguments = ["--out", str(copies.folder), "--rules", str(copies.rules()), *FAST, "--connections", "1"]
    assert main([*arguments, "--primary", primary, "--candidate", candidate, str(listed)]) == 130
    stopped = json.loads((copies.folder / "report.json").read_text())["verdict"]
    assert stopped["headline"] == "So far they agree"
    assert stopped["asked"] == len(asked) == 32 - stopped["left"] < 32
    listed.unlink()

    resumed = [*arguments, "--resume", "--candidate", candidate]
    assert main([*resumed, "--primary", candidate]) == 2
    assert "has another primary" in capsys.readouterr().err
    assert main([*resumed, "--primary", primary]) == 0
    found = json.loads((copies.folder / "report.json").read_text())["verdict"]
    assert (found["asked"], found["equal"], found["left"]) == (32, 32, 0)
    assert sorted(asked) == sorted(set(asked))
    assert len(asked) == 32


def test_there_must_be_something_to_resume(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="nothing to resume"):
        State.resumed(tmp_path / "comparison.sqlite", {})
    (tmp_path / "comparison.sqlite").write_text("something else")
    with pytest.raises(CannotRun, match="no comparison"):
        State.resumed(tmp_path / "comparison.sqlite", {})


ALB = (
    "https 2026-11-23T22:23:00.186641Z app/lb/50dc 192.0.2.1:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57"
    ' "{}" "curl/7.46.0" ECDHE TLSv1.2 arn:aws:x "Root=1" "api.example.org" "arn" 1 2026-11-23T22:22:48Z'
    ' "waf,forward" "-" "-" "10.0.0.1:80" "200" "-" "-"'
)


def test_wallets_come_from_lists_and_from_access_logs(tmp_path: Path) -> None:
    host = "https://api.example.org:443"
    log = tmp_path / "log.gz"
    requests = [
        f"GET {host}/v2/stamps/335/score/{OTHERS} HTTP/1.1",
        f"GET {host}/v2/stamps/-1/score/{OTHERS}?a=b HTTP/2.0",
        f"OPTIONS {host}/v2/stamps/336/score/{OTHERS} HTTP/1.1",
        f"GET {host}/v2/stamps/337/score/{OTHERS}/history?created_at=1 HTTP/1.1",
        f"GET {host}/health HTTP/1.1",
        "- http://-:- -",
        f'GET {host}/health HTTP/1.1" "/v2/stamps/338/score/{OTHERS}',
    ]
    log.write_bytes(gzip.compress("".join(ALB.format(request) + "\n" for request in requests).encode()))
    assert [*read(str(log))] == [Wallet("335", OTHERS), Wallet("-1", OTHERS)]
    lines = ["# a list", "", f"1,{OTHERS}", f"2 {OTHERS}\n", f"/v2/stamps/3/score/{OTHERS}", OTHERS]
    assert [*parse(lines, "4")] == [Wallet(n, OTHERS) for n in "1234"]
    with pytest.raises(CannotRun, match="Line 6"):
        list(parse(lines))
    with pytest.raises(CannotRun, match="cannot be read"):
        list(read(str(tmp_path / "none")))


def test_wallets_come_from_the_database_the_last_scored_first(world: World) -> None:
    addresses = [f"0x{number:040x}" for number in range(4)]
    for address in addresses:
        world.client().get(world.path(address), headers={"X-API-Key": world.key})
    assert [w.address for w in recent(world.url, 3)] == addresses[:0:-1]
    with pytest.raises(CannotRun, match="may not read"):
        list(recent(world.service_url, 3))


def test_no_key_and_no_credential_comes_into_what_is_written(
    copies: Copies, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where a service answers with them."""
    key = copies.world.key
    body = {"detail": f"denied {key}", "credentialSubject": {"id": "did:pkh:secret"}, "proof": {"jws": "ey"}}

    def telling(path: str, status: int, said: Any) -> tuple[int, Any]:
        return 418, body

    copies.compare(telling)
    written = "".join(file.read_bytes().decode("latin-1") for file in (copies.folder / "out").iterdir())
    captured = capsys.readouterr()
    for secret in (key, keys.sha256_hash(key), "did:pkh:secret", 'ey"'):
        assert secret not in written + captured.out + captured.err
    assert "(left out)" in written


def test_the_page_needs_nothing_else_and_runs_nothing(copies: Copies) -> None:
    copies.compare(lambda _, __, ___: (500, {"detail": "<script>alert(1)</script><img src=x onerror=y>"}))
    page = (copies.folder / "out/report.html").read_text()
    assert not re.search(r"<(script|link|img|iframe|object|embed)\b|@import|url\(|\bhref=", page)
    assert "&lt;script&gt;" in page
    assert json.loads((copies.folder / "out/report.json").read_text())["verdict"]["unexplained"] == 32


CANNOT: dict[str, tuple[list[str], dict[str, str], str]] = {
    "no services": ([], {}, "Give --primary"),
    "no key": (["--primary", "http://a", "--candidate", "http://b"], {"PRIMARY_API_KEY": ""}, "is not set"),
    "a key that is none": (
        ["--primary", "http://a", "--candidate", "http://b"],
        {"PRIMARY_API_KEY": "abc.sécret"},
        "is no API key",
    ),
    "a URL with a password": (
        ["--primary", "http://u:hidden@a", "--candidate", "http://b"], {}, "without a user"
    ),
    "nobody there": (
        ["--primary", "http://127.0.0.1:9", "--candidate", "http://127.0.0.1:9"], {}, "does not answer"
    ),
    "no rules": (["--primary", "http://a", "--candidate", "http://b", "--rules", "/no"], {}, "rules of /no"),
    "no database": (
        ["--primary", "http://a", "--candidate", "dry-run"], {"DATABASE_URL": ""}, "DATABASE_URL is not set"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CANNOT)
def test_what_cannot_be_run_is_said_in_a_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, environment, said = CANNOT[name]
    for variable, value in ({"PRIMARY_API_KEY": "some1.secret"} | environment).items():
        monkeypatch.setenv(variable, value)
    assert main([*arguments, "--out", str(tmp_path), "--wallet", f"1,{OTHERS}"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not re.search("s.cret|hidden", error)


def test_a_key_that_both_refuse_is_no_agreement(
    copies: Copies, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRIMARY_API_KEY", "unknown1.secretkey")
    services = [
        "--primary",
        copies.serve(copies.world.url),
        "--candidate",
        copies.serve(copies.candidate_database),
    ]
    assert main([*services, "--out", str(copies.folder), "--wallet", f"1,{OTHERS}"]) == 2
    assert "API key is refused: by http" in capsys.readouterr().err
    monkeypatch.setenv("PRIMARY_API_KEY", copies.world.key)
    assert main([*services, "--out", str(copies.folder), "--wallet", f"99,{OTHERS}"]) == 2
    assert "scored by both" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        'rule = "x"',
        '[[rule]]\ncause = "x"',
        '[[rule]]\nreason = "x"',
        '[[rule]]\ncause = "("\nreason = "x"',
        '[[rule]]\ncause = "x"\nreason = "x"\nwallet = "y"',
        "[times]\np50 = 0",
        "[times]\np51 = 2",
        "[other]",
        "no toml",
    ],
)
def test_rules_that_cannot_be_used_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "rules").write_text(text)
    with pytest.raises(CannotRun, match="cannot be used"):
        load(tmp_path / "rules")


def test_the_demo_shows_each_kind_of_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    demo.main()
    found = json.loads((tmp_path / ".compare/demo/report.json").read_text())
    assert unexplained(found) == {
        differences.ONLY_CANDIDATE: 2,
        differences.TIME_FORMAT: 2,
        "status 500/200": 2,
    }
    verdict = found["verdict"]
    assert (verdict["equal"], verdict["explained"], verdict["flips"]) == (demo.WALLETS - 7, 1, 2)
    assert "They differ." in capsys.readouterr().out


def test_a_sample_is_shown_again_by_its_commands(
    copies: Copies, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", service_url_of(copies.candidate_database))
    monkeypatch.setenv("TRUSTED_IAM_ISSUERS", json.dumps(sorted(copies.crowd.trusted)))
    primary = copies.serve(copies.world.url, changing(error="cannot"))
    wallet = f"1,{copies.crowd.addresses[0]}"
    arguments = ["--primary", primary, "--candidate", "dry-run", "--limit", "900", "--wallet", wallet]
    assert main([*arguments, "--out", str(copies.folder), "--rules", str(copies.rules())]) == 1
    (sample,) = json.loads((copies.folder / "report.json").read_text())["causes"][0]["samples"]
    capsys.readouterr()
    answers = []
    for command in sample["commands"]:
        command = command.replace(".venv/bin/python", sys.executable)
        said = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
        assert "200" in said.stdout.splitlines()[0]
        answers.append(json.loads(said.stdout.splitlines()[-1]))
    assert (answers[0].pop("error"), answers[1].pop("error")) == ("cannot", None)
    assert answers[0]["stamps"] == answers[1]["stamps"] != {}


def test_wallets_of_other_scorers_are_left_out_and_each_is_asked_for_once(
    copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = copies.crowd.addresses[0]
    lines = f"1,{address}\n2,{address}\n1,{address}\n{copies.crowd.addresses[1]}\n"
    packed = io.BufferedReader(io.BytesIO(gzip.compress(lines.encode())))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(packed))
    services = ["--primary", copies.serve(copies.world.url)]
    services += ["--candidate", copies.serve(copies.candidate_database)]
    rules = ["--rules", str(copies.rules())]
    assert main([*services, *rules, "--out", str(copies.folder), "--scorer", "1", "-"]) == 0
    found = json.loads((copies.folder / "report.json").read_text())
    assert (found["verdict"]["asked"], found["of"]["wallets"]) == (2, "standard input")


def test_what_was_mostly_not_had_is_no_agreement(tmp_path: Path) -> None:
    state = State(tmp_path / "state", {})
    state.add(Wallet("1", f"0x{n:040x}") for n in range(3))
    times = (Times(1, 1), Times(1, 1))
    for id_, _ in [*state.left()]:
        state.keep(
            Result(id_, "compared", (200, 200), times=times)
            if id_ == 1
            else Result(id_, "not_had", fault="x")
        )
    with pytest.raises(CannotRun, match="not had"):
        figures.of(state, Rules(), Nobody(), Nobody(), is_timed=False)
