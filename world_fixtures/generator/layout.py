"""Room graphs on a grid, so that every direction has its opposite.

All splits draw from one distribution: trees with corridors and branches, to which a ring or ways
that close cycles may be added. A graph belongs to the split that its `shape` falls to, and
isomorphic graphs have equal shapes: no graph of one split is isomorphic to one of another. That
needs enough different graphs, and therefore begins with `DISTINCT` rooms.
"""

from __future__ import annotations

import random
from hashlib import blake2b

from world_fixtures.generator.words import PLACES, Split

Cell = tuple[int, int]
Graph = dict[Cell, list[Cell]]
"""Cell -> the cells that a way joins to it; the first cell is the start."""

DISTINCT = 10
"""Rooms from which on the splits share no graph."""

STEPS: dict[str, Cell] = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}
"""Direction -> change of (x, y)."""
_NAMES = {step: name for name, step in STEPS.items()}
_WAYS = tuple(STEPS.values())
_TRIES = 400
_SALT = b"503893"
"""Deals the shapes out so that the splits' small graphs are alike in diameter and cycles."""


def lay_out(rng: random.Random, rooms: int, split: Split, leaves: int, cycles: int) -> Graph:
    """Make a connected graph of `rooms` cells.

    It has at least `leaves` dead ends (other than the start) and `cycles` independent cycles, where
    so many rooms can have them.
    """
    for _ in range(_TRIES):
        graph = _draw(rng, rooms)
        if len(dead_ends(graph)) < leaves or _cycles(graph) < cycles:
            continue
        if rooms < DISTINCT or shape(graph) % 5 in PLACES[split]:
            break
    return graph


def shape(graph: Graph) -> int:
    """Return a number that is equal for isomorphic graphs.

    It is made of what is seen from each cell within two steps. Looking farther would tell more
    graphs apart, and could put into two splits what the usual test by neighbourhoods (Weisfeiler
    and Lehman's, of three rounds) takes for equal.
    """
    labels = {cell: bytes([len(near)]) for cell, near in graph.items()}
    for _ in range(2):
        labels = {
            cell: blake2b(
                labels[cell] + b"".join(sorted(labels[n] for n in near)), digest_size=8
            ).digest()
            for cell, near in graph.items()
        }
    seen = b"".join(sorted(labels.values()))
    return int.from_bytes(blake2b(seen, digest_size=8, salt=_SALT).digest())


def dead_ends(graph: Graph) -> list[Cell]:
    """Return the cells with one way, without the start."""
    start = next(iter(graph))
    return [cell for cell, near in graph.items() if len(near) == 1 and cell != start]


def direction(source: Cell, target: Cell) -> str:
    """Return the direction from a cell to an adjacent one."""
    return _NAMES[target[0] - source[0], target[1] - source[1]]


def _cycles(graph: Graph) -> int:
    return sum(map(len, graph.values())) // 2 - len(graph) + 1


def _draw(rng: random.Random, rooms: int) -> Graph:
    graph: Graph = {(0, 0): []}
    if rng.random() < 0.3:
        width, height = rng.choice(((1, 1), (2, 1), (2, 2), (3, 1), (3, 2)))
        if 2 * (width + height) <= rooms // 2:
            _add_ring(graph, width, height, rng)
    straight = rng.choice((0.0, 0.2, 0.4))
    cells = list(graph)
    while len(cells) < rooms:
        x, y = cells[-1] if rng.random() < straight else rng.choice(cells)
        dx, dy = rng.choice(_WAYS)
        new = (x + dx, y + dy)
        if new not in graph:
            graph[new] = []
            _join(graph, (x, y), new)
            cells.append(new)
    closing = rng.choice((0.0, 0.12, 0.25))
    for x, y in cells:
        for other in ((x + 1, y), (x, y + 1)):
            if other in graph and other not in graph[x, y] and rng.random() < closing:
                _join(graph, (x, y), other)
    return graph


def _add_ring(graph: Graph, width: int, height: int, rng: random.Random) -> None:
    """Add the rim of a rectangle that goes through the start."""
    rim = [(x, 0) for x in range(width)] + [(width, y) for y in range(height)]
    rim += [(x, height) for x in range(width, 0, -1)] + [(0, y) for y in range(height, 0, -1)]
    left, top = rng.choice(rim)
    cells = [(x - left, y - top) for x, y in rim]
    for cell in cells:
        graph.setdefault(cell, [])
    for here, there in zip(cells, [*cells[1:], cells[0]], strict=True):
        _join(graph, here, there)


def _join(graph: Graph, here: Cell, there: Cell) -> None:
    graph[here].append(there)
    graph[there].append(here)
