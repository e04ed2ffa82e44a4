"""The inside of Lambda: a package that lies in a read-only folder, and a process that runs its handler by
awslambdaric, with the environment that Lambda gives, against a Runtime API served here."""

import fcntl
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

from api.memory import TUNABLES
from db.migrate import ROOT
from deploy.package import HOST as HOST_ARCH
from deploy.package import VERSION, build, function_python

CACHE = ROOT / ".cache"
API = "/2018-06-01/runtime"
# Only a process that hangs takes this long.
SECONDS = 60
MEMORY_MB = 256
# Root may write whatever a file's mode says, unless this is taken from it.
NOT_ABOVE_MODES = ("setpriv", "--bounding-set=-dac_override") if os.getuid() == 0 else ()


class InitError(Exception):
    """The handler could not be loaded: args are what the process told the Runtime API, as Lambda reports
    it, or None where it ended without a word."""


class Ended(Exception):
    """The process ended without an answer."""


@dataclass(frozen=True)
class Function:
    """A package, unpacked, and what runs it."""

    folder: Path
    python: str
    interface: Path

    @classmethod
    def built(cls, folder: Path) -> "Function":
        """Builds the package of this machine's architecture and unpacks it, read-only; raises NoPython."""
        python = function_python()
        build(HOST_ARCH, folder / "function.zip", python)
        unpack(folder / "function.zip", folder / "task")
        return cls(folder / "task", python, interface())

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Has the function's Python run a script beside the handler; raises CalledProcessError."""
        return subprocess.run(
            [self.python, "-c", script, *arguments],
            cwd=self.folder,
            env=lambda_environment(self, "api.aws_lambda.handler") | environment,
            capture_output=True,
            text=True,
            check=True,
        )


def unpack(package: Path, folder: Path) -> None:
    """Unpacks a zip so that nobody may write there."""
    with zipfile.ZipFile(package) as file:
        file.extractall(folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() or ".so" in path.suffixes else 0o444)


def interface() -> Path:
    """A folder with awslambdaric as it is locked, for the function's Python, which is made once."""
    lock = ROOT / "requirements/lambda.txt"
    folder = CACHE / "lambda"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lambda.lock").open("w") as waiting:
        fcntl.flock(waiting, fcntl.LOCK_EX)
        stamp = folder / "installed"
        if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run(
                [
                    *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-config"),
                    *("--require-hashes", "--only-binary", ":all:", "--python-version", VERSION),
                    *("--target", str(folder), "--requirements", str(lock)),
                ],
                check=True,
            )
            stamp.write_bytes(lock.read_bytes())
    return folder


@dataclass
class Told:
    """What a process told the Runtime API."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Instance(AbstractContextManager["Instance"]):
    """An execution environment: a process that is asked one event after another, until its block ends."""

    function: Function
    output: Path
    environment: dict[str, str]
    handler: str = "api.aws_lambda.handler"
    events: "queue.Queue[tuple[str, bytes, float]]" = field(default_factory=queue.Queue)
    told: "queue.Queue[Told | None]" = field(default_factory=queue.Queue)
    restored: threading.Event = field(default_factory=threading.Event)
    invocations: int = 0

    def __enter__(self) -> "Instance":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Api", (RuntimeApi,), {"instance": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        with self.output.open("ab") as file:
            self.process = subprocess.Popen(
                [*NOT_ABOVE_MODES, self.function.python, "-m", "awslambdaric", self.handler],
                cwd=self.function.folder,
                env=lambda_environment(self.function, self.handler)
                | {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}"}
                | self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()
        self._server.shutdown()
        self._server.server_close()

    def kill(self) -> None:
        """Ends the process as Lambda does at an invocation's deadline."""
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        """Returns once the process asks for an event, or with SnapStart for its restore; raises InitError."""
        told = self._next_told()
        if told is None:
            raise InitError(None)
        if told.path == f"{API}/init/error":
            raise InitError(told)
        assert told.path in (f"{API}/invocation/next", f"{API}/restore/next"), told

    def restore(self) -> None:
        """Lets a process go on that waits as one whose snapshot is taken."""
        self.restored.set()
        self.start()

    def begin(self, event: Any, seconds: float = 30) -> None:
        """Hands an event to the process, which is told that it has so many seconds."""
        self.invocations += 1
        self.events.put((self._request_id(), json.dumps(event).encode(), time.time() + seconds))

    def answer(self) -> Any:
        """The handler's answer to the event that was begun last, or where it raised what the Runtime API was
        told, as Told; raises Ended."""
        told = self._next_told()
        if told is None:
            raise Ended
        invocation = f"{API}/invocation/{self._request_id()}"
        assert told.path in (f"{invocation}/response", f"{invocation}/error"), told
        self.start()
        return told.body if told.path.endswith("/response") else told

    def invoke(self, event: Any, seconds: float = 30) -> Any:
        """The handler's answer to an event, as answer gives it."""
        self.begin(event, seconds)
        return self.answer()

    def _request_id(self) -> str:
        return f"00000000-0000-4000-8000-{self.invocations:012}"

    def _next_told(self) -> Told | None:
        return self.told.get(timeout=SECONDS)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """While the block runs, the process does nothing, as between two events and in a snapshot."""
        process = psutil.Process(self.process.pid)
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    def _watch(self) -> None:
        self.process.wait()
        self.told.put(None)


# Starts an instance; arguments are its handler and its environment.
Start = Callable[..., Instance]


def lambda_environment(function: Function, handler: str) -> dict[str, str]:
    """What Lambda sets, besides the address of the Runtime API, and what the template has it set always."""
    task, interface = function.folder, function.interface
    return {
        "_HANDLER": handler,
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{VERSION}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        "AWS_LAMBDA_FUNCTION_NAME": "passport-scorer",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/passport-scorer",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[1]0123456789abcdef0123456789abcdef",
        "AWS_REGION": "us-west-2",
        "GLIBC_TUNABLES": TUNABLES,
        "LAMBDA_RUNTIME_DIR": str(interface),
        "LAMBDA_TASK_ROOT": str(task),
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": f"/lib64:/usr/lib64:{interface}:{task}:{task}/lib:/opt/lib",
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "PYTHONPATH": str(interface),
        "TZ": ":UTC",
    }


class RuntimeApi(BaseHTTPRequestHandler):
    """The calls of the Runtime API, for one process."""

    instance: Instance
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.instance.told.put(Told(self.path, dict(self.headers), None))
        if self.path == f"{API}/restore/next":
            self.instance.restored.wait()
            self.answer(200, b"")
            return
        id_, event, deadline = self.instance.events.get()
        self.answer(
            200,
            event,
            **{
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": id_,
                "Lambda-Runtime-Deadline-Ms": str(round(deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": (
                    "arn:aws:lambda:us-west-2:123456789012:function:passport-scorer:1"
                ),
                "Lambda-Runtime-Trace-Id": f"Root=1-00000000-{id_[-12:]:0>24};Sampled=0",
            },
        )

    def do_POST(self) -> None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b"".join(iter(self.chunk, b""))
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.instance.told.put(Told(self.path, dict(self.headers), json.loads(body)))
        self.answer(202, b'{"status": "OK"}')

    def chunk(self) -> bytes:
        """The next piece of a chunked body."""
        data = self.rfile.read(int(self.rfile.readline(), 16))
        self.rfile.readline()
        return data

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        """Sends an answer."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Keeps quiet."""
