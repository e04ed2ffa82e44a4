"""A load test as a picture."""

from collections.abc import Sequence
from pathlib import Path

import pygal

from bench.arrivals import Profile
from bench.load_report import percentile
from bench.open_loop import Answer


def draw(profile: Profile, answers: Sequence[Answer], path: Path) -> None:
    """Writes an SVG: of each second the median, p95 and p99 of the requests planned in it, and the limits;
    below them where a stage begins, and the requests a second that it goes to."""
    seconds: list[list[float]] = [[] for _ in range(int(profile.ends[-1]) + 1)]
    for answer in answers:
        seconds[int(answer.planned)].append(answer.seconds * 1000)
    times = [sorted(second) for second in seconds]
    begins = {
        int(begin): f"{stage.name}: {profile.rate * stage.share:.0f}/s"
        for begin, stage in zip([0.0, *profile.ends], profile.stages, strict=False)
    }
    limits = {"p95 limit": profile.thresholds.p95_ms, "p99 limit": profile.thresholds.p99_ms}
    longest = max([*limits.values(), *(second[-1] for second in times if second)])
    chart = pygal.Line(
        title="Milliseconds from when a request was planned to its answer, by second",
        logarithmic=True,
        range=(1, longest),
        y_labels=[label for label in (1, 10, 100, *limits.values(), 1000, 10_000) if label <= longest],
        width=1000,
        height=500,
        show_dots=False,
        x_labels=[begins.get(number, "") for number in range(len(times))],
        x_label_rotation=30,
        truncate_label=-1,
        legend_at_bottom=True,
        legend_at_bottom_columns=5,
        formatter=lambda value: f"{value:.0f}",
        # A file to look at: no script, nothing fetched.
        js=[],
        disable_xml_declaration=True,
    )
    for name, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99)):
        chart.add(name, [percentile(second, share) if second else None for second in times])
    for name, limit in limits.items():
        chart.add(name, [limit] * len(times), stroke_style={"dasharray": "4, 4"})
    chart.render_to_file(str(path))
