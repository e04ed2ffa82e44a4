"""Debian's packages, unpacked into this folder."""

import subprocess

from db.migrate import ROOT

CACHE = ROOT / ".cache"


def debian_unpack(*arguments: str) -> None:
    """Runs local/debian-unpack, which says what it takes."""
    subprocess.run([ROOT / "local/debian-unpack", *arguments], check=True)
