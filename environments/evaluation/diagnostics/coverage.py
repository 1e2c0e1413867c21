"""Coverage: how fast the rooms of a world were seen, against the shortest tour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise

from environments.evaluation.diagnostics.trace import Trace
from world_fixtures.spec import WorldSpec

EXACT = 9
"""Rooms up to which the shortest tour is found by trying all; of larger worlds it is a local
optimum of moving one room of the tour elsewhere."""

Distances = Mapping[str, Mapping[str, int]]


def coverage(trace: Trace) -> float | None:
    """Return the area under the curve of rooms seen, as a share of the shortest tour's, in [0, 1].

    The curve is the share of the rooms that can be reached in which the agent has been, after each
    number of commands from 0 to the budget. The tour walks through all of them from the same room
    without a command too many, and finds every door open. None for a world of one room.
    """
    agent = trace.agent
    first: dict[str, int] = {}
    for moment in trace.moments:
        if moment.own:
            first.setdefault(moment.event.room, max(0, moment.number - moment.command))
            for change in moment.event.changes:
                if (change.entity, change.field) == (agent, "location"):
                    first.setdefault(change.after, moment.number)
        elif first and moment.event.cause is not None:  # led along by somebody
            for change in moment.event.changes:
                if (change.entity, change.field) == (agent, "location"):
                    first.setdefault(change.after, moment.number)
    spec = trace.task.spec
    tour = shortest_tour(spec, next(iter(first), spec.agent.location))
    if len(tour) < 2:
        return None
    own = _area((n for room, n in first.items() if room in tour), trace.task.budget)
    return min(1.0, own / _area(tour.values(), trace.task.budget))


def _area(when: Iterable[int], budget: int) -> int:
    """Return the area under the curve of rooms seen, in rooms times commands."""
    return sum(max(0, budget + 1 - n) for n in when)


@lru_cache(maxsize=1024)
def shortest_tour(spec: WorldSpec, start: str) -> dict[str, int]:
    """Return the rooms that can be reached from `start`, with the moves after which each is seen.

    In the order of the walk through all of them that needs the fewest moves.
    """
    distances = _distances(spec)
    others = [r.id for r in spec.rooms if r.id != start and r.id in distances[start]]
    order = _exact(start, others, distances) if len(others) < EXACT else ()
    order = order or _improved(start, others, distances)
    found = {start: 0}
    moves = 0
    for here, there in pairwise((start, *order)):
        moves += distances[here].get(there, _far(distances))
        found[there] = moves
    return found


def _distances(spec: WorldSpec) -> Distances:
    ways: dict[str, list[str]] = {r.id: [] for r in spec.rooms}
    for exit_ in spec.exits:
        ways[exit_.source].append(exit_.target)
    found: dict[str, dict[str, int]] = {}
    for start in ways:
        reached = found[start] = {start: 0}
        queue = [start]
        for room in queue:
            for target in ways[room]:
                if target not in reached:
                    reached[target] = reached[room] + 1
                    queue.append(target)
    return found


def _far(distances: Distances) -> int:
    """Return more moves than any way has: the cost of a way that there is not."""
    return 10 * len(distances)


def _exact(start: str, others: list[str], distances: Distances) -> tuple[str, ...]:
    """Return the best order of rooms by dynamic programming over the sets of rooms seen."""
    far = _far(distances)
    best: dict[tuple[frozenset[str], str], tuple[int, tuple[str, ...]]] = {
        (frozenset({r}), r): (distances[start].get(r, far), (r,)) for r in others
    }
    for _ in others[1:]:
        longer: dict[tuple[frozenset[str], str], tuple[int, tuple[str, ...]]] = {}
        for (seen, here), (cost, order) in best.items():
            for room in others:
                if room not in seen:
                    key = seen | {room}, room
                    option = cost + distances[here].get(room, far), (*order, room)
                    longer[key] = min(longer.get(key, option), option)
        best = longer
    return min(best.values(), default=(0, ()))[1]


def _improved(start: str, others: list[str], distances: Distances) -> tuple[str, ...]:
    """Return an order of rooms: the nearest next, then rooms moved while that saves moves."""
    far = _far(distances)

    def cost(a: str, b: str | None) -> int:
        return 0 if b is None else distances[a].get(b, far)

    tour: list[str] = [start]
    left = list(others)
    while left:
        near = min(left, key=lambda room: cost(tour[-1], room))
        tour.append(near)
        left.remove(near)
    better = True
    while better:
        better = False
        for room in others:
            at = tour.index(room)
            before, after = tour[at - 1], tour[at + 1] if at + 1 < len(tour) else None
            gain = cost(before, room) + cost(room, after) - cost(before, after)
            rest = tour[:at] + tour[at + 1 :]
            for n in range(1, len(rest) + 1):
                one, two = rest[n - 1], rest[n] if n < len(rest) else None
                if cost(one, room) + cost(room, two) - cost(one, two) < gain:
                    tour = [*rest[:n], room, *rest[n:]]
                    better = True
                    break
    return tuple(tour[1:])
