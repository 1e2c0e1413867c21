"""The plot of learning curves, as an SVG that stands alone."""

from __future__ import annotations

from statistics import fmean
from typing import NamedTuple

from environments.evaluation.statistics import mean_interval

WIDTH, HEIGHT = 640, 360
LEFT, TOP, RIGHT, BOTTOM = 48, 16, 16, 40
COLOURS = ("#4c72b0", "#c44e52", "#55a868", "#8172b2")


class Curve(NamedTuple):
    """The learning curves of one method, one a seed."""

    name: str
    runs: list[list[float]]
    area: float
    interval: list[float]


def curves_plot(curves: list[Curve], commands: int) -> str:
    """Draw the mean of each method's curves with its 95 % interval over the seeds."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        "<title>Success by commands learnt from</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _x(share), _y(share)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#dddddd"/>'
            f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{share:g}</text>'
            f'<text x="{x}" y="{HEIGHT - 22}" text-anchor="middle">{share * commands:.0f}</text>'
        )
    parts.append(
        f'<text x="{_x(0.5)}" y="{HEIGHT - 6}" text-anchor="middle">'
        "commands learnt from, in each task</text>"
    )
    for n, (curve, colour) in enumerate(zip(curves, COLOURS, strict=False)):
        parts += _drawn(curve, colour)
        low, high = curve.interval
        parts.append(
            f'<text x="{WIDTH - RIGHT - 8}" y="{_y(0) - 12 - 16 * n}" text-anchor="end"'
            f' fill="{colour}">{curve.name}: area {curve.area:.3f} [{low:.3f}, {high:.3f}]</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _drawn(curve: Curve, colour: str) -> list[str]:
    points = list(zip(*curve.runs, strict=True))
    xs = [_x(n / (len(points) - 1)) for n in range(len(points))]
    means = [fmean(p) for p in points]
    bounds = [mean_interval(p) or (m, m) for p, m in zip(points, means, strict=True)]
    upper = [f"{x},{_y(min(1.0, b[1]))}" for x, b in zip(xs, bounds, strict=True)]
    lower = [f"{x},{_y(max(0.0, b[0]))}" for x, b in zip(xs, bounds, strict=True)]
    line = " ".join(f"{x},{_y(m)}" for x, m in zip(xs, means, strict=True))
    return [
        f'<polygon points="{" ".join(upper + lower[::-1])}" fill="{colour}" opacity="0.15"/>',
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>',
    ]


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)
