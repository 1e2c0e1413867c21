"""What the kinds about places share: which ways are open, how far rooms are, what lies in them."""

from __future__ import annotations

from collections.abc import Iterable

from environments.tasks.actor import FAR
from environments.tasks.families.common import BuildContext
from world_fixtures.rules.grammar import COMPASS
from world_fixtures.spec import Thing, WorldSpec

Ways = dict[str, dict[str, str]]
"""Room -> direction -> the room it leads to, in compass order."""

LYING = "the names of all things that are listed there, those on furniture too"
"""Says which things count as lying in a room."""


def open_ways(spec: WorldSpec) -> Ways:
    """Return the exits that have no door and are not hidden."""
    ways: Ways = {room.id: {} for room in spec.rooms}
    for way in sorted(spec.exits, key=lambda e: COMPASS.index(e.direction)):
        if way.door is None and not way.hidden:
            ways[way.source][way.direction] = way.target
    return ways


def distances(ways: Ways, start: str) -> dict[str, int]:
    """Return the rooms that the ways lead to from `start`, with the moves it takes."""
    found, waiting = {start: 0}, [start]
    for room in waiting:
        for target in ways[room].values():
            if target not in found:
                found[target] = found[room] + 1
                waiting.append(target)
    return found


def shortest_routes(ways: Ways, start: str, end: str) -> list[list[str]]:
    """Return the shortest routes as lists of directions; two of them where there are more."""
    routes: dict[str, list[list[str]]] = {start: [[]]}
    moves = distances(ways, start)
    for room in moves:
        for direction, target in ways[room].items():
            if moves[target] == moves[room] + 1:
                longer = [[*route, direction] for route in routes[room]]
                routes[target] = [*routes.get(target, []), *longer][:2]
    return routes.get(end, [])


def rooms_on(ways: Ways, start: str, route: Iterable[str]) -> list[str]:
    """Return the rooms that a route passes, both ends included."""
    rooms = [start]
    for direction in route:
        rooms.append(ways[rooms[-1]][direction])
    return rooms


def free_rooms(context: BuildContext) -> dict[str, int]:
    """Return the lit rooms that nothing locked stands before, with the commands it takes."""
    dark = {r.id for r in context.spec.rooms if r.dark}
    costs = context.actor().costs()
    return {r: cost for r, cost in costs.items() if cost < FAR and r not in dark}


def lying(spec: WorldSpec, room: str) -> list[Thing]:
    """Return the things that a look at a lit room lists at the start, on its furniture too."""
    found: list[Thing] = []
    places = [room]
    for place in places:
        here = [t for t in spec.things if t.location == place]
        found += here
        places += [t.id for t in here if t.surface]
    return found


def shows_all_ways(spec: WorldSpec, room: str) -> bool:
    """Tell whether no exit of the room is hidden."""
    return not any(e.hidden for e in spec.exits_of[room])


def directions_of(spec: WorldSpec, room: str) -> list[str]:
    """Return the directions that lead out of a room, in compass order."""
    return [d for d in COMPASS if any(e.direction == d for e in spec.exits_of[room])]
