"""What tests take from npm, at the versions that tests/npm locks."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from db.migrate import ROOT

LOCKED = ROOT / "tests/npm"
CACHE = ROOT / ".cache"
# Nothing of a package runs while it is installed, and none tells its makers of its use.
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def packages() -> Path | None:
    """The folder that holds them, installed once; None where Node.js 20 with npm is missing."""
    if not shutil.which("npm") or not shutil.which("node"):
        return None
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").partition(".")[0]) < 20:
        return None
    locked = (LOCKED / "package-lock.json").read_bytes()
    folder = CACHE / f"npm-{hashlib.sha256(locked).hexdigest()[:12]}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "npm.lock").open("w") as waiting:
        fcntl.flock(waiting, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            folder.mkdir(exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(LOCKED / name, folder)
            subprocess.run(INSTALL, cwd=folder, check=True)
            (folder / "installed").touch()
    return folder


def run(folder: Path, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a program of a package, or a script of ours, by Node.js; what it prints is in the result."""
    return subprocess.run(
        ["node", program, *arguments],
        cwd=folder,
        env=os.environ | QUIET,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
