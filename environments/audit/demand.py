"""What a task demands, in plain terms: the checker's own reading of a task's data. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from environments.audit.log import Sight
from environments.tasks.model import (
    Answered,
    Condition,
    Evidence,
    Holds,
    Inscribed,
    Located,
    Task,
    Together,
    Visited,
)
from world_fixtures.spec import Room, WorldSpec


@dataclass(frozen=True)
class End:
    """A field of an entity at the end of a stage."""

    stage: int
    entity: str
    field: str
    value: Any


@dataclass(frozen=True)
class Written:
    """A line in the agent's hand at the end of a stage, among at most `most` of its own."""

    stage: int
    entity: str
    text: str
    most: int = 1


@dataclass(frozen=True)
class Way:
    """Rooms that the agent passes in this order in a stage."""

    stage: int
    rooms: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """One of these sights, in one of the stages given."""

    stages: tuple[int, ...]
    sights: tuple[Sight, ...]


@dataclass(frozen=True)
class Reply:
    """One field of the answer."""

    form: str
    """`text`, `number`, `set`, `route`, or `edges`."""
    value: Any = None
    place_of: tuple[int, bool, str] | None = None
    """The room of an entity at the start (False) or end (True) of a stage, in place of `value`."""
    inside: tuple[int, bool, str] | None = None
    """The names of what is in an entity then."""


@dataclass(frozen=True)
class Demand:
    """All that must be so for a task to be done."""

    spec: WorldSpec
    stages: int
    budget: int
    """Commands."""
    ends: tuple[End, ...] = ()
    written: tuple[Written, ...] = ()
    ways: tuple[Way, ...] = ()
    seen: tuple[Seen, ...] = ()
    answer: dict[str, Reply] = field(default_factory=dict)
    free: tuple[tuple[str, ...], ...] = ()
    """By stage, what may be left otherwise."""
    spared: int = 1
    """Entities that may be left otherwise all the same, over all stages."""


def demand_of(task: Task) -> Demand:
    """Read what a task of today's kinds demands.

    The values of answers are those that its walkthrough submits, where they do not follow from the
    state; what an answer rests on is to be seen in the room, in the thing, or in the text that
    tells it.
    """
    ends, written, ways = [], [], []
    answer: dict[str, Reply] = {}
    told = task.stages[-1].walkthrough[-1].answer
    for n, stage in enumerate(task.stages):
        for goal in stage.goals:
            for condition in _flat(goal.condition) if goal.final else ():
                match condition:
                    case Located():
                        ends.append(End(n, condition.entity, "location", condition.place))
                    case Holds():
                        ends.append(End(n, condition.entity, condition.field, condition.value))
                    case Inscribed():
                        written.append(Written(n, condition.entity, condition.text, condition.most))
                    case Visited():
                        ways.append(Way(n, condition.rooms))
                    case Answered():
                        answer[condition.field] = _reply(condition, told)
                    case _:
                        raise ValueError(f"{task.id}: the audit knows no goal {condition.type!r}")
    seen = [
        Seen((n,), _sights(e, task.spec)) for n, s in enumerate(task.stages) for e in s.evidence
    ]
    return Demand(
        spec=task.spec,
        stages=len(task.stages),
        budget=task.budget,
        ends=tuple(ends),
        written=tuple(written),
        ways=tuple(ways),
        seen=tuple(seen),
        answer=answer,
        free=tuple(s.unchanged.free for s in task.stages),
        spared=max(s.unchanged.tolerance for s in task.stages),
    )


def _flat(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, Together):
        yield from condition.conditions
    else:
        yield condition


def _reply(condition: Answered, told: dict[str, Any]) -> Reply:
    known = condition.known
    if known is None:
        return Reply(condition.match, told.get(condition.field))
    at = (known.stage, known.end, known.entity)
    if known.asks == "where":
        return Reply(condition.match, place_of=at)
    return Reply(condition.match, inside=at)


def _sights(wanted: Evidence, spec: WorldSpec) -> tuple[Sight, ...]:
    """Return what shows a fact: any one of them is enough."""
    entity, fact = wanted.entity, wanted.fact
    if fact == "exits":
        return (Sight("exits", entity),)
    if fact in ("contents", "desc"):
        room = isinstance(spec.entities.get(entity), Room)
        return (Sight("room" if room else "inside", entity),)
    if fact == "text":
        return (Sight("text", entity),)
    if fact == "inscriptions":
        return (Sight("lines", entity, tuple(wanted.value or ())),)
    return tuple(
        Sight("text", thing.id)
        for thing in spec.things
        for told in thing.tells
        if (told.entity, told.field) == (entity, fact) and wanted.value in (None, told.value)
    )
