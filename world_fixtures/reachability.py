"""Reachability: the rooms that can be entered and the things that can be handled. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from world_fixtures.living import Bring, Deal, Give, Living, Person, Round, Stay
from world_fixtures.spec import Door, Exit, Thing, WorldSpec


@dataclass
class Reach:
    """What is in reach so far; grows to the least fixpoint."""

    spec: WorldSpec
    rooms: set[str] = field(default_factory=set)
    things: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._things = {t.id: t for t in self.spec.things}
        self._doors = {d.id: d for d in self.spec.doors}
        self._dark = {r.id for r in self.spec.rooms if r.dark}
        living = self.spec.living or Living()
        self._timed = {table.door for table in living.timetables}
        self._people = living.people
        self._coins = living.purse + sum(person.purse for person in living.people)
        self._made = [(r.makes, set(r.parts)) for r in self.spec.recipes]
        self._made += [(makes, parts) for _, makes, parts in ways_about(living)]
        self._walkers = {person.id for person in living.people if person.duties}

    def grow(self) -> bool:
        """Take, make and go once; returns False once nothing is new."""
        before = len(self.rooms), len(self.things)
        self.things |= {t.id for t in self.spec.things if self._in_reach(t)}
        self.things |= {makes for makes, parts in self._made if parts <= self.things}
        for person in self._people:
            self.things |= set(self._handed_over(person))
        self.rooms |= {e.target for e in self.spec.exits if self._passable(e)}
        return before != (len(self.rooms), len(self.things))

    def _in_reach(self, thing: Thing) -> bool:
        holder = self._things.get(thing.location or "")
        if holder is not None:
            return holder.id in self.things and (holder.surface or self._opens(holder))
        if thing.location == self.spec.agent.id:
            return True
        return thing.location in self.rooms and self._seen(thing.location)

    def _handed_over(self, person: Person) -> Iterator[str]:
        """Iterate over what a person that can be met deals in, or carries to a place in reach."""
        posts = {room for duty in person.duties for room in _posts(duty.work)}
        start = next((c.location for c in self.spec.characters if c.id == person.id), "")
        if not self.rooms & {start, *posts}:
            return
        yield from (deal.gives for deal in person.deals if deal.gives and self._agreed(deal))
        for duty in person.duties:
            work = duty.work
            if isinstance(work, Bring) and work.to in self.rooms | self.things:
                holder = self._things.get(work.thing)
                if holder is not None and holder.location == person.id:
                    yield work.thing

    def _agreed(self, deal: Deal) -> bool:
        return deal.price <= self._coins and (deal.wants is None or self._carried(deal.wants))

    def _passable(self, way: Exit) -> bool:
        if way.source not in self.rooms or (way.hidden and not self._discovered(way)):
            return False
        door = self._doors.get(way.door or "")
        if door is None or door.open or door.id in self._timed:
            return True
        key = self._things.get(door.key or "")
        if key is not None and key.location in self._walkers:
            return True  # who carries the key opens it on its way
        return self._seen(way.source) and self._opens(door)

    def _opens(self, lock: Door | Thing) -> bool:
        return not lock.locked or self._carried(lock.key)

    def _carried(self, thing: str | None) -> bool:
        found = self._things.get(thing or "")
        return found is not None and found.id in self.things and can_be_carried(found)

    def _discovered(self, way: Exit) -> bool:
        """Tell whether a sign can show a way: it does so only in the room that the way leaves."""
        return any(
            t.reveals == way.id
            and t.id in self.things
            and (can_be_carried(t) or room_of(t, self._things) == way.source)
            for t in self.spec.things
        )

    def _seen(self, room: str) -> bool:
        """Tell whether a room is lit, or a light can be brought there."""
        return room not in self._dark or any(
            t.light
            and (self._carried(t.id) or (t.lit and room_of(t, self._things, seen=True) == room))
            for t in self.spec.things
        )


def obtainable(spec: WorldSpec) -> tuple[set[str], set[str]]:
    """Return the ids of the rooms that can be entered, and of the things that can be handled."""
    reach = Reach(spec, rooms={spec.agent.location})
    while reach.grow():
        pass
    return reach.rooms, reach.things


def ways_about(living: Living) -> Iterator[tuple[tuple[str | int, ...], str, set[str]]]:
    """Iterate over what comes about in time: place within the spec, the thing, what it takes."""
    for n, turning in enumerate(living.turning):
        yield ("living", "turning", n, "into"), turning.into, {turning.thing}
    for n, process in enumerate(living.processes):
        takes = {process.machine, *process.needs}
        yield ("living", "processes", n, "makes"), process.makes, takes


def _posts(work: object) -> tuple[str, ...]:
    match work:
        case Stay(room=room) | Give(room=room):
            return (room,)
        case Round(rooms=rooms):
            return rooms
    return ()


def can_be_carried(thing: Thing) -> bool:
    """Tell whether a thing can be taken."""
    return thing.portable and not thing.heavy


def room_of(thing: Thing, things: dict[str, Thing], seen: bool = False) -> str | None:
    """Return the room a thing is in at the start, through what holds it.

    None in a circle of holders.

    With `seen`, None also for what lies in a closed container.
    """
    place, passed = thing.location, {thing.id}
    while place in things:
        holder = things[place]
        if holder.id in passed or (seen and not (holder.surface or holder.open)):
            return None
        passed.add(holder.id)
        place = holder.location
    return place
