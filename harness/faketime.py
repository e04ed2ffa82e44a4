"""libfaketime, which sets the clock of a process."""

from harness.debian import unpacked


def library() -> str:
    """The library to preload, from Debian's package."""
    (path,) = unpacked("faketime", "libfaketime").glob("usr/lib/*/faketime/libfaketimeMT.so.1")
    return str(path)
