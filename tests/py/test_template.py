"""What is deployed to AWS: deploy/template.yaml, beyond what AWS's own checks see."""

import json
import logging
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from api import metrics
from api.memory import TUNABLES
from api.settings import Settings
from deploy import package, versioned
from harness.template import TEMPLATE, dashboard, of_type, read, watched_metrics

# What AWS counts, by the dimensions that it counts it by.
BALANCER, FUNCTION = {"TargetGroup", "LoadBalancer"}, {"FunctionName"}
VERSION, PROXY, TARGET = (
    {"FunctionName", "Resource", "ExecutedVersion"},
    {"ProxyName"},
    {"ProxyName", "TargetGroup", "TargetRole"},
)
METRICS = {
    ("AWS/ApplicationELB", "RequestCount"): [BALANCER],
    ("AWS/ApplicationELB", "HealthyHostCount"): [BALANCER],
    ("AWS/ApplicationELB", "HTTPCode_Target_4XX_Count"): [BALANCER],
    ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"): [BALANCER],
    ("AWS/ApplicationELB", "LambdaInternalError"): [BALANCER],
    ("AWS/ApplicationELB", "LambdaUserError"): [BALANCER],
    ("AWS/ApplicationELB", "TargetResponseTime"): [BALANCER],
    ("AWS/Lambda", "ConcurrentExecutions"): [FUNCTION],
    ("AWS/Lambda", "Duration"): [FUNCTION],
    ("AWS/Lambda", "Errors"): [FUNCTION, VERSION],
    ("AWS/Lambda", "Invocations"): [FUNCTION],
    ("AWS/Lambda", "Throttles"): [FUNCTION],
    ("AWS/RDS", "ClientConnections"): [PROXY],
    ("AWS/RDS", "ClientConnectionsSetupFailedAuth"): [PROXY],
    ("AWS/RDS", "DatabaseConnectionsBorrowLatency"): [PROXY],
    ("AWS/RDS", "DatabaseConnections"): [TARGET],
    ("AWS/RDS", "DatabaseConnectionsCurrentlySessionPinned"): [TARGET],
    ("AWS/RDS", "QueryDatabaseResponseLatency"): [TARGET],
}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return read()


def test_each_parameter_says_what_it_is(template: dict[str, Any]) -> None:
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"].endswith("."), name


def test_no_account_and_no_region_is_named() -> None:
    assert not re.search(r"\d{12}|\b[a-z]{2}-[a-z]+-\d\b", TEMPLATE.read_text())


def test_the_functions_are_what_make_package_builds(template: dict[str, Any]) -> None:
    shared = template["Globals"]["Function"]
    (arch,) = shared["Architectures"]
    assert shared["CodeUri"] == f"../build/passport-scorer-{arch}.zip"
    assert arch in package.PLATFORMS
    assert shared["Runtime"] == f"python{package.VERSION}"


