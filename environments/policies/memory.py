"""What an agent can know of a world from its own calls and their results.

Rebuilt from the whole conversation at every turn: a policy keeps nothing.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from environments.policies.observations import RoomView, Seen, Way, discovery, inside, room_view
from environments.policies.policy import Exchange
from world_fixtures.rules import Parsed, parse
from world_fixtures.spec import OPPOSITE

_TAKEN = re.compile(r"^You take the (.+)\.$")
_MADE = re.compile(r"^You make the (.+)\.$")
_OPENED = re.compile(r"^You (?:open|unlock) the (.+?)(?: with the .+)?\.(?: In it: .*)?$")
_CLOSED = re.compile(r"^You close the (.+)\.$")
_CHOICES = re.compile(r"^Which do you mean: (.+)\?$")
_CHOICE = re.compile(r"(\S+-\d+) \(")
_parse = lru_cache(maxsize=4096)(parse)
"""Cached, because a conversation is read anew at every turn."""


@dataclass
class Place:
    """A room that was seen."""

    view: RoomView
    """As last seen."""
    first: RoomView
    """As first seen in light."""
    ways: dict[str, str] = field(default_factory=dict)
    """Direction -> name of the room it led to."""
    found: dict[str, Seen] = field(default_factory=dict)
    """Things met here, by the words that name them, in order."""
    tried: dict[str, str] = field(default_factory=dict)
    """Command carried out here -> its last result."""

    def untried(self, commands: Iterable[str]) -> list[str]:
        """Return those of `commands` that were not carried out here, each once."""
        return [c for c in dict.fromkeys(commands) if c not in self.tried]


@dataclass(frozen=True)
class Note:
    """Something that was read or seen closely."""

    room: str
    thing: str
    verb: str
    """examine or read."""
    text: str


@dataclass
class Memory:
    """The world as known so far."""

    places: dict[str, Place] = field(default_factory=dict)
    """Rooms by name, in the order of discovery."""
    here: str = ""
    connected: bool = False
    carried: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    contents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What was last seen in or on a thing."""
    opened: set[str] = field(default_factory=set)
    """Doors and containers that were opened and not closed again."""
    too_early: bool = False
    """A submission was turned down because stages follow."""

    @property
    def place(self) -> Place:
        """The room the agent is in."""
        return self.places[self.here]

    @property
    def first(self) -> str:
        """The room of the first view, empty where there was none."""
        return next(iter(self.places), "")

    def where(self, thing: str) -> str:
        """Return the room in which a thing was first met, empty where it was not."""
        wanted = thing.casefold()
        for name, place in self.places.items():
            if any(wanted == seen.name.casefold() for seen in place.found.values()):
                return name
        return ""

    def nearest(self, wanted: Callable[[Place], list[str]]) -> list[str]:
        """Return the commands wanted in the nearest room that has any, or the way to it."""
        waiting = {name: found for name, place in self.places.items() if (found := wanted(place))}
        path = self.route(waiting)
        return [] if path is None else path or waiting[self.here]

    def things(self) -> Iterator[str]:
        """Iterate over the names of the things met, in order, each once."""
        names = (seen.name for place in self.places.values() for seen in place.found.values())
        return iter(dict.fromkeys(names))

    def route(self, goals: Iterable[str]) -> list[str] | None:
        """Return the directions to the nearest of `goals` by known ways; None where none leads."""
        wanted = set(goals)
        queue: deque[tuple[str, list[str]]] = deque([(self.here, [])])
        seen = {self.here}
        while queue:
            room, path = queue.popleft()
            if room in wanted:
                return path
            for direction, target in self.places[room].ways.items():
                if target not in seen and target in self.places:
                    seen.add(target)
                    queue.append((target, [*path, direction]))
        return None


def recall(exchanges: Iterable[Exchange]) -> Memory:
    """Build the memory that these calls and results give."""
    memory = Memory()
    for exchange in exchanges:
        if exchange.tool in ("evennia_connect", "evennia_observe"):
            memory.connected = True
            _arrive(memory, room_view(exchange.result))
        elif exchange.tool == "evennia_disconnect":
            memory.connected = False
        elif exchange.tool == "evennia_submit":
            memory.too_early = "too early" in exchange.result
        elif exchange.command and memory.here:
            _learn(memory, exchange.command, exchange.result)
    return memory


def _arrive(memory: Memory, view: RoomView | None) -> None:
    if view is None:
        return
    place = memory.places.setdefault(view.name, Place(view, view))
    place.view = view
    if place.first.dark:
        place.first = view
    memory.here = view.name
    _meet(place, view.things)


def _meet(place: Place, things: Iterable[Seen]) -> None:
    for seen in things:
        place.found[seen.name] = seen


def _learn(memory: Memory, command: str, result: str) -> None:
    place = memory.place
    place.tried[command] = result
    parsed = _parse(command)
    if parsed.verb in ("go", "look"):
        _move(memory, parsed, result)
    elif parsed.verb in ("examine", "read", "look_in", "open"):
        _study(memory, parsed, result)
    elif parsed.verb in ("drop", "put", "combine") and result.startswith(("You put", "You make")):
        gone = parsed.args["object"].casefold()
        memory.carried = [name for name in memory.carried if name.casefold() not in gone]
    if taken := _TAKEN.match(result) or _MADE.match(result):
        memory.carried.append(taken[1])
    if choices := _CHOICES.match(result):
        _meet(place, (Seen(word) for word in _CHOICE.findall(choices[1])))
    if opened := _OPENED.match(result):
        _unclose(memory, opened[1], opened=parsed.verb == "open")
    if closed := _CLOSED.match(result):
        memory.opened.discard(closed[1])
        place.tried[f"open {closed[1]}"] = result  # what is in it is known


def _move(memory: Memory, parsed: Parsed, result: str) -> None:
    view = room_view(result)
    left, direction = memory.here, parsed.args.get("direction", "")
    _arrive(memory, view)
    if view is not None and direction:
        memory.places[left].ways[direction] = view.name
        back = OPPOSITE[direction]
        if any(way.direction == back for way in view.ways):
            # Most ways lead back; where one does not, walking it corrects this.
            memory.place.ways.setdefault(back, left)


def _study(memory: Memory, parsed: Parsed, result: str) -> None:
    place, thing = memory.place, parsed.args["object"]
    if parsed.verb in ("examine", "read"):
        memory.notes.append(Note(memory.here, thing, parsed.verb, result))
    if held := inside(result):
        memory.contents[thing] = tuple(seen.name for seen in held)
        _meet(place, held)
    if direction := discovery(result):
        place.view = replace(place.view, ways=(*place.view.ways, Way(direction)))


def _unclose(memory: Memory, name: str, *, opened: bool) -> None:
    """Note that a door or container was unlocked or opened: what failed may work now."""
    for place in memory.places.values():
        place.tried.pop(f"open {name}", None)
        if opened:
            memory.opened.add(name)
            ways = (replace(w, closed=w.closed and w.door != name) for w in place.view.ways)
            place.view = replace(place.view, ways=tuple(ways))
            if name in place.found:
                place.found[name] = Seen(name, "open")
