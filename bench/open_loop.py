"""Asks at times that are fixed beforehand, and takes the time from these: a service that stalls makes
everybody wait who would have asked meanwhile, which a client that waits for an answer before it asks again
would not see."""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

# A request that has no answer by then has failed.
PATIENCE_SECONDS = 10
# Time to come up before the first request.
LEAD_SECONDS = 0.1


@dataclass(frozen=True)
class Answer:
    """planned is when the request was to be sent, in seconds after the start; seconds the time from then to
    the end of its answer; late how much later than planned this client came to it, before it waited for
    anybody else. outcome is the status, timeout or broken."""

    planned: float
    seconds: float
    late: float
    outcome: str


class Connections:
    """Connections to a service, kept open; at most so many."""

    def __init__(self, url: str, key: str, most: int) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (443 if secure else 80)
        self._tls = ssl.create_default_context() if secure else None
        self._prefix = parts.path.rstrip("/")
        self._headers = f"Host: {parts.netloc}\r\nX-API-Key: {key}\r\n\r\n"
        self._free = asyncio.Semaphore(most)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def get(self, path: str) -> str:
        """The status of a GET, once its body has come."""
        async with self._free:
            reader, writer = await self._connection()
            try:
                writer.write(f"GET {self._prefix}{path} HTTP/1.1\r\n{self._headers}".encode())
                status, is_last = await answer(reader)
            except BaseException:
                writer.close()
                raise
            if is_last:
                writer.close()
            else:
                self._idle.append((reader, writer))
            return status

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port, ssl=self._tls)

    async def close(self) -> None:
        for _, writer in self._idle:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> tuple[str, bool]:
    """Reads an answer; gives its status, and whether it is the connection's last."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    _, status, *_ = first.split()
    headers = dict(line.lower().split(":", 1) for line in lines)
    if "content-length" in headers:
        await reader.readexactly(int(headers["content-length"]))
    elif "transfer-encoding" in headers:
        # In chunks.
        while size := int((await reader.readline()).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    else:
        raise ValueError("no length")
    return status, "close" in headers.get("connection", "")


async def ask(
    url: str, key: str, paths: Sequence[str], planned: Sequence[float], most: int = 1000
) -> list[Answer]:
    """Asks for the paths in turn, one at each of the planned seconds from now on, by at most so many
    connections; a request that all of them are taken for waits, and its time goes on."""
    loop = asyncio.get_running_loop()
    connections = Connections(url, key, most)
    start = loop.time() + LEAD_SECONDS

    async def one(path: str, due: float) -> Answer:
        late = loop.time() - start - due
        try:
            async with asyncio.timeout_at(start + due + PATIENCE_SECONDS):
                outcome = await connections.get(path)
        except TimeoutError:
            outcome = "timeout"
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            outcome = "broken"
        return Answer(due, loop.time() - start - due, late, outcome)

    tasks = []
    for number, due in enumerate(planned):
        while (wait := start + due - loop.time()) > 0:
            await asyncio.sleep(wait)
        tasks.append(loop.create_task(one(paths[number % len(paths)], due)))
        if wait < -0.001:
            # Behind: those under way have their turn before the next one.
            await asyncio.sleep(0)
    answers = await asyncio.gather(*tasks)
    await connections.close()
    return answers
