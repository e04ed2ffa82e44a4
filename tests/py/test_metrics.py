"""Metrics: on Lambda in the lines of the log, of the WSGI server for Prometheus."""

import json
import re
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api import metrics
from api.app import create_app
from db.migrate import ROOT
from harness.printed import Lines
from harness.service import Service, free_port
from harness.template import as_text, of_type, read, watched_metrics, watched_routes
from harness.world import World

pytestmark = [pytest.mark.http, pytest.mark.newest, pytest.mark.own_tables]

ADDRESS = "0x" + "c" * 40
SCORE = "/v2/stamps/{scorer_id}/score/{address}"


def fill(world: World) -> None:
    """A wallet with a stamp that counts, one that another wallet claimed, and two credentials of no use."""
    world.execute(
        "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
        " values ('v0:taken', '0x1', 1, '2090-01-01Z')"
    )
    world.put_valid(ADDRESS, "Github", "v0:g")
    world.put_valid(ADDRESS, "Ens", "v0:taken")
    world.put(ADDRESS, "Google", {})
    world.put(ADDRESS, "Twitter", world.issuer.credential(ADDRESS, "Twitter", ["t"], "2020-01-01T00:00:00Z"))


def test_a_line_on_lambda_declares_its_metrics(world: World, lines: Lines) -> None:
    fill(world)
    client = create_app(world.settings(), service="scorer").test_client()
    began = time.time()
    assert client.get(world.path(ADDRESS), headers={"X-API-Key": world.key}).status_code == 200
    (line,) = lines()
    assert began * 1000 - 1 < line["_aws"]["Timestamp"] < time.time() * 1000 + 1
    (definition,) = line["_aws"]["CloudWatchMetrics"]
    assert (definition["Namespace"], definition["Dimensions"]) == ("PassportScorer", [["service", "route"]])
    assert (line["service"], line["route"]) == ("scorer", SCORE)
    units = {each["Name"]: each["Unit"] for each in definition["Metrics"]}
    reasons = {"left_out_untrusted_issuer": "Count", "left_out_expired": "Count"}
    assert units == metrics.UNITS | reasons
    assert all(isinstance(line[name], int | float) for name in units)
    # No more than the format takes, were there all reasons at once.
    assert len(metrics.UNITS) + 20 <= 100


def test_what_the_template_watches_is_sent(world: World, lines: Lines) -> None:
    """By the lines of a wallet of all kinds, by the page of operations, and by what the template itself makes
    of the schedule's lines."""
    fill(world)
    client = create_app(world.settings(), service="scorer").test_client()
    client.get(world.path(ADDRESS), headers={"X-API-Key": world.key})
    (line,) = lines()
    (definition,) = line["_aws"]["CloudWatchMetrics"]
    (dimensions,) = definition["Dimensions"]
    sent = {(definition["Namespace"], each["Name"], frozenset(dimensions)) for each in definition["Metrics"]}
    page = (ROOT / "docs/operations.md").read_text()
    command = r"--namespace (\w+) --metric-name (\w+) --dimensions (\w+)="
    ((namespace, name, dimension),) = re.findall(command, page)
    sent.add((namespace, name, frozenset([dimension])))
    template = read()
    for made in of_type(template, "AWS::Logs::MetricFilter").values():
        # Fields of a line of test_lambda_runtime.
        assert set(re.findall(r"\$\.(\w+)", made["FilterPattern"])) == {"event", "months_ahead"}
        assert '"check_ahead"' in made["FilterPattern"]
        for metric in made["MetricTransformations"]:
            sent.add((metric["MetricNamespace"], as_text(metric["MetricName"]), frozenset()))
    watched = {each for each in watched_metrics(template) if each[0] == metrics.NAMESPACE}
    assert len(watched) == 12
    assert watched <= sent
    assert watched_routes(template) == {line["route"]}


def test_ids_and_addresses_are_no_labels() -> None:
    named = {"request_id", "address", "scorer_id", "account_id", "api_key_id", "invocation_id"}
    assert named.isdisjoint({*metrics.UNITS, *metrics.DIMENSIONS})


