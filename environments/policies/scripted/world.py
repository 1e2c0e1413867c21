"""The world as far as this conversation has shown it: rooms, ways, things, locks.

Everything is read from what the commands of the conversation returned, with regular
expressions. Nothing is known beforehand but the forms of those answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from environments.policies.scripted.known import GONE, ME, OPPOSITE, Room, Thing, Way
from environments.policies.scripted.told import Lore
from environments.policies.scripted.views import items, room_view

Exchange = tuple[str, dict[str, Any], str]
"""Tool name, arguments, and the result's text."""

_HELD = re.compile(r"(?:^|\s)(?P<how>In|On) it: (?P<items>[^\n]+)")
_DISCOVERY = re.compile(r"You discover a way ([a-z]+)")
_LINE = re.compile(r'^(Written here|In your hand): "(.*)"$', re.MULTILINE)
_PAIR = re.compile(r"^(unlock|lock) (?P<lock>.+?) with (?P<key>.+)$")
_INTO = re.compile(r"^(.+) (?:in|on) (.+)$")
_SHUT = re.compile(r"^The (.+) falls shut behind you\.\n")
_MADE = re.compile(r"You make the (.+?)\.")
_FULL = re.compile(r"you can carry (\d+) things?")
_STATE = re.compile(r"\bIt is (open|closed)( and locked)?\.")


