"""The figures as people read them, and as programs do: one page that needs nothing else, and JSON."""

import json
import math
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parent / "templates"
# The picture: its size, and where the bars stand on it, in its own units.
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 220, 8, 28


def write(figures: dict[str, Any], folder: Path) -> Path:
    """Writes report.html and report.json; gives the page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(figures, indent=2) + "\n")
    page = folder / "report.html"
    page.write_text(html(figures))
    return page


def html(figures: dict[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["n"] = lambda number: f"{number:,}"
    environment.filters["ms"] = milliseconds
    return environment.get_template("report.html").render(figures, picture=picture(figures["picture"]))


def milliseconds(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def picture(bars: list[dict[str, float]]) -> dict[str, Any]:
    """Bars of both sides, and the marks below them, in the units of an SVG."""
    most = max((max(bar["primary"], bar["candidate"]) for bar in bars), default=0) or 1
    step = (WIDTH - 2 * LEFT) / max(1, len(bars))
    drawn = [
        {
            "side": side,
            "x": round(LEFT + number * step + (0.5 if side == "candidate" else 0.06) * step, 1),
            "y": round(HEIGHT - BOTTOM - bar[side] / most * (HEIGHT - BOTTOM - 10), 1),
            "width": round(0.44 * step, 1),
            "height": round(bar[side] / most * (HEIGHT - BOTTOM - 10), 1),
            "title": f"{side}: {bar[side]:,.0f} answers took {bar['from']:.2g} to {bar['to']:.2g} ms",
        }
        for number, bar in enumerate(bars)
        for side in ("primary", "candidate")
        if bar[side]
    ]
    every = max(1, math.ceil(len(bars) / 8))
    marks = [
        {"x": round(LEFT + number * step, 1), "text": mark(bar["from"])}
        for number, bar in enumerate(bars)
        if number % every == 0
    ]
    return {"width": WIDTH, "height": HEIGHT, "base": HEIGHT - BOTTOM, "bars": drawn, "marks": marks}


def mark(value: float) -> str:
    """A number of two digits."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
