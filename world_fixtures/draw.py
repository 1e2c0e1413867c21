"""The map of a world, as text and as a self-contained SVG. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from world_fixtures.spec import Exit, WorldSpec

_STEPS = {
    "north": (0, -1), "northeast": (1, -1), "east": (1, 0), "southeast": (1, 1), "south": (0, 1),
    "southwest": (-1, 1), "west": (-1, 0), "northwest": (-1, -1), "up": (1, -1), "down": (-1, 1),
    "in": (1, 0), "out": (-1, 0),
}  # fmt: skip
_WIDTH, _HEIGHT, _GAP = 128, 52, 40
Cell = tuple[int, int]


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
    """Draw an SVG of the rooms and ways; the rooms of `path` (ids, in order) are drawn as walked.

    Needs no network and no script, and follows the reader's light or dark setting.
    """
    cells = places(spec)
    centres = {
        room: (x * (_WIDTH + _GAP) + _WIDTH / 2 + 8, y * (_HEIGHT + _GAP) + _HEIGHT / 2 + 8)
        for room, (x, y) in cells.items()
    }
    width = max(x for x, _ in centres.values()) + _WIDTH / 2 + 8
    height = max(y for _, y in centres.values()) + _HEIGHT / 2 + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}" role="img">',
        f"<title>{escape(spec.title)}</title>",
        _STYLE,
        *(_way(spec, e, centres) for e in spec.exits),
        *_walked(path, centres),
    ]
    for room in spec.rooms:
        x, y = centres[room.id]
        kinds = ["room"]
        kinds += ["dark"] if room.dark else []
        kinds += ["seen"] if room.id in path else []
        kinds += ["start"] if room.id == spec.agent.location else []
        parts.append(
            f'<rect class="{" ".join(kinds)}" x="{x - _WIDTH / 2:g}" y="{y - _HEIGHT / 2:g}"'
            f' width="{_WIDTH}" height="{_HEIGHT}" rx="8"/>'
            f'<text x="{x:g}" y="{y + 4:g}">{escape(room.name)}</text>'
        )
    return "".join([*parts, "</svg>"])


_STYLE = (
    "<style>.room{fill:#fff;stroke:#8a8f98}.dark{fill:#d9dbe0}.seen{stroke:#2563eb;stroke-width:2}"
    ".start{stroke-width:3}text{font:12px system-ui,sans-serif;text-anchor:middle;fill:#16181d}"
    ".way{stroke:#8a8f98}.hidden{stroke-dasharray:3 4}.locked{stroke:#b45309;stroke-width:3}"
    ".walk{stroke:#2563eb;stroke-width:4;stroke-opacity:.35;fill:none;stroke-linejoin:round}"
    "@media(prefers-color-scheme:dark){.room{fill:#1d2026}.dark{fill:#111317}text{fill:#e8eaee}}"
    "</style>"
)


def _way(spec: WorldSpec, exit_: Exit, centres: dict[str, tuple[float, float]]) -> str:
    (x1, y1), (x2, y2) = centres[exit_.source], centres[exit_.target]
    locked = any(d.id == exit_.door and d.locked for d in spec.doors)
    kinds = "way" + " hidden" * exit_.hidden + " locked" * locked
    return f'<line class="{kinds}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _walked(path: Sequence[str], centres: dict[str, tuple[float, float]]) -> list[str]:
    known = [room for room in path if room in centres]
    return [
        '<path class="walk" d="M{:g} {:g}L{:g} {:g}"/>'.format(*centres[a], *centres[b])
        for a, b in pairwise(known)
        if a != b
    ]
