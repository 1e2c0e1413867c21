"""Errands of which a later conversation needs what was done, promised or walked in this one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from environments.policies.scripted.errands import Bring, Errand, Look
from environments.policies.scripted.hand import Hand
from environments.policies.scripted.known import OPPOSITE
from environments.policies.scripted.notes import Pad
from environments.policies.scripted.search import Wish, routes
from environments.policies.scripted.world import World

_LETTERS = {
    "northeast": "1", "southeast": "2", "southwest": "3", "northwest": "4",
    "north": "n", "east": "e", "south": "s", "west": "w", "up": "u", "down": "d",
    "in": "i", "out": "o",
}  # fmt: skip
"""Directions in one letter each."""
_DIRECTIONS = {letter: direction for direction, letter in _LETTERS.items()}


@dataclass
class Settle(Errand):
    """Put things in their places and note these."""

    pad: Pad
    loads: list[tuple[str, str]]

    def act(self, hand: Hand) -> None:
        """Write first, while it is known where to; then carry."""
        notes = [f"{thing}:{place}" for thing, place in self.loads]
        if self.pad.carried:
            self.pad.write(hand, notes)
        Bring(self.loads).act(hand)
        self.pad.write(hand, notes)

    def kept(self) -> Iterable[str]:
        """Return what was put in its place."""
        return [thing for thing, _ in self.loads]


@dataclass
class Resettle(Errand):
    """Bring things back to the places that were noted."""

    pad: Pad
    things: list[str] = field(default_factory=list)

    def act(self, hand: Hand) -> None:
        """Read the notes, look at the places, bring what is missing there."""
        loads = _pairs(self.pad.read(hand))
        self.things = [thing for thing, _ in loads]
        for _, room in sorted(loads, key=lambda load: _distance(hand, load[1])):
            if hand.world.find_room(room) is None:
                hand.room(room)
        Bring(loads).act(hand)

    def kept(self) -> Iterable[str]:
        """Return what was brought back."""
        return self.things


def _distance(hand: Hand, room: str) -> int:
    known = hand.world.find_room(room)
    ways = routes(hand.world, hand.world.here)
    return len(ways.get(known.name, range(99))) if known else 0


def _pairs(notes: Iterable[str]) -> list[tuple[str, str]]:
    return [(a, b) for a, mark, b in (note.partition(":") for note in notes) if mark]


@dataclass
class Spot(Errand):
    """Learn in which rooms things are, and note these."""

    pad: Pad
    names: tuple[str, ...]

    def act(self, hand: Hand) -> None:
        """Find them, then write."""
        world = hand.world
        rooms = {}
        for name in self.names:
            thing = world.find(name)
            rooms[name] = world.room_of(thing) if thing else ""
        if not all(rooms.values()):
            hand.search(Wish(things=True))
        self.pad.write(hand, [f"{name}:{room}" for name, room in rooms.items()])


@dataclass
class Missed(Errand):
    """Say which two of the things that were noted are elsewhere now."""

    pad: Pad

    def act(self, hand: Hand) -> None:
        """Go round the places, then look for what is missing."""
        for _, room in _pairs(self.pad.read(hand)):
            if len(self._moved(hand.world)) == 2:
                return
            if (seen := hand.world.find_room(room)) and seen.desc:
                hand.search(Wish(things=True))
        hand.search(Wish(things=True))

    def _moved(self, world: World) -> list[tuple[str, str, str]]:
        """List what is elsewhere now by name: the thing, its room before and its room now."""
        found = []
        for thing, room in _pairs(self.pad.known(world)):
            now = world.find(thing)
            at = world.room_of(now) if now else ""
            if at and at.casefold() != room.casefold():
                found.append((thing, room, at))
        return sorted(found, key=lambda m: m[0].casefold())

    def answer(self, world: World) -> dict[str, Any]:
        """Tell what was moved, from where and to where."""
        return {
            f"{field}{part}": value
            for field, moved in zip(("first", "second"), self._moved(world), strict=False)
            for part, value in zip(("", "_from", "_to"), moved, strict=True)
        }


@dataclass
class Promise(Errand):
    """Note a request, and do something else for now."""

    pad: Pad
    requests: tuple[str, ...]
    target: str

    def act(self, hand: Hand) -> None:
        """Write the request in few words, then look at what is to be looked at."""
        if self.requests and self.pad.carried:
            self.pad.write(hand, _noted(self.requests))
        Look(self.target).act(hand)
        if self.requests:
            self.pad.write(hand, _noted(self.requests))


def _noted(requests: Iterable[str]) -> list[str]:
    notes = []
    for request in requests:
        if m := re.search(
            r"carry the (.+?) to the (.+?) and put it down (?:on the floor )?there", request
        ):
            notes.append(f"{m[1]}:{m[2]}")
        elif m := re.search(r"write (\S+) on the (.+)", request):
            notes.append(f"{m[1]}@{m[2]}")
        elif m := re.search(r"(?:end up|stay|finish|stop) in the (.+)", request):
            notes.append(f"={m[1]}")
        elif m := re.search(r"(open|close) the (.+)", request):
            notes.append(f"{m[1]}!{m[2]}")
    return notes


@dataclass
class Fulfil(Errand):
    """Do what was noted."""

    pad: Pad
    loads: list[tuple[str, str]] = field(default_factory=list)
    turned: list[str] = field(default_factory=list)

    def act(self, hand: Hand) -> None:
        """Carry, write, and go where it is to end."""
        notes = self.pad.read(hand)
        self.loads = _pairs(notes)
        Bring(self.loads).act(hand)
        for note in notes:
            word, mark, board = note.partition("@")
            thing = hand.world.find(board)
            if mark and (thing is None or word not in thing.mine):
                hand.reach(board, f"write {word} on {board}")
            verb, mark, target = note.partition("!")
            if mark:
                self.turned.append(target)
                if verb == "open":
                    hand.open(target)
        hand.restore(self.kept())
        for note in notes:
            if note.startswith("="):
                hand.settle(hand.room(note[1:]))

    def kept(self) -> Iterable[str]:
        """Return what was carried."""
        return [*(thing for thing, _ in self.loads), *self.turned]


@dataclass
class Waybill(Errand):
    """Read a way, walk it, and note it."""

    pad: Pad
    name: str = "waybill"

    def act(self, hand: Hand) -> None:
        """Read, write where the notes are at hand, walk, write."""
        thing = hand.world.find(self.name)
        if thing is None or thing.text is None:
            hand.reach(self.name, f"read {self.name}")
        assert thing is not None
        ways = re.findall(r"\b(?:go|then) (\w+)", thing.text or "")
        ways = [way for way in ways if way in OPPOSITE]
        note = "".join(_LETTERS[way] for way in ways)
        self.pad.write(hand, [note])
        walk(hand, hand.world.room_of(thing), ways)


@dataclass
class Rewalk(Errand):
    """Walk a noted way again, or back."""

    pad: Pad
    back: bool

    def act(self, hand: Hand) -> None:
        """Read the note, go to where it begins, walk."""
        self.pad.read(hand)
        walk(hand, hand.world.start, self._ways(hand.world))

    def _ways(self, world: World) -> list[str]:
        notes = self.pad.known(world)
        ways = [_DIRECTIONS[c] for c in notes[0] if c in _DIRECTIONS] if notes else []
        return [OPPOSITE[way] for way in reversed(ways)] if self.back else ways

    def answer(self, world: World) -> dict[str, Any]:
        """Give the directions."""
        return {"route": self._ways(world)}


def walk(hand: Hand, start: str, ways: Sequence[str]) -> None:
    """Walk directions from a room, beginning anew where something else was done between."""
    world = hand.world
    done = _walked(world, start, ways)
    if done == len(ways):
        return
    if done == 0:
        hand.go(start)
    door = world.rooms[world.here].ways.get(ways[done])
    lock = world.things.get(door.door) if door else None
    if lock is not None and not lock.open:
        if lock.locked:
            hand.unlock(lock)
        hand.do(f"open {lock.name}")
    shut = [f"close {lock.name}"] if lock is not None and not lock.shuts else []
    hand.do(ways[done], *(shut if lock is not None and lock.name in world.opened else []))


def _walked(world: World, start: str, ways: Sequence[str]) -> int:
    """Return how many of the directions were the last moves, from `start` on."""
    moves = [(room, command) for room, command in world.log if command in OPPOSITE]
    for done in range(min(len(ways), len(moves)), 0, -1):
        tail = moves[-done:]
        if tail[0][0] == start and [command for _, command in tail] == list(ways[:done]):
            return done
    return 0
