"""The benchmarks, for seconds: that they run, on a server of their own and on another one."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from db.migrate import ROOT
from deploy.package import NoPython, function_python
from harness.service import Service
from harness.template import dashboard, read, series
from local.postgres import EMBEDDED_VERSION

pytestmark = pytest.mark.newest

SMALL = ["--wallets", "2", "--requests", "2"]


@pytest.fixture(autouse=True)
def once(request: pytest.FixtureRequest) -> None:
    """They bring the embedded version, whichever is under test."""
    if request.config.option.postgres != EMBEDDED_VERSION:
        pytest.skip("runs with the embedded version")


def printed(module: str, *arguments: str) -> list[dict[str, str]]:
    """The rows of the table that a benchmark prints."""
    result = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = [line.strip("| ").split(" | ") for line in result.stdout.splitlines() if line.startswith("|")]
    assert lines, result.stderr
    return [dict(zip(lines[0], line, strict=False)) for line in lines[2:]]


@pytest.mark.own_tables
def test_bench_prints_a_table_and_writes_it_beside_a_chart(tmp_path: Path) -> None:
    rows = printed("bench", *SMALL, "--cold-starts", "2", "--out", str(tmp_path))
    assert {row["clients"] for row in rows} == {"1", "8", "32"}
    trips = {row["case"]: row["trips"] for row in rows if row["clients"] == "1"}
    assert trips["unchanged"] == trips["first scoring, checked ahead"] == "1.0"
    assert trips["first scoring"] == trips["one credential changed"] == "2.0"
    result = json.loads((tmp_path / "result.json").read_text())
    assert len(result["rows"]) == len(rows)
    assert result["cold_start"]["ratio"] > 0
    assert (tmp_path / "result.svg").read_text().startswith("<svg")


@pytest.mark.own_tables
def test_bench_asks_another_service_on_another_database(
    database_url: str, service_url: str, serve: Callable[..., Service], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "bench", "--issuers", "--out", str(tmp_path)]
    trusted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    service = serve(service_url, TRUSTED_IAM_ISSUERS=trusted.strip())
    url = f"http://127.0.0.1:{service.port}"
    rows = printed("bench", *SMALL, "--out", str(tmp_path), "--database", database_url, "--url", url)
    assert len(rows) > 10
    assert all(float(row["median ms"].replace(",", "")) > 0 for row in rows)


@pytest.mark.own_tables
def test_growth_prints_a_table() -> None:
    rows = printed("bench.growth", "--passports", "20", "--rounds", "2", "--wallets", "2")
    assert {row["session"] for row in rows} == {"fresh", "planned when empty"}


@pytest.mark.own_tables
def test_first_scorings_of_two_checkouts_are_told_side_by_side() -> None:
    rows = printed("bench.first_scorings", str(ROOT), "--rounds", "1")
    assert [(row["side"], row["clients"]) for row in rows] == [
        ("before", "1"), ("after", "1"), ("before", "8"), ("after", "8")
    ]  # fmt: skip
    assert all(float(row["requests/s"]) > 0 for row in rows)


@pytest.mark.own_tables
def test_endurance_prints_a_table() -> None:
    assert len(printed("bench.endurance", "--requests", "100", "--wallets", "2")) == 10


@pytest.mark.own_tables
def test_a_cold_start_is_told_in_parts() -> None:
    try:
        function_python()
    except NoPython as error:
        pytest.skip(str(error))
    rows = {
        row.pop("since the start of a process"): row for row in printed("bench.cold_start", "--starts", "1")
    }
    parts = ("Python runs", "handler imported", "connection begun", "connection open", "first answer")
    took = [float(rows[part]["median ms"]) for part in parts]
    assert took == sorted(took)
    assert took[0] > 0
    assert {"psycopg", "flask", "api"} <= rows.keys()


@pytest.mark.own_tables
def test_the_function_is_started_and_invoked() -> None:
    try:
        function_python()
    except NoPython as error:
        pytest.skip(str(error))
    rows = printed("bench.function", "--starts", "1", "--invocations", "20")
    starts, invocations = rows[:4], rows[6:]
    assert all(float(row["median ms"]) > 0 for row in starts)
    assert [row["of a cold start"] for row in invocations] == [str(count) for count in range(2, 21, 2)]


@pytest.mark.own_tables
def test_wallets_are_scored_again_beside_clients() -> None:
    rows = printed("bench.rescore", "--wallets", "100", "--before", "2", "--", "--rate", "100")
    assert [row["live"] for row in rows] == ["before", "during"]
    assert float(rows[1]["wallets a second"]) > 0
    assert all(float(row["p99 ms"]) >= float(row["p50 ms"]) > 0 for row in rows)


@pytest.mark.own_tables
def test_the_dashboard_is_drawn_of_what_the_service_logs(tmp_path: Path) -> None:
    """Each line of each widget that stands on metrics of the service, and the failures."""
    picture = tmp_path / "dashboard.svg"
    command = [sys.executable, "-m", "bench.dashboard", "--seconds", "6", "--out", str(picture)]
    subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    drawn = ElementTree.fromstring(picture.read_text())
    texts = "\n".join("".join(element.itertext()).strip() for element in drawn.iter() if not len(element))
    ours = [widget for widget in dashboard(read())["widgets"] if "PassportScorer" in json.dumps(widget)]
    assert len(ours) == 5
    for widget in ours:
        for fields, options in series(widget):
            is_drawn = options.get("visible", True) and "differences" not in fields
            assert not is_drawn or options["label"] in texts, options
    assert {"misconfigured SC006", "unavailable 55P03"} <= set(texts.splitlines())


@pytest.mark.own_tables
def test_months_says_what_they_cost() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "bench.months", "--events", "2400", "--rounds", "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    for text in (
        "by_month, PostgreSQL",
        ": 100 events, ",
        "The events are by month",
        "in one table; 0 were copied",
    ):
        assert text in result.stdout
