"""The medians as a chart."""

from pathlib import Path

import pygal

from bench.report import Row


def draw(rows: list[Row], path: Path) -> None:
    """Writes an SVG: of each case the median over HTTP, a bar for each number of clients."""
    names = list(dict.fromkeys(name(row) for row in rows))
    chart = pygal.HorizontalBar(
        title="Milliseconds to an answer, median",
        height=120 + 60 * len(names),
        logarithmic=True,
        zero=1,
        range=(1, max(row.median for row in rows)),
        print_values=True,
        formatter=lambda value: f"{value:.1f}",
        # A file to look at: no script, nothing fetched.
        js=[],
        disable_xml_declaration=True,
    )
    chart.x_labels = names[::-1]
    for clients in dict.fromkeys(row.clients for row in rows):
        medians = {name(row): row.median for row in rows if row.clients == clients}
        chart.add(f"{clients} client{'s' if clients > 1 else ''}", [medians[n] for n in names[::-1]])
    chart.render_to_file(str(path))


def name(row: Row) -> str:
    return f"{row.case}, {row.stamps} stamps"
