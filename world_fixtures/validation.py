"""What can be wrong with a world, all of it found at once. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import networkx as nx

from world_fixtures.errors import UserError
from world_fixtures.rules.names import words
from world_fixtures.spec import Thing, WorldSpec


@dataclass(frozen=True)
class Problem:
    """One error of a spec."""

    place: tuple[str | int, ...]
    """Path into the spec's data, e.g. ("exits", 3, "target")."""
    message: str


def check(spec: WorldSpec, source: str = "") -> WorldSpec:
    """`spec` itself. Raises UserError with every problem, a line each."""
    found = problems(spec)
    if found:
        raise UserError("\n".join(f"{source or spec.name}: {p.message}" for p in found))
    return spec


def problems(spec: WorldSpec) -> list[Problem]:
    """Every error of `spec`, in the order of its parts; empty for a sound world."""
    found = [*_duplicates(spec), *_exits(spec), *_placing(spec), *_keys(spec), *_recipes(spec)]
    return found if found else [*_reachability(spec)]


def _duplicates(spec: WorldSpec) -> Iterator[Problem]:
    ids = Counter(e.id for _, _, e in _entities(spec))
    seen: set[str] = set()
    for group, n, entity in _entities(spec):
        if ids[entity.id] > 1 and entity.id in seen:
            what = "leaves this room twice" if group == "exits" else "is used twice"
            yield Problem((group, n, "id"), f"{group}: {entity.id!r} {what}")
        seen.add(entity.id)
    for groups in (("rooms",), ("doors", "things", "characters")):
        names: dict[tuple[str, ...], str] = {}
        for group, n, entity in _entities(spec, groups):
            name = words(entity.name)
            if name in names:
                yield Problem(
                    (group, n, "name"),
                    f"{group}: {entity.id!r} has the name {entity.name!r} of {names[name]!r}",
                )
            names.setdefault(name, entity.id)


def _exits(spec: WorldSpec) -> Iterator[Problem]:
    rooms = {r.id for r in spec.rooms}
    doors = {d.id for d in spec.doors}
    sides: dict[str, set[frozenset[str]]] = {}
    revealed = {t.reveals for t in spec.things if t.reveals}
    for n, exit_ in enumerate(spec.exits):
        for field in ("source", "target"):
            room = getattr(exit_, field)
            if room not in rooms:
                way = "to" if field == "target" else "from"
                yield Problem(
                    ("exits", n, field),
                    f"exits: {exit_.direction} from {exit_.source!r} leads {way} {room!r},"
                    " and there is no such room",
                )
        if exit_.door is not None:
            sides.setdefault(exit_.door, set()).add(frozenset((exit_.source, exit_.target)))
            if exit_.door not in doors:
                yield Problem(
                    ("exits", n, "door"), f"exits: {exit_.id} names no door: {exit_.door!r}"
                )
        if exit_.hidden and exit_.id not in revealed:
            yield Problem(("exits", n), f"exits: {exit_.id} is hidden and nothing reveals it")
    for n, door in enumerate(spec.doors):
        if len(sides.get(door.id, ())) != 1:
            yield Problem(("doors", n), f"doors: {door.id!r} must stand between exactly two rooms")


def _placing(spec: WorldSpec) -> Iterator[Problem]:
    things = {t.id: t for t in spec.things}
    places = {r.id for r in spec.rooms} | {c.id for c in spec.characters}
    products = {r.makes for r in spec.recipes}
    for n, thing in enumerate(spec.things):
        holder = things.get(thing.location or "")
        if thing.location is None:
            if thing.id not in products:
                yield Problem(
                    ("things", n, "location"),
                    f"things: {thing.id!r} is nowhere, and no recipe makes it",
                )
        elif thing.location not in places and holder is None:
            yield Problem(
                ("things", n, "location"),
                f"things: {thing.id!r} is in {thing.location!r}: no such place",
            )
        elif holder is not None and not (holder.container or holder.surface):
            yield Problem(
                ("things", n, "location"),
                f"things: {thing.id!r} is in {holder.id!r}, which is neither container nor surface",
            )
        elif _circular(thing, things):
            yield Problem(("things", n, "location"), f"things: {thing.id!r} contains itself")
        yield from _fields(thing, n, spec)
    for n, character in enumerate(spec.characters):
        if character.location not in {r.id for r in spec.rooms}:
            yield Problem(
                ("characters", n, "location"),
                f"characters: {character.id!r} is in {character.location!r}: no such room",
            )


