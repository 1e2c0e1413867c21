"""The legend of a map: one entry for each sign that the map uses. Pure."""

from __future__ import annotations

from collections.abc import Set

LEGEND_WIDTH = 230
"""Pixels of a column of entries, and so the least width of a map."""
_ROW = 20


def map_legend(used: Set[str], width: float, top: float) -> tuple[str, float]:
    """Draw the entries of the classes in `used` below `top`; return the SVG and its height.

    Entries stand in as many columns as fit into `width` (pixels).
    """
    entries = [(sign, words) for name, sign, words in _ENTRIES if name in used]
    columns = int(width // LEGEND_WIDTH)
    parts = []
    for i, (sign, words) in enumerate(entries):
        x, y = 8 + i % columns * LEGEND_WIDTH, top + 8 + i // columns * _ROW
        parts.append(
            f'<g transform="translate({x} {y:g})">{sign}<text x="38" y="13">{words}</text></g>'
        )
    rows = -(-len(entries) // columns)
    return f'<g class="legend">{"".join(parts)}</g>', 8 + rows * _ROW + 4


def _box(kinds: str) -> str:
    return f'<rect class="room {kinds} sign" x="3" y="2" width="26" height="14" rx="4"/>'


def _line(kinds: str) -> str:
    return f'<line class="{kinds} sign" x1="1" y1="9" x2="31" y2="9"/>'


_ENTRIES = (
    ("start", _box("start"), "where the agent begins"),
    ("dark", _box("dark"), "dark without a light"),
    ("way", _line("way"), "way, both directions"),
    ("oneway", _line("way") + '<polygon class="oneway sign" points="31,9 20,3.5 20,14.5"/>',
     "one way only"),
    ("locked", _line("way locked"), "locked at first"),
    ("hidden", _line("way hidden"), "hidden at first"),
    ("walk", _line("walk"), "walked"),
    ("moved", _line("walk moved"), "moved there without walking"),
    ("steps", '<text class="steps sign" x="16" y="13">1 4</text>', "order of the way, from 1"),
)  # fmt: skip
"""Class, sign and words of each entry."""
