"""Walkthroughs: the commands that bring something about, found by acting in a simulation."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import networkx as nx

from world_fixtures.protocol import ResultKind
from world_fixtures.rules import Scene, Simulation
from world_fixtures.spec import Exit, Thing

FAR = 100
"""Cost of a way that first has to be unlocked or discovered, in moves."""
MAX_DEPTH = 30
"""Levels of sub-tasks within sub-tasks; deeper means the world cannot be solved."""


class Unsolvable(Exception):
    """The world offers no way to do what was asked."""


class Planner:
    """Carries out goals in a simulation and records the commands that it took."""

    def __init__(self, simulation: Simulation, actor: str | None = None) -> None:
        self.sim = simulation
        self.actor = actor or simulation.spec.agent.id
        self.commands: list[str] = []
        self.unlocked: list[str] = []
        """Ids of the doors and containers unlocked so far, in order."""
        self._depth = 0

    @property
    def moves(self) -> int:
        """Moves among the commands so far."""
        return sum(c in _DIRECTIONS for c in self.commands)

    @property
    def room(self) -> str:
        """Id of the room the actor is in."""
        return str(self.sim.get(self.actor, "location"))

    def do(self, command: str) -> str:
        """Carry out one command and return its observation. Raises Unsolvable if it fails."""
        outcome = self.sim.act(command, self.actor)
        if outcome.kind is not ResultKind.OK:
            raise Unsolvable(f"{command!r}: {outcome.text}")
        self.commands.append(command)
        return outcome.text

    def go_to(self, room: str) -> None:
        """Walk to `room`, opening what is in the way. Raises Unsolvable where no way leads."""
        with self._deeper():
            while self.room != room:
                way = self._route(room)[0]
                if not self._clear(way):
                    continue  # fetching a key or a light has led elsewhere
                self.do(way.direction)

    def reach(self, thing: str) -> None:
        """Go to where `thing` is, with light to see it and its containers open.

        A thing that is not in play yet is put together by its recipe. Raises Unsolvable where
        it cannot be had.
        """
        with self._deeper():
            place = self.sim.get(thing, "location")
            if place is None:
                self._make(thing)
            elif place == self.actor:
                return
            elif place in self.sim.index.rooms:
                self._light_for(place)
                self.go_to(place)
            elif place in self.sim.index.things:
                self.reach(place)
                self.open(place)
            else:
                raise Unsolvable(f"{thing} is held by {place}")

    def fetch(self, thing: str) -> None:
        """Bring `thing` into the actor's hands."""
        with self._deeper():
            self.reach(thing)
            if self.sim.get(thing, "location") != self.actor:
                self.do(f"get {self.name(thing)}")

    def open(self, entity: str) -> None:
        """Open a door or container that is in reach, unlocking it if need be."""
        thing = self.sim.index.things.get(entity)
        if thing is not None and not thing.container:
            return
        if self.sim.get(entity, "open"):
            return
        if self.sim.get(entity, "locked"):
            opening = thing or self.sim.index.doors[entity]
            if opening.key is None:
                raise Unsolvable(f"{entity} has no key")
            if self.sim.get(opening.key, "location") != self.actor:
                room = self.room
                self.fetch(opening.key)
                if self.room != room:
                    self.go_to(room)
            self.do(f"unlock {self.name(entity)} with {self.name(opening.key)}")
            self.unlocked.append(entity)
        self.do(f"open {self.name(entity)}")

    def put(self, thing: str, place: str) -> None:
        """Bring `thing` to a room, or into or onto a thing."""
        self.fetch(thing)
        if place in self.sim.index.rooms:
            self.go_to(place)
            self.do(f"drop {self.name(thing)}")
            return
        self.reach(place)
        self.open(place)
        where = "on" if self.sim.index.things[place].surface else "in"
        self.do(f"put {self.name(thing)} {where} {self.name(place)}")

    def name(self, entity: str) -> str:
        """Return the words that name an entity in a command."""
        return self.sim.index.name(entity).lower()

    def _make(self, thing: str) -> None:
        recipe = next((r for r in self.sim.spec.recipes if r.makes == thing), None)
        if recipe is None:
            raise Unsolvable(f"{thing} is not in play")
        for part in recipe.parts:
            self.fetch(part)
        self.do("combine " + " with ".join(self.name(p) for p in recipe.parts))

    def _light_for(self, room: str) -> None:
        if not self.sim.index.rooms[room].dark:
            return
        mine = Scene(self.sim.index, self.sim, self.actor).reachable_from(self.actor)
        if any(self.sim.index.things[t].light and self.sim.get(t, "lit") for t in mine):
            return
        for thing in self.sim.spec.things:
            if thing.light and thing.portable and not self._in_dark(thing):
                self.fetch(thing.id)
                if not self.sim.get(thing.id, "lit"):
                    self.do(f"light {self.name(thing.id)}")
                return
        raise Unsolvable("there is no light to be had")

    def _in_dark(self, thing: Thing) -> bool:
        place = self.sim.get(thing.id, "location")
        while place in self.sim.index.things:
            place = self.sim.get(place, "location")
        room = self.sim.index.rooms.get(place or "")
        return room is not None and room.dark

    def _route(self, room: str) -> list[Exit]:
        graph: Any = nx.DiGraph()
        for way in self.sim.spec.exits:
            graph.add_edge(way.source, way.target, weight=self._cost(way), way=way)
        try:
            nodes = nx.shortest_path(graph, self.room, room, weight="weight")
        except (nx.NetworkXNoPath, nx.NodeNotFound):
            raise Unsolvable(f"no way to {room}") from None
        return [graph.edges[a, b]["way"] for a, b in pairwise(nodes)]

    def _cost(self, way: Exit) -> int:
        door = self.sim.index.doors.get(way.door or "")
        locked = door is not None and self.sim.get(door.id, "locked")
        no_key = (
            locked and door is not None and self.sim.get(door.key or "", "location") != self.actor
        )
        unknown = way.hidden and not self.sim.get(way.id, "revealed")
        return 1 + FAR * (bool(no_key) + bool(unknown))

    def _clear(self, way: Exit) -> bool:
        """Make the exit passable; False if that has taken us to another room."""
        room = self.room
        if way.hidden and not self.sim.get(way.id, "revealed"):
            sign = next((t for t in self.sim.spec.things if t.reveals == way.id), None)
            if sign is None:
                raise Unsolvable(f"nothing reveals {way.id}")
            self.reach(sign.id)
            self.do(f"examine {self.name(sign.id)}")
            if self.room != room:
                return False
        if way.door and not self.sim.get(way.door, "open"):
            self._light_for(room)
            if self.room != room:
                return False
            self.open(way.door)
        return self.room == room

    def _deeper(self) -> _Depth:
        return _Depth(self)


class _Depth:
    """Counts sub-tasks within sub-tasks, so that an unsolvable world ends in an error."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner

    def __enter__(self) -> None:
        self._planner._depth += 1
        if self._planner._depth > MAX_DEPTH or len(self._planner.commands) > 500:
            raise Unsolvable("too many steps, or sub-tasks within sub-tasks")

    def __exit__(self, *_: object) -> None:
        self._planner._depth -= 1


_DIRECTIONS = frozenset(
    ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest",
     "up", "down", "in", "out")
)  # fmt: skip
