"""Reachability: the rooms that can be entered and the things that can be handled. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

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

    def grow(self) -> bool:
        """Take, make and go once; returns False once nothing is new."""
        before = len(self.rooms), len(self.things)
        self.things |= {t.id for t in self.spec.things if self._in_reach(t)}
        for recipe in self.spec.recipes:
            if self.things.issuperset(recipe.parts):
                self.things.add(recipe.makes)
        self.rooms |= {e.target for e in self.spec.exits if self._passable(e)}
        return before != (len(self.rooms), len(self.things))

    def _in_reach(self, thing: Thing) -> bool:
        holder = self._things.get(thing.location or "")
        if holder is not None:
            return holder.id in self.things and (holder.surface or self._opens(holder))
        if thing.location == self.spec.agent.id:
            return True
        return thing.location in self.rooms and self._seen(thing.location)

    def _passable(self, way: Exit) -> bool:
        if way.source not in self.rooms or (way.hidden and not self._discovered(way)):
            return False
        door = self._doors.get(way.door or "")
        return door is None or door.open or (self._seen(way.source) and self._opens(door))

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
