"""A copy of the project's folders, for tests of what changes its files."""

import os
import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path

from db.migrate import ROOT


class Checkout:
    """A copy of what migrations are made of, to change at will."""

    def __init__(self, folder: Path) -> None:
        self.migrations = folder / "db/migrations"
        self.functions = folder / "db/functions"
        self.folder = folder
        for name in ("api", "db"):
            shutil.copytree(ROOT / name, folder / name)
        shutil.copy(ROOT / "alembic.ini", folder)

    def run(self, *command: str, **environment: str) -> str:
        """The last line of what a module of the copy prints."""
        result = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return (result.stdout + result.stderr).strip().rpartition("\n")[2]

    @cached_property
    def _asked(self) -> subprocess.Popen[str]:
        code = "from db import release\nwhile input(): print(release.altered(), flush=True)"
        return subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def altered(self) -> str:
        """What the copy says of its released files, as they are now."""
        process = self._asked
        assert process.stdin
        assert process.stdout
        process.stdin.write("?\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    def close(self) -> None:
        if "_asked" in self.__dict__:
            self._asked.communicate("\n")
