"""The load test: when it sends, from when it counts, what it judges, and that k6 has the same."""

import asyncio
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.arrivals import Profile, Stage, Thresholds, planned, read
from bench.load_report import Spent, late, missed, needed, rows
from bench.open_loop import Answer, ask
from db.migrate import ROOT
from harness.patience import PATIENCE_SECONDS
from harness.service import Service
from harness.world import World

pytestmark = [pytest.mark.newest, pytest.mark.own_tables]

LOAD = ROOT / "bench/load.json"
SCRIPT = ROOT / "bench/load.k6.js"
PATHS = ["/v2/stamps/1/score/0x" + digit * 40 for digit in "123"]
LIMITS = Thresholds(p95_ms=200, p99_ms=500, error_rate=0)
SCORE = b'{"score": "1.00000"}'
# Of sums of seconds.
ROUNDING = 1e-6


class Stalling:
    """A service that answers at once, but stops at a request and goes on when it is told to. It keeps which
    requests came, and from when to when it stood still."""

    def __init__(self, listener: socket.socket, stalls_at: int | None, answer: bytes) -> None:
        self.listener = listener
        self.stalls_at = stalls_at
        self.answer = answer
        self.came: list[tuple[float, str]] = []
        self.go_on = threading.Event()
        self.arrived = threading.Condition()
        self.began = self.ended = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer_all, args=(connection,), daemon=True).start()

    def answer_all(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as file:
            while first := file.readline():
                while file.readline().strip():
                    pass
                with self.arrived:
                    self.came.append((time.monotonic(), first.split()[1].decode()))
                    number = len(self.came)
                    if number == self.stalls_at:
                        self.began = time.monotonic()
                    self.arrived.notify_all()
                if self.stalls_at is not None and number >= self.stalls_at:
                    assert self.go_on.wait(PATIENCE_SECONDS)
                connection.sendall(self.answer)

    def wait_for(self, count: int) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.came) >= count, PATIENCE_SECONDS)

    def end_stall(self) -> None:
        self.ended = time.monotonic()
        self.go_on.set()


def whole(status: str = "200 OK", body: bytes = SCORE) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def stalling(stalls_at: int | None = None, answer: bytes = whole()) -> Iterator[Stalling]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        service = Stalling(listener, stalls_at, answer)
        threading.Thread(target=service.serve, daemon=True).start()
        yield service
        service.go_on.set()


def profile(*stages: Stage, rate: float = 100, start: float = 1) -> Profile:
    return Profile(rate, start, list(stages), LIMITS)


def test_times_are_as_many_as_the_rate_asks_for_and_even() -> None:
    times = planned(profile(Stage("all", 2, 1)))
    assert len(times) == 200
    assert times == pytest.approx([(n + 0.5) / 100 for n in range(200)])


def test_a_ramp_goes_evenly_from_one_rate_to_the_next() -> None:
    """From 20 to 100 a second in 10 s, that 60 on average; back to nothing."""
    times = planned(profile(Stage("up", 10, 1), Stage("down", 10, 0), start=0.2))
    assert len(times) == 600 + 500
    assert times == sorted(times)
    by_second = [sum(second <= t < second + 1 for t in times) for second in range(20)]
    expected = [20 + 8 * (s + 0.5) for s in range(10)] + [100 - 10 * (s + 0.5) for s in range(10)]
    assert by_second == pytest.approx(expected, abs=1)


def test_times_at_random_are_the_same_again_for_a_seed_and_as_many_on_average() -> None:
    steady = profile(Stage("all", 100, 1))
    times = planned(steady, 1)
    assert times == planned(steady, 1) != planned(steady, 2)
    assert len(times) == pytest.approx(10_000, rel=0.05)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    # As many gaps are longer than the average as of an exponential distribution: 1/e.
    assert sum(gap > 0.01 for gap in gaps) / len(gaps) == pytest.approx(0.368, abs=0.03)


def test_a_stall_is_in_the_time_of_everybody_who_would_have_asked_meanwhile() -> None:
    """One connection, which stands still: the service does not even see the requests that are planned
    meanwhile, and each of them is counted from when it was planned."""
    times = planned(profile(Stage("all", 0.6, 1)))
    with stalling(stalls_at=20) as service:

        def end_after_the_last_is_due() -> None:
            service.wait_for(20)
            time.sleep(times[-1])
            service.end_stall()

        ending = threading.Thread(target=end_after_the_last_is_due)
        ending.start()
        answers = asyncio.run(ask(service.url, "key", PATHS, times, most=1))
        ending.join()
    assert [answer.outcome for answer in answers] == ["200"] * 60
    # No request was sent before the one ahead of it had its answer, and the stall was as long as all sending.
    assert sum(came <= service.ended for came, _ in service.came) == 20
    stall = service.ended - service.began
    for answer in answers[19:]:
        assert answer.seconds >= stall - (answer.planned - answers[19].planned) - ROUNDING
    (row,) = rows(profile(Stage("all", 0.6, 1)), answers)
    assert row.p99 >= (stall - ROUNDING) * 1000
    # The thirtieth: 19 had their answers before, and ten are due after the fiftieth.
    assert row.p50 >= (stall - (times[49] - times[19]) - ROUNDING) * 1000


