"""Lines of the log as the widgets of the template's dashboard that stand on them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pygal
from pygal.style import Style

from api import metrics
from bench.load_report import percentile
from harness.template import dashboard, read, series

WIDTH, HEIGHT, ACROSS = 620, 360, 2
# What CloudWatch makes of the values of a period, besides percentiles.
STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Average": lambda values: sum(values) / len(values),
}
FAILURES = "Failures"
LOOK = {
    "width": WIDTH,
    "height": HEIGHT,
    "explicit_size": True,
    "legend_at_bottom": True,
    "truncate_label": -1,
    "style": Style(title_font_size=13, background="white"),
    # A file to look at: no script, nothing fetched.
    "js": [],
    "disable_xml_declaration": True,
}

Line = Mapping[str, Any]


def draw(lines: Sequence[Line], period: float, path: Path) -> None:
    """Writes an SVG of the widgets; period, in seconds, is what a point of them is drawn of."""
    begin = min(line["_aws"]["Timestamp"] for line in lines if "_aws" in line)
    periods: dict[int, list[Line]] = {}
    for line in lines:
        if "_aws" in line:
            periods.setdefault(int((line["_aws"]["Timestamp"] - begin) / 1000 / period), []).append(line)
    times = [periods.get(number, []) for number in range(max(periods) + 1)]
    charts, missing = [], []
    for widget in dashboard(read())["widgets"]:
        title = widget["properties"]["title"]
        if title == FAILURES:
            charts.append(failures(lines, title))
        elif any(sent(lines, fields) for fields, _ in series(widget)):
            charts.append(chart(widget, times, period))
        else:
            missing.append(title)
    path.write_text(page(charts, ["Not here, as other services count them:", *missing]))


def sent(lines: Sequence[Line], fields: Sequence[str]) -> bool:
    """Whether the lines have a metric, by its namespace and name."""
    return fields[:1] == [metrics.NAMESPACE] and any(fields[1] in line for line in lines)


def chart(widget: dict[str, Any], times: Sequence[Sequence[Line]], period: float) -> Any:
    """A widget of metrics, each a line, by time."""
    given = widget["properties"]
    result = pygal.Line(
        title=given["title"],
        show_dots=False,
        allow_interruptions=True,
        x_labels=[f"{number * period:g} s" for number in range(len(times))],
        x_labels_major_every=10,
        show_minor_x_labels=False,
        secondary_range=(0, 100),
        formatter=lambda value: f"{value:g}",
        **LOOK,
    )
    by_id: dict[str, list[float | None]] = {}
    for fields, options in series(widget):
        if "expression" in options:
            values = [computed(options["expression"], by_id, number) for number in range(len(times))]
        else:
            (route,) = fields[5:6]
            statistic = options.get("stat") or given["stat"]
            values = [value(lines, fields[1], route, statistic) for lines in times]
        by_id[options.get("id", "")] = values
        if options.get("visible", True):
            result.add(options["label"], values, secondary=options.get("yAxis") == "right")
    return result


def value(lines: Sequence[Line], name: str, route: str, statistic: str) -> float | None:
    """What a period has of a metric; None where it has none."""
    values = sorted(line[name] for line in lines if name in line and line["route"] == route)
    if not values:
        return None
    if statistic in STATISTICS:
        return float(STATISTICS[statistic](values))
    return percentile(values, float(statistic[1:]) / 100)


def computed(expression: str, by_id: Mapping[str, Sequence[float | None]], number: int) -> float | None:
    """An expression of a period's metrics, which the template names by ids."""
    values = {name: each[number] for name, each in by_id.items()}
    if None in values.values():
        return None
    try:
        return float(eval(expression, {"__builtins__": {}}, values))
    except ZeroDivisionError:
        return None


def failures(lines: Sequence[Line], title: str) -> Any:
    """The widget that asks the log: requests of status 500 and above, by outcome and SQLSTATE."""
    counted = Counter(
        f"{line['outcome']} {line.get('sqlstate', '')}".strip()
        for line in lines
        if line.get("status", 0) >= 500
    )
    result = pygal.HorizontalBar(title=f"{title}, requests", print_values=True, show_legend=False, **LOOK)
    result.x_labels = [name for name, _ in counted.most_common()][::-1]
    result.add("requests", [count for _, count in counted.most_common()][::-1])
    return result


def page(charts: Sequence[Any], note: Sequence[str]) -> str:
    """The charts in one file, side by side, and lines of a note after them."""
    down = -(-(len(charts) + 1) // ACROSS) * HEIGHT
    x, y = place(len(charts))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {ACROSS * WIDTH} {down}">',
            '<rect width="100%" height="100%" fill="white"/>',
            *placed(charts),
            '<g font-family="sans-serif" font-size="13">',
            *(
                f'<text x="{x + 40}" y="{y + 60 + 24 * number}">{escape(line)}</text>'
                for number, line in enumerate(note)
            ),
            "</g>",
            "</svg>\n",
        ]
    )


def placed(charts: Sequence[Any]) -> Iterator[str]:
    for number, each in enumerate(charts):
        x, y = place(number)
        yield each.render(is_unicode=True).replace("<svg ", f'<svg x="{x}" y="{y}" ', 1)


def place(number: int) -> tuple[int, int]:
    return number % ACROSS * WIDTH, number // ACROSS * HEIGHT
