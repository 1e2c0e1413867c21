"""What a prompt may ask for: how each sort of errand is done, and its answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from environments.policies.scripted.facts import Subject, tell
from environments.policies.scripted.hand import Hand
from environments.policies.scripted.known import GONE, ME
from environments.policies.scripted.search import KEY, Wish, lights, routes
from environments.policies.scripted.world import World


@dataclass
class Errand:
    """Something a prompt asks for. `act` returns when it is done, raising `Do` until then."""

    def act(self, hand: Hand) -> None:
        """Do the next thing."""

    def kept(self) -> Iterable[str] | None:
        """Return the names of what is to stay as the errand leaves it; None: all is to stay."""
        return ()

    def answer(self, world: World) -> dict[str, Any]:
        """Return the answer as far as it is known."""
        return {}


@dataclass
class Stand(Errand):
    """Stand in the room that is named, quoted, or at the end of directions."""

    name: str = ""
    quote: str = ""
    directions: tuple[str, ...] = ()

    def act(self, hand: Hand) -> None:
        """Find the room and go there."""
        world = hand.world
        if self.directions:
            room = world.start
            for n, direction in enumerate(self.directions):
                way = world.rooms[room].ways.get(direction)
                if way is None or not way.target:
                    hand.go(room)
                    door = world.things.get(way.door) if way else None
                    if door and not door.open:
                        hand.open(door.name)
                    hand.do(*self.directions[n:])
                else:
                    room = way.target
            hand.go(room)
        elif self.quote:
            found = [r.name for r in world.rooms.values() if self.quote in r.desc]
            if not found:
                hand.search(Wish(light=True))
            hand.settle(found[0])
        else:
            hand.settle(hand.room(self.name))

    def kept(self) -> Iterable[str] | None:
        """Keep all: the agent stays where it is."""
        return None


@dataclass
class Describe(Errand):
    """Say what the first room is and holds."""

    def act(self, hand: Hand) -> None:
        """Look once."""
        if not hand.world.here:
            hand.do("look")

    def answer(self, world: World) -> dict[str, Any]:
        """List what stands in the room, and what stands on that."""
        things = [t.name for t in world.things.values()
                  if not t.door and t.place != ME and world.room_of(t) == world.here]  # fmt: skip
        room = world.rooms[world.here]
        return {"room": room.name, "things": things, "exits": list(room.ways)}


@dataclass
class Chart(Errand):
    """Draw a map of what can be reached without opening a door."""

    def act(self, hand: Hand) -> None:
        """Walk every open way."""
        hand.search(Wish(doors=False))

    def answer(self, world: World) -> dict[str, Any]:
        """List every way that has no door and was not hidden."""
        edges = [
            f"{room.name} | {direction} | {way.target}"
            for room in world.rooms.values()
            for direction, way in room.ways.items()
            if way.target and not way.door and not way.hidden
        ]
        return {"edges": edges}


@dataclass
class Learn(Errand):
    """Find out what is written, and answer with it, with a sum, or with a comparison."""

    subjects: tuple[Subject, ...]
    fields: tuple[str, ...] = ("value",)
    least: bool = False
    """The least value, and what it is written on."""

    def act(self, hand: Hand) -> None:
        """Read until every subject is known."""
        for subject in self.subjects:
            if tell(hand.world, subject) is None:
                read(hand, subject)

    def answer(self, world: World) -> dict[str, Any]:
        """Answer what is known."""
        told = [t for t in (tell(world, s) for s in self.subjects) if t]
        if not told:
            return {}
        if len(self.subjects) == 1:
            return {self.fields[0]: told[0][0]}
        if self.least:
            value, thing = min(told, key=lambda t: (_number(t[0]), t[0]))
            return dict(zip(self.fields, (value, thing), strict=False))
        return {self.fields[0]: sum(_number(t[0]) for t in told)}


def read(hand: Hand, subject: Subject) -> None:
    """Read the document that a subject names, or any that was not read."""
    if subject.source:
        hand.reach(subject.source, f"read {hand.thing(subject.source).name}")
    things = [t for t in hand.world.things.values() if t.text is None and not t.door]
    for thing in things:
        if thing.name.casefold() in subject.words.casefold():
            hand.reach(thing.name, f"read {thing.name}")
    if unread := [t for t in things if t.writing]:
        ways = routes(hand.world, hand.world.here)
        near = min(unread, key=lambda t: len(ways.get(hand.world.room_of(t), range(99))))
        hand.reach(near.name, f"read {near.name}")
    hand.search(Wish(things=True, penalties={"examine": 1}))


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


@dataclass
class Note(Errand):
    """Find something out and write it on a thing."""

    subject: Subject
    target: str

    def act(self, hand: Hand) -> None:
        """Read, then write."""
        told = tell(hand.world, self.subject)
        if told is None:
            read(hand, self.subject)
            return
        thing = hand.thing(self.target)
        if told[0] not in thing.mine:
            hand.reach(self.target, f"write {told[0]} on {thing.name}")


@dataclass
class Recall(Errand):
    """Answer with the last line written on a thing."""

    target: str
    field: str = "value"

    def act(self, hand: Hand) -> None:
        """Read the thing."""
        thing = hand.thing(self.target)
        if thing.text is None:
            hand.reach(self.target, f"read {thing.name}")

    def answer(self, world: World) -> dict[str, Any]:
        """Return the last line."""
        thing = world.find(self.target)
        lines = (thing.mine or thing.lines) if thing else []
        return {self.field: lines[-1]} if lines else {}


@dataclass
class Inside(Errand):
    """List what a container holds."""

    target: str

    def act(self, hand: Hand) -> None:
        """Look into it."""
        thing = hand.thing(self.target)
        if not thing.inspected:
            hand.inspect(thing)

    def answer(self, world: World) -> dict[str, Any]:
        """List the names of what is in it."""
        thing = world.find(self.target)
        return {"things": [t.name for t in world.held_by(thing.name)] if thing else []}


@dataclass
class Count(Errand):
    """Count the lines written on a thing."""

    target: str

    def act(self, hand: Hand) -> None:
        """Read it."""
        thing = hand.thing(self.target)
        if thing.text is None:
            hand.reach(self.target, f"read {thing.name}")

    def answer(self, world: World) -> dict[str, Any]:
        """Count."""
        thing = world.find(self.target)
        return {"count": len(thing.lines)} if thing and thing.text is not None else {}


@dataclass
class Bring(Errand):
    """Put things where they belong, the nearest first; keys and lights last."""

    loads: list[tuple[str, str]]
    parts: tuple[str, ...] = ()
    """To be combined into the first load before."""

    def act(self, hand: Hand) -> None:
        """Combine what is to be combined, then fetch and put."""
        self._combine(hand)
        world = hand.world
        pending = [(name, place) for name, place in self.loads if not _lies(world, name, place)]
        pending.sort(key=lambda load: _cost(world, *load))
        for name, place in pending:
            hand.put(name, place)

    def kept(self) -> Iterable[str]:
        """Return what was brought."""
        return [name for name, _ in self.loads]

    def _combine(self, hand: Hand) -> None:
        if not self.parts:
            return
        product = hand.world.find(self.loads[0][0])
        if product and product.place:
            return
        for part in sorted(self.parts, key=lambda p: _cost(hand.world, p, "")):
            hand.fetch(part)
        hand.do("combine " + " with ".join(self.parts))


def _lies(world: World, name: str, place: str) -> bool:
    thing = world.find(name)
    goal = world.find(place) or world.find_room(place)
    return bool(thing and goal and thing.place == goal.name)


def _cost(world: World, name: str, place: str) -> tuple[int, int, int]:
    """Return the order among loads: tools last, what is unknown before, then by distance."""
    thing = world.find(name)
    tool = 2 if thing in lights(world) else int(bool(KEY.search(name)))
    if thing is None or thing.place in ("", GONE):
        return tool, 2, 0
    goal = world.find(place) or world.find_room(place)
    known = goal is not None or not place
    ways = routes(world, world.here)
    if thing.place != ME:
        far = ways.get(world.room_of(thing))
    else:
        room = world.find_room(place)
        target = world.find(place)
        far = ways.get(room.name if room else world.room_of(target) if target else "")
    return tool, int(not known or far is None), len(far or ())


@dataclass
class Unlock(Errand):
    """Open what is locked."""

    target: str

    def act(self, hand: Hand) -> None:
        """Find the lock and its key."""
        hand.open(self.target)

    def kept(self) -> Iterable[str]:
        """Return what was to be opened."""
        return (self.target,)


@dataclass
class Look(Errand):
    """Find a thing and examine it."""

    target: str

    def act(self, hand: Hand) -> None:
        """Go there and examine it."""
        if not hand.thing(self.target).examined:
            hand.reach(self.target, f"examine {self.target}")


@dataclass
class Where(Errand):
    """Say in which room a thing is; pick it up where that is asked."""

    target: str
    take: bool = False
    field: str = "room"

    def act(self, hand: Hand) -> None:
        """Find it."""
        thing = hand.thing(self.target)
        if self.take and thing.place != ME:
            hand.fetch(self.target)

    def kept(self) -> Iterable[str]:
        """Return what was to be picked up."""
        return (self.target,) if self.take else ()

    def answer(self, world: World) -> dict[str, Any]:
        """Name the room in which it was."""
        thing = world.find(self.target)
        if thing is None:
            return {}
        holder = world.things.get(thing.home)
        room = thing.home if thing.home in world.rooms else ""
        if holder:
            room = world.room_of(holder)
        return {self.field: room or world.room_of(thing)}


@dataclass
class Guess(Errand):
    """A prompt that was not understood: walk everywhere."""

    fields: tuple[str, ...] = field(default_factory=tuple)

    def act(self, hand: Hand) -> None:
        """Look at all there is."""
        hand.search(Wish(things=True))
