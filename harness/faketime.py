"""libfaketime, which sets the clock of a process."""

from harness.debian import CACHE, debian_unpack


def library() -> str:
    """The library to preload, from Debian's package."""
    folder = CACHE / "faketime"
    if not folder.exists():
        debian_unpack(str(folder), "libfaketime")
    (path,) = folder.glob("usr/lib/*/faketime/libfaketimeMT.so.1")
    return str(path)
