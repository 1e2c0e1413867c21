"""Walkthroughs: the commands that bring something about, found by acting in a simulation."""

from __future__ import annotations

from collections.abc import Iterable

from environments.tasks.actor import FAR, Actor, Unsolvable
from world_fixtures.rules import Simulation
from world_fixtures.spec import Exit

__all__ = ["Planner", "Unsolvable"]


class Planner(Actor):
    """Carries out goals knowing the whole world; the same goals give the same commands."""

    def __init__(self, simulation: Simulation, actor: str | None = None) -> None:
        super().__init__(simulation, actor)
        self._ways = {
            room: [(way, way.target) for way in exits]
            for room, exits in simulation.index.exits.items()
        }

    def ways(self, room: str) -> Iterable[tuple[Exit, str]]:
        """Return every exit of a room."""
        return self._ways[room]

    def where(self, entity: str) -> str | None:
        """Return what holds an entity directly, None while it is out of play."""
        place: str | None = self.sim.get(entity, "location")
        return place

    def known(self, entity: str, field: str) -> bool:
        """Return a field as it is."""
        return bool(self.sim.get(entity, field))

    def is_dark(self, room: str) -> bool:
        """Tell whether a room is dark without a light."""
        found = self.sim.index.rooms.get(room)
        return found is not None and found.dark

    def find(self, entity: str) -> None:
        """Raise Unsolvable: what the planner knows no place of is out of play."""
        raise Unsolvable(f"{entity} is not in play")

    def unlock(self, entity: str) -> None:
        """Bring the right key and unlock a door or container with it."""
        key = self._key_of(entity)
        if key is None:
            raise Unsolvable(f"{entity} has no key")
        self._unlock_with(entity, key)

    def discover(self, way: Exit) -> None:
        """Examine what reveals a hidden exit, in the room that the exit leaves."""
        sign = next((t.id for t in self.sim.spec.things if t.reveals == way.id), None)
        if sign is None:
            raise Unsolvable(f"nothing reveals {way.id}")
        if self.room_of(sign) not in (way.source, None):
            self.fetch(sign)
            self.go_to(way.source)
        self.reach(sign)
        self.do(f"examine {self.name(sign)}")

    def explore(self, inside: bool = False) -> None:
        """Make a short tour through all rooms in reach, as `Actor.explore` says."""
        costs = self.costs()
        self.visit_all([r for r, cost in costs.items() if cost < FAR])
        if not inside:
            return
        looked: set[str] = set()
        while left := self._unlooked(looked):
            self._look_through(min(left, key=lambda t: (left[t], t)), looked)

    def _unlooked(self, looked: set[str]) -> dict[str, int]:
        """Return the containers in the open that no key is needed for, with the cost to go."""
        costs, found = self.costs(), {}
        things = self.sim.index.things
        for thing in self.sim.spec.things:
            if not thing.container or thing.id in looked or self.known(thing.id, "locked"):
                continue
            room, cost = self.room_of(thing.id), self._distance(thing.id, costs)
            inside = any(things[t].container for t in self._holders(thing.id))
            if room is not None and cost < FAR and not inside and not self.is_dark(room):
                found[thing.id] = cost
        return found

    def _look_through(self, thing: str, looked: set[str]) -> None:
        looked.add(thing)
        closed = not self.known(thing, "open")
        self.look_in(thing)
        for inner in self._scene.things_in(thing):
            if inner.container and not self.known(inner.id, "locked"):
                self._look_through(inner.id, looked)
        if closed:
            self.close(thing)

    def lights(self) -> Iterable[str]:
        """Return the lights that can be carried and do not lie in the dark."""
        for light in self.sim.index.lights:
            room = self.room_of(light)
            if room is not None and (not self.is_dark(room) or self.known(light, "lit")):
                yield light

    def _lacks_key(self, lock: str) -> bool:
        key = self._key_of(lock)
        return key is None or self.where(key) != self.actor

    def _key_of(self, lock: str) -> str | None:
        index = self.sim.index
        return (index.things.get(lock) or index.doors[lock]).key
