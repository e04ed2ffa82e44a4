"""Request bodies: small ones, waited for only for a while, by a few threads at a time.

A WSGI server hands a body over as it comes in, so whoever reads one waits for its client. The reading is left
to threads of its own, so that a client that sends slowly holds a thread that answers for two seconds at most.
"""

import threading
from typing import IO

from api.refused import Refused

MAX_BYTES = 65_536
SECONDS = 2
# Of a process: requests that wait for their body at the same time, and readers, those that are still waiting
# for a client whose request was given up included.
MOST_WAITING = 4
MOST_READERS = 64

waiting = threading.BoundedSemaphore(MOST_WAITING)
readers = threading.BoundedSemaphore(MOST_READERS)


class Busy(Exception):
    """Too many clients are slow in sending their bodies."""


def read(stream: IO[bytes], length: int | None) -> bytes:
    """The body that a stream holds, whose length the client may have told. Raises Refused for one that is too
    large or too slow, Busy."""
    if length is not None and length > MAX_BYTES:
        raise Refused(413, f"The body has more than {MAX_BYTES} bytes.")
    if not waiting.acquire(blocking=False):
        raise Busy
    try:
        body = read_within(stream, SECONDS)
    finally:
        waiting.release()
    if body is None:
        raise Refused(408, f"The body did not arrive within {SECONDS} seconds.")
    if len(body) > MAX_BYTES:
        raise Refused(413, f"The body has more than {MAX_BYTES} bytes.")
    return body


def read_within(stream: IO[bytes], seconds: float) -> bytes | None:
    """The same; None where it has not come within so many seconds. Raises Busy."""
    if not readers.acquire(blocking=False):
        raise Busy
    received: list[bytes] = []
    is_read = threading.Event()

    def receive() -> None:
        try:
            received.append(stream.read(MAX_BYTES + 1))
        except Exception:
            # The client is gone.
            received.append(b"")
        finally:
            readers.release()
            is_read.set()

    threading.Thread(target=receive, daemon=True).start()
    return received[0] if is_read.wait(seconds) else None
