"""Request bodies: small ones, waited for by few threads at a time.

A WSGI server hands a body over as it comes in, and nothing ends the wait for it but the client: so whoever is
slow in sending one may hold up other bodies, and nothing else. Lambda and a proxy that buffers requests, as
nginx does, hand over whole ones.
"""

import threading
from typing import IO

from werkzeug.exceptions import ClientDisconnected

from api.refused import Refused

MAX_BYTES = 65_536
# Threads of a process that may be waiting for a body, and for their turn to do so.
MOST_WAITING = 4
MOST_QUEUED = 2
# Seconds that one waits for its turn: bodies that are on their way take less.
TURN = 0.25
BUSY = "other clients are slow in sending their bodies, as many as are waited for"

waiting = threading.BoundedSemaphore(MOST_WAITING)
queued = threading.BoundedSemaphore(MOST_QUEUED)


class Busy(Exception):
    """Too many clients are slow in sending their bodies."""


def read(stream: IO[bytes], length: int | None) -> bytes:
    """The body that a stream holds, whose length the client may have told. Raises Refused for one that is too
    large, or ends before its length, and Busy."""
    if length is not None and length > MAX_BYTES:
        raise Refused(413, f"The body has more than {MAX_BYTES} bytes.")
    take_turn()
    try:
        body = stream.read(MAX_BYTES + 1)
    except ClientDisconnected:
        raise Refused(400, "The body is not whole.") from None
    finally:
        waiting.release()
    if len(body) > MAX_BYTES:
        raise Refused(413, f"The body has more than {MAX_BYTES} bytes.")
    return body


def take_turn() -> None:
    """Has this thread be one of those that wait for a body; raises Busy."""
    if waiting.acquire(blocking=False):
        return
    if not queued.acquire(blocking=False):
        raise Busy(BUSY)
    try:
        if not waiting.acquire(timeout=TURN):
            raise Busy(BUSY)
    finally:
        queued.release()
