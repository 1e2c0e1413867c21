"""What an actor without the map has learned of a world, from what its commands revealed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from environments.tasks.actor import Actor
from world_fixtures.facts import Arranged, Fact
from world_fixtures.protocol import ResultKind
from world_fixtures.rules import Outcome, Simulation
from world_fixtures.rules.act import perform
from world_fixtures.rules.grammar import plain
from world_fixtures.rules.names import words
from world_fixtures.spec import OPPOSITE, Exit


class Learner(Actor):
    """Knows what was revealed to it; what it is told to find, it has to look for."""

    def __init__(self, simulation: Simulation, actor: str | None = None) -> None:
        super().__init__(simulation, actor)
        index = simulation.index
        self._all_keys = {d.key for d in index.doors.values()}
        self._all_keys |= {t.key for t in index.things.values()}
        self._connected = False
        self.forget()

    def connect(self) -> None:
        """Begin a stage by the view of the room and of what is carried.

        What was learned before is still known.
        """
        super().connect()
        self._wake()

    def _wake(self) -> None:
        self._connected = True
        held = [t.id for t in self._scene.things_in(self.actor)]
        self._take_in(Fact(self.actor, "contents", held))
        self._learn(perform(self._scene, plain("look")))  # on arriving, at no time

    def arrange(self, changes: Sequence[Arranged]) -> None:
        """Set fields of the world between stages, unseen by the searcher."""
        super().arrange(changes)
        self._epoch += 1
        self._given_up.clear()
        self._connected = False

    def forget(self) -> None:
        """Drop all that was learned."""
        self._epoch = 0
        self._exits: dict[str, list[Exit]] = {}
        self._ways: dict[str, list[tuple[Exit, str]]] = {}
        self._unknown: dict[str, list[Exit]] = {}
        self._targets: dict[str, str] = {}
        self._places: dict[str, str] = {}
        self._looked: dict[str, int] = {}
        self._fields: dict[tuple[str, str], bool] = {}
        self._dark: set[str] = set()
        self._fits: dict[str, str] = {}
        self._tried: set[tuple[str, str]] = set()
        self._studied: set[tuple[str, str]] = set()
        self._busy: set[str] = set()
        self._given_up: set[tuple[str, tuple[str, ...]]] = set()
        self._connected = False

    def ways(self, room: str) -> Iterable[tuple[Exit, str]]:
        """Return the exits of a room whose other side is known, or taken to be."""
        return self._ways.get(room, ())

    def where(self, entity: str) -> str | None:
        """Return what holds an entity directly, as last seen."""
        return self._places.get(entity)

    def known(self, entity: str, field: str) -> bool:
        """Return a field as last seen."""
        return self._fields.get((entity, field), False)

    def is_dark(self, room: str) -> bool:
        """Tell whether a room was too dark to see when the searcher was in it."""
        return room in self._dark

    def lights(self) -> Iterable[str]:
        """Return the lights seen that can be taken, save those in the dark."""
        for light in self.sim.index.lights:
            if light in self._places:
                room = self.room_of(light)
                if room is not None and (room not in self._dark or self.known(light, "lit")):
                    yield light

    def _sides(self, door: str) -> list[str]:
        return [room for room, ways in self._exits.items() if any(w.door == door for w in ways)]

    def _lacks_key(self, lock: str) -> bool:
        key = self._fits.get(lock)
        return key is None or self.where(key) != self.actor

    def _is_fragile(self, lock: str) -> bool:
        return (self.sim.index.things.get(lock) or self.sim.index.doors[lock]).fragile

    def _is_key(self, thing: str) -> bool:
        if thing in self._all_keys:
            return True
        found = self.sim.index.things.get(thing)
        return found is not None and "key" in words(found.name)

    def _is_open(self, thing: str) -> bool:
        found = self.sim.index.things[thing]
        return not found.container or found.surface or self.known(thing, "open")

    def _carries_light(self) -> bool:
        things = self.sim.index.things
        carried = self._scene.reachable_from(self.actor)
        return any(things[t].light and self.sim.get(t, "lit") for t in carried)

    def _gloomy(self, room: str, lit: bool) -> bool:
        return room in self._dark and not lit and not self._seen_with_light(room)

    def _seen_with_light(self, room: str) -> bool:
        """Tell whether a burning light was left in a dark room."""
        return any(self.known(t, "lit") and self.room_of(t) == room for t in self.lights())

    def _all_locks(self) -> list[str]:
        """Return what is known to be locked and to have no told key."""
        return [
            e
            for (e, field), value in self._fields.items()
            if field == "locked" and value and e not in self._fits
        ]

    def _ensure_connected(self) -> None:
        if not self._connected:
            self._wake()

    def _act(self, command: str, attempt: bool = False) -> Outcome:
        self._ensure_connected()
        outcome = super()._act(command, attempt)
        for change in outcome.changes:
            if change.field == "location":
                self._put_down(change.entity, change.after)
            elif isinstance(change.after, bool):
                self._fields[change.entity, change.field] = change.after
                if change.field == "revealed":
                    self._see_exits(self.room)
        self._learn(outcome)
        return outcome

    def _put_down(self, entity: str, place: str | None) -> None:
        if place is None:
            self._places.pop(entity, None)
        else:
            self._places[entity] = place

    def _learn(self, outcome: Outcome) -> None:
        if outcome.kind is not ResultKind.OK:
            return
        for fact in outcome.reveals:
            self._take_in(fact)
        if outcome.verb in ("look", "go"):
            here = self.room
            self._places[self.actor] = here
            if self._scene.is_dark():
                self._dark.add(here)
            else:
                for other in self._scene.others():
                    self._places[other.id] = here

    def _take_in(self, fact: Fact) -> None:
        entity, field, value = fact
        if field == "contents":
            for thing in [t for t, place in self._places.items() if place == entity]:
                if thing in self.sim.index.things and thing not in value:
                    del self._places[thing]
            for thing in value:
                self._see(thing, entity)
            self._looked[entity] = self._epoch
        elif field == "exits":
            self._see_exits(entity)
        elif field == "target":
            self._arrive(entity, value)
        elif field in ("open", "locked"):
            self._fields[entity, field] = value
        elif field == "fits":
            self._fits[str(value)] = entity
        elif field == "desc":
            self._studied.add((entity, "examine"))
        elif field == "text":
            self._studied.add((entity, "read"))

    def _see(self, thing: str, place: str) -> None:
        self._places[thing] = place
        found = self.sim.index.things[thing]
        if found.container:
            self._fields[thing, "open"] = bool(self.sim.get(thing, "open"))
        if found.light:
            self._fields[thing, "lit"] = bool(self.sim.get(thing, "lit"))

    def _see_exits(self, room: str) -> None:
        """Take in the exits line of the room the actor is in, which shows its doors."""
        if room != self.room:
            return
        self._exits[room] = self._scene.exits()
        self._sort_ways(room)
        for way in self._exits[room]:
            if way.door is not None:
                opened = bool(self.sim.get(way.door, "open"))
                self._fields[way.door, "open"] = opened
                if opened:
                    self._fields[way.door, "locked"] = False

    def _arrive(self, way: str, room: str) -> None:
        source, _, direction = way.rpartition(":")
        if self._targets.get(way) != room:
            self._targets[way] = room
            self._sort_ways(source)
        back = f"{room}:{OPPOSITE[direction]}"
        if back in self.sim.index.exit_ids and back not in self._targets:
            self._targets[back] = source
            self._sort_ways(room)

    def _sort_ways(self, room: str) -> None:
        """Tell the exits of a room whose other side is known from the others."""
        targets, exits = self._targets, self._exits.get(room, ())
        self._ways[room] = [(e, targets[e.id]) for e in exits if e.id in targets]
        self._unknown[room] = [e for e in exits if e.id not in targets]
