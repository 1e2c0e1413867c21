"""Ways through the known part of the world, and what is worth trying to know more of it."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from environments.policies.scripted.known import ME, OPPOSITE, Room, Thing
from environments.policies.scripted.told import bare
from environments.policies.scripted.world import World

LIGHTS = re.compile(
    r"\b(?:lantern|lamp|torch|candle|taper|rushlight|brand|cresset|flambeau|glowglobe|light)\b",
    re.IGNORECASE,
)
"""Things that may give light."""
KEY = re.compile(r"\bkeys?\b", re.IGNORECASE)
COVERS = re.compile(
    r"\b(?:tapestry|mirror|mosaic|curtain|relief|bookcase|portrait|mural|tarpaulin|painting|panel"
    r"|rug|carpet|hanging|screen|wardrobe|drape|statue)",
    re.IGNORECASE,
)
"""Things that may hide a way."""
DOCUMENTS = re.compile(
    r"\b(?:[\w-]*book|decree|manifest|contract|bulletin|gazette|inventory|warrant|diary|almanac"
    r"|breviary|prospectus|treatise|leaflet|scroll|survey|ledger|journal|receipt|pamphlet|letter"
    r"|calendar|dossier|bill|psalter|register|broadsheet|chronicle|testament|memoir|atlas"
    r"|catalogue|roster|codex|charter|invoice|slip|label|note|waybill)$",
    re.IGNORECASE,
)
"""Things that may have something to read on them."""
LETTERS = re.compile(r"\b(?:slip|letter|label|note|waybill)$", re.IGNORECASE)
SURFACES = re.compile(
    r"\b(?:stand|lectern|plinth|desk|dresser|bench-top|side-table|shelf|sideboard|washstand|table"
    r"|mantelpiece|rack|altar-stone|pedestal|trestle|counter|workbench|tea-trolley|writing-slope)$",
    re.IGNORECASE,
)
"""Furniture on which things may stand."""
SWEEP = 100
"""Commands in one turn, about, where only turns are scarce."""


@dataclass(frozen=True)
class Option:
    """Something worth trying."""

    room: str
    """Where it is done."""
    commands: tuple[str, ...]
    penalty: float
    """How much less it promises than a way that was never taken, in commands."""
    leaves: str = ""
    """Direction in which it leaves for a room that is not known."""
    alone: bool = False
    """What follows depends on its result."""


@dataclass
class Wish:
    """What a search is for."""

    rooms: bool = True
    things: bool = False
    """Also what is in containers, in the dark and behind locks."""
    texts: bool = False
    """Also what is written on things."""
    letters: bool = False
    """Of texts only slips and letters."""
    unlock: bool = False
    """Locks whose keys are told are opened at once."""
    force: bool = False
    """Locks are tried with any key, whatever texts tell."""
    light: bool = False
    """Rooms must be seen, not only entered."""
    doors: bool = True
    """Doors may be opened, and what hides a way looked for."""
    penalties: dict[str, float] = field(default_factory=dict)


def passable(
    world: World, room: Room, *, locked: bool = False
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield known neighbours of a room: direction, room, and the commands to get there.

    With `locked` also those behind locks.
    """
    for direction, way in room.ways.items():
        if not way.target:
            continue
        door = world.things.get(way.door)
        if door is None or locked or not door.locked:
            yield direction, way.target, _through(world, door, direction)


def _through(world: World, door: Thing | None, direction: str) -> tuple[str, ...]:
    """Return the commands that lead one way, through its door if it has one."""
    if door is None or (door.open and not (world.tidy and door.name in world.opened)):
        return (direction,)
    close = (f"close {door.name}",) if world.tidy and not door.shuts else ()
    return (direction, *close) if door.open else (f"open {door.name}", direction, *close)


