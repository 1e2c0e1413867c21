"""The map of a world, as text and as a self-contained SVG. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from math import hypot, inf

from world_fixtures.map_legend import LEGEND_WIDTH, map_legend
from world_fixtures.spec import Exit, Room, WorldSpec

_STEPS = {
    "north": (0, -1), "northeast": (1, -1), "east": (1, 0), "southeast": (1, 1), "south": (0, 1),
    "southwest": (-1, 1), "west": (-1, 0), "northwest": (-1, -1), "up": (1, -1), "down": (-1, 1),
    "in": (1, 0), "out": (-1, 0),
}  # fmt: skip
_WIDTH, _HEIGHT, _GAP = 128, 52, 40
_ARROW = 11
_FITS = 18
"""Characters of a name that fit into a room; a longer one is drawn narrower."""
_STEPS_SHOWN = 5
Cell = tuple[int, int]
Point = tuple[float, float]


def places(spec: WorldSpec) -> dict[str, Cell]:
    """Return a grid cell (x to the east, y to the south, from 0) for each room, no two the same."""
    cells = {spec.agent.location: (0, 0)}
    queue = deque(cells)
    while queue:
        room = queue.popleft()
        for exit_ in spec.exits_of[room]:
            if exit_.target not in cells and exit_.target in spec.exits_of:
                cells[exit_.target] = _free(cells, cells[room], _STEPS[exit_.direction])
                queue.append(exit_.target)
    for room in spec.exits_of:
        cells.setdefault(room, _free(cells, (0, 0), (0, 1)))
    left = min(x for x, _ in cells.values())
    top = min(y for _, y in cells.values())
    return {room: (x - left, y - top) for room, (x, y) in cells.items()}


def _free(cells: dict[str, Cell], start: Cell, step: Cell) -> Cell:
    """Return the first cell in the direction of `step` that is not taken."""
    x, y = start[0] + step[0], start[1] + step[1]
    while (x, y) in cells.values():
        x, y = x + (step[0] or 1), y + step[1]
    return x, y


def map_text(spec: WorldSpec) -> str:
    """Write one line a room: its name, and where each exit leads."""
    names = {r.id: r.name for r in spec.rooms}
    doors = {d.id: d for d in spec.doors}
    width = max(map(len, names.values()))
    lines = []
    for room in spec.rooms:
        ways = []
        for exit_ in spec.exits_of[room.id]:
            door = doors.get(exit_.door or "")
            marks = [door.name + (", locked" if door.locked else "")] if door else []
            marks += ["hidden"] if exit_.hidden else []
            note = f" ({'; '.join(marks)})" if marks else ""
            ways.append(f"{exit_.direction} to {names[exit_.target]}{note}")
        mark = "*" if room.id == spec.agent.location else " "
        dark = " [dark]" if room.dark else ""
        lines.append(f"{mark} {room.name:<{width}}{dark}  " + ", ".join(ways))
    return "\n".join(lines)


def map_svg(spec: WorldSpec, path: Sequence[str] = ()) -> str:
    """Draw an SVG of the rooms and ways, with a legend of the signs that it uses.

    The rooms of `path` (ids, in order) are drawn as walked, each with the numbers of its
    places on that way, from 1. Needs no network and no script, and follows the reader's
    light or dark setting.
    """
    cells = places(spec)
    centres = {
        room: (x * (_WIDTH + _GAP) + _WIDTH / 2 + 8, y * (_HEIGHT + _GAP) + _HEIGHT / 2 + 8)
        for room, (x, y) in cells.items()
    }
    known = [room for room in path if room in centres]
    drawn = [
        *(_way(spec, e, centres) for e in spec.exits),
        *_walked(spec, known, centres),
        *(_arrow(e, centres) for e in spec.exits if _is_one_way(spec, e)),
        *(_room(spec, room, centres[room.id], known) for room in spec.rooms),
    ]
    used = {name for part in drawn for name in re.findall(r'class="([^"]*)"', part)}
    width = max(max(x for x, _ in centres.values()) + _WIDTH / 2 + 8, LEGEND_WIDTH)
    height = max(y for _, y in centres.values()) + _HEIGHT / 2 + 8
    legend, below = map_legend({one for names in used for one in names.split()}, width, height)
    height += below
    return "".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}" role="img">',
        f"<title>{escape(spec.title)}</title>", _STYLE, *drawn, legend, "</svg>",
    ])  # fmt: skip


_STYLE = (
    "<style>.room{fill:#fff;stroke:#8a8f98}.dark{fill:#c9ccd3}.seen{stroke:#2563eb;stroke-width:2}"
    ".start{stroke-width:4}text{font:12px system-ui,sans-serif;fill:#16181d}"
    ".name,.steps{text-anchor:middle}.steps{font-size:11px;font-weight:600;fill:#1d4ed8}"
    ".way{stroke:#8a8f98}.hidden{stroke-dasharray:3 4}.locked{stroke:#b45309;stroke-width:3}"
    ".oneway{fill:#5b616b;stroke:none}"
    ".walk{stroke:#2563eb;stroke-width:4;stroke-opacity:.35;fill:none;stroke-linejoin:round}"
    ".moved{stroke-dasharray:2 7}"
    "@media(prefers-color-scheme:dark){.room{fill:#1d2026}.dark{fill:#000}text{fill:#e8eaee}"
    ".steps{fill:#93b4ff}.oneway{fill:#c3c8d0}}"
    "</style>"
)


def _room(spec: WorldSpec, room: Room, centre: Point, path: Sequence[str]) -> str:
    x, y = centre
    steps = [n for n, visited in enumerate(path, start=1) if visited == room.id]
    kinds = ["room"]
    kinds += ["dark"] if room.dark else []
    kinds += ["seen"] if steps else []
    kinds += ["start"] if room.id == spec.agent.location else []
    wide = len(room.name) > _FITS
    fit = f' textLength="{_WIDTH - 8}" lengthAdjust="spacingAndGlyphs"' if wide else ""
    box = (
        f'<rect class="{" ".join(kinds)}" x="{x - _WIDTH / 2:g}" y="{y - _HEIGHT / 2:g}"'
        f' width="{_WIDTH}" height="{_HEIGHT}" rx="8"/>'
        f'<text class="name" x="{x:g}" y="{y - 3 if steps else y + 4:g}"{fit}>'
        f"{escape(room.name)}</text>"
    )
    if not steps:
        return box
    return box + f'<text class="steps" x="{x:g}" y="{y + 16:g}">{_numbers(steps)}</text>'


def _numbers(steps: Sequence[int]) -> str:
    """Write the places of a room on the way, the middle ones left out where they are many."""
    if len(steps) > _STEPS_SHOWN:
        return " ".join(map(str, [*steps[: _STEPS_SHOWN - 1], "\u2026", steps[-1]]))
    return " ".join(map(str, steps))


def _way(spec: WorldSpec, exit_: Exit, centres: dict[str, Point]) -> str:
    # From the same end for both directions, so that the dashes of both fall together.
    (x1, y1), (x2, y2) = sorted((centres[exit_.source], centres[exit_.target]))
    locked = any(d.id == exit_.door and d.locked for d in spec.doors)
    kinds = "way" + " hidden" * exit_.hidden + " locked" * locked
    return f'<line class="{kinds}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _is_one_way(spec: WorldSpec, exit_: Exit) -> bool:
    return exit_.source not in {back.target for back in spec.exits_of[exit_.target]}


def _arrow(exit_: Exit, centres: dict[str, Point]) -> str:
    """Draw a triangle that points at the border of the room to which an exit leads."""
    (x1, y1), (x2, y2) = centres[exit_.source], centres[exit_.target]
    dx, dy = x1 - x2, y1 - y2
    length = hypot(dx, dy)
    if not length:
        return ""  # a way from a room to itself
    inside = min(_WIDTH / 2 / abs(dx) if dx else inf, _HEIGHT / 2 / abs(dy) if dy else inf)
    x, y = x2 + dx * inside, y2 + dy * inside
    ux, uy = dx / length * _ARROW, dy / length * _ARROW
    corners = ((x, y), (x + ux - uy / 2, y + uy + ux / 2), (x + ux + uy / 2, y + uy - ux / 2))
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
    return f'<polygon class="oneway" points="{points}"/>'


def _walked(spec: WorldSpec, path: Sequence[str], centres: dict[str, Point]) -> list[str]:
    ways = {(e.source, e.target) for e in spec.exits}
    return [
        '<path class="walk{}" d="M{:g} {:g}L{:g} {:g}"/>'.format(
            "" if (a, b) in ways else " moved", *centres[a], *centres[b]
        )
        for a, b in pairwise(path)
        if a != b
    ]
