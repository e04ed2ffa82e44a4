"""A load test as a picture."""

from collections.abc import Sequence
from pathlib import Path

import pygal

from bench.arrivals import Profile
from bench.load_report import percentile
from bench.open_loop import Answer


def draw(profile: Profile, answers: Sequence[Answer], path: Path) -> None:
    """Writes an SVG: of each second the median, p95 and p99 of the requests planned in it, the limits, and
    how many they were."""
    seconds: list[list[float]] = [[] for _ in range(int(profile.ends[-1]) + 1)]
    for answer in answers:
        seconds[int(answer.planned)].append(answer.seconds * 1000)
    times = [sorted(second) for second in seconds if second]
    chart = pygal.Line(
        title="Milliseconds from when a request was planned to its answer, by second",
        x_title="second",
        logarithmic=True,
        width=1000,
        height=500,
        show_dots=False,
        x_labels=[str(number) for number in range(len(times))],
        x_labels_major_every=10,
        show_minor_x_labels=False,
        legend_at_bottom=True,
        formatter=lambda value: f"{value:.0f}",
        # A file to look at: no script, nothing fetched.
        js=[],
        disable_xml_declaration=True,
    )
    for name, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99)):
        chart.add(name, [percentile(second, share) for second in times])
    limits = {"p95 limit": profile.thresholds.p95_ms, "p99 limit": profile.thresholds.p99_ms}
    for name, limit in limits.items():
        chart.add(name, [limit] * len(times), stroke_style={"dasharray": "4, 4"})
    chart.add("requests a second", [len(second) for second in times], secondary=True)
    chart.render_to_file(str(path))