def routes(world: World, start: str, *, locked: bool = False) -> dict[str, tuple[str, ...]]:
    """Return the commands that lead from a room to every room that can be walked to."""
    found: dict[str, tuple[str, ...]] = {}
    queue: list[tuple[int, int, str, tuple[str, ...]]] = [(0, 0, start, ())]
    number = 0
    while queue:
        cost, _, room, path = heapq.heappop(queue)
        if room in found:
            continue
        found[room] = path
        for _, target, commands in passable(world, world.rooms[room], locked=locked):
            if target not in found and target in world.rooms:
                number += 1
                way = (*path, *commands)
                heapq.heappush(queue, (cost + len(commands), number, target, way))
    return found


def doors_to(world: World, room: str) -> list[str]:
    """Return the names of the doors on the way from the start to a known room."""
    here, found = world.start, list[str]()
    for command in routes(world, here, locked=True).get(room, ()):
        if way := world.rooms[here].ways.get(command):
            found += [way.door] if way.door else []
            here = way.target
    return found


def is_key(thing: Thing) -> bool:
    """Tell whether a thing may be a key."""
    return bool(KEY.search(thing.name))


def legible(thing: Thing) -> bool:
    """Tell whether there may be something to read on a thing."""
    return thing.writing or bool(DOCUMENTS.search(thing.name))


def lights(world: World) -> list[Thing]:
    """Return what gives light or may do so, what is carried first."""
    found = [
        t for t in world.things.values()
        if t.light or (t.light is None and LIGHTS.search(t.name) and not t.fixed)
    ]  # fmt: skip
    return sorted(found, key=lambda t: (t.place != ME, not t.lit))


