"""libfaketime, which sets the clock of a process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from harness.debian import unpacked


def library() -> str:
    """The library to preload, from Debian's package."""
    (path,) = unpacked("faketime", "libfaketime").glob("usr/lib/*/faketime/libfaketimeMT.so.1")
    return str(path)


@contextmanager
def ahead(by: timedelta) -> Iterator[None]:
    """Processes that are started in the block have a clock that is so many seconds ahead of this one's, and
    goes as fast."""
    names = {
        "LD_PRELOAD": library(),
        "FAKETIME": f"{by.total_seconds():+.0f}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with patch.dict(os.environ, names):
        yield
