"""The WSGI server: python -m deploy.serve; environment: PORT, HOST, WEB_CONCURRENCY, METRICS_PORT,
METRICS_HOST and those of the service.

A client costs a connection until its header is complete, and a thread only then: however slowly many of them
send or read, threads stay free for the others.
"""

# ruff: noqa: E402

import os
import sys
from contextlib import ExitStack, suppress

from api.memory import TUNABLES

# A program that may do more than who starts it loses some of its environment: it is started anew only once.
ANEW = "PASSPORT_SCORER_STARTED_ANEW"
if __name__ == "__main__" and sys.executable and not {"GLIBC_TUNABLES", ANEW} & os.environ.keys():
    # Before it imports more. Where it cannot be, it goes on as it is.
    with suppress(OSError):
        started = os.environ | {"GLIBC_TUNABLES": TUNABLES, ANEW: "1"}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], started)  # noqa: S606

import logging
import multiprocessing
import resource
import signal
import socket
import tempfile
import threading
import time
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from api import json_lines
from api.settings import SettingError

# The way to start it, from the folder above.
COMMAND = (sys.executable, "-m", "deploy.serve")
# As many threads of a process as answer at the same time each use a database connection.
THREADS = 8
# A client has so long for the header of its request, its first or its next one. Longer than a load balancer
# keeps an idle connection, so that it is never the server that hangs up first.
HEADER_SECONDS = 75
# So long an answer waits for a client that takes nothing of it.
UNREAD_SECONDS = 30
# Of request line and headers together.
HEADER_BYTES = 32_768
# Of a process; beyond it clients wait until others are done or have had their time.
CONNECTIONS = 4096
# Of a process: what it needs besides its clients' connections.
OTHER_FILES = 128
# Connections that no process has accepted yet.
BACKLOG = 1024
# Requests that are under way when the server is told to stop have so long.
STOP_SECONDS = 10
# To where the service logs, in the same form. The server's warnings are of the number of threads, which wait
# for the database most of the time; its log of requests would print what clients send.
LOGGING: dict[str, Any] = {"log_level": LogLevels.error, "log_dictconfig": {"loggers": {"_granian": {}}}}

log = logging.getLogger("deploy.serve")


class Server(MPServer):
    """Processes that all accept from one socket. Of one each, which is granian's way, the kernel would send
    clients to a process that has no room for them, and those of a process that ends would be lost."""

    def __init__(self, listener: socket.socket, **settings: Any) -> None:
        super().__init__("api.wsgi:app", interface=Interfaces.WSGI, **settings)
        self._listener = listener

    def _init_shared_socket(self) -> None:
        self._sso = self._listener
        self._shd = SocketHolder(self._listener.fileno(), False, BACKLOG)  # type: ignore


def main() -> int:
    """Serves until it is told to stop; gives the exit status. Ends with one line where a setting is bad."""
    json_lines.write_to(sys.stderr)
    with ExitStack() as stack:
        return serve(stack)


def serve(stack: ExitStack) -> int:
    """As main; the stack is left at the end."""
    try:
        workers = number("WEB_CONCURRENCY", str(os.cpu_count() or 1), 1, 1024)
        listener = listening(
            os.environ.get("HOST", "").strip() or "127.0.0.1", number("PORT", "8000", 1, 65535)
        )
        count(stack)
    except SettingError as error:
        log.critical("%s", error)
        return 2
    # Once, before there are processes: they share its memory, and what is wrong with it is said once.
    from api.wsgi import app

    def loaded(target: str) -> Any:
        threading.Thread(target=stop_with_parent, daemon=True).start()
        return app

    server = Server(
        listener,
        workers=workers,
        blocking_threads=THREADS,
        backpressure=connections(),
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(HEADER_SECONDS * 1000, max_buffer_size=HEADER_BYTES),
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        **LOGGING,
    )
    host, port = listener.getsockname()[:2]
    log.info({"event": "listening", "host": host, "port": port, "processes": workers})
    server.serve(target_loader=loaded)
    return 0


def number(name: str, default: str, least: int, most: int) -> int:
    """A setting that is a whole number; raises SettingError."""
    text = os.environ.get(name, "").strip() or default
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise SettingError(f"{name} is not a number from {least} to {most}.")
    return int(text)


def count(stack: ExitStack) -> None:
    """Serves metrics where METRICS_PORT is set, until the stack is left; raises SettingError."""
    port = number("METRICS_PORT", "0", 0, 65535)
    if not port:
        return
    host = os.environ.get("METRICS_HOST", "").strip() or "127.0.0.1"
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(tempfile.TemporaryDirectory())
    from deploy import prometheus

    try:
        prometheus.serve(host, port)
    except OSError as error:
        raise SettingError(
            f"METRICS_HOST {host}, METRICS_PORT {port} cannot be used: {error.strerror or error}"
        ) from None


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; raises SettingError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingError(f"HOST {host}, PORT {port} cannot be used: {reason}") from None
    # What is accepted has these too.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    return listener


def connections() -> int:
    """How many connections a process may hold: CONNECTIONS, or fewer where it may not open so many files."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return CONNECTIONS if most == resource.RLIM_INFINITY else max(1, min(CONNECTIONS, most - OTHER_FILES))


def stop_with_parent() -> None:
    """Stops this process once the one that would replace it is gone: it would keep the port."""
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    # As the parent would have done, had it waited.
    time.sleep(STOP_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
