"""Room graphs on a grid: every direction has its opposite, and each split a shape of its own.

    train       squares: every cycle of the minimum cycle basis has length 4, and there is one
    validation  trees: no cycle at all
    test        a ring: the minimum cycle basis holds a cycle of 6 or more

The shapes tell the splits apart whatever the size: no graph of one is isomorphic to one of
another.
"""

from __future__ import annotations

import random

import networkx as nx

from world_fixtures.generator.words import Split

Cell = tuple[int, int]

STEPS: dict[str, Cell] = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}
"""Direction -> change of (x, y)."""


def lay_out(rng: random.Random, rooms: int, split: Split) -> nx.Graph[Cell]:
    """Make an undirected graph of cells; the first node is the start."""
    if split == "test":
        graph = _ring(rng, rooms)
    else:
        graph = _seed_square() if split == "train" else nx.Graph()
        if not graph:
            graph.add_node((0, 0))
    _grow(rng, graph, max(rooms, len(graph) + 1))
    if split == "train":
        _close_squares(rng, graph)
    return graph


def _seed_square() -> nx.Graph[Cell]:
    cells = [(0, 0), (1, 0), (1, 1), (0, 1)]
    graph: nx.Graph[Cell] = nx.Graph()
    graph.add_nodes_from(cells)
    graph.add_edges_from(zip(cells, [*cells[1:], cells[0]], strict=True))
    return graph


def _ring(rng: random.Random, rooms: int) -> nx.Graph[Cell]:
    """Make the rim of a rectangle whose inside stays empty of edges."""
    width = 2
    height = 1 + max(0, min(4, (rooms - 6) // 4))
    if height == 1:
        width = 2
    cells = [(x, 0) for x in range(width + 1)]
    cells += [(width, y) for y in range(1, height + 1)]
    cells += [(x, height) for x in range(width - 1, -1, -1)]
    cells += [(0, y) for y in range(height - 1, 0, -1)]
    turn = rng.randrange(len(cells))
    cells = cells[turn:] + cells[:turn]
    graph: nx.Graph[Cell] = nx.Graph()
    graph.add_nodes_from(cells)
    graph.add_edges_from(zip(cells, [*cells[1:], cells[0]], strict=True))
    return graph


def _grow(rng: random.Random, graph: nx.Graph[Cell], rooms: int) -> None:
    """Add rooms, each with one way to what is there: leaves and branches, no cycles."""
    while len(graph) < rooms:
        cell = rng.choice(list(graph))
        dx, dy = STEPS[rng.choice(list(STEPS))]
        new = (cell[0] + dx, cell[1] + dy)
        if new not in graph:
            graph.add_edge(cell, new)


def _close_squares(rng: random.Random, graph: nx.Graph[Cell]) -> None:
    """Join cells that are three ways apart around a corner: each such edge closes a square."""
    cells = list(graph)
    for cell in cells:
        for dx, dy in STEPS.values():
            other = (cell[0] + dx, cell[1] + dy)
            if other in graph and not graph.has_edge(cell, other) and rng.random() < 0.35:
                sides = ((dy, dx), (-dy, -dx))
                if any(_is_path(graph, cell, other, side) for side in sides):
                    graph.add_edge(cell, other)


def _is_path(graph: nx.Graph[Cell], cell: Cell, other: Cell, side: Cell) -> bool:
    first = (cell[0] + side[0], cell[1] + side[1])
    second = (other[0] + side[0], other[1] + side[1])
    return bool(
        graph.has_edge(cell, first)
        and graph.has_edge(first, second)
        and graph.has_edge(second, other)
    )


def direction(source: Cell, target: Cell) -> str:
    """Return the direction from a cell to an adjacent one."""
    step = (target[0] - source[0], target[1] - source[1])
    return next(name for name, way in STEPS.items() if way == step)