class World:
    """What the conversation has shown so far, brought up to date one exchange at a time."""

    def __init__(self, exchanges: Sequence[Exchange] = (), *, tidy: bool = False) -> None:
        """Read the exchanges in their order."""
        self.rooms: dict[str, Room] = {}
        self.things: dict[str, Thing] = {}
        self.start = ""
        self.here = ""
        self.connected = False
        self.too_early = False
        """An answer was refused because another part of the task follows."""
        self.log: list[tuple[str, str]] = []
        """Every command with the room in which it was given, in order."""
        self.opened: list[str] = []
        """What was closed and was opened by the agent, in order."""
        self.unlocked: dict[str, str] = {}
        """What was locked and was unlocked by the agent, with the key."""
        self.relocked: set[str] = set()
        """What was locked again at least once."""
        self.tidy = tidy
        """What is opened on the way is closed at once."""
        self.capacity = 0
        """Things that can be carried at once, as far as that was told; 0: any number."""
        self.trace: list[str] = []
        """Every room that was entered, in order, the first one included."""
        for tool, arguments, result in exchanges:
            self._take(tool, str(arguments.get("command", "")), result)

    @cached_property
    def lore(self) -> Lore:
        """What the texts that were read tell."""
        return Lore((t.name, t.text) for t in self.things.values() if t.text)

    def carry(self, name: str) -> None:
        """Take in that the agent carries a thing."""
        thing = self._thing(name)
        thing.place = thing.place or ME

    @property
    def carried(self) -> list[Thing]:
        """What the agent carries."""
        return [t for t in self.things.values() if t.place == ME]

    def find(self, name: str) -> Thing | None:
        """Return the thing or door of this name, in any case of letters."""
        key = _named(self.things, name)
        return self.things[key] if key else None

    def find_room(self, name: str) -> Room | None:
        """Return the room of this name, in any case of letters."""
        key = _named(self.rooms, name)
        return self.rooms[key] if key else None

    def room_of(self, thing: Thing) -> str:
        """Return the room in which a thing is, empty where unknown."""
        place = thing.place
        for _ in range(20):
            if place in self.rooms:
                return place
            if place == ME:
                return self.here
            holder = self.things.get(place)
            if holder is None or holder is thing:
                return ""
            place = holder.place
        return ""

    def holders(self, thing: Thing) -> list[Thing]:
        """Return the things that hold a thing, the outermost first."""
        found: list[Thing] = []
        holder = self.things.get(thing.place)
        while holder is not None and holder not in found:
            found.insert(0, holder)
            holder = self.things.get(holder.place)
        return found

    def held_by(self, place: str) -> list[Thing]:
        """Return the things directly in or on a place."""
        return [t for t in self.things.values() if t.place == place]

    def _spelled(self, name: str) -> str:
        return _named(self.things, name) or name

    def _thing(self, name: str) -> Thing:
        return self.things.setdefault(name, Thing(name))

    def _take(self, tool: str, command: str, result: str) -> None:
        if result.startswith('{"error"'):
            return
        self.too_early |= "too early" in result
        if tool in ("evennia_connect", "evennia_observe"):
            self.connected = True
            self._view(result)
        elif tool == "evennia_command":
            self.log.append((self.here, command))
            self._command(command, result)

    def _command(self, command: str, result: str) -> None:
        verb, _, rest = command.partition(" ")
        if verb in OPPOSITE:
            self._go(verb, result)
        elif verb == "look" and not rest:
            self._view(result)
        elif verb == "inventory":
            for name, note in items(result.partition("You carry: ")[2].split("\n")[0]):
                self._listed(name, note, ME)
        elif verb == "combine":
            if made := _MADE.search(result):
                for part in re.split(r" and | with |, ", rest):
                    self._place(part, GONE)
                self._place(made[1], ME)
        elif verb in ("put", "write"):
            self._apply(verb, rest, result)
        elif (pair := _PAIR.match(command)) and (lock := self.find(pair["lock"])):
            if result.startswith("You unlock"):
                lock.locked = False
                self.unlocked[lock.name] = pair["key"]
            elif result.startswith("You lock"):
                lock.locked = True
                self.relocked.add(lock.name)
                self.unlocked.pop(lock.name, None)
            elif "does not fit" in result or "no key that fits" in result:
                lock.misfits.add(pair["key"].casefold())
                if "breaks" in result:
                    self._place(pair["key"], GONE)
        elif verb == "read" and not self.find(rest) and not result.startswith("There is no"):
            self._read(self._thing(rest), result)
        elif thing := self.find(rest.removeprefix("in ") if verb == "look" else rest):
            self._handle(verb, thing, result)

    def _apply(self, verb: str, rest: str, result: str) -> None:
        split = _INTO.match(rest)
        if split is None:
            return
        first, second = split.groups()
        if verb == "write" and result.startswith("You write"):
            self._thing(self._spelled(second)).mine.append(first)
        target = self.find(second)
        if verb == "put" and target and result.startswith("You put the"):
            self._place(first, target.name)

    def _place(self, name: str, place: str) -> None:
        if thing := self.find(name):
            thing.place = place
        elif place == ME:
            self._thing(name).place = place

    def _handle(self, verb: str, thing: Thing, result: str) -> None:
        if result.startswith("There is no '"):
            if self.room_of(thing) == self.here and not thing.door and not self._in_dark():
                thing.place = ""
            return
        if verb == "get":
            if result.startswith("You take"):
                thing.home = thing.home or thing.place
                thing.taken += thing.place == thing.home
                thing.place = ME
            if full := _FULL.search(result):
                self.capacity = int(full[1])
            thing.fixed |= "fixed in place" in result or "too heavy" in result
        elif verb == "drop" and result.startswith("You put down"):
            thing.place = self.here
        elif verb in ("open", "close"):
            self._turn(verb, thing, result)
        elif verb == "light":
            thing.light = "gives no light" not in result
            thing.lit = thing.light
        elif verb == "read":
            self._read(thing, result)
        elif verb in ("examine", "look"):
            self._examine(thing, result, close=verb == "examine")

    def _turn(self, verb: str, thing: Thing, result: str) -> None:
        if "does not open" in result:
            thing.container = False
        elif verb == "open" and "is locked" in result:
            thing.locked, thing.open = True, False
        else:
            if result.startswith("You open"):
                self.opened.append(thing.name)
                self._contents(thing, result)
                thing.inspected = True
            thing.open = verb == "open"
            thing.locked &= not thing.open
            if not thing.open and thing.name in self.opened:
                self.opened.remove(thing.name)

    def _read(self, thing: Thing, result: str) -> None:
        lines = _LINE.findall(result)
        thing.lines = [text for label, text in lines if label == "Written here"]
        thing.mine = [text for label, text in lines if label == "In your hand"] or thing.mine
        text = _LINE.sub("", result).strip()
        thing.text = "" if text.startswith("There is nothing to read") else text

    def _examine(self, thing: Thing, result: str, *, close: bool) -> None:
        if state := _STATE.search(result):
            thing.open, thing.locked = state[1] == "open", bool(state[2])
            thing.container |= not thing.door
        if close:
            thing.examined = True
            thing.desc = result
            thing.writing |= "There is writing on it" in result
            thing.writable |= "You can write on it" in result
            thing.light = "It is lit." in result or "It is not lit." in result
            thing.lit = "It is lit." in result
        self._contents(thing, result)
        if found := _DISCOVERY.search(result):
            self.rooms[self.here].ways.setdefault(found[1], Way(hidden=True))

    def _contents(self, thing: Thing, result: str) -> None:
        if held := _HELD.search(result):
            thing.inspected = True
            self._listing(thing.name, items(held["items"]))

    def _listing(self, place: str, listed: Iterable[tuple[str, str]]) -> None:
        """Note that a place holds just these things."""
        listed = list(listed)
        names = {name for name, _ in listed}
        for thing in self.held_by(place):
            if thing.name not in names and not thing.door:
                thing.place = ""
        for name, note in listed:
            self._listed(name, note, place)

    def _listed(self, name: str, note: str, place: str) -> None:
        thing = self._thing(name)
        thing.place = place
        if note in ("open", "closed"):
            thing.container, thing.open = True, note == "open"
        thing.lit = note == "lit"
        if thing.lit:
            thing.light = True

    def _go(self, direction: str, result: str) -> None:
        way = self.rooms[self.here].ways.get(direction) if self.here in self.rooms else None
        before = self.here
        shut = _SHUT.match(result)
        if self._view(result[shut.end() :] if shut else result):
            self._passed(before, direction)
            if shut:
                door = self._thing(shut[1])
                door.shuts, door.open = True, False
                if door.name in self.opened:
                    self.opened.remove(door.name)
        elif way is not None:
            way.refused = True
            if way.door and "is closed" in result:
                self._thing(way.door).open = False

    def _passed(self, before: str, direction: str) -> None:
        """Take in that a way led here, and that the one back leads back until it is walked."""
        self.trace.append(self.here)
        way = self.rooms[before].ways.setdefault(direction, Way())
        way.target, way.guessed = self.here, False
        back = self.rooms[self.here].ways.get(OPPOSITE[direction])
        if self.tidy and back is not None and not back.target:
            back.target, back.guessed = before, True

    def _in_dark(self) -> bool:
        return self.here in self.rooms and self.rooms[self.here].dark

    def _view(self, text: str) -> bool:
        """Take in the room that a text shows; False where it shows none."""
        view = room_view(text)
        if view is None:
            return False
        self.connected = True
        self.here = view.name
        if not self.start:
            self.start = view.name
            self.trace.append(view.name)
        room = self.rooms.setdefault(view.name, Room(view.name))
        room.dark = view.dark
        for direction, door, is_open in view.ways:
            way = room.ways.setdefault(direction, Way())
            if door:
                way.door = door
                known = self._thing(door)
                known.door, known.open = True, is_open
                known.place = known.place or room.name
        if not view.dark:
            room.desc = view.desc
            for place, listed in view.listed.items():
                self._listing(place, listed)
        return True


def _named(known: Iterable[str], name: str) -> str:
    """Return the one of the known names that is meant, empty where there is none."""
    wanted = name.casefold()
    return next((found for found in known if found.casefold() == wanted), "")