def access(world: World, thing: Thing, *commands: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the room where a thing is, and `commands` with those that uncover it for them.

    None where it is out of reach.
    """
    room = world.room_of(thing)
    for holder in reversed(world.holders(thing)):
        if holder.container and not holder.open:
            if holder.locked:
                return None
            close = (f"close {holder.name}",) if world.tidy else ()
            commands = (f"open {holder.name}", *commands, *close)
    return (room, commands) if room else None


def locks(world: World) -> list[tuple[Thing, list[str]]]:
    """Return what is known to be locked, with the rooms from which it can be reached."""
    found = []
    for thing in world.things.values():
        if thing.locked:
            rooms = sides(world, thing) if thing.door else [world.room_of(thing)]
            found.append((thing, [r for r in rooms if r]))
    return found


def sides(world: World, door: Thing) -> list[str]:
    """Return the rooms in which a door is."""
    return [
        name for name, room in world.rooms.items()
        if any(w.door == door.name for w in room.ways.values())
    ]  # fmt: skip


def options(world: World, wish: Wish) -> Iterator[Option]:
    """Yield everything that may show more of the world."""
    lit = any(t.lit for t in world.carried)
    for room in world.rooms.values():
        for direction, way in room.ways.items():
            if not way.target:
                yield from _way_out(world, wish, room, direction)
        if room.dark and (wish.things or wish.light or wish.doors):
            if lit:
                look = ("look",) if room.name == world.here else ()
                yield Option(room.name, look, 0 if wish.things or wish.light else 6)
            else:
                wanted = 4 if world.tidy else 1
                yield from _fetch_light(world, wanted if wish.things or wish.light else 7)
        elif wish.doors:
            yield from _close_looks(world, wish, room)
    if wish.doors:
        yield from _locked(world, wish)


def _way_out(world: World, wish: Wish, room: Room, direction: str) -> Iterator[Option]:
    way = room.ways[direction]
    door = world.things.get(way.door)
    if door is None or door.open:
        if not way.refused or (door and not room.dark):
            yield Option(room.name, _through(world, door, direction), 0, leaves=direction)
    elif world.tidy and wish.doors and not door.locked and not room.dark:
        yield Option(room.name, (f"open {door.name}",), 2)  # it may be locked
    elif wish.doors and not door.locked and not (room.dark and way.refused):
        yield Option(room.name, _through(world, door, direction), 1, leaves=direction)


def _fetch_light(world: World, penalty: float) -> Iterator[Option]:
    for light in lights(world)[:3]:
        if light.lit and light.place == ME:
            continue
        get = () if light.place == ME else (f"get {light.name}",)
        if reach := access(world, light, *get):
            yield Option(reach[0], (*reach[1], f"light {light.name}"), penalty, alone=True)


def _close_looks(world: World, wish: Wish, room: Room) -> Iterator[Option]:
    for thing in world.things.values():
        if thing.door or thing.place == ME or world.room_of(thing) != room.name:
            continue
        letter = bool(LETTERS.search(thing.name))
        texts = letter if wish.letters else wish.texts and legible(thing)
        if texts and thing.text is None and (reach := access(world, thing, f"read {thing.name}")):
            yield Option(*reach, -1 if letter else 0)
        if thing.container and not thing.locked and not thing.inspected:
            close = (f"close {thing.name}",) if world.tidy and not thing.open else ()
            look = f"{'look in' if thing.open else 'open'} {thing.name}"
            if reach := access(world, thing, look, *close):
                hidden = int(world.tidy) if wish.things else 5
                yield Option(*reach, hidden)
        if not thing.examined and not thing.container and not (world.tidy and _plain(thing)):
            hides = 4 if COVERS.search(thing.name) else 14
            if is_key(thing) or LIGHTS.search(thing.name):
                hides = 30
            if reach := access(world, thing, f"examine {thing.name}"):
                yield Option(*reach, hides)


def _plain(thing: Thing) -> bool:
    """Tell whether a close look at a thing is of no use."""
    return bool(LIGHTS.search(thing.name)) or is_key(thing) or legible(thing)


def told_keys(world: World) -> Iterator[tuple[Thing, list[str], Thing]]:
    """Yield what is locked, the rooms where it can be reached, and its key by what texts tell."""
    for lock, rooms in locks(world):
        key = world.find(world.lore.value("key", bare(lock.name)) or "")
        if key is not None and rooms:
            yield lock, rooms, key


def _locked(world: World, wish: Wish) -> Iterator[Option]:
    if world.tidy and not wish.force:
        for lock, rooms, key in told_keys(world):
            if key.place == ME:
                turn = (f"unlock {lock.name} with {key.name}",)
                for room in rooms:
                    yield Option(room, turn, 0 if wish.unlock else 4, alone=True)
            elif reach := access(world, key, f"get {key.name}"):
                yield Option(*reach, 0 if wish.unlock else 10, alone=True)
        return
    keys = [t for t in world.things.values() if is_key(t) and not t.door]
    wanted: dict[str, Option] = {}
    for lock, rooms in locks(world):
        untried = [k for k in keys if k.name.casefold() not in lock.misfits]
        if carried := [k for k in untried if k.place == ME]:
            commands = tuple(f"unlock {lock.name} with {k.name.casefold()}" for k in carried)
            for room in rooms:
                yield Option(room, commands, 1, alone=True)
            continue
        for key in untried:
            if rooms and (reach := access(world, key, f"get {key.name}")):
                wanted[key.name] = Option(*reach, 3, alone=True)
    yield from wanted.values()


def next_commands(world: World, wish: Wish, *, sweep: bool) -> list[str]:
    """Return the commands of the most promising try; several tries where `sweep` is set.

    Empty where nothing is left to try.
    """
    left = list(options(world, wish))
    if not left:
        return []
    limit = 3 + min(o.penalty for o in left)
    here, batch, back = world.here, list[str](), list[str]()
    while left:
        ways = routes(world, here)
        reachable = [o for o in left if o.room in ways]
        if batch:
            reachable = [o for o in reachable if o.penalty <= limit and not o.alone]
        if not reachable:
            break
        best = min(reachable, key=lambda o: len(ways[o.room]) + len(o.commands) + o.penalty)
        left.remove(best)
        if len(batch) + len(ways[best.room]) + len(best.commands) > SWEEP and batch:
            break
        batch += [*ways[best.room], *best.commands]
        here = best.room
        if not sweep or best.alone:
            break
        back = [OPPOSITE[best.leaves]] if best.leaves else []
        batch += back
    return batch[: len(batch) - len(back)]
