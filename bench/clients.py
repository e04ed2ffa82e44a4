"""HTTP clients that ask and take the time, and do little else: they share the machine with the service."""

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Timed:
    """The seconds that each request took, and that all took together."""

    requests: list[float]
    together: float


class Client:
    """One connection to a service, kept open."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname or "localhost"
        self._socket = socket.create_connection((host, parts.port or 80))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._prefix = parts.path.rstrip("/")
        self._headers = f"Host: {parts.netloc}\r\nX-API-Key: {key}\r\n\r\n"

    def get(self, path: str) -> bytes:
        """The body of a 200; anything else is an error."""
        self._socket.sendall(f"GET {self._prefix}{path} HTTP/1.1\r\n{self._headers}".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        while len(body) < int(headers["content-length"]):
            body += self._more()
        if status.split()[1] != "200":
            raise RuntimeError(f"{path}: {status} {body.decode()}")
        return body

    def _more(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the service closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


def ask(url: str, key: str, paths: Sequence[str], clients: int) -> Timed:
    """Has so many clients ask for the paths, each path once, all at the same time."""

    def ask_in_turn(client: Client, paths: Sequence[str]) -> list[float]:
        taken = []
        for path in paths:
            start = time.perf_counter()
            client.get(path)
            taken.append(time.perf_counter() - start)
        return taken

    connected = [Client(url, key) for _ in range(clients)]
    shares = [paths[number::clients] for number in range(clients)]
    with ThreadPoolExecutor(clients) as executor:
        start = time.perf_counter()
        results = list(executor.map(ask_in_turn, connected, shares))
        together = time.perf_counter() - start
    for client in connected:
        client.close()
    return Timed([seconds for share in results for seconds in share], together)
