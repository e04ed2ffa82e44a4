"""Clients that send slowly or do not read, what others get meanwhile, and how the server starts and ends."""

import json
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from api.memory import TUNABLES
from api.request_body import MOST_WAITING
from db.migrate import ROOT
from deploy import serve as server
from harness.locks import locked_passports, waiting
from harness.patience import PATIENCE_SECONDS, wait_until
from harness.service import Service, free_port, wait_for, wait_for_workers
from harness.world import World

pytestmark = [pytest.mark.newest, pytest.mark.own_tables]

Serve = Callable[..., Service]

ADDRESS = "0x" + "5" * 40
HEADER = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
# What a client has sent when it stops, and what another one goes on with, a byte now and then.
UNFINISHED = {
    "nothing": b"",
    "a part of the request line": HEADER[:9],
    "a header without its last line": HEADER + b"1\r\n",
}
WITHOUT_BODY = b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"


@pytest.fixture
def known(world: World) -> World:
    """A world with a wallet that has a score."""
    world.put_valid(ADDRESS, "Github", "v0:known")
    return world


class Clients:
    """Connections to a service whose clients are slow."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.sockets: list[socket.socket] = []

    def connect(self, sent: bytes, count: int = 1) -> list[socket.socket]:
        """Further connections, on each of which so much is sent."""
        made = []
        for _ in range(count):
            made.append(socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_SECONDS))
            self.sockets.append(made[-1])
            made[-1].sendall(sent)
        return made

    def waiting(self) -> int:
        """How many are open and have been sent nothing."""
        poll = select.poll()
        for each in self.sockets:
            poll.register(each, select.POLLIN)
        return len(self.sockets) - len(poll.poll(0))


@contextmanager
def clients(service: Service) -> Iterator[Clients]:
    result = Clients(service.port)
    try:
        yield result
    finally:
        for each in result.sockets:
            each.close()


@contextmanager
def sending(sockets: list[socket.socket], pause: float) -> Iterator[None]:
    """Sends a byte on each socket, again and again with a pause between."""
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(pause):
            for each in sockets:
                with suppress(OSError):
                    each.send(b"1")

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def seconds_of_answers(service: Service, world: World) -> list[float]:
    """Asks for /health and for the score of the known wallet in turn; gives the seconds that each took."""
    taken = []
    for _ in range(10):
        for path in ("/health", world.path(ADDRESS)):
            start = time.perf_counter()
            assert service.get(path, PATIENCE_SECONDS, X_API_Key=world.key)[0] == 200
            taken.append(time.perf_counter() - start)
    return taken


def workers(service: Service) -> list[psutil.Process]:
    return psutil.Process(service.pid).children()


@pytest.mark.alone
def test_five_hundred_slow_clients_hold_nobody_up(known: World, serve: Serve) -> None:
    """The others are answered while all of them are still there, unanswered."""
    service = serve(known.service_url)
    with clients(service) as slow:
        for sent in UNFINISHED.values():
            slow.connect(sent, 75)
        trickling = slow.connect(HEADER, 200)
        with sending(trickling, 0.05), clients(service) as without_body:
            without_body.connect(WITHOUT_BODY, 75)
            taken = seconds_of_answers(service, known)
            assert slow.waiting() == len(slow.sockets) == 425
            # What this request means is known without its body, which is not read.
            wait_until(lambda: without_body.waiting() == 0, "all without a body have their answer")
    assert statistics.median(taken) < 1


@pytest.mark.alone
def test_bodies_that_come_slowly_hold_nobody_up(known: World, serve: Serve) -> None:
    """A few of them are waited for, the others told to come again, and all else is answered as ever; once
    they are gone, bodies are read again."""
    service = serve(known.service_url)
    body = f'{{"addresses": ["{ADDRESS}"]}}'.encode()
    post = f"POST /v2/stamps/1/scores HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {known.key}\r\n".encode()
    header = post + b"Content-Length: %d\r\n\r\n" % len(body)
    with clients(service) as slow:
        unfinished = slow.connect(header + body[:10], 200)
        wait_until(lambda: slow.waiting() == MOST_WAITING, "all but a few have their answer")
        taken = seconds_of_answers(service, known)
        assert slow.waiting() == MOST_WAITING
        statuses = {each.recv(12) for each in unfinished if select.select([each], [], [], 0)[0]}
    assert statuses == {b"HTTP/1.1 503"}
    assert statistics.median(taken) < 1

    def answered() -> bool:
        with clients(service) as whole:
            (each,) = whole.connect(header + body)
            return each.recv(12) == b"HTTP/1.1 200"

    wait_until(answered, "bodies are read again")


@pytest.mark.alone
def test_nobody_without_a_key_is_waited_for(known: World, serve: Serve) -> None:
    service = serve(known.service_url)
    body = f'{{"addresses": ["{ADDRESS}"]}}'.encode()
    post = b"POST /v2/stamps/1/scores HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % len(body)
    with clients(service) as slow, clients(service) as whole:
        unfinished = slow.connect(post + b"X-API-Key: testkey1.wrong\r\n\r\n" + body[:10], 20)
        assert {each.recv(12) for each in unfinished} == {b"HTTP/1.1 401"}
        (each,) = whole.connect(post + f"X-API-Key: {known.key}\r\n\r\n".encode() + body)
        assert each.recv(12) == b"HTTP/1.1 200"


@pytest.mark.alone
def test_clients_that_do_not_read_hold_nobody_up_and_are_dropped(known: World, serve: Serve) -> None:
    service = serve(known.service_url, "serve.UNREAD_SECONDS = 3")
    (worker,) = workers(service)
    seconds_of_answers(service, known)
    before = worker.num_fds()
    with clients(service) as slow:
        # More than the buffers between hold.
        for each in slow.connect(b"", 50):
            each.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    each.send(b"GET /v2/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)
        wait_until(lambda: slow.waiting() == 0, "all are sent answers")
        assert worker.num_fds() >= before + 50
        taken = seconds_of_answers(service, known)
        wait_until(lambda: worker.num_fds() <= before + 1, "they are dropped")
    assert statistics.median(taken) < 1


def test_more_clients_than_a_process_takes_have_to_wait_until_slow_ones_are_dropped(
    known: World, serve: Serve
) -> None:
    service = serve(known.service_url, "serve.CONNECTIONS, serve.HEADER_SECONDS = 20, 2")
    (worker,) = workers(service)
    seconds_of_answers(service, known)
    before = worker.num_fds()
    most = 0
    with clients(service) as slow, ThreadPoolExecutor() as executor:
        trickling = slow.connect(HEADER, 30)
        slow.connect(b"", 30)
        with sending(trickling, 0.1):
            answers = executor.submit(seconds_of_answers, service, known)
            while not answers.done():
                most = max(most, worker.num_fds())
                time.sleep(0.01)
            answers.result()
            wait_until(lambda: slow.waiting() == 0, "all are dropped")
    assert 20 <= most - before + 1 <= 21 + 1


def test_a_process_takes_no_more_clients_than_it_may_open_files(known: World, serve: Serve) -> None:
    limit = "serve.resource.setrlimit(serve.resource.RLIMIT_NOFILE, (150, 150))"
    service = serve(known.service_url, f"{limit}; serve.HEADER_SECONDS = 1")
    before = workers(service)
    with clients(service) as slow:
        slow.connect(HEADER, 160)
        seconds_of_answers(service, known)
    assert workers(service) == before


def test_an_idle_client_is_kept_for_longer_than_a_load_balancer_keeps_it(known: World, serve: Serve) -> None:
    assert server.HEADER_SECONDS > 60
    service = serve(known.service_url, "serve.HEADER_SECONDS = 3")
    with clients(service) as idle:
        (each,) = idle.connect(b"")
        # Longer altogether than one header may take.
        for pause in (1.2, 1.2, 1.2, 0):
            assert answer_on(each).startswith(b"HTTP/1.1 200")
            time.sleep(pause)
        # Until the server hangs up.
        assert each.recv(1) == b""


def answer_on(client: socket.socket) -> bytes:
    """Asks for /health on a connection that is kept."""
    client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    received = b""
    while not received.endswith(b"}"):
        received += client.recv(65536)
    return received


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"x" * 100_000, 431),
        (b"GET / HTTP/1.1\r\nX-Large: " + b"x" * 100_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"X-Many: 1\r\n" * 1000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nX-Bad\r\nprinted: printed\r\n\r\n", 400),
        (b"\x16\x03\x01printed\n\n\r\n\r\n", 400),
        (b"GET /printed%0aprinted HTTP/1.1\r\nHost: printed\r\n\r\n", 404),
    ],
)
def test_what_is_no_request_is_refused_and_nothing_of_it_printed(
    serve: Serve, service_url: str, request_: bytes, status: int
) -> None:
    service = serve(service_url)
    with clients(service) as bad:
        (each,) = bad.connect(b"")
        # The server does not wait for the rest.
        with suppress(OSError):
            each.sendall(request_)
        assert each.recv(12) == f"HTTP/1.1 {status}".encode()
    events = [json.loads(line) for line in service.output.read_text().splitlines()]
    # What the server refuses itself leaves no line.
    assert [event["event"] for event in events] == ["listening", *(["request"] if status == 404 else [])]
    assert "printed" not in service.output.read_text()


def test_glibc_is_told_how_to_keep_memory_unless_somebody_else_told_it(known: World, serve: Serve) -> None:
    for given, found in (({}, TUNABLES), ({"GLIBC_TUNABLES": ""}, "")):
        service = serve(known.service_url, **given)
        for process in (psutil.Process(service.pid), *workers(service)):
            # Where it has read it, glibc leaves the ends of texts instead of the colons.
            environment = Path(f"/proc/{process.pid}/environ").read_text().replace("\0", ":")
            assert f":GLIBC_TUNABLES={found}:" in f":{environment}:"


@pytest.mark.parametrize("argument", [sys.executable, ""])
def test_a_server_that_cannot_be_started_anew_serves_as_it_is(
    known: World, tmp_path: Path, argument: str
) -> None:
    """Where the variable is taken from it, as glibc takes it from a program that may do more than who starts
    it; and where it cannot know its own program."""
    taken = "import os; os.environ.pop('GLIBC_TUNABLES', None)"
    (tmp_path / "sitecustomize.py").write_text(taken)
    environment = {
        "DATABASE_URL": known.service_url,
        "PORT": str(free_port()),
        "PYTHONPATH": f"{tmp_path}:{ROOT}:{sysconfig.get_path('purelib')}",
        "TRUSTED_IAM_ISSUERS": '["did:key:z6MkNobody"]',
        "WEB_CONCURRENCY": "1",
    }
    process = subprocess.Popen(
        [argument, "-m", "deploy.serve"], executable=sys.executable, cwd=ROOT, env=environment
    )
    try:
        wait_for(int(environment["PORT"]), process)
        wait_for_workers(process, 1)
    finally:
        process.terminate()
    assert process.wait() == 0


def test_each_killed_worker_is_replaced(known: World, serve: Serve) -> None:
    service = serve(known.service_url, WEB_CONCURRENCY="2")
    for worker in workers(service):
        worker.kill()
        worker.wait()
        wait_until(lambda: len(workers(service)) == 2, "it is replaced")
    seconds_of_answers(service, known)


def test_a_worker_that_is_killed_again_at_once_ends_the_server(known: World, serve: Serve) -> None:
    """What started the server is to start it again."""
    service = serve(known.service_url)
    server_process = psutil.Process(service.pid)
    first = workers(service)
    first[0].kill()
    wait_until(lambda: workers(service) not in (first, []), "it is replaced")
    workers(service)[0].kill()
    assert server_process.wait(PATIENCE_SECONDS) == 1


def test_workers_end_when_the_process_that_replaces_them_is_killed(known: World, serve: Serve) -> None:
    service = serve(known.service_url, WEB_CONCURRENCY="2")
    left = workers(service)
    os.kill(service.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(left, PATIENCE_SECONDS)
    assert alive == []


def test_a_stop_finishes_what_is_under_way_and_waits_for_no_slow_client(known: World, serve: Serve) -> None:
    service = serve(known.service_url, "serve.STOP_SECONDS = 5", WEB_CONCURRENCY="2")
    seconds_of_answers(service, known)
    process = psutil.Process(service.pid)
    left = workers(service)
    with clients(service) as slow, ThreadPoolExecutor() as executor:
        slow.connect(HEADER, 10)
        with locked_passports(known):
            asked = [
                executor.submit(service.get, known.path(ADDRESS), PATIENCE_SECONDS, X_API_Key=known.key)
                for _ in range(4)
            ]
            wait_until(lambda: len(waiting(known)) == 4, "all wait")
            process.terminate()
            wait_until(lambda: refused(service.port), "nobody else is let in")
        assert [answer.result()[0] for answer in asked] == [200] * 4
        _, alive = psutil.wait_procs([process, *left], PATIENCE_SECONDS)
    assert alive == []
    assert "Traceback" not in service.output.read_text()


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"PORT": "x"}, "PORT is not a number from 1 to 65535."),
        ({"PORT": "0"}, "PORT is not a number from 1 to 65535."),
        ({"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY is not a number from 1 to 1024."),
        ({"METRICS_PORT": "65536"}, "METRICS_PORT is not a number from 0 to 65535."),
        (
            {"METRICS_PORT": "9", "METRICS_HOST": "192.0.2.1"},
            "METRICS_HOST 192.0.2.1, METRICS_PORT 9 cannot be",
        ),
        ({"HOST": "host.invalid"}, "HOST host.invalid, PORT "),
        ({"HOST": "192.0.2.1"}, "HOST 192.0.2.1, PORT "),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
        ({"TRUSTED_IAM_ISSUERS": "nobody"}, "TRUSTED_IAM_ISSUERS is not a JSON array of did:"),
    ],
)
def test_a_bad_setting_ends_the_server_with_one_line(environment: dict[str, str], line: str) -> None:
    port = {"PORT": str(free_port()), "DATABASE_URL": "postgresql://db/scorer"}
    result = subprocess.run(
        server.COMMAND,
        cwd=ROOT,
        env=os.environ | port | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert result.returncode > 0
    assert result.stdout == ""
    (said,) = result.stderr.splitlines()
    assert json.loads(said)["message"].startswith(line)


def test_a_host_is_an_address_of_either_kind_or_a_name(serve: Serve, service_url: str) -> None:
    for host in ("127.0.0.1", "localhost", "0.0.0.0"):
        assert serve(service_url, HOST=host).get("/health")[0] == 200
