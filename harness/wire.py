"""A relay between the service and PostgreSQL that reads what the client sends, and may cut the connection."""

import socket
import struct
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

SOCKET = ".s.PGSQL.5432"
# How ReadyForQuery begins, which ends an answer; a byte for the state of the transaction follows.
ANSWERED = b"Z\0\0\0\5"


class Cut(Exception):
    """Raised by a hook: the relay closes the connection on both sides."""


# Called with a statement, and how often its connection has sent it.
Hook = Callable[[str, int], None]


def pass_on(statement: str, time: int) -> None:
    """The hook that does nothing."""


class Recording:
    """What a client sent: messages as (type, body), from all its connections; and what is done to it.

    before is called with a statement that is about to be passed on, after with one whose whole answer is.
    """

    def __init__(self, before: Hook, after: Hook) -> None:
        self.messages: list[tuple[bytes, bytes]] = []
        self.before = before
        self.after = after

    @property
    def round_trips(self) -> int:
        """How often the client waited: each Sync and each simple Query asks for an answer."""
        return sum(kind in (b"S", b"Q") for kind, _ in self.messages)

    @property
    def statements(self) -> list[str]:
        """The SQL texts, parsed or simple."""
        return [text for text in map(statement_of, self.messages) if text is not None]

    @property
    def prepared_names(self) -> list[str]:
        """The names of the server-side statements that were prepared; unnamed ones left out."""
        names = [body.split(b"\0")[0].decode() for kind, body in self.messages if kind == b"P"]
        return [name for name in names if name]


def statement_of(message: tuple[bytes, bytes]) -> str | None:
    """The SQL text that a message holds."""
    kind, body = message
    match kind:
        case b"P":
            return body.split(b"\0")[1].decode()
        case b"Q":
            return body.rstrip(b"\0").decode()
    return None


@contextmanager
def recorded(url: str, before: Hook = pass_on, after: Hook = pass_on) -> Iterator[tuple[str, Recording]]:
    """Gives a URL that leads to the same database, and what goes over it."""
    recording = Recording(before, after)
    upstream = f"{conninfo_to_dict(url)['host']}/{SOCKET}"
    with (
        tempfile.TemporaryDirectory(prefix="wire-") as folder,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        listener.bind(str(Path(folder) / SOCKET))
        listener.listen()
        threading.Thread(target=accept, args=(listener, upstream, recording), daemon=True).start()
        yield make_conninfo(url, host=folder), recording
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def accept(listener: socket.socket, upstream: str, recording: Recording) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(upstream)
            except OSError:
                client.close()
                continue
            relay = Relay(client, server, recording)
            threading.Thread(target=relay.requests, daemon=True).start()
            threading.Thread(target=relay.answers, daemon=True).start()


class Relay:
    """One connection."""

    def __init__(self, client: socket.socket, server: socket.socket, recording: Recording) -> None:
        self.client = client
        self.server = server
        self.recording = recording
        self.statement: str | None = None
        self.sent: Counter[str] = Counter()

    def requests(self) -> None:
        """Passes the client's bytes on; records whole messages before the bytes that end them."""
        pending = b""
        started = False
        with suppress(OSError, Cut):
            while data := self.client.recv(65536):
                pending += data
                while len(pending) >= (5 if started else 4):
                    # The first message, and a request for encryption before it, has no type.
                    start = 1 if started else 0
                    (length,) = struct.unpack_from("!I", pending, start)
                    if len(pending) < start + length:
                        break
                    body = pending[start + 4 : start + length]
                    if started:
                        self.record((pending[:1], body))
                    elif body[:4] == struct.pack("!I", 3 << 16):
                        started = True
                    pending = pending[start + length :]
                self.server.sendall(data)
        self.close()

    def record(self, message: tuple[bytes, bytes]) -> None:
        self.recording.messages.append(message)
        if statement := statement_of(message):
            self.statement = statement
            self.sent[statement] += 1
            self.recording.before(statement, self.sent[statement])

    def answers(self) -> None:
        """Passes the server's bytes on."""
        answer = b""
        with suppress(OSError, Cut):
            while data := self.server.recv(65536):
                answer += data
                if self.statement is not None and answer[-6:-1] != ANSWERED:
                    continue
                if self.statement is not None:
                    self.recording.after(self.statement, self.sent[self.statement])
                    self.statement = None
                self.client.sendall(answer)
                answer = b""
            self.client.sendall(answer)
        self.close()

    def close(self) -> None:
        for side in (self.client, self.server):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
