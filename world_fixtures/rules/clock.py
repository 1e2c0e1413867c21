"""What time brings about by itself: doors by the hour, lights that burn down, things that turn."""

from __future__ import annotations

from collections.abc import Iterator

from world_fixtures.facts import Fact
from world_fixtures.living import Timetable
from world_fixtures.protocol import WORLD, Change
from world_fixtures.rules.outcome import Happening, ok
from world_fixtures.rules.scene import SpecIndex, StateReader
from world_fixtures.rules.witness import Sight


def due(index: SpecIndex, state: StateReader, tick: int) -> Iterator[tuple[Happening, list[Sight]]]:
    """Yield what happens at a tick, with where it is seen. Each is made before the next is asked.

    A light goes out, a thing turns and a machine is done at the first tick that is not before the
    one it is due at; a door follows its timetable at the tick itself.
    """
    living = index.spec.living
    assert living is not None
    for table in living.timetables:
        yield from _swung(index, state, table, tick, living.day)
    for burning in living.burning:
        out_at = state.get(burning.thing, "out_at")
        if out_at is not None and out_at <= tick:
            thing = burning.thing
            changes = [_set(state, thing, f, v) for f, v in
                       (("lit", False), ("out_at", None), ("left", 0))]  # fmt: skip
            line = f"The {index.name(thing)} goes out: it has burnt down."
            yield _happening("burns_out", (thing,), changes), _seen(index, state, thing, line)
    for turning in living.turning:
        turns_at = state.get(turning.thing, "turns_at")
        there = state.get(turning.thing, "location") is not None
        if there and turns_at is not None and turns_at <= tick:
            yield _turned(index, state, turning.thing, turning.into, tick)
    for process in living.processes:
        done_at = state.get(process.machine, "done_at")
        if done_at is not None and done_at <= tick:
            machine, product = process.machine, process.makes
            holder = index.things[machine]
            holds = holder.surface or holder.container
            place = machine if holds else room_of(index, state, machine)
            changes = [
                _set(state, machine, "done_at", None),
                _set(state, product, "location", place),
                *begin_turning(index, state, product, tick),
            ]
            line = f"The {index.name(machine)} is done."
            yield (
                _happening("is_done", (machine, product), changes),
                _seen(index, state, machine, line),
            )


def begin_turning(index: SpecIndex, state: StateReader, thing: str, tick: int) -> list[Change]:
    """Return the change that comes with a thing's coming into play, if it will turn."""
    after = index.turns.get(thing)
    return [] if after is None else [_set(state, thing, "turns_at", tick + after)]


def is_open_at(table: Timetable, tick: int, day: int) -> bool:
    """Tell whether a timetable has its door open at a tick."""
    hour = tick % (table.period or day)
    if table.opens < table.shuts:
        return table.opens <= hour < table.shuts
    return hour >= table.opens or hour < table.shuts


def room_of(index: SpecIndex, state: StateReader, entity: str) -> str | None:
    """Return the room that an entity is in, through what holds it; None out of play."""
    place: str | None = entity
    while place is not None and place not in index.rooms:
        place = state.get(place, "location")
    return place


def _swung(
    index: SpecIndex, state: StateReader, table: Timetable, tick: int, day: int
) -> Iterator[tuple[Happening, list[Sight]]]:
    now = is_open_at(table, tick, day)
    if now == is_open_at(table, tick - 1, day):
        return
    changes = [
        _set(state, table.door, field, value)
        for field, value in (("open", now), ("locked", not now))
        if state.get(table.door, field) != value
    ]
    if changes:
        line = f"The {index.name(table.door)} is {'opened' if now else 'shut and locked'}."
        fact = (Fact(table.door, "open", now),)
        rooms = dict.fromkeys(e.source for e in index.through[table.door])
        yield (
            _happening("opens" if now else "shuts", (table.door,), changes),
            [Sight(room, line, fact) for room in rooms],
        )


def _turned(
    index: SpecIndex, state: StateReader, thing: str, into: str, tick: int
) -> tuple[Happening, list[Sight]]:
    place = state.get(thing, "location")
    line = f"The {index.name(thing)} has become the {index.name(into)}."
    sights = _seen(index, state, thing, line)
    changes = [
        _set(state, thing, "location", None),
        _set(state, thing, "turns_at", None),
        _set(state, into, "location", place),
        *begin_turning(index, state, into, tick),
    ]
    return _happening("turns", (thing, into), changes), sights


def _seen(index: SpecIndex, state: StateReader, thing: str, line: str) -> list[Sight]:
    """Return the sight of something that happens to a thing that lies open."""
    place: str | None = state.get(thing, "location")
    while place in index.things:
        holder = index.things[place]
        if not (holder.surface or state.get(place, "open")):
            return []
        place = state.get(place, "location")
    room = place if place in index.rooms else place and state.get(place, "location")
    return [Sight(room, line)] if room else []


def _set(state: StateReader, entity: str, field: str, value: object) -> Change:
    return Change(entity=entity, field=field, before=state.get(entity, field), after=value)


def _happening(verb: str, objects: tuple[str, ...], changes: list[Change]) -> Happening:
    outcome = ok("", *objects, changes=tuple(changes))
    outcome.verb = verb
    return Happening(WORLD, "", "", outcome)
