"""Clauses that are true of a room: of its parts, of the things in it, of the ways out of it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, NamedTuple

from environments.tasks.families.places import directions_of, lying
from world_fixtures.generator.words import a
from world_fixtures.spec import Thing, WorldSpec

MOST: Final = 4
"""Clauses in a description at most."""
COUNTS: Final = ("no ways", "one way", "two ways", "three ways", "four ways", "five ways")


class Clause(NamedTuple):
    """Words, and the rooms that they are true of."""

    text: str
    rooms: frozenset[str]


def described(world: Rooms, room: str, rng: random.Random, joint: bool) -> list[str]:
    """Return two to four clauses that together are true of one room only; empty if there are none.

    With `joint` none of them is enough by itself.
    """
    if world.ways[room] != world.shown[room]:
        return []
    clauses = [
        c for c in _clauses(world, room, rng)
        if room in c.rooms and not (joint and len(c.rooms) == 1)
    ]  # fmt: skip
    rng.shuffle(clauses)
    left = frozenset(world.ways)
    chosen: list[str] = []
    for clause in clauses:
        fewer = left & clause.rooms
        if len(fewer) < len(left) or (len(left) == 1 and len(chosen) < 2):
            chosen.append(clause.text)
            left = fewer
        if len(left) == 1 and len(chosen) >= 2:
            return chosen
        if len(chosen) == MOST:
            return []
    return []


SORTS: Final[dict[str, Callable[[Thing], bool]]] = {
    "{} that can be opened is in it": lambda t: t.container,
    "{} that one can put things on is in it": lambda t: t.surface,
    "{} that has writing on it is in it": lambda t: t.text is not None or bool(t.inscriptions),
}
"""Clause with `something` or `nothing` -> whether a thing is of this sort."""


class Rooms:
    """What clauses are made of, by room."""

    def __init__(self, spec: WorldSpec) -> None:
        self.parts = {r.id: {_noun(s.name) for s in r.scenery} for r in spec.rooms}
        """Nouns of the parts that the room's description names."""
        self.things = {r.id: lying(spec, r.id) for r in spec.rooms}
        self.nouns = {r: {_noun(t.name) for t in things} for r, things in self.things.items()}
        """Nouns of the things that lie in the room."""
        self.nouns_inside = {r: self.parts[r] | _inside(spec, r) for r in self.nouns}
        """Nouns of the room's parts and of all things in it, those in containers too."""
        self.ways = {r.id: directions_of(spec, r.id) for r in spec.rooms}
        hidden = {(e.source, e.direction) for e in spec.exits if e.hidden}
        self.shown = {r: [d for d in ways if (r, d) not in hidden] for r, ways in self.ways.items()}

    def holds(self, noun: str, room: str) -> bool:
        """Tell whether something in the room has this noun."""
        return noun in self.nouns_inside[room]

    def clause(self, text: str, holds: Callable[[str], bool]) -> Clause:
        """Return a clause with the rooms that it may be taken to be true of."""
        return Clause(text, frozenset(filter(holds, self.ways)))


def rooms_meant(world: Rooms, clauses: Iterable[str]) -> set[str]:
    """Return the rooms of which all these clauses may be true; the inverse of `described`."""
    left = set(world.ways)
    for clause in clauses:
        left &= {room for room in left if _may_be_true(world, clause, room)}
    return left


def _may_be_true(world: Rooms, clause: str, room: str) -> bool:
    for text, is_so in SORTS.items():
        if clause == text.format("something"):
            return any(map(is_so, world.things[room]))
        if clause == text.format("nothing"):
            return not any(map(is_so, world.things[room]))
    if found := _WAYS.fullmatch(clause):
        return COUNTS.index(found[1]) in (len(world.ways[room]), len(world.shown[room]))
    if found := _WAY.fullmatch(clause):
        return found[1] in world.ways[room] and found[2] not in world.shown[room]
    noun = _noun(clause.removesuffix(" is in it"))
    if clause.startswith("it has no "):
        return noun not in world.parts[room]
    return world.holds(noun, room)


_WAYS: Final = re.compile(r"(\w+ ways?) leads? out of it")
_WAY: Final = re.compile(r"a way leads (\w+) from it, but none leads (\w+)")


def _clauses(world: Rooms, room: str, rng: random.Random) -> Iterator[Clause]:
    """Yield what can be said of a room, with all rooms of which it may be true."""
    for noun in sorted(world.parts[room]):
        yield world.clause(f"it has {a(noun)}", partial(world.holds, noun))
    for noun in sorted(world.nouns[room]):
        yield world.clause(f"{a(noun)} is in it", partial(world.holds, noun))
    for text, is_so in SORTS.items():
        having = {r for r, things in world.things.items() if any(map(is_so, things))}
        if room in having:
            yield Clause(text.format("something"), frozenset(having))
        else:
            yield Clause(text.format("nothing"), frozenset(world.ways) - having)
    ways = world.ways[room]
    if len(ways) < len(COUNTS):
        yield world.clause(
            f"{COUNTS[len(ways)]} lead{'s' if len(ways) == 1 else ''} out of it",
            lambda r: len(ways) in (len(world.ways[r]), len(world.shown[r])),
        )
    others = [d for d in ("north", "east", "south", "west") if d not in ways]
    if others and ways:
        there, missing = rng.choice(ways), rng.choice(others)
        yield world.clause(
            f"a way leads {there} from it, but none leads {missing}",
            lambda r: there in world.ways[r] and missing not in world.shown[r],
        )
    absent = sorted(set().union(*world.parts.values()) - world.nouns_inside[room])
    if absent:
        noun = rng.choice(absent)
        yield world.clause(f"it has no {noun}", lambda r: noun not in world.parts[r])


def _inside(spec: WorldSpec, room: str) -> set[str]:
    """Return the nouns of the things that lie in the containers of a room."""
    things = list(lying(spec, room))
    for thing in things:
        things += [t for t in spec.things if t.location == thing.id and t not in things]
    return {_noun(t.name) for t in things}


def _noun(name: str) -> str:
    return name.split()[-1]
