"""What a task demands, in plain terms: the checker's own reading of a task's data. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from environments.audit.log import Sight
from environments.tasks.model import (
    Answered,
    Attack,
    Condition,
    Did,
    Evidence,
    Holds,
    Inscribed,
    Located,
    Present,
    Task,
    Together,
    Told,
    Visited,
)
from world_fixtures.facts import Fact
from world_fixtures.spec import Room, WorldSpec


@dataclass(frozen=True)
class End:
    """A field of an entity at the end of a stage."""

    stage: int
    entity: str
    field: str
    value: Any
    by: int | None = None
    """Tick after which nothing that is done for it counts."""


@dataclass(frozen=True)
class Written:
    """A line in the agent's hand at the end of a stage, among at most `most` of its own."""

    stage: int
    entity: str
    text: str
    most: int = 1
    by: int | None = None


@dataclass(frozen=True)
class Said:
    """All the words of a text, told to a person at once, among at most `most` of the agent's."""

    stage: int
    person: str
    text: str
    most: int = 10_000
    by: int | None = None


@dataclass(frozen=True)
class Deeded:
    """A command of the agent that was carried out on an entity in a stage."""

    stage: int
    verb: str
    entity: str


@dataclass(frozen=True)
class There:
    """The agent, in a room at an hour of the day, from `begins` to before `ends`."""

    stage: int
    room: str
    begins: int
    ends: int
    day: int
    by: int | None = None
    """The last tick since the start of the world at which it counts."""


@dataclass(frozen=True)
class Banned:
    """What must not be brought about once one of the sights was seen; None: giving up at once."""

    name: str
    stage: int
    sights: tuple[Sight, ...]
    what: End | Written | Said | None


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
    said: tuple[Said, ...] = ()
    done: tuple[Deeded, ...] = ()
    there: tuple[There, ...] = ()
    banned: tuple[Banned, ...] = ()
    answer: dict[str, Reply] = field(default_factory=dict)
    free: tuple[tuple[str, ...], ...] = ()
    """By stage, what may be left otherwise."""
    spared: int = 1
    """Entities that may be left otherwise all the same, over all stages."""


Part = End | Written | Way | Seen | Said | Deeded | There | Banned | tuple[str, Reply]
"""Something demanded, or that must not be done; of an answer a field and what it is to be."""


def demanding(demand: Demand, parts: Sequence[Part]) -> Demand:
    """Return the demand with these parts besides."""
    return replace(
        demand,
        ends=(*demand.ends, *(p for p in parts if isinstance(p, End))),
        written=(*demand.written, *(p for p in parts if isinstance(p, Written))),
        ways=(*demand.ways, *(p for p in parts if isinstance(p, Way))),
        seen=(*demand.seen, *(p for p in parts if isinstance(p, Seen))),
        said=(*demand.said, *(p for p in parts if isinstance(p, Said))),
        done=(*demand.done, *(p for p in parts if isinstance(p, Deeded))),
        there=(*demand.there, *(p for p in parts if isinstance(p, There))),
        banned=(*demand.banned, *(p for p in parts if isinstance(p, Banned))),
        answer={**demand.answer, **dict(p for p in parts if isinstance(p, tuple))},
    )


def demand_of(task: Task) -> Demand:
    """Read what a task of today's kinds demands.

    The values of answers are those that its walkthrough submits, where they do not follow from the
    state; what an answer rests on is to be seen in the room, in the thing, or in the text that
    tells it.
    """
    parts: list[Part] = []
    for n, stage in enumerate(task.stages):
        for goal in stage.goals:
            for condition in _flat(goal.condition) if goal.final else ():
                parts.append(_part(task, n, condition, goal.by))
        parts += [Seen((n,), _sights(task, e)) for e in stage.evidence]
    demand = Demand(
        spec=task.spec,
        stages=len(task.stages),
        budget=task.budget,
        free=tuple(s.unchanged.free for s in task.stages),
        spared=max(s.unchanged.tolerance for s in task.stages),
        banned=tuple(_banned(task, attack) for attack in task.attacks),
    )
    return demanding(demand, parts)


def _banned(task: Task, attack: Attack) -> Banned:
    shown = Evidence(field="", entity=attack.entity, fact=attack.fact, value=attack.value)
    what = attack.condition and _part(task, attack.stage, attack.condition, None)
    if not isinstance(what, End | Written | Said | None):
        raise ValueError(f"{task.id}: the audit knows no attack {attack.condition!r}")
    return Banned(attack.name, attack.stage, _sights(task, shown), what)


def _part(task: Task, stage: int, condition: Condition, by: int | None) -> Part:
    match condition:
        case Located():
            return End(stage, condition.entity, "location", condition.place, by)
        case Holds():
            return End(stage, condition.entity, condition.field, condition.value, by)
        case Inscribed():
            return Written(stage, condition.entity, condition.text, condition.most, by)
        case Visited():
            return Way(stage, condition.rooms)
        case Did():
            return Deeded(stage, condition.verb, condition.entity)
        case Told():
            return Said(stage, condition.person, condition.text, condition.most, by)
        case Present():
            last = min((t for t in (by, condition.by) if t is not None), default=None)
            return There(
                stage, condition.room, condition.begins, condition.ends, condition.day, last
            )
        case Answered():
            told = task.stages[-1].walkthrough[-1].answer
            return condition.field, _reply(condition, told)
        case _:
            raise ValueError(f"{task.id}: the audit knows no goal {condition.type!r}")


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


def _sights(task: Task, wanted: Evidence) -> tuple[Sight, ...]:
    """Return what shows a fact: any one of them is enough. Raises ValueError where nothing does."""
    entity, fact, spec = wanted.entity, wanted.fact, task.spec
    if fact == "exits":
        return (Sight("exits", entity),)
    if fact in ("contents", "desc"):
        room = isinstance(spec.entities.get(entity), Room)
        return (Sight("room" if room else "inside", entity),)
    if fact == "text":
        return (Sight("text", entity),)
    if fact == "inscriptions":
        return (Sight("lines", entity, tuple(wanted.value or ())),)
    if fact == "said":
        return (Sight("says", entity, (wanted.value,)),)
    if fact == "left":
        return (Sight("leaves", entity, (wanted.value,)),)
    read = [
        Sight("text", thing.id)
        for thing in spec.things
        for told in thing.tells
        if (told.entity, told.field) == (entity, fact) and wanted.value in (None, told.value)
    ]
    people = spec.living.people if spec.living else ()
    heard = [
        Sight("says", person.id, (known.says,))
        for person in people
        for known in person.knows
        for told in (*known.tells, Fact(person.id, "told", known.topic))
        if (told.entity, told.field) == (entity, fact) and wanted.value in (None, told.value)
    ]
    if not read and not heard:
        raise ValueError(f"{task.id}: the audit knows nothing that shows {fact!r} of {entity}")
    return (*read, *heard)
