"""A relay between the service and PostgreSQL that reads what the client sends."""

import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

SOCKET = ".s.PGSQL.5432"


class Recording:
    """What a client sent: messages as (type, body), from all its connections."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bytes]] = []

    @property
    def round_trips(self) -> int:
        """How often the client waited: each Sync and each simple Query asks for an answer."""
        return sum(kind in (b"S", b"Q") for kind, _ in self.messages)

    @property
    def statements(self) -> list[str]:
        """The SQL texts, parsed or simple."""
        texts = [body.split(b"\0")[1] for kind, body in self.messages if kind == b"P"]
        texts += [body.rstrip(b"\0") for kind, body in self.messages if kind == b"Q"]
        return [text.decode() for text in texts]

    @property
    def prepared_names(self) -> list[str]:
        """The names of the server-side statements that were prepared; unnamed ones left out."""
        names = [body.split(b"\0")[0].decode() for kind, body in self.messages if kind == b"P"]
        return [name for name in names if name]


@contextmanager
def recorded(url: str) -> Iterator[tuple[str, Recording]]:
    """Gives a URL that leads to the same database, and what goes over it."""
    recording = Recording()
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
            server.connect(upstream)
            threading.Thread(target=relay, args=(client, server, recording), daemon=True).start()
            threading.Thread(target=relay, args=(server, client, None), daemon=True).start()


def relay(source: socket.socket, target: socket.socket, recording: Recording | None) -> None:
    """Passes bytes on; records whole messages before the bytes that end them are passed on."""
    pending = b""
    started = False
    with suppress(OSError):
        while data := source.recv(65536):
            if recording:
                pending += data
                while len(pending) >= (5 if started else 4):
                    # The first message, and a request for encryption before it, has no type.
                    start = 1 if started else 0
                    (length,) = struct.unpack_from("!I", pending, start)
                    if len(pending) < start + length:
                        break
                    body = pending[start + 4 : start + length]
                    if started:
                        recording.messages.append((pending[:1], body))
                    elif body[:4] == struct.pack("!I", 3 << 16):
                        started = True
                    pending = pending[start + length :]
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