def test_a_service_that_stalls_is_asked_on() -> None:
    """Requests are sent as they are planned while none is answered: the stall ends with the last of them."""
    times = planned(profile(Stage("all", 0.5, 1)))
    with stalling(stalls_at=5) as service:

        def end_when_all_have_come() -> None:
            service.wait_for(50)
            service.end_stall()

        ending = threading.Thread(target=end_when_all_have_come)
        ending.start()
        answers = asyncio.run(ask(service.url, "key", PATHS, times))
        ending.join()
    assert len(service.came) == 50
    assert {answer.outcome for answer in answers} == {"200"}
    late = [came for came, _ in service.came[4:]]
    counted = sorted((answer.seconds for answer in answers[4:]), reverse=True)
    for came, seconds in zip(late, counted, strict=True):
        assert seconds >= service.ended - came
    # In turn, a wallet after the other.
    assert {path for _, path in service.came} == set(PATHS)


@pytest.mark.parametrize(
    ("sent", "outcome"),
    [
        (whole("503 Service Unavailable", b"{}"), "503"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{ }\r\n0\r\n\r\n", "200"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "200"),
        (b"not HTTP\r\n\r\n", "broken"),
    ],
)
def test_what_is_no_score_is_an_error_by_its_status(sent: bytes, outcome: str) -> None:
    with stalling(answer=sent) as service:
        answers = asyncio.run(ask(service.url, "key", PATHS, [0.0, 0.01, 0.02], most=1))
    assert [answer.outcome for answer in answers] == [outcome] * 3


def test_nobody_there_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    answers = asyncio.run(ask(url, "key", PATHS, [0.0]))
    assert [answer.outcome for answer in answers] == ["broken"]


def answered(milliseconds: Sequence[float], outcome: str = "200", after: float = 0) -> list[Answer]:
    return [Answer(after + n / 1000, ms / 1000, 0, outcome) for n, ms in enumerate(milliseconds)]


def test_a_row_holds_what_its_stage_got() -> None:
    two = profile(Stage("first", 1, 1), Stage("second", 2, 1))
    answers = [
        *answered(range(1, 101)),
        *answered([1500] * 3, "503"),
        *answered([10] * 100, after=1),
        *answered([1999], after=2),
    ]
    first, second = rows(two, answers, [Spent(0, 0), Spent(0.103, 0.206), Spent(0.204, 0.206)])
    assert (first.requests, first.asked, first.errors) == (103, 103, {"503": 3})
    assert (first.achieved, first.p50, first.p95, first.p99, first.longest) == (100, 52, 98, 1500, 1500)
    # The last answer came after the end.
    assert (second.requests, second.achieved, second.p50, second.longest) == (101, 50, 10, 1999)
    assert first.service == pytest.approx(1)
    assert first.database == pytest.approx(2)
    assert second.service == pytest.approx(1)
    assert second.database == 0
    assert missed(two, [first]) == [
        "first: p99 under 500 ms, got 1,500 ms",
        "first: errors at most 0.0%, got 2.9%",
    ]
    assert missed(two, [second]) == []
    assert needed(1000, first) == (
        "1,000 requests a second, from stage first: the service 1,000 x 1.00 ms = 1.00 cores, at 60% use 1.7:"
        " 2 processes; PostgreSQL 1,000 x 2.00 ms = 2.00 cores, at 60% use 3.3."
    )


def test_a_client_that_is_late_itself_says_so() -> None:
    one = profile(Stage("all", 1, 1))
    answers = [Answer(0.1, 0.05, lateness, "200") for lateness in (0.0, 0.021)]
    assert late(one, rows(one, answers[:1])) == []
    assert late(one, rows(one, answers)) == [
        "all: the client itself was 21 ms late; run it on an idle machine"
    ]


@pytest.mark.parametrize(("milliseconds", "is_kept"), [(199, True), (200, False)])
def test_the_limit_itself_is_missed(milliseconds: float, is_kept: bool) -> None:
    one = profile(Stage("all", 1, 1))
    assert (missed(one, rows(one, answered([milliseconds] * 20))) == []) == is_kept


@pytest.mark.parametrize("name", ["load.json", "load-steps.json"])
def test_the_thresholds_are_those_that_are_asked_for(name: str) -> None:
    kept = read(LOAD.with_name(name))
    assert kept.thresholds == LIMITS
    assert read(LOAD.with_name(name), 7).rate == 7
    # At its height for long enough to say something, and k6 knows a stage by its name.
    assert max(stage.share for stage in kept.stages) == 1
    assert len({stage.name for stage in kept.stages}) == len(kept.stages)


def test_the_script_of_k6_reads_the_same_stages_and_thresholds() -> None:
    """Every name of the file is used by the script, and no number of it stands there."""
    script = SCRIPT.read_text()
    assert "JSON.parse(open(__ENV.LOAD || './load.json'))" in script
    kept = json.loads(LOAD.read_text())
    names = {*kept, *kept["thresholds"], *kept["stages"][0]}
    used = set(re.findall(r"\w+", re.sub(r"//.*", "", script)))
    assert names <= used
    assert "ramping-arrival-rate" in script
    assert "500" not in used
    # The status of a score.
    assert re.findall(r"\b200\b", re.sub(r"//.*", "", script)) == ["200"]


@pytest.mark.parametrize("poisson", [[], ["--poisson", "1"]])
def test_make_load_asks_a_service_that_runs_and_judges(
    world: World, serve: Callable[..., Service], tmp_path: Path, poisson: list[str]
) -> None:
    service = serve(world.service_url, TRUSTED_IAM_ISSUERS=json.dumps([world.issuer.did]))
    world.put_valid("0x" + "1" * 40, "Github", "v1:a")
    (tmp_path / "wallets.csv").write_text("# scorer_id,address\n" + "".join(f"1,0x{d * 40}\n" for d in "12"))
    stages = [{"name": "up", "seconds": 0.5, "share": 1}, {"name": "all", "seconds": 1, "share": 1}]
    loose = {"p95_ms": 1e6, "p99_ms": 1e6, "error_rate": 0}
    result = loaded(service.port, world.key, tmp_path, stages, loose, *poisson)
    assert result.returncode == 0, result.stderr
    kept = json.loads((tmp_path / "load-result.json").read_text())
    assert [row["name"] for row in kept] == ["up", "all"]
    assert [row["errors"] for row in kept] == [{}, {}]
    assert (tmp_path / "load.svg").read_text().startswith("<svg")
    assert result.stdout.count("\n| ") == 3
    if not poisson:
        assert [row["requests"] for row in kept] == [8, 20]
        assert world.execute("select count(*) from registry_event where action = 'SCORE_UPDATE'") == [(28,)]

    result = loaded(service.port, world.key, tmp_path, stages, loose | {"p99_ms": 0.01}, *poisson)
    assert result.returncode == 1
    assert "all: p99 under 0.01 ms, got" in result.stderr

    result = loaded(service.port, "wrong.key", tmp_path, stages, loose, *poisson)
    assert result.returncode == 1
    assert "all: errors at most 0.0%, got 100.0%" in result.stderr
    assert "wrong.key" not in result.stdout + result.stderr


def loaded(
    port: int, key: str, folder: Path, stages: list[dict[str, Any]], thresholds: dict[str, float], *more: str
) -> subprocess.CompletedProcess[str]:
    load = {"rate": 20, "start": 0.6, "stages": stages, "thresholds": thresholds}
    (folder / "load.json").write_text(json.dumps(load))
    return subprocess.run(
        [
            *(sys.executable, "-m", "bench.load", "--url", f"http://127.0.0.1:{port}", *more),
            *("--wallets", str(folder / "wallets.csv"), "--load", str(folder / "load.json")),
            *("--out", str(folder)),
        ],
        cwd=ROOT,
        env=os.environ | {"API_KEY": key},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("key", "wallets", "said"),
    [
        ("", "1,0x1", "API_KEY is not set: the key to ask with."),
        ("key", "# none", "wallets.csv names no wallet."),
        ("key", "one two three", "Line 1 is no wallet"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_line(tmp_path: Path, key: str, wallets: str, said: str) -> None:
    (tmp_path / "wallets.csv").write_text(wallets)
    result = loaded(1, key, tmp_path, [], {"p95_ms": 1, "p99_ms": 1, "error_rate": 0})
    assert result.returncode == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.own_tables
def test_make_load_starts_a_service_of_its_own(tmp_path: Path) -> None:
    load = json.loads(LOAD.read_text()) | {
        "rate": 10,
        "stages": [{"name": "all", "seconds": 1, "share": 1}],
        "thresholds": {"p95_ms": 1e6, "p99_ms": 1e6, "error_rate": 0},
    }
    (tmp_path / "load.json").write_text(json.dumps(load))
    result = subprocess.run(
        [
            *(sys.executable, "-m", "bench.load", "--filled", "3", "--processes", "1"),
            *("--load", str(tmp_path / "load.json"), "--out", str(tmp_path)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    (row,) = json.loads((tmp_path / "load-result.json").read_text())
    assert row["service"] > 0
    assert row["database"] > 0
    assert "1,000 requests a second, from stage all: the service" in result.stdout
