"""What deploy/template.yaml says, as the tests read it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from db.migrate import ROOT

TEMPLATE = ROOT / "deploy/template.yaml"


class Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads !Name value as {"Name": value}."""


def tagged(loader: Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", tagged)


def read() -> dict[str, Any]:
    template: dict[str, Any] = yaml.load(TEMPLATE.read_text(), Loader)
    return template


def of_type(template: dict[str, Any], type_: str) -> dict[str, dict[str, Any]]:
    return {k: v["Properties"] for k, v in template["Resources"].items() if v["Type"] == type_}


def as_text(value: str | dict[str, str]) -> str:
    """A text as the template has it; of !Sub with its variables."""
    return value if isinstance(value, str) else value["Sub"]


def alarm_metrics(template: dict[str, Any]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Namespace, name and dimensions of each metric that an alarm watches."""
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        stats = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
        for metric in stats or [alarm]:
            dimensions = frozenset(dimension["Name"] for dimension in metric.get("Dimensions", ()))
            yield metric["Namespace"], as_text(metric["MetricName"]), dimensions


def dashboard(template: dict[str, Any]) -> dict[str, Any]:
    """The dashboard, each of its variables 1."""
    body, _ = of_type(template, "AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Sub"]
    read: dict[str, Any] = json.loads(re.sub(r"\$\{[\w:]+\}", "1", body))
    return read


def series(widget: dict[str, Any]) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Of each metric that a widget shows its namespace, name and dimensions with their values, and how it is
    shown; of an expression the latter alone. . stands for what is above, ... for all but the last."""
    above: list[str] = []
    for metric in widget["properties"].get("metrics", []):
        fields = [field for field in metric if isinstance(field, str)]
        options = next((field for field in metric if isinstance(field, dict)), {})
        if fields:
            if fields[0] == "...":
                fields = [*above[: len(above) - len(fields) + 1], *fields[1:]]
            fields = [above[place] if field == "." else field for place, field in enumerate(fields)]
            above = fields
        yield fields, options


def widget_metrics(template: dict[str, Any]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Namespace, name and dimensions of each metric that the dashboard shows."""
    for widget in dashboard(template)["widgets"]:
        for fields, _ in series(widget):
            if fields:
                yield fields[0], fields[1], frozenset(fields[2::2])


def watched_metrics(template: dict[str, Any]) -> list[tuple[str, str, frozenset[str]]]:
    return [*alarm_metrics(template), *widget_metrics(template)]


def watched_routes(template: dict[str, Any]) -> set[str]:
    """The routes whose metrics alarms watch, or the dashboard shows."""
    alarms, shown = json.dumps(template["Resources"]), json.dumps(dashboard(template))
    return {
        *re.findall(r'"Name": "route", "Value": "([^"]+)"', alarms),
        *re.findall(r'"route", "([^"]+)"', shown),
    }