@pytest.mark.parametrize("changes", [{"log_sample": 0}, {}])
def test_what_is_not_logged_leaves_its_metrics(
    world: World, lines: Lines, caplog: pytest.LogCaptureFixture, changes: dict[str, float]
) -> None:
    """Whether for its share or for its level."""
    fill(world)
    if not changes:
        caplog.set_level("ERROR")
    client = create_app(world.settings(**changes), service="scorer").test_client()
    client.get(world.path(ADDRESS), headers={"X-API-Key": world.key})
    client.get("/nowhere")
    short, *others = lines()
    assert [line["status"] for line in others] == ([404] if changes else [])
    declared = {each["Name"] for each in short["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert set(short) == declared | {"time", "level", "event", "service", "route", "_aws"}
    assert short["stamps_deduped"] == 1


def test_prometheus_gets_what_all_processes_counted_and_nothing_is_lost(
    world: World, serve: Callable[..., Service]
) -> None:
    """Of several at work at the same time, one of which is killed and replaced."""
    fill(world)
    port = free_port()
    service = serve(
        world.service_url,
        TRUSTED_IAM_ISSUERS=json.dumps([world.issuer.did]),
        WEB_CONCURRENCY="3",
        METRICS_PORT=str(port),
    )
    workers = psutil.Process(service.pid).children()

    def ask(number: int) -> int:
        return service.get(world.path(ADDRESS), X_API_Key=world.key)[0]

    with ThreadPoolExecutor(12) as pool:
        answers = Counter(pool.map(ask, range(60)))
    assert answers == {200: 60}
    workers[0].send_signal(signal.SIGKILL)
    while len({*psutil.Process(service.pid).children()} - {workers[0]}) < 3:
        time.sleep(0.05)
    with ThreadPoolExecutor(12) as pool:
        answers += Counter(pool.map(ask, range(60)))
    assert service.get("/nowhere")[0] == 404
    assert service.get("/metrics")[0] == 404
    counted = scraped(port)
    score = f"route={SCORE}"
    assert counted[f"scorer_request_seconds_count {score} status=200"] == answers[200]
    assert counted["scorer_request_seconds_count route=none status=404"] == 2
    assert counted[f"scorer_database_seconds_count {score}"] == answers[200]
    assert counted["scorer_stamps_total verdict=deduped"] == answers[200]
    assert counted["scorer_left_out_total reason=expired"] == answers[200]
    assert counted["scorer_score_sum passing=false"] == answers[200] * 2.25
    assert counted["scorer_attempts_total"] == answers[200]
    assert counted["scorer_pool_in_use_count"] == answers[200]
    # Several may have been the first.
    assert counted["scorer_documents_checked_total"] >= 3
    assert counted["scorer_verification_seconds_count"] >= 1
    checked = counted["scorer_verification_seconds_count"]
    assert counted[f"scorer_round_trips_total {score}"] == answers[200] + checked
    addresses = {
        each.laddr.ip for each in psutil.Process(service.pid).net_connections() if each.laddr.port == port
    }
    assert addresses == {"127.0.0.1"}
    labels = {label for name in counted for label in re.findall(r" (\w+)=", name)}
    assert labels == {"route", "status", "le", "passing", "verdict", "reason"}


def scraped(port: int) -> dict[str, float]:
    """What Prometheus reads: values by name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:
        text = response.read().decode()
    return {
        " ".join(
            [sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))]
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_nothing_listens_unless_a_port_is_given(world: World, serve: Callable[..., Service]) -> None:
    service = serve(world.service_url)
    assert {each.laddr.port for each in psutil.Process(service.pid).net_connections()} == {service.port}


def test_the_page_names_every_metric_and_no_other() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    named = set(re.findall(r"^\| `(scorer_\w+)` \|", page, re.MULTILINE))
    made = re.findall(r'(Counter|Histogram)\(\s*"(\w+)"', (ROOT / "deploy/prometheus.py").read_text())
    assert named == {f"{name}_total" if kind == "Counter" else name for kind, name in made}
    section = page.partition("\n## Metrics\n")[2]
    assert set(metrics.UNITS) <= set(re.findall(r"`(\w+)`", section))
