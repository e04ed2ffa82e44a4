"""The arithmetic of docs/scale.md."""

import subprocess
import sys

from bench import scale
from db.migrate import ROOT

PAGE = ROOT / "docs/scale.md"
SPEED = ROOT / "docs/speed.md"


def printed(*arguments: str) -> str:
    command = [sys.executable, "-m", "bench.scale", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_page_shows_what_the_command_prints() -> None:
    tables = printed().strip().split("\n\n")
    assert len(tables) == 3
    assert all(table in PAGE.read_text() for table in tables)


def test_a_price_is_an_option() -> None:
    assert "| their events for a month | 0.978 |" in printed("--gb-month", "1")


def test_what_is_measured_is_what_the_page_of_speed_shows() -> None:
    (warm,) = [row for row in rows("unchanged") if row[1:3] == ["20", "8"]]
    (alone,) = [row for row in rows("unchanged") if row[1:3] == ["20", "1"]]
    assert [float(warm[-1]), float(warm[-2])] == [scale.POSTGRES_MS, scale.PYTHON_MS]
    assert (float(alone[8]), alone[15]) == (scale.CALL_MS, f"{scale.WAL_BYTES:,}")


def rows(case: str) -> list[list[str]]:
    """The rows of a case, as the page of speed has them: what stands between the bars."""
    lines = [line.strip("|").split("|") for line in SPEED.read_text().splitlines()]
    return [[cell.strip() for cell in line] for line in lines if line[0].strip() == case]
