"""A plot of shares along a count, as an SVG that stands alone: lines with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from statistics import fmean
from typing import NamedTuple

from environments.evaluation.statistics import Interval, mean_interval

WIDTH, HEIGHT = 640, 360
LEFT, TOP, RIGHT, BOTTOM = 48, 16, 16, 40
COLOURS = ("#4c72b0", "#c44e52", "#55a868", "#8172b2")
DASHED = "5 4"


class Line(NamedTuple):
    """One line of a plot; its three lists have one entry a point."""

    name: str
    places: Sequence[float]
    """Where on the axis of the count, rising."""
    means: Sequence[float]
    """Between 0 and 1."""
    bounds: Sequence[Interval] = ()
    """The interval of each mean; none are drawn where it is empty."""
    dashed: bool = False


def mean_line(
    name: str, places: Sequence[float], samples: Sequence[Sequence[float]]
) -> Line:  # fmt: skip
    """Return the line of the means of the samples at each place, with their 95 % intervals."""
    means = [fmean(sample) for sample in samples]
    bounds = [mean_interval(s) or (m, m) for s, m in zip(samples, means, strict=True)]
    return Line(name, places, means, bounds)


def line_plot(lines: Sequence[Line], *, title: str, counted: str) -> str:
    """Draw lines over a count from 0 to the last place of any; `counted` names what is counted.

    The names stand in the lower right corner, the first line's at the bottom.
    """
    most = max((line.places[-1] for line in lines), default=0.0) or 1.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _x(share), _y(share)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#dddddd"/>'
            f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{share:g}</text>'
            f'<text x="{x}" y="{HEIGHT - 22}" text-anchor="middle">{share * most:.0f}</text>'
        )
    parts.append(
        f'<text x="{_x(0.5)}" y="{HEIGHT - 6}" text-anchor="middle">{escape(counted)}</text>'
    )
    for n, line in enumerate(lines):
        colour = COLOURS[n % len(COLOURS)]
        parts += _drawn(line, most, colour)
        parts.append(
            f'<text x="{WIDTH - RIGHT - 8}" y="{_y(0) - 12 - 16 * n}" text-anchor="end"'
            f' fill="{colour}">{escape(line.name)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _drawn(line: Line, most: float, colour: str) -> list[str]:
    xs = [_x(place / most) for place in line.places]
    points = " ".join(f"{x},{_y(m)}" for x, m in zip(xs, line.means, strict=True))
    dashes = f' stroke-dasharray="{DASHED}"' if line.dashed else ""
    parts = []
    if line.bounds:
        upper = [f"{x},{_y(min(1.0, b[1]))}" for x, b in zip(xs, line.bounds, strict=True)]
        lower = [f"{x},{_y(max(0.0, b[0]))}" for x, b in zip(xs, line.bounds, strict=True)]
        area = " ".join(upper + lower[::-1])
        parts.append(f'<polygon points="{area}" fill="{colour}" opacity="0.15"/>')
    return [
        *parts,
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>',
    ]


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)