def test_the_functions_handlers_are_there(template: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1/none")
    monkeypatch.setenv("TRUSTED_IAM_ISSUERS", '["did:key:z6MkA"]')
    functions = of_type(template, "AWS::Serverless::Function")
    assert len(functions) == 2
    for function in functions.values():
        module, _, name = function["Handler"].rpartition(".")
        assert callable(getattr(import_module(module), name))


def test_what_the_filter_looks_for_is_logged_at_every_level(
    template: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1/none")
    monkeypatch.setenv("TRUSTED_IAM_ISSUERS", '["did:key:z6MkA"]')
    level_of = import_module("api.check_ahead_lambda").level_of
    (made,) = of_type(template, "AWS::Logs::MetricFilter").values()
    fewest = int(re.findall(r"months_ahead < (\d+)", made["FilterPattern"])[0])
    highest = logging.getLevelName(template["Parameters"]["LogLevel"]["AllowedValues"][-1])
    assert level_of(fewest - 1) >= highest
    assert level_of(fewest) == level_of(None) == logging.INFO


def test_the_functions_settings_are_those_of_the_service(template: dict[str, Any]) -> None:
    """As the defaults of the template set them; with AWS_REGION, which Lambda sets."""
    given = {"AWS_REGION": "us-west-2"}
    variables = dict(template["Globals"]["Function"]["Environment"]["Variables"])
    assert variables.pop("GLIBC_TUNABLES") == TUNABLES
    for name, value in variables.items():
        if isinstance(value, dict) and "Ref" in value:
            value = template["Parameters"][value["Ref"]].get("Default", '["did:key:z6MkA"]')
        elif isinstance(value, dict):
            value = value["Sub"].replace("${Proxy.Endpoint}", "proxy").replace("${DatabaseUser}", "scorer")
        given[name] = value
        assert name in str(Settings.from_environment.__doc__)
    settings = Settings.from_environment(given)
    assert settings.database_url == "postgresql://scorer@proxy:5432/${DatabaseName}"
    assert settings.database_password
    assert (settings.human_points_start, settings.demo_scorer_id) == (None, None)


def test_the_load_balancer_asks_no_oftener_than_the_function_may_answer(template: dict[str, Any]) -> None:
    """In seconds, within what a target group takes; only 200 is healthy."""
    (group,) = of_type(template, "AWS::ElasticLoadBalancingV2::TargetGroup").values()
    function = of_type(template, "AWS::Serverless::Function")["Function"]
    assert (group["TargetType"], group["HealthCheckEnabled"]) == ("lambda", True)
    assert group["Matcher"] == {"HttpCode": "200"}
    # The wait for a connection of the proxy among them, after which /ready is 503.
    (pool,) = of_type(template, "AWS::RDS::DBProxyTargetGroup").values()
    borrow = pool["ConnectionPoolConfigurationInfo"]["ConnectionBorrowTimeout"]
    assert borrow < group["HealthCheckTimeoutSeconds"] <= function["Timeout"]
    assert function["Timeout"] < group["HealthCheckIntervalSeconds"] <= 300


def test_alarms_tell_somebody_and_say_what_they_mean(template: dict[str, Any]) -> None:
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    assert len(alarms) == 17
    for name, alarm in alarms.items():
        # One is for deploys alone.
        told = None if name == "NewVersionServerErrorsAlarm" else [{"Ref": "AlarmTopic"}]
        assert alarm.get("AlarmActions") == told, name
        assert alarm["AlarmDescription"].endswith("."), name
        assert alarm["AlarmName"]["Sub"].startswith("${ServiceName}-"), name
        # No requests are no reason to wake somebody up, nor to take a version back; that a schedule has no
        # runs is. What a comparison found holds until the next one.
        missing = {"DifferencesAlarm": "ignore", "CheckAheadErrorsAlarm": "breaching"}
        assert alarm["TreatMissingData"] == missing.get(name, "notBreaching"), name


@pytest.mark.parametrize("name", ["ServerErrorsAlarm", "SomeServerErrorsAlarm"])
def test_requests_that_a_function_never_answered_are_5xx_too(template: dict[str, Any], name: str) -> None:
    """The load balancer answers those itself, and does not count them as its target's."""
    ratio, *counted = of_type(template, "AWS::CloudWatch::Alarm")[name]["Metrics"]
    ids = {each["MetricStat"]["Metric"]["MetricName"]: each["Id"] for each in counted}
    for metric in ("HTTPCode_Target_5XX_Count", "LambdaUserError", "LambdaInternalError"):
        assert f"FILL({ids[metric]}, 0)" in ratio["Expression"]["Sub"], metric


def test_runs_that_fail_slowly_ring_too(template: dict[str, Any]) -> None:
    """Every period that the alarm looks at has runs in it, even if each takes all of its time."""
    timeout = of_type(template, "AWS::Serverless::Function")["CheckAheadFunction"]["Timeout"]
    alarm = of_type(template, "AWS::CloudWatch::Alarm")["CheckAheadErrorsAlarm"]
    periods = [each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each]
    assert min(periods) > 2 * timeout


def test_a_new_version_is_taken_back_by_alarms_that_there_are(template: dict[str, Any]) -> None:
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    named = {alarm["AlarmName"]["Sub"] for alarm in alarms.values()}
    chosen = of_type(template, "AWS::Serverless::Function")["Function"]["DeploymentPreference"]["Alarms"]
    assert len(chosen) == 5
    for alarm in chosen:
        assert alarm.get("Ref") in alarms or alarm.get("Sub") in named


def test_a_version_that_fails_is_taken_back_while_it_has_a_tenth_of_the_requests(
    template: dict[str, Any],
) -> None:
    """Where a quarter of what it answers ends with 5xx, and in time: of five minutes one or two go by until
    CloudWatch has a minute's metrics."""
    assert template["Parameters"]["DeploymentType"]["Default"] == "Canary10Percent5Minutes"
    chosen = of_type(template, "AWS::Serverless::Function")["Function"]["DeploymentPreference"]["Alarms"]
    alarms = of_type(template, "AWS::CloudWatch::Alarm").values()
    ratios = [
        alarm
        for alarm in alarms
        if {"Sub": alarm["AlarmName"]["Sub"]} in chosen and "5XX" in json.dumps(alarm.get("Metrics", ""))
    ]
    assert any(alarm["Threshold"] < 0.1 / 4 and alarm["DatapointsToAlarm"] <= 3 for alarm in ratios)


def test_only_metrics_that_are_sent_are_watched(template: dict[str, Any]) -> None:
    watched = [each for each in watched_metrics(template) if each[0] != metrics.NAMESPACE]
    for namespace, name, dimensions in watched:
        assert dimensions in METRICS[namespace, name], name
    assert {(namespace, name) for namespace, name, _ in watched} == set(METRICS)


def test_two_stacks_of_an_account_do_not_ring_each_other(template: dict[str, Any]) -> None:
    """What the service counts itself is told apart by a dimension or by its name."""
    own = [each for each in watched_metrics(template) if each[0] == metrics.NAMESPACE]
    assert own
    for _, name, dimensions in own:
        assert "service" in dimensions or name.startswith("${ServiceName}-"), name


def test_widgets_stand_side_by_side(template: dict[str, Any]) -> None:
    places = [
        (widget["x"] + across, widget["y"] + down)
        for widget in dashboard(template)["widgets"]
        for across in range(widget["width"])
        for down in range(widget["height"])
    ]
    assert len(places) == len(set(places))
    assert max(across for across, _ in places) < 24


def test_only_what_knows_no_resource_is_allowed_everywhere(template: dict[str, Any]) -> None:
    for role in of_type(template, "AWS::IAM::Role").values():
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                statement = statement["If"][1] if "If" in statement else statement
                actions = statement["Action"]
                actions = [actions] if isinstance(actions, str) else actions
                assert "*" not in "".join(actions)
                if statement["Effect"] == "Allow" and statement["Resource"] == "*":
                    assert all(action.startswith("ec2:") for action in actions)


def test_a_change_of_the_functions_settings_is_a_version_and_no_other(tmp_path: Path) -> None:
    """SAM publishes one where the text of the function's properties changes, not where a parameter does."""

    def deployed(
        issuers: str, weight: int, *arguments: str, form: str = "TrustedIamIssuers={} Weight={}"
    ) -> str:
        given = form.format(issuers, weight).replace('"', r"\"")
        (tmp_path / "samconfig.toml").write_text(
            f"[default.deploy.parameters]\nparameter_overrides = {json.dumps(given)}\n"
        )
        versioned.main(arguments, tmp_path)
        return (tmp_path / "versioned.yaml").read_text()

    before = deployed('["did:key:zA"]', 0)
    assert before == deployed('["did:key:zA"]', 5)
    assert before != deployed('["did:key:zB"]', 5)
    assert deployed('["did:key:zA"]', 5, "--guided") != deployed('["did:key:zA"]', 5, "--guided") != before
    long = "ParameterKey=TrustedIamIssuers,ParameterValue={} ParameterKey=Weight,ParameterValue={}"
    assert deployed('["did:key:zA"]', 5, form=long) == before != deployed('["did:key:zB"]', 5, form=long)
    (function,) = [line for line in before.splitlines() if "Answers requests for scores" in line]
    assert re.fullmatch(r" +Description: Answers requests for scores, with settings [0-9a-f]{10}\.", function)


def test_a_version_keeps_every_parameter_that_its_function_reads(template: dict[str, Any]) -> None:
    kept = versioned.kept_parameters(TEMPLATE.read_text())
    function = of_type(template, "AWS::Serverless::Function")["Function"]
    told = json.dumps([template["Globals"], function])
    read = set(re.findall(r'"Ref": "(\w+)"|\$\{(\w+)\}', told))
    assert {a or b for a, b in read} & set(template["Parameters"]) - kept == {
        "ServiceName",
        "Concurrency",
        "DeploymentType",
    }