def _circular(thing: Thing, things: dict[str, Thing]) -> bool:
    seen = {thing.id}
    place = things.get(thing.location or "")
    while place is not None:
        if place.id in seen:
            return True
        seen.add(place.id)
        place = things.get(place.location or "")
    return False


def _fields(thing: Thing, n: int, spec: WorldSpec) -> Iterator[Problem]:
    hidden = {e.id for e in spec.exits if e.hidden}
    for wrong, field, why in (
        (thing.lit and not thing.light, "lit", "is lit and gives no light"),
        (thing.open and thing.locked, "open", "is open and locked"),
        (
            (thing.open or thing.locked) and not thing.container,
            "container",
            "opens and is no container",
        ),
        (
            thing.inscriptions and not thing.writable,
            "inscriptions",
            "is written on and not writable",
        ),
        (thing.reveals and thing.reveals not in hidden, "reveals", "reveals no hidden exit"),
    ):
        if wrong:
            yield Problem(("things", n, field), f"things: {thing.id!r} {why}")


def _keys(spec: WorldSpec) -> Iterator[Problem]:
    things = {t.id: t for t in spec.things}
    for group, n, lock in _entities(spec, ("doors", "things")):
        if lock.key is not None and (lock.key not in things or not things[lock.key].portable):
            yield Problem(
                (group, n, "key"),
                f"{group}: the key {lock.key!r} of {lock.id!r} is no portable thing",
            )
        if lock.locked and lock.key is None:
            yield Problem((group, n, "locked"), f"{group}: {lock.id!r} is locked and has no key")


def _recipes(spec: WorldSpec) -> Iterator[Problem]:
    things = {t.id: t for t in spec.things}
    for n, recipe in enumerate(spec.recipes):
        for part in (*recipe.parts, recipe.makes):
            if part not in things:
                yield Problem(("recipes", n), f"recipes: there is no thing {part!r}")
        made = things.get(recipe.makes)
        if made is not None and made.location is not None:
            yield Problem(
                ("recipes", n, "makes"), f"recipes: {made.id!r} is made, and there already"
            )


def _reachability(spec: WorldSpec) -> Iterator[Problem]:
    """Rooms without a way, and rooms whose key lies behind their own lock."""
    graph: Any = nx.DiGraph()
    graph.add_nodes_from(r.id for r in spec.rooms)
    graph.add_edges_from((e.source, e.target) for e in spec.exits)
    linked = nx.descendants(graph, spec.agent.location) | {spec.agent.location}
    open_to = obtainable(spec)[0]
    for n, room in enumerate(spec.rooms):
        if room.id not in linked:
            yield Problem(
                ("rooms", n), f"rooms: {room.id!r} cannot be reached from {spec.agent.location!r}"
            )
        elif room.id not in open_to:
            yield Problem(
                ("rooms", n),
                f"rooms: {room.id!r} is locked in: what opens the way to it lies behind it",
            )


def obtainable(spec: WorldSpec) -> tuple[set[str], set[str]]:
    """Rooms that can be entered and things that can be reached, as a least fixpoint."""
    doors = {d.id: d for d in spec.doors}
    rooms, things = {spec.agent.location}, set[str]()
    while True:
        before = len(rooms), len(things)
        for thing in spec.things:
            holder = next((t for t in spec.things if t.id == thing.location), None)
            free = thing.location in rooms or thing.location == spec.agent.id
            if holder is not None and holder.id in things:
                free = not holder.locked or holder.key in things
            if free:
                things.add(thing.id)
        for recipe in spec.recipes:
            if things.issuperset(recipe.parts):
                things.add(recipe.makes)
        shown = {t.reveals for t in spec.things if t.id in things}
        for exit_ in spec.exits:
            door = doors.get(exit_.door or "")
            passable = door is None or not door.locked or door.key in things
            if exit_.source in rooms and passable and (not exit_.hidden or exit_.id in shown):
                rooms.add(exit_.target)
        if (len(rooms), len(things)) == before:
            return rooms, things


def _entities(
    spec: WorldSpec,
    groups: Iterable[str] = ("rooms", "exits", "doors", "things", "characters"),
) -> Iterator[tuple[str, int, Any]]:
    for group in groups:
        for n, entity in enumerate(getattr(spec, group)):
            yield group, n, entity
