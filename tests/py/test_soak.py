"""The soaks, for seconds: that they run, and end as they should."""

import os
import subprocess
import sys

import pytest

from db.migrate import ROOT
from local.postgres import EMBEDDED_VERSION


def printed(request: pytest.FixtureRequest, module: str, minutes: str) -> dict[str, str]:
    """The table of a soak that ended with 0, on the embedded version, on which it runs."""
    if request.config.option.postgres != EMBEDDED_VERSION:
        pytest.skip("runs with the embedded version")
    result = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=os.environ | {"MINUTES": minutes},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr + result.stdout
    return dict(line.strip("| ").split(" | ") for line in result.stdout.splitlines()[2:])


def test_a_short_soak_prints_its_table(request: pytest.FixtureRequest) -> None:
    rows = printed(request, "tests.soak", "0.1")
    assert rows["invariants broken"] == "0"
    assert rows["rows lost"] == "0"
    assert int(rows["answered 200"].replace(",", "")) > 500


def test_a_short_soak_over_the_ends_of_months_prints_its_table(request: pytest.FixtureRequest) -> None:
    rows = printed(request, "tests.soak_months", "0.4")
    assert rows["answers without their event"] == "0"
    assert int(rows["HTTP requests answered 200"].replace(",", "")) > 500
    assert sum(name.startswith("events of registry_event_") for name in rows) == 4
