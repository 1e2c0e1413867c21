"""Worlds of two or three rooms with a task each, and every way through them by trying all."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from environments.tasks.model import (
    Answered,
    Evidence,
    Family,
    Goal,
    Holds,
    Located,
    Stage,
    Step,
    Task,
    Together,
    Unchanged,
    Visited,
)
from environments.tasks.value import Position
from world_fixtures.facts import Arranged, Fact
from world_fixtures.rules import Scene
from world_fixtures.rules.several import called
from world_fixtures.spec import Character, Door, Exit, Recipe, Room, Thing, WorldSpec

BUDGET = 60
Key = tuple[object, ...]


def small_task(seed: int) -> Task:
    """Draw a world with few things, and a task in it that may be impossible."""
    rng = random.Random(f"small/{seed}")
    rooms = ["hall", "attic", "cellar"][: rng.choice((2, 3, 3))]
    door, box = rng.random() < 0.6, rng.random() < 0.7
    dark = rng.random() < 0.2
    lock = rng.choice(("", "door", "box")) if rng.random() < 0.6 else ""
    exits, doors, things, recipes = [], [], [], []
    sides = [("hall", "up", "attic"), ("attic", "down", "hall")]
    hidden = not door and rng.random() < 0.25
    for source, way, target in sides:
        exits.append(
            Exit(source=source, direction=way, target=target, door="gate" if door else None,
                 hidden=hidden and source == "hall")
        )  # fmt: skip
    if len(rooms) == 3:
        exits.append(Exit(source="hall", direction="in", target="cellar"))
        if rng.random() < 0.8:
            exits.append(Exit(source="cellar", direction="out", target="hall"))
        else:
            exits.append(Exit(source="cellar", direction="west", target="attic"))
    if door:
        locked = lock == "door"
        doors.append(
            Door(id="gate", name="gate", open=not locked and rng.random() < 0.3, locked=locked,
                 key="key" if locked else None, fragile=locked and rng.random() < 0.5,
                 shuts=rng.random() < 0.2)
        )  # fmt: skip
    near = [r for r in rooms if r != "attic"] if (door or hidden) else rooms
    if box:
        locked = lock == "box"
        things.append(
            Thing(id="box", name="box", desc="A box.", location=rng.choice(near), container=True,
                  open=not locked and rng.random() < 0.3, locked=locked,
                  key="key" if locked else None, portable=rng.random() < 0.5)
        )  # fmt: skip
    places = [*rooms, *(["box"] if box else [])]
    if lock and (lock == "door" or box):
        spots = near if lock == "box" else [*near, *(["box"] if box else [])]
        things.append(Thing(id="key", name="key", desc="A key.", location=rng.choice(spots)))
    if hidden:
        things.append(
            Thing(id="sign", name="sign", desc="A sign.", location=rng.choice(near),
                  portable=rng.random() < 0.5, reveals="hall:up")
        )  # fmt: skip
    if dark:
        things.append(Thing(id="lamp", name="lamp", desc="A lamp.", location="hall", light=True))
    things.append(
        Thing(id="note", name="note", desc="A note.", location=rng.choice(places), text="Two.",
              tells=(Fact("ann", "born", 2),))
    )  # fmt: skip
    things.append(Thing(id="coin", name="coin", desc="A coin.", location=rng.choice(places)))
    if rng.random() < 0.25 and len(things) < 5:
        things.append(Thing(id="rod", name="rod", desc="A rod.", location=rng.choice(rooms)))
        things.append(Thing(id="toy", name="toy", desc="A toy.", location=None))
        recipes.append(Recipe(parts=("coin", "rod"), makes="toy"))
    spec = WorldSpec(
        name="small", title="Small",
        rooms=tuple(Room(id=r, name=r, desc=r, dark=dark and r == "attic") for r in rooms),
        exits=tuple(exits), doors=tuple(doors), things=tuple(things), recipes=tuple(recipes),
        characters=(Character(id="you", name="You", location="hall"),),
    )  # fmt: skip
    return Task(
        id=f"small/{seed}", family=Family.ERRAND, kind="small", difficulty=1, seed=seed, spec=spec,
        stages=_stages(rng, spec, rooms, places, bool(recipes)), budget=BUDGET,
    )  # fmt: skip


def _stages(
    rng: random.Random, spec: WorldSpec, rooms: list[str], places: list[str], recipe: bool
) -> tuple[Stage, ...]:
    stages = []
    count = 2 if rng.random() < 0.25 and len(spec.things) < 5 else 1
    for n in range(count):
        cargo = "toy" if recipe else "coin"
        options = [
            Located(entity=cargo, place=rng.choice(places)),
            Located(entity="you", place=rng.choice(rooms)),
            Visited(rooms=tuple(rng.sample(rooms, 2))),
            Answered(field="value", expected=("2",)),
        ]
        if any(t.id == "box" for t in spec.things):
            options.append(Holds(entity="box", field="open", value=rng.random() < 0.5))
        chosen = rng.sample(options, rng.choice((1, 2, 2)))
        goal = Goal(name=f"goal {n}", condition=Together(conditions=tuple(chosen)))
        evidence = []
        if any(isinstance(c, Answered) for c in chosen):
            evidence.append(
                rng.choice((
                    Evidence(field="value", entity="ann", fact="born", value=2),
                    Evidence(field="value", entity="note", fact="desc"),
                    Evidence(field="value", entity=rng.choice(places), fact="contents"),
                    Evidence(field="value", entity=rng.choice(rooms), fact="exits"),
                ))
            )  # fmt: skip
        free = [t.id for t in spec.things if t.light or rng.random() < 0.2]
        free += [d.id for d in spec.doors if rng.random() < 0.5 or d.shuts]
        before = [Arranged("you", "location", rng.choice(rooms))] if n else []
        if n and not recipe and rng.random() < 0.5:
            before.append(Arranged("coin", "location", rng.choice(rooms)))
        stages.append(
            Stage(
                prompt="Do it.", goals=(goal,), evidence=tuple(evidence), before=tuple(before),
                unchanged=Unchanged(
                    free=tuple(sorted({*free, cargo})), tolerance=rng.choice((0, 1))
                ),
                walkthrough=(Step(tool="submit"),),
            )
        )  # fmt: skip
    return tuple(stages)


def commands_in(position: Position) -> Iterator[str]:
    """Yield every command of a small grammar that could do something in a position."""
    world = position.simulation
    scene = Scene(world.index, world, "you")
    reach = scene.in_reach()
    carried = [t.id for t in scene.things_in("you")]
    name = {e: called(scene, e, reach) for e in reach}
    yield from (e.direction for e in scene.exits())
    yield "look"
    things = [e for e in reach if e in world.index.things]
    for some in _selections([t for t in things if t not in carried]):
        yield "get " + " and ".join(name[t] for t in some)
    for some in _selections(carried):
        yield "drop " + " and ".join(name[t] for t in some)
        for place in things:
            if world.index.things[place].container:
                yield f"put {' and '.join(name[t] for t in some)} in {name[place]}"
    for entity in reach:
        yield from (f"{verb} {name[entity]}" for verb in ("open", "close", "examine"))
        yield from (f"unlock {name[entity]} with {name[k]}" for k in carried if k != entity)
    for thing in things:
        yield from (f"{verb} {name[thing]}" for verb in ("read", "look in", "light", "extinguish"))
    for one, two in combinations(things, 2):
        yield f"combine {name[one]} with {name[two]}"


def _selections(things: list[str]) -> Iterator[tuple[str, ...]]:
    for size in range(1, len(things) + 1):
        yield from combinations(things, size)


def key_of(position: Position) -> Key:
    """Return all of a position that later commands and the verdict can depend on."""
    task = position.task
    entities = position.simulation.state.entities
    state = tuple((e, *(repr(v) for v in fields.values())) for e, fields in entities.items())
    start = tuple(
        (e, f, repr(position.at_start(e, f))) for e, fields in entities.items() for f in fields
    )
    stage = task.stages[position.stage]
    seen = tuple(position.knows(e.entity, e.fact, e.value) for e in stage.evidence)
    passed = tuple(
        _progress(c.rooms, position.way)
        for g in stage.goals if isinstance(g.condition, Together)
        for c in g.condition.conditions if isinstance(c, Visited)
    )  # fmt: skip
    return position.stage, state, start, seen, passed, position.strays


def _progress(rooms: tuple[str, ...], way: tuple[str, ...]) -> int:
    passed = 0
    for room in way:
        passed += passed < len(rooms) and rooms[passed] == room
    return passed


def all_positions(task: Task, most: int) -> tuple[dict[Key, Position], dict[Key, int]] | None:
    """Return every position that commands lead to, and from each the fewest commands to success.

    None where there are more than `most` of them.
    """
    first = Position.start(task)
    found = {key_of(first): first}
    back: dict[Key, list[tuple[Key, int]]] = {}
    waiting = deque(found.items())
    while waiting:
        key, position = waiting.popleft()
        after = [(position.acted(c), 1) for c in commands_in(position)]
        if position.stage + 1 < len(task.stages) and not position.lacks():
            after.append((position.next_stage(), 0))
        for there, cost in after:
            other = key_of(there)
            back.setdefault(other, []).append((key, cost))
            if other not in found:
                found[other] = there
                waiting.append((other, there))
                if len(found) > most:
                    return None
    return found, _distances(found, back)


def _distances(
    found: dict[Key, Position], back: dict[Key, list[tuple[Key, int]]]
) -> dict[Key, int]:
    waiting = deque((key, 0) for key, position in found.items() if _is_won(position))
    known: dict[Key, int] = {}
    while waiting:
        key, cost = waiting.popleft()
        if known.get(key, cost + 1) <= cost:
            continue
        known[key] = cost
        for other, more in back.get(key, ()):
            (waiting.append if more else waiting.appendleft)((other, cost + more))
    return known


def _is_won(position: Position) -> bool:
    return replace(position, commands=0).succeeds
