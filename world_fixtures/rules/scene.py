"""What an actor can see and reach, and the text that describes it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Protocol

from world_fixtures.facts import Fact
from world_fixtures.living import CLOCK, Bring, Living, Person
from world_fixtures.rules.grammar import COMPASS
from world_fixtures.rules.names import Words, words
from world_fixtures.spec import Character, Door, Exit, Thing, WorldSpec


class StateReader(Protocol):
    """A live state, wherever it is kept."""

    def get(self, entity: str, field: str) -> Any:
        """Return the value of a mutable field (see `world_fixtures.state`)."""

    def contents(self, place: str) -> Sequence[str]:
        """Return the ids of things and characters directly in `place`, in any order."""


class SpecIndex:
    """Look-ups that depend on the spec alone; made once, shared by all its instances."""

    def __init__(self, spec: WorldSpec) -> None:
        self.spec = spec
        self.rooms = {r.id: r for r in spec.rooms}
        self.things = {t.id: t for t in spec.things}
        self.doors = {d.id: d for d in spec.doors}
        self.characters = {c.id: c for c in spec.characters}
        self.scenery = {s.id: s for r in spec.rooms for s in r.scenery}
        self.order = {i: n for n, i in enumerate(spec.entities)}
        compass = {d: n for n, d in enumerate(COMPASS)}
        self.exits: dict[str, tuple[Exit, ...]] = {
            room: tuple(sorted(exits, key=lambda e: compass[e.direction]))
            for room, exits in spec.exits_of.items()
        }
        self.exit_ids = {e.id: e for e in spec.exits}
        self.through: dict[str, list[Exit]] = {d: [] for d in self.doors}
        """The exits with a door, in the order of the spec."""
        for exit_ in spec.exits:
            if exit_.door is not None:
                self.through.setdefault(exit_.door, []).append(exit_)
        self.lights = [t.id for t in spec.things if t.light and t.portable and not t.heavy]
        """Lights that can be carried, in the order of the spec."""
        self.names: dict[str, tuple[Words, ...]] = {
            **{t.id: tuple(words(n) for n in (t.name, *t.aliases)) for t in spec.things},
            **{d.id: (words(d.name),) for d in spec.doors},
            **{
                s.id: tuple(words(n) for n in (s.name, *s.aliases))
                for r in spec.rooms
                for s in r.scenery
            },
            **{c.id: (words(c.name),) for c in spec.characters},
        }
        living = spec.living or Living()
        self.people = {p.id: p for p in living.people}
        self.played = frozenset(self.characters) - self.people.keys()
        """Characters that do not act by themselves."""
        self.heeding = {p.id: heeded for p in living.people if (heeded := _heeded(p))}
        self.turns = {turning.thing: turning.after for turning in living.turning}
        self.burns = frozenset(burning.thing for burning in living.burning)
        self.machines = {process.machine: process for process in living.processes}
        self._toward: dict[str, dict[str, Exit]] = {}

    def acting(self, tick: int) -> Iterator[Person]:
        """Iterate over the people who act at a tick, in the order of the spec."""
        for n, person in enumerate(self.people.values()):
            if (tick + n) % person.pace == 0:
                yield person

    def toward(self, room: str) -> dict[str, Exit]:
        """Return the first exit of a shortest way to a room, from each room that has one.

        Hidden exits are not used; doors count as any other way.
        """
        if room not in self._toward:
            first: dict[str, Exit] = {}
            near = deque([room])
            while near:
                target = near.popleft()
                for exit_ in self._leading_to.get(target, ()):
                    if exit_.source != room and exit_.source not in first:
                        first[exit_.source] = exit_
                        near.append(exit_.source)
            self._toward[room] = first
        return self._toward[room]

    @cached_property
    def _leading_to(self) -> dict[str, list[Exit]]:
        found: dict[str, list[Exit]] = {}
        for exit_ in self.spec.exits:
            if not exit_.hidden:
                found.setdefault(exit_.target, []).append(exit_)
        return found

    def start_room(self, entity: str) -> str:
        """Return the room in which a thing or character is at the start, empty where in none."""
        place: str | None = entity
        while place is not None and place not in self.rooms:
            place = (self.things.get(place) or self.characters[place]).location
        return place or ""

    def name(self, entity: str) -> str:
        """Return the display name of a thing, door, character or room."""
        for group in (self.things, self.doors, self.characters, self.rooms, self.scenery):
            if entity in group:
                return group[entity].name
        return entity


def _heeded(person: Person) -> tuple[str, ...]:
    """Return what a person remembers the place of: what it heeds, and what it is to bring."""
    works = (duty.work for duty in person.duties)
    fetched = (work.thing for work in works if isinstance(work, Bring))
    return tuple(dict.fromkeys((*person.heeds, *fetched)))


class Scene:
    """One actor's surroundings, read from the live state at each call."""

    def __init__(self, index: SpecIndex, state: StateReader, actor: str) -> None:
        self.index = index
        self.state = state
        self.actor = actor

    @property
    def room(self) -> str:
        """Id of the actor's room."""
        room: str = self.state.get(self.actor, "location")
        return room

    def things_in(self, place: str) -> list[Thing]:
        """Return the things directly in `place`, in the order of the spec."""
        held = self.state.contents(place)
        if not held:
            return []
        things = self.index.things
        found = [i for i in held if i in things]
        if len(found) > 1:
            found.sort(key=self.index.order.__getitem__)
        return [things[i] for i in found]

    def others(self) -> list[Character]:
        """Return the other characters in the room."""
        characters = self.index.characters
        return [
            characters[i]
            for i in sorted(self.state.contents(self.room))
            if i in characters and i != self.actor
        ]

    def is_open(self, thing: Thing) -> bool:
        """Tell whether what a thing holds can be seen and reached."""
        return thing.surface or (thing.container and self.state.get(thing.id, "open"))

    def reachable_from(self, place: str) -> list[str]:
        """Return the things in `place`, and in and on those that give access, depth first."""
        found: list[str] = []
        for thing in self.things_in(place):
            found.append(thing.id)
            if self.is_open(thing):
                found += self.reachable_from(thing.id)
        return found

    def is_dark(self) -> bool:
        """Tell whether the room is dark and no light burns in it."""
        room = self.index.rooms[self.room]
        if not room.dark:
            return False
        places = [self.room, self.actor, *(c.id for c in self.others())]
        things = self.index.things
        return not any(
            things[i].light and self.state.get(i, "lit")
            for place in places
            for i in self.reachable_from(place)
        )

    def exits(self) -> list[Exit]:
        """Return the ways out that are known, in compass order."""
        return [
            e
            for e in self.index.exits[self.room]
            if not e.hidden or self.state.get(e.id, "revealed")
        ]

    def in_reach(self) -> list[str]:
        """Return the ids of things and doors that can be handled, carried ones first."""
        found = self.reachable_from(self.actor)
        if not self.is_dark():
            found += self.reachable_from(self.room)
            found += dict.fromkeys(e.door for e in self.exits() if e.door)
        return found

    def seen(self) -> tuple[Fact, ...]:
        """Return the facts that the view reveals."""
        room = self.room
        exits = Fact(room, "exits", [e.direction for e in self.exits()])
        if self.is_dark():
            return (exits,)
        seen = (Fact(room, "desc", True), exits, *self._contents_seen(room))
        if self.index.spec.living is None:
            return seen
        return *seen, Fact(room, "people", [c.id for c in self.others()])

    def _contents_seen(self, place: str) -> Iterator[Fact]:
        here = self.things_in(place)
        yield Fact(place, "contents", [t.id for t in here])
        for thing in here:
            if thing.surface:
                yield from self._contents_seen(thing.id)

    def view(self) -> str:
        """Describe the room as the actor sees it."""
        room = self.index.rooms[self.room]
        if self.is_dark():
            dark = "It is too dark to see more than the ways out."
            return "\n".join([room.name, dark, self.exits_line(), *self._times()])
        lines = [room.name, room.desc, self.exits_line()]
        here = self.things_in(self.room)
        if here:
            lines.append("Here: " + ", ".join(map(self.label, here)))
        lines += self._surfaces(here)
        if others := self.others():
            lines.append("Others: " + ", ".join(c.name for c in others))
        return "\n".join([*lines, *self._times()])

    def _times(self) -> list[str]:
        return [] if self.index.spec.living is None else [self.time_line()]

    def time_line(self) -> str:
        """Say what the clock shows, in a world with time."""
        living = self.index.spec.living
        assert living is not None
        day, hour = divmod(self.state.get(CLOCK, "tick"), living.day)
        return f"Time: {hour} of {living.day}, day {day + 1}."

    def _surfaces(self, things: list[Thing]) -> list[str]:
        lines = []
        for thing in things:
            if thing.surface and (on := self.things_in(thing.id)):
                lines.append(f"On the {thing.name}: " + ", ".join(map(self.label, on)))
                lines += self._surfaces(on)
        return lines

    def exits_line(self) -> str:
        """List the ways out in one line."""
        return "Exits: " + (", ".join(map(self._exit_label, self.exits())) or "none")

    def _exit_label(self, exit_: Exit) -> str:
        if exit_.door is None:
            return exit_.direction
        door = self.index.doors[exit_.door]
        return f"{exit_.direction} ({door.name}, {self.door_state(door)})"

    def door_state(self, door: Door | Thing) -> str:
        """Return `open` or `closed`."""
        return "open" if self.state.get(door.id, "open") else "closed"

    def label(self, thing: Thing) -> str:
        """Return the name with what can be seen at a glance."""
        if thing.container:
            return f"{thing.name} ({self.door_state(thing)})"
        if thing.light and self.state.get(thing.id, "lit"):
            return f"{thing.name} (lit)"
        return thing.name
