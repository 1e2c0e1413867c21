"""What the events of a rollout showed of its world, and whether another world would show the same.

`played` is, here and in all of this package, the events of each stage that was begun, in order (see
`Checkpoint.events_by_stage`). What was shown stays known from one stage to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from environments.tasks.model import Task
from world_fixtures.facts import Fact
from world_fixtures.protocol import ARRANGE, CONNECT, Event
from world_fixtures.rules import Outcome, Scene, Simulation
from world_fixtures.rules.outcome import ok
from world_fixtures.spec import WorldSpec

Played = Sequence[Sequence[Event]]
"""The events of each stage that was begun, in order."""


@dataclass(frozen=True)
class Observed:
    """What was shown of a world: ids, and the facts that were revealed."""

    rooms: frozenset[str]
    """Rooms that somebody was in."""
    things: frozenset[str]
    """Things that were seen, named with success, or changed."""
    locks: frozenset[str]
    """Doors and containers that were locked or unlocked: their key is known."""
    facts: frozenset[Fact]


def observed(spec: WorldSpec, events: Iterable[Event]) -> Observed:
    """Collect what the events of a rollout in this world showed."""
    rooms = {c.location for c in spec.characters}
    things: set[str] = set()
    locks: set[str] = set()
    facts: set[Fact] = set()
    for event in events:
        rooms.add(event.room)
        things.update(event.objects)
        for change in event.changes:
            things.add(change.entity)
            if change.field == "locked":
                locks.add(change.entity)
            if change.field == "location" and change.after is not None:
                rooms.add(change.after)
        for entity, field, value in event.reveals:
            if field == "contents":
                things.update(value)
            facts.add(Fact(entity, field, plain(value)))
    known = {r.id for r in spec.rooms}
    return Observed(
        frozenset(rooms & known), frozenset(things - known), frozenset(locks), frozenset(facts)
    )


def agrees(task: Task, played: Played) -> bool:
    """Tell whether the commands of `played` would have shown the same in the world of `task`.

    The same texts, the same facts revealed and the same changes, failed commands included.
    """
    simulation = Simulation(task.spec)
    for stage, events in zip(task.stages, played, strict=False):
        simulation.arrange(stage.before)
        for event, outcome in repeated(simulation, events):
            if shown(outcome) != shown(event):
                return False
    return True


def repeated(simulation: Simulation, events: Iterable[Event]) -> Iterator[tuple[Event, Outcome]]:
    """Carry out the commands of a stage's events; yield each event with what came of it here.

    What was arranged before the stage is the caller's business.
    """
    for event in events:
        if event.verb == ARRANGE:
            continue
        if event.verb == CONNECT:
            scene = Scene(simulation.index, simulation, event.actor)
            yield event, ok(scene.view(), scene.room, reveals=scene.seen())
        else:
            yield event, simulation.act(event.raw, event.actor)


def shown(of: Event | Outcome) -> tuple[Any, ...]:
    """Return what a command showed and changed, comparable whatever it came as."""
    changes = [(c.entity, c.field, plain(c.after)) for c in of.changes]
    return of.kind, of.text, changes, [(e, f, plain(v)) for e, f, v in of.reveals]


def plain(value: Any) -> Any:
    """Return lists as tuples, so that what came as JSON equals what did not."""
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value
