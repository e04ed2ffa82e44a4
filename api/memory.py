"""What the service has glibc do with memory."""

import os

# What glibc is told in GLIBC_TUNABLES, which it reads as a program starts.
# Threads keep what they free, and little goes back to the kernel: twenty proofs take an eighth less of the
# processor. The last is what glibc would come to by itself, did the one before not keep it from that.
TUNABLES = ":".join(
    (
        "glibc.malloc.tcache_count=1000",
        "glibc.malloc.trim_threshold=67108864",
        "glibc.malloc.mmap_threshold=33554432",
    )
)


def keep_to_python(name: bytes) -> None:
    """Has os.environ alone know what a variable is set to, from now on: glibc never frees a value that it
    was given, and other memory is lost between those that pile up."""
    putenv = os.putenv

    def put(variable: bytes, value: bytes) -> None:
        if variable != name:
            putenv(variable, value)

    os.putenv = put  # type: ignore[assignment]
