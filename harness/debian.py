"""Debian's packages, unpacked into this folder."""

import fcntl
import shutil
import subprocess
from pathlib import Path

from db.migrate import ROOT

CACHE = ROOT / ".cache"
# How local/debian-unpack ends where there is no such package.
UNKNOWN = 3


class NotPackaged(Exception):
    """The distribution has no such package; the message is its name."""


def unpacked(name: str, package: str, *options: str) -> Path:
    """The folder of a name that a package is unpacked in, which is done once; package and options are as
    local/debian-unpack takes them. Runs that want it at the same time wait for each other.

    Raises NotPackaged, or CalledProcessError where the archive cannot be asked."""
    CACHE.mkdir(exist_ok=True)
    folder = CACHE / name
    with (CACHE / "unpack.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            # Under another name until it is whole.
            partial = CACHE / f"{name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            ended = subprocess.run(
                [ROOT / "local/debian-unpack", *options, str(partial), package], check=False
            )
            if ended.returncode == UNKNOWN:
                raise NotPackaged(package)
            ended.check_returncode()
            partial.rename(folder)
    return folder
