"""Errands about rooms: what they hold, how they lie to each other, which one is meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from environments.policies.scripted.errands import Errand
from environments.policies.scripted.hand import Hand
from environments.policies.scripted.known import Room, Thing
from environments.policies.scripted.notes import tour
from environments.policies.scripted.queries import Query
from environments.policies.scripted.search import SURFACES, Wish, legible, routes
from environments.policies.scripted.told import bare
from environments.policies.scripted.world import World


def found(hand: Hand, asked: Query) -> str:
    """Return the name of a room that is named or told of, searching for it."""
    return hand.room(hand.learn(asked))


def listed(world: World, name: str) -> list[Thing]:
    """Return what is listed in a room: what stands in it, and what stands on that."""
    room = world.find_room(name)
    place = room.name if room else ""
    return [
        t for t in world.things.values()
        if not t.door and (
            t.place == place
            or (t.place in world.things and world.things[t.place].place == place
                and not world.things[t.place].container)
        )
    ]  # fmt: skip


def see(hand: Hand, name: str) -> None:
    """Have seen a room in light."""
    room = hand.world.find_room(name)
    if room is None or not room.desc:
        if room is not None and room.dark:
            hand.light()
        hand.go(hand.room(name))
        hand.do("look")


@dataclass
class Report(Errand):
    """Say what lies in one room, which ways lead out of another, and come back."""

    room: Query
    other: Query
    filter: str = ""

    def act(self, hand: Hand) -> None:
        """See both, and look closer at what may be of the sort that is asked for."""
        name = found(hand, self.room)
        see(hand, name)
        if "writing" in self.filter:
            for thing in listed(hand.world, name):
                if not (thing.examined or thing.text or _furniture(thing)):
                    hand.reach(thing.name, f"examine {thing.name}")
        other = found(hand, self.other)
        tour(hand, [name, other, hand.world.start])

    def kept(self) -> Iterable[str] | None:
        """Keep all: the agent stays where it began."""
        return None

    def answer(self, world: World) -> dict[str, Any]:
        """List things and directions."""
        name, other = self.room.answer(world.lore), self.other.answer(world.lore)
        room = world.find_room(other or "")
        things = listed(world, name or "")
        if "writing" in self.filter:
            things = [t for t in things if t.writing or t.text]
        elif "opened" in self.filter:
            things = [t for t in things if t.container]
        elif self.filter:
            things = [t for t in things if SURFACES.search(t.name)]
        return {"things": [t.name for t in things], "exits": list(room.ways) if room else []}


def _furniture(thing: Thing) -> bool:
    return thing.container or bool(SURFACES.search(thing.name))


@dataclass
class Tour(Errand):
    """Enter rooms in an order, and say what is in one of them."""

    names: tuple[str, ...]
    described: str = ""

    def act(self, hand: Hand) -> None:
        """Walk; look where a description is asked for."""
        world = hand.world
        if self.described and (room := world.find_room(self.described)) and not room.desc:
            see(hand, room.name)
        tour(hand, self.names)

    def kept(self) -> Iterable[str] | None:
        """Keep all: the agent stays where it is."""
        return None

    def answer(self, world: World) -> dict[str, Any]:
        """List the things."""
        if not self.described:
            return {}
        return {"things": [t.name for t in listed(world, self.described)]}


@dataclass
class Enter(Errand):
    """Get into a locked room that texts tell of, and say what is in it and when it was built."""

    room: Query
    field: str = ""
    """Takes the year; empty where none is asked for."""

    def act(self, hand: Hand) -> None:
        """Find out which it is; read on until its key is told."""
        name = hand.learn(self.room, Wish(letters=True, unlock=True))
        room = hand.world.find_room(name)
        if room is None:
            hand.search(Wish(texts=not _openable(hand.world), unlock=True))
            return
        if self.field:
            hand.learn(self._year(name), Wish(texts=True, unlock=True))
        see(hand, room.name)
        hand.settle(room.name)

    def kept(self) -> Iterable[str] | None:
        """Keep all: the agent stays where it is."""
        return None

    def answer(self, world: World) -> dict[str, Any]:
        """List the things, and give the year."""
        found: dict[str, Any] = {"things": [t.name for t in listed(world, world.here)]}
        year = self._year(self.room.answer(world.lore) or "").answer(world.lore)
        return {**found, self.field: year} if self.field and year else found

    def _year(self, name: str) -> Query:
        return Query(relation="built", of=Query(bare(name)))


def _openable(world: World) -> bool:
    """Tell whether there is a door with a known key behind which nobody looked."""
    return any(
        door.door and world.lore.value("key", bare(door.name))
        for room in world.rooms.values()
        for way in room.ways.values()
        if not way.target and (door := world.things.get(way.door))
    )


@dataclass
class Survey(Errand):
    """Learn how the rooms around one lie, by ways without doors, up to a number of moves."""

    center: str
    moves: int = 99
    end: str = ""
    """Where a route is to lead; empty where a map or rooms are asked for."""
    closed: tuple[str, ...] = ()
    """Two rooms between which no way is to be used."""
    field: str = "edges"

    def act(self, hand: Hand) -> None:
        """Walk every way that may matter."""
        world = hand.world
        center = hand.room(self.center)
        far = self._distances(world, center)
        end = world.find_room(self.end) if self.end else None
        limit = far.get(end.name, 99) if end else self.moves
        ways = routes(world, world.here)
        options = [
            (len(ways[room]), room, direction)
            for room, distance in far.items()
            if distance < limit and room in ways
            for direction, way in world.rooms[room].ways.items()
            if not way.target and not way.door and not way.refused
        ]
        if options:
            _, room, direction = min(options)
            hand.do(*ways[room], direction)
        if any(d < limit and r not in ways for r, d in far.items() if _open_ended(world, r)):
            hand.search(Wish())
        if self.end and end is None:
            hand.search(Wish())

    def _distances(self, world: World, center: str) -> dict[str, int]:
        far, queue = {center: 0}, [center]
        for room in queue:
            for _, target in self._ways(world, room):
                if target not in far:
                    far[target] = far[room] + 1
                    queue.append(target)
        return far

    def _ways(self, world: World, room: str) -> Iterator[tuple[str, str]]:
        closed = {name.casefold() for name in self.closed}
        for direction, way in world.rooms[room].ways.items():
            plain = way.target in world.rooms and not way.door and not way.hidden
            if plain and {room.casefold(), way.target.casefold()} != closed:
                yield direction, way.target

    def answer(self, world: World) -> dict[str, Any]:
        """Draw the map, list the rooms at this distance, or give the route."""
        center = world.find_room(self.center)
        if center is None:
            return {}
        far = self._distances(world, center.name)
        if self.field == "rooms":
            return {"rooms": [room for room, n in far.items() if n == self.moves]}
        if self.field == "route":
            return {"route": self._route(world, center.name)}
        near = {room for room, n in far.items() if n <= self.moves}
        return {
            "edges": [
                f"{room} | {direction} | {target}"
                for room in near
                for direction, target in self._ways(world, room)
                if target in near
            ]
        }

    def _route(self, world: World, center: str) -> list[str]:
        paths: dict[str, list[str]] = {center: []}
        for room in (queue := [center]):
            for direction, target in self._ways(world, room):
                if target not in paths:
                    paths[target] = [*paths[room], direction]
                    queue.append(target)
        end = world.find_room(self.end)
        return paths.get(end.name, []) if end else []


def _open_ended(world: World, room: str) -> bool:
    return any(
        not w.target and not w.door and not w.refused for w in world.rooms[room].ways.values()
    )


_COUNTS = {"no": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_SORTS: dict[str, Callable[[Thing], bool]] = {
    "that can be opened": lambda t: t.container,
    "that one can put things on": lambda t: bool(SURFACES.search(t.name)),
    "that has writing on it": legible,
}


def fits(world: World, room: Room, clause: str) -> bool:
    """Tell whether what a clause says is true of a room that was seen."""
    clause = clause.strip().rstrip(".")
    things = listed(world, room.name)
    if m := re.fullmatch(r"it has (no|an?) (.+)", clause):
        has = bool(re.search(rf"\b{re.escape(m[2])}\b", room.desc, re.IGNORECASE))
        return has != (m[1] == "no")
    if m := re.fullmatch(r"(something|nothing) (that .+) is in it", clause):
        sort = _SORTS.get(m[2], legible)
        return any(sort(t) for t in things) == (m[1] == "something")
    if m := re.fullmatch(r"(no|an?) (.+) is in it", clause):
        has = any(t.name.casefold().endswith(m[2].casefold()) for t in things)
        return has != (m[1] == "no")
    if m := re.fullmatch(r"(\w+) ways? leads? out of it", clause):
        return len(room.ways) == _COUNTS.get(m[1], -1)
    if m := re.fullmatch(r"a way leads (\w+) from it, but none leads (\w+)", clause):
        return m[1] in room.ways and m[2] not in room.ways
    return True


@dataclass
class Meant(Errand):
    """Find rooms by what is true of them, and stay in the last."""

    clauses: tuple[tuple[str, ...], ...]
    fields: tuple[str, ...] = ()

    def act(self, hand: Hand) -> None:
        """Look at rooms until each description has one that fits."""
        rooms = self._rooms(hand.world)
        if not all(rooms):
            hand.search(Wish(light=True))
        hand.settle(rooms[-1])

    def _rooms(self, world: World) -> list[str]:
        return [
            next(
                (r.name for r in world.rooms.values()
                 if r.desc and all(fits(world, r, c) for c in clauses)), ""
            )
            for clauses in self.clauses
        ]  # fmt: skip

    def kept(self) -> Iterable[str] | None:
        """Keep all: the agent stays where it is."""
        return None

    def answer(self, world: World) -> dict[str, Any]:
        """Name the rooms."""
        return dict(zip(self.fields, self._rooms(world), strict=False))


@dataclass
class Follow(Errand):
    """Follow directions with conditions on what can be seen."""

    steps: tuple[str, ...]
    noted: str = ""

    def act(self, hand: Hand) -> None:
        """Take the next step that was not taken."""
        world = hand.world
        left = iter(world.trace)
        here = [next(left)]
        for step in self.steps:
            if step.startswith("Take note"):
                self.noted = here[0]
                continue
            for direction in _moves(world, step, here):
                room = next(left, "")
                if not room:
                    _step(hand, direction)
                here[0] = room

    def kept(self) -> Iterable[str] | None:
        """Keep all: the agent stays where it is."""
        return None

    def answer(self, world: World) -> dict[str, Any]:
        """Name the room that was to be noted."""
        return {"noted": self.noted}


def _step(hand: Hand, direction: str) -> None:
    way = hand.world.rooms[hand.world.here].ways.get(direction)
    door = hand.world.things.get(way.door) if way else None
    if door is not None and not door.open:
        hand.do(f"open {door.name}", direction)
    hand.do(direction)


def _moves(world: World, step: str, here: list[str]) -> Iterator[str]:
    """Yield the directions that a step takes; `here` holds the room where one stands by then."""
    if m := re.search(r"if you can see an? (.+?), go (\w+); otherwise go (\w+)", step):
        yield m[2] if _seen(world, here[0], m[1]) else m[3]
    elif m := re.search(r"go (\w+), unless you can see an? (.+?): in that case go (\w+)", step):
        yield m[3] if _seen(world, here[0], m[2]) else m[1]
    elif m := re.search(r"keep going (\w+) until you can see an? (.+)", step):
        for _ in range(20):
            if _seen(world, here[0], m[2]):
                return
            yield m[1]
    elif m := re.search(r"go (\w+)", step):
        yield m[1]


def _seen(world: World, name: str, what: str) -> bool:
    room = world.rooms[name]
    what = what.strip().casefold()
    things = [t.name.casefold() for t in listed(world, name)]
    return what in things or bool(re.search(rf"\b{re.escape(what)}\b", room.desc.casefold()))
