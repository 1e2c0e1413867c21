"""Validation of what makes a world go on: its time. People are in `validation_people`. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from world_fixtures.living import Living
from world_fixtures.problem import Problem
from world_fixtures.reachability import ways_about
from world_fixtures.spec import WorldSpec
from world_fixtures.validation_conflicts import conflict_problems
from world_fixtures.validation_people import people_problems

Place = tuple[str | int, ...]


def living_problems(spec: WorldSpec) -> Iterator[Problem]:
    """Yield every error of `spec.living`, in the order of its parts; none where there is none."""
    living = spec.living
    if living is None:
        return
    if living.begins >= living.day:
        told = f"the world begins at tick {living.begins}, beyond its day of {living.day} ticks"
        yield Problem(("living", "begins"), f"living: {told}")
    yield from _timetables(spec, living)
    yield from _burning(spec, living)
    yield from _turning(spec, living)
    yield from _processes(spec, living)
    yield from _made_twice(spec, living)
    yield from _lost_work(spec, living)
    yield from people_problems(spec, living)
    yield from conflict_problems(living)


def _problem(place: Place, told: str) -> Problem:
    return Problem(("living", *place), f"living: {told}")


def _timetables(spec: WorldSpec, living: Living) -> Iterator[Problem]:
    doors = {d.id for d in spec.doors}
    ids: set[str] = set()
    timed: set[str] = set()
    for n, table in enumerate(living.timetables):
        period = table.period or living.day
        long = f"{'the day' if table.period is None else 'its period'} of {period} ticks"
        if table.id in ids:
            yield _problem(("timetables", n, "id"), f"the timetable {table.id!r} is used twice")
        if table.door not in doors:
            told = f"the timetable {table.id!r} is of {table.door!r}, and there is no such door"
            yield _problem(("timetables", n, "door"), told)
        elif table.door in timed:
            told = f"the door {table.door!r} has two timetables"
            yield _problem(("timetables", n, "door"), told)
        if table.opens == table.shuts:
            told = f"the timetable {table.id!r} opens when it shuts, at tick {table.opens}"
            yield _problem(("timetables", n, "shuts"), told)
        elif table.opens == 0 and table.shuts == period:
            told = f"the timetable {table.id!r} never shuts: it is open for {long}"
            yield _problem(("timetables", n, "shuts"), told)
        if table.opens >= period:
            told = f"the timetable {table.id!r} opens at tick {table.opens}, beyond {long}"
            yield _problem(("timetables", n, "opens"), told)
        if table.shuts > period:
            told = f"the timetable {table.id!r} shuts at tick {table.shuts}, beyond {long}"
            yield _problem(("timetables", n, "shuts"), told)
        ids.add(table.id)
        timed.add(table.door)


def _burning(spec: WorldSpec, living: Living) -> Iterator[Problem]:
    lights = {t.id: t.light for t in spec.things}
    passed: set[str] = set()
    for n, burning in enumerate(living.burning):
        if burning.thing not in lights:
            told = f"there is no thing {burning.thing!r} to burn down"
            yield _problem(("burning", n, "thing"), told)
        elif not lights[burning.thing]:
            told = f"{burning.thing!r} burns down and gives no light"
            yield _problem(("burning", n, "thing"), told)
        elif burning.thing in passed:
            yield _problem(("burning", n, "thing"), f"{burning.thing!r} burns down twice")
        passed.add(burning.thing)


def _turning(spec: WorldSpec, living: Living) -> Iterator[Problem]:
    things = {t.id: t for t in spec.things}
    into = {turning.thing: turning.into for turning in reversed(living.turning)}
    passed: set[str] = set()
    looped: set[str] = set()
    for n, turning in enumerate(living.turning):
        place: Place = ("turning", n, "thing")
        thing = things.get(turning.thing)
        if thing is None:
            yield _problem(place, f"there is no thing {turning.thing!r} to become another")
        elif turning.thing in passed:
            told = f"{turning.thing!r} becomes two things: {into[turning.thing]!r} and"
            yield _problem(place, f"{told} {turning.into!r}")
            continue
        elif thing.container or thing.surface:
            told = f"{turning.thing!r} becomes another thing, and what it holds would be lost"
            yield _problem(place, told)
        passed.add(turning.thing)
        place = ("turning", n, "into")
        chain = _chain(turning.thing, into)
        product = things.get(turning.into)
        if product is None:
            yield _problem(place, f"there is no thing {turning.into!r} that one can become")
        elif chain[-1] == turning.thing:
            if not looped & set(chain):
                yield _problem(place, "things become each other: " + ", ".join(map(repr, chain)))
            looped |= set(chain)
        elif product.location is not None:
            told = f"{turning.thing!r} becomes {product.id!r}, which is there already"
            yield _problem(place, f"{told}: its location must be null")


def _chain(thing: str, into: dict[str, str]) -> list[str]:
    """Return what a thing becomes one after the other, up to what was there before."""
    chain = [thing]
    while (later := into.get(chain[-1])) is not None and later not in chain[1:]:
        chain.append(later)
        if later == thing:
            break
    return chain


def _processes(spec: WorldSpec, living: Living) -> Iterator[Problem]:
    things = {t.id: t for t in spec.things}
    machines: set[str] = set()
    for n, process in enumerate(living.processes):
        place: Place = ("processes", n, "machine")
        if process.machine not in things:
            yield _problem(place, f"there is no thing {process.machine!r} to be started")
        elif process.machine in machines:
            yield _problem(place, f"the machine {process.machine!r} has two processes")
        machines.add(process.machine)
        for k, part in enumerate(process.needs):
            wrong = ""
            if part not in things:
                wrong = f"there is no thing {part!r} for {process.machine!r} to take"
            elif part == process.machine:
                wrong = f"the machine {part!r} takes itself"
            elif part in process.needs[:k]:
                wrong = f"{process.machine!r} takes {part!r} twice"
            if wrong:
                yield _problem(("processes", n, "needs", k), wrong)
        place = ("processes", n, "makes")
        made = things.get(process.makes)
        if made is None:
            told = f"there is no thing {process.makes!r} for {process.machine!r} to make"
            yield _problem(place, told)
        elif process.makes in (*process.needs, process.machine):
            yield _problem(place, f"{process.makes!r} is made of itself")
        elif made.location is not None:
            told = f"{process.machine!r} makes {made.id!r}, which is there already"
            yield _problem(place, f"{told}: its location must be null")


def _lost_work(spec: WorldSpec, living: Living) -> Iterator[Problem]:
    """Find what would be used up with something in it, or while it is at work."""
    machines = {process.machine for process in living.processes}
    holders = {t.id for t in spec.things if t.container or t.surface}
    for n, turning in enumerate(living.turning):
        if turning.thing in machines:
            told = f"{turning.thing!r} becomes another thing, and what it makes would be lost"
            yield _problem(("turning", n, "thing"), told)
    for n, process in enumerate(living.processes):
        for k, part in enumerate(process.needs):
            if part in (machines | holders) - {process.machine}:
                lost = "makes" if part in machines else "holds"
                told = f"{process.machine!r} takes {part!r}, and what that {lost} would be lost"
                yield _problem(("processes", n, "needs", k), told)
    for n, recipe in enumerate(spec.recipes):
        for k, part in enumerate(recipe.parts):
            if part in machines:
                told = f"{recipe.makes!r} is made of {part!r}, and what that makes would be lost"
                yield Problem(("recipes", n, "parts", k), f"recipes: {told}")


def _made_twice(spec: WorldSpec, living: Living) -> Iterator[Problem]:
    """Find what could come about a second time while it is there.

    Two ways to make one thing are sound where they use up a part that both need.
    """
    ways: dict[str, list[set[str]]] = {}
    for recipe in spec.recipes:
        ways.setdefault(recipe.makes, []).append(set(recipe.parts))
    for place, makes, parts in ways_about(living):
        others = ways.setdefault(makes, [])
        if any(parts.isdisjoint(other) for other in others):
            told = f"{makes!r} comes about in two ways that share no part"
            yield Problem(place, f"living: {told}")
        others.append(parts)
