"""Small SVG plots: means with their intervals, and how a number is spread.

Horizontal places are percentages and text keeps its size, so a plot reads as well on a
phone as on a wide page. Colours come from the page's style sheet by class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

LABEL, RIGHT = 27.0, 98.5
"""Per cent of the width at which the axis begins and ends."""
ROW = 30
"""Pixels."""


class PlotRow(NamedTuple):
    """One mean between 0 and 1."""

    label: str
    mean: float
    interval: tuple[float, float] | None
    marks: Mapping[str, float]
    """Means of other policies, by name."""
    counted: float | None = None
    """The mean with unscored rollouts as 0, where there are any."""


def interval_plot(rows: Sequence[PlotRow], title: str) -> str:
    """Return an SVG plot with a dot and its interval for each row, other policies as ticks."""
    top = 14 if any(row.marks for row in rows) else 2
    bottom = top + len(rows) * ROW + 4
    parts = [_frame(title, bottom + 18)]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = _x(share)
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>')
        parts.append(
            f'<text class="axis" x="{x}" y="{bottom + 14}" text-anchor="middle">{share:g}</text>'
        )
    for i, row in enumerate(rows):
        parts += _row(row, top + i * ROW + ROW // 2)
    if rows:
        parts += _initials(rows[0].marks, top)
    return "".join([*parts, "</svg>"])


def _initials(marks: Mapping[str, float], y: int) -> list[str]:
    """Write the other policies' first letters above their ticks in the first row."""
    return [
        f'<text class="axis" x="{_x(mean)}" y="{y + 4}" text-anchor="middle">{escape(n[:1])}</text>'
        for n, mean in marks.items()
    ]


def _row(row: PlotRow, y: int) -> list[str]:
    parts = [f'<text class="label" x="0" y="{y + 4}">{escape(row.label)}</text>']
    for name, mean in row.marks.items():
        parts.append(
            f'<line class="mark" x1="{_x(mean)}" x2="{_x(mean)}" y1="{y - 8}" y2="{y + 8}">'
            f"<title>{escape(name)} {mean:.2f}</title></line>"
        )
    about = f"{row.label}: {row.mean:.3f}"
    if row.interval is not None:
        low, high = row.interval
        about += f" [{low:.3f}, {high:.3f}]"
        parts.append(f'<line class="whisker" x1="{_x(low)}" x2="{_x(high)}" y1="{y}" y2="{y}"/>')
    if row.counted is not None:
        parts.append(
            f'<circle class="hollow" cx="{_x(row.counted)}" cy="{y}" r="5">'
            f"<title>{escape(row.label)}: {row.counted:.3f} with unscored as 0</title></circle>"
        )
    parts.append(
        f'<circle class="dot" cx="{_x(row.mean)}" cy="{y}" r="5">'
        f"<title>{escape(about)}</title></circle>"
    )
    return parts


def histogram(values: Sequence[float], title: str, bins: int = 20, height: int = 96) -> str:
    """Return an SVG histogram of values between 0 and 1; the last bin holds 1 too.

    `height` is that of the bars in pixels.
    """
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, max(0, int(value * bins)))] += 1
    most = max(counts, default=0) or 1
    step = 100 / bins
    parts = [_frame(title, height + 18)]
    for i, count in enumerate(counts):
        if not count:
            continue
        tall = max(2.0, (height - 14) * count / most)
        parts.append(
            f'<rect class="bar" x="{i * step + 0.4:.2f}%" width="{step - 0.8:.2f}%"'
            f' y="{height - tall:.1f}" height="{tall:.1f}">'
            f"<title>{i / bins:g} to {(i + 1) / bins:g}: {count}</title></rect>"
            f'<text class="axis" x="{(i + 0.5) * step:.2f}%" y="{height - tall - 3:.1f}"'
            f' text-anchor="middle">{count}</text>'
        )
    parts.append(f'<line class="grid" x1="0" x2="100%" y1="{height}" y2="{height}"/>')
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        parts.append(
            f'<text class="axis" x="{share * 100:g}%" y="{height + 14}"'
            f' text-anchor="{anchor}">{share:g}</text>'
        )
    return "".join([*parts, "</svg>"])


def _frame(title: str, height: int) -> str:
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" width="100%" height="{height}"'
        f' role="img" aria-label="{escape(title)}">'
    )


def _x(share: float) -> str:
    """Return a place on the axis as a percentage of the plot's width."""
    return f"{LABEL + (RIGHT - LABEL) * min(1.0, max(0.0, share)):.2f}%"


class TurnBar(NamedTuple):
    """Mean regret of one turn or several, in its two parts."""

    first: int
    last: int
    mistake: float
    """Commands a turn."""
    search: float
    turns: int
    """That the means are of."""


def turn_bars(bars: Sequence[TurnBar], title: str, height: int = 120) -> str:
    """Return an SVG plot of regret by turn: mistake below, search on top of it.

    `height` is that of the bars in pixels.
    """
    most = max((b.mistake + b.search for b in bars), default=0.0) or 1.0
    step = 100 / max(1, len(bars))
    parts = [_frame(title, height + 20)]
    for i, bar in enumerate(bars):
        turn = str(bar.first) if bar.first == bar.last else f"{bar.first} to {bar.last}"
        about = (
            f"turn {turn}: mistake {bar.mistake:.2f}, search {bar.search:.2f} (mean of {bar.turns})"
        )
        base = float(height)
        for name, value in (("mistake", bar.mistake), ("search", bar.search)):
            tall = (height - 14) * value / most
            base -= tall
            parts.append(
                f'<rect class="{name}" x="{(i + 0.12) * step:.2f}%" width="{0.76 * step:.2f}%"'
                f' y="{base:.1f}" height="{tall:.1f}"><title>{about}</title></rect>'
            )
        if i % max(1, len(bars) // 10) == 0:
            parts.append(
                f'<text class="axis" x="{(i + 0.5) * step:.2f}%" y="{height + 14}"'
                f' text-anchor="middle">{bar.first}</text>'
            )
    parts.append(f'<line class="grid" x1="0" x2="100%" y1="{height}" y2="{height}"/>')
    parts.append('<line class="grid" x1="0" x2="100%" y1="14" y2="14"/>')
    parts.append(f'<text class="axis" x="0" y="10">{most:.1f} commands</text>')
    return "".join([*parts, "</svg>"])
