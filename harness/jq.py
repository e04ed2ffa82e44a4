"""jq, as the pages' commands need it: the system's, else Debian's package unpacked."""

import os
import shutil

from harness.debian import unpacked


def environment() -> dict[str, str]:
    """The PATH that has it, and where it finds what it is linked with."""
    if shutil.which("jq"):
        return {}
    root = unpacked("jq", "jq", "--with-dependencies")
    libraries = {str(path.parent) for path in (root / "usr/lib").glob("**/*.so.*")}
    return {
        "PATH": f"{root / 'usr/bin'}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": ":".join(sorted(libraries)),
    }
