"""Request bodies: small ones, waited for by few threads at a time.

A WSGI server hands a body over as it comes in, and nothing ends the wait for it but the client: so whoever is
slow in sending one may hold up other bodies, and nothing else. Lambda and a proxy that buffers requests, as
nginx does, hand over whole ones.
"""

import threading
from typing import IO

from werkzeug.exceptions import ClientDisconnected

from api import request_log
from api.refused import Refused

MAX_BYTES = 65_536
# Threads of a process that may be waiting for a body.
MOST_WAITING = 2

waiting = threading.BoundedSemaphore(MOST_WAITING)


class Busy(Exception):
    """Too many clients are slow in sending their bodies."""


def read(stream: IO[bytes], length: int | None) -> bytes:
    """The body that a stream holds, whose length the client may have told. Raises Refused for one that is too
    large, or ends before its length, and Busy."""
    if length is not None and length > MAX_BYTES:
        raise refused(413, f"The body has more than {MAX_BYTES} bytes.")
    if not waiting.acquire(blocking=False):
        raise Busy
    try:
        body = stream.read(MAX_BYTES + 1)
    except ClientDisconnected:
        raise refused(400, "The body is not whole.") from None
    finally:
        waiting.release()
    if len(body) > MAX_BYTES:
        raise refused(413, f"The body has more than {MAX_BYTES} bytes.")
    return body


def refused(status: int, detail: str) -> Refused:
    """What a request is refused with for its body; its record says so."""
    request_log.current()["outcome"] = "invalid_body"
    return Refused(status, detail)
