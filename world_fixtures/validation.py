"""Validation of a world: every error is found at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import networkx as nx

from world_fixtures.common import UserError
from world_fixtures.problem import Problem, wrong_fact
from world_fixtures.reachability import can_be_carried, obtainable, room_of, ways_about
from world_fixtures.repair import repaired
from world_fixtures.rules.names import Words, words
from world_fixtures.spec import Thing, WorldSpec
from world_fixtures.validation_living import living_problems

__all__ = ["Problem", "check", "problems"]


def check(spec: WorldSpec, source: str = "") -> WorldSpec:
    """Return `spec` itself. Raises UserError with every problem, a line each."""
    found = problems(spec)
    if found:
        raise UserError("\n".join(f"{source or spec.name}: {p.message}" for p in found))
    return spec


def problems(spec: WorldSpec, *, reach: bool = True) -> list[Problem]:
    """Return every error of `spec`, in the order of its parts; empty for a sound world.

    What cannot be reached is looked for only with `reach`, and where the characters are sound. Of a
    game that somebody else wrote a spec has the map alone: the rest is the game's own affair.
    """
    if spec.game is not None:
        return [*_ids(spec), *_exits(spec)]
    found = [
        *_ids(spec),
        *_names(spec),
        *_scenery(spec),
        *_tells(spec),
        *_exits(spec),
        *_doors(spec),
        *_places(spec),
        *_fields(spec),
        *_locks(spec),
        *_recipes(spec),
        *living_problems(spec),
    ]
    if not reach or any(p.place[0] == "characters" for p in found):
        return found  # without a place to start from nothing can be reached
    return [*found, *_unreachable(repaired(spec, {p.place for p in found}))]


def _ids(spec: WorldSpec) -> Iterator[Problem]:
    seen: set[str] = set()
    for group, n, entity in _entities(spec):
        if entity.id in seen:
            told = (
                f"{entity.source!r} has two exits {entity.direction}"
                if group == "exits"
                else f"the id {entity.id!r} is used twice"
            )
            yield Problem((group, n, "id"), f"{group}: {told}")
        seen.add(entity.id)
    for n, room in enumerate(spec.rooms):
        for k, part in enumerate(room.scenery):
            if part.id in seen:
                told = f"the id {part.id!r} is used twice"
                yield Problem(("rooms", n, "scenery", k, "id"), f"rooms: {told}")
            seen.add(part.id)


def _names(spec: WorldSpec) -> Iterator[Problem]:
    for groups in (("rooms",), ("doors", "things", "characters")):
        owners: dict[Words, str] = {}
        for group, n, entity in _entities(spec, groups):
            name = words(entity.name)
            if not name:
                yield Problem((group, n, "name"), f"{group}: {entity.name!r} holds no word")
            elif name in owners:
                told = f"{entity.id!r} has the name {entity.name!r} of {owners[name]!r}"
                yield Problem((group, n, "name"), f"{group}: {told}")
            owners.setdefault(name, entity.id)
        for group, n, entity in _entities(spec, set(groups) & {"things"}):
            for k, alias in enumerate(entity.aliases):
                owner = owners.get(words(alias), entity.id)
                if owner != entity.id:
                    told = f"the alias {alias!r} of {entity.id!r} is the name of {owner!r}"
                    yield Problem((group, n, "aliases", k), f"{group}: {told}")


def _scenery(spec: WorldSpec) -> Iterator[Problem]:
    """Find scenery that is called as another thing that one may mean in its room."""
    others = {words(e.name): e.id for _, _, e in _entities(spec, ("doors", "things", "characters"))}
    for n, room in enumerate(spec.rooms):
        owners = dict(others)
        for k, part in enumerate(room.scenery):
            for name in (part.name, *part.aliases):
                owner = owners.setdefault(words(name), part.id)
                if owner != part.id:
                    told = f"{part.id!r} of {room.id!r} is called {name!r}, as {owner!r} is"
                    yield Problem(("rooms", n, "scenery", k, "name"), f"rooms: {told}")


def _tells(spec: WorldSpec) -> Iterator[Problem]:
    known = {*spec.entities, *(part.id for room in spec.rooms for part in room.scenery)}
    for n, thing in enumerate(spec.things):
        if thing.tells and thing.text is None:
            told = f"{thing.id!r} tells facts and has no text that says them"
            yield Problem(("things", n, "tells"), f"things: {told}")
        for k, fact in enumerate(thing.tells):
            if wrong := wrong_fact(fact, known):
                told = f"{thing.id!r} tells a fact {wrong}"
                yield Problem(("things", n, "tells", k), f"things: {told}")


def _exits(spec: WorldSpec) -> Iterator[Problem]:
    rooms = {r.id for r in spec.rooms}
    doors = {d.id for d in spec.doors}
    revealed = {t.reveals for t in spec.things if t.reveals}
    for n, exit_ in enumerate(spec.exits):
        for field, way in (("source", "from"), ("target", "to")):
            room = getattr(exit_, field)
            if room not in rooms:
                told = f"{exit_.id} leads {way} {room!r}, and there is no such room"
                yield Problem(("exits", n, field), f"exits: {told}")
        if exit_.door is not None and exit_.door not in doors:
            told = f"{exit_.id} has the door {exit_.door!r}, and there is no such door"
            yield Problem(("exits", n, "door"), f"exits: {told}")
        if exit_.hidden and exit_.id not in revealed:
            yield Problem(
                ("exits", n, "hidden"), f"exits: {exit_.id} is hidden and nothing reveals it"
            )


def _doors(spec: WorldSpec) -> Iterator[Problem]:
    rooms = {r.id for r in spec.rooms}
    for n, door in enumerate(spec.doors):
        sides = [(e.source, e.target) for e in spec.exits if e.door == door.id]
        there_and_back = len(sides) == 2 and sides[0] == sides[1][::-1]
        somewhere = all(rooms.issuperset(side) for side in sides)  # the exit's error otherwise
        if somewhere and len(sides) != 1 and not there_and_back:
            yield Problem(
                ("doors", n),
                f"doors: {door.id!r} must stand between two rooms: in one exit, or in one each way",
            )
        if door.open and door.locked:
            yield Problem(("doors", n, "open"), f"doors: {door.id!r} is open and locked")


def _places(spec: WorldSpec) -> Iterator[Problem]:
    rooms = {r.id for r in spec.rooms}
    things = {t.id: t for t in spec.things if t.id not in rooms}
    anywhere = rooms | {c.id for c in spec.characters}
    products = {r.makes for r in spec.recipes}
    if spec.living is not None:
        products |= {makes for _, makes, _ in ways_about(spec.living)}
    for n, thing in enumerate(spec.things):
        holder = things.get(thing.location or "")
        wrong = ""
        if thing.location is None:
            if thing.id not in products and not thing.offstage:
                wrong = "is nowhere, and no recipe makes it"
        elif holder is None and thing.location not in anywhere:
            wrong = f"is in {thing.location!r}: no such place"
        elif holder is not None and not (holder.container or holder.surface):
            wrong = f"is in {holder.id!r}, which is neither container nor surface"
        elif _circular(thing, things):
            wrong = "contains itself"
        if wrong:
            yield Problem(("things", n, "location"), f"things: {thing.id!r} {wrong}")
    for n, character in enumerate(spec.characters):
        if character.location not in rooms:
            told = f"{character.id!r} is in {character.location!r}: no such room"
            yield Problem(("characters", n, "location"), f"characters: {told}")


def _circular(thing: Thing, things: dict[str, Thing]) -> bool:
    passed: set[str | None] = set()
    place = thing.location
    while place in things and place not in passed:
        passed.add(place)
        place = things[place].location
    return thing.id in passed


def _fields(spec: WorldSpec) -> Iterator[Problem]:
    hidden = {e.id: e for e in spec.exits if e.hidden}
    things = {t.id: t for t in spec.things}
    for n, thing in enumerate(spec.things):
        way = hidden.get(thing.reveals or "")
        far = way is not None and room_of(thing, things) != way.source
        for wrong, field, told in (
            (thing.lit and not thing.light, "lit", "is lit and gives no light"),
            (thing.open and thing.locked, "open", "is open and locked"),
            (thing.open and not thing.container, "open", "is open and no container"),
            (thing.locked and not thing.container, "locked", "is locked and no container"),
            (
                bool(thing.inscriptions) and not thing.writable,
                "inscriptions",
                "is written on and not writable",
            ),
            (
                thing.reveals is not None and way is None,
                "reveals",
                f"reveals {thing.reveals!r}: no such hidden exit",
            ),
            (
                far and not can_be_carried(thing),
                "reveals",
                f"reveals {thing.reveals!r}, and is not in that room and cannot be carried there",
            ),
        ):
            if wrong:
                yield Problem(("things", n, field), f"things: {thing.id!r} {told}")


def _locks(spec: WorldSpec) -> Iterator[Problem]:
    things = {t.id: t for t in spec.things}
    timed = {table.door for table in spec.living.timetables} if spec.living else set()
    for group, n, lock in _entities(spec, ("doors", "things")):
        if lock.key is not None and lock.key not in things:
            told = f"the key {lock.key!r} of {lock.id!r} is no thing of this world"
            yield Problem((group, n, "key"), f"{group}: {told}")
        elif lock.key is not None and not can_be_carried(things[lock.key]):
            told = f"the key {lock.key!r} of {lock.id!r} is not portable"
            yield Problem((group, n, "key"), f"{group}: {told}")
        if lock.locked and lock.key is None and lock.id not in timed:
            yield Problem((group, n, "locked"), f"{group}: {lock.id!r} is locked and has no key")


def _recipes(spec: WorldSpec) -> Iterator[Problem]:
    things = {t.id: t for t in spec.things}
    for n, recipe in enumerate(spec.recipes):
        for k, part in enumerate(recipe.parts):
            if part not in things:
                yield Problem(
                    ("recipes", n, "parts", k), f"recipes: there is no thing {part!r} to combine"
                )
            if part in recipe.parts[:k]:
                yield Problem(("recipes", n, "parts", k), f"recipes: {part!r} is used twice")
        made = things.get(recipe.makes)
        if made is None:
            told = f"there is no thing {recipe.makes!r} to be made"
            yield Problem(("recipes", n, "makes"), f"recipes: {told}")
        elif recipe.makes in recipe.parts:
            yield Problem(("recipes", n, "makes"), f"recipes: {made.id!r} is made of itself")
        elif made.location is not None:
            told = f"{made.id!r} is made, and there already: its location must be null"
            yield Problem(("recipes", n, "makes"), f"recipes: {told}")


def _unreachable(spec: WorldSpec) -> Iterator[Problem]:
    graph: Any = nx.DiGraph()
    graph.add_nodes_from(r.id for r in spec.rooms)
    graph.add_edges_from((e.source, e.target) for e in spec.exits)
    start = spec.agent.location
    linked = nx.descendants(graph, start) | {start}
    entered, handled = obtainable(spec)
    for n, room in enumerate(spec.rooms):
        if room.id not in linked:
            yield Problem(("rooms", n), f"rooms: {room.id!r} cannot be reached from {start!r}")
        elif room.id not in entered:
            told = f"{room.id!r} is locked in: what opens the way to it cannot be had before"
            yield Problem(("rooms", n), f"rooms: {told}")
    things = {t.id for t in spec.things}
    elsewhere = {c.id for c in spec.characters[1:]} | {r.id for r in spec.rooms} - entered
    for n, thing in enumerate(spec.things):
        told_already = thing.location in elsewhere | (things - handled)
        if thing.id not in handled and not told_already and not thing.offstage:
            told = f"{thing.id!r} can never be had: its key, light or parts cannot be had before"
            yield Problem(("things", n), f"things: {told}")


def _entities(
    spec: WorldSpec,
    groups: Iterable[str] = ("rooms", "exits", "doors", "things", "characters"),
) -> Iterator[tuple[str, int, Any]]:
    for group in groups:
        for n, entity in enumerate(getattr(spec, group)):
            yield group, n, entity
