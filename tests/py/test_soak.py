"""The soak, for seconds: that it runs, and ends as it should."""

import os
import subprocess
import sys

import pytest

from db.migrate import ROOT
from local.postgres import EMBEDDED_VERSION


def test_a_short_soak_prints_its_table(request: pytest.FixtureRequest) -> None:
    """On the embedded version, on which it runs."""
    if request.config.option.postgres == EMBEDDED_VERSION:
        result = subprocess.run(
            [sys.executable, "-m", "tests.soak"],
            cwd=ROOT,
            env=os.environ | {"MINUTES": "0.1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        rows = dict(line.strip("| ").split(" | ") for line in result.stdout.splitlines()[2:])
        assert rows["invariants broken"] == "0"
        assert rows["rows lost"] == "0"
        assert int(rows["answered 200"].replace(",", "")) > 500
