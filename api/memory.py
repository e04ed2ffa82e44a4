"""What the service tells glibc about memory, in GLIBC_TUNABLES, which glibc reads as a program starts."""

# Threads keep what they free, and little goes back to the kernel: twenty proofs take an eighth less of the
# processor. The last is what glibc would come to by itself, did the one before not keep it from that.
TUNABLES = ":".join(
    (
        "glibc.malloc.tcache_count=1000",
        "glibc.malloc.trim_threshold=67108864",
        "glibc.malloc.mmap_threshold=33554432",
    )
)
