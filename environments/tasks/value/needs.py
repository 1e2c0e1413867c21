"""What success asks of each stage of a task, and what of it follows from the task alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from environments.tasks.model import Answered, Condition, Goal, Task, Together
from world_fixtures.rules import SpecIndex
from world_fixtures.spec import Exit
from world_fixtures.state import initial_fields

FAR = 10_000
"""Moves to a room that no way leads to."""
Moves = dict[str, dict[str, int]]
KEPT = 64
"""Tasks whose needs are kept for the next time they are asked for."""


@dataclass(frozen=True)
class StageNeeds:
    """What has to be so at the end of one stage, answers aside."""

    conditions: tuple[Condition, ...]
    evidence: tuple[tuple[str, str, Any], ...]
    """Entity, fact and value (None: any) that must have been revealed in the stage."""


@dataclass(frozen=True)
class Needs:
    """What has to be so at the end of each stage, and over all of them."""

    task: Task
    index: SpecIndex
    stages: tuple[StageNeeds, ...]
    tolerance: int
    """Entities that may be otherwise at no cost, over all stages."""
    fields: tuple[tuple[str, str], ...]
    """Entities with those of their fields that must not be left otherwise."""
    _moves: dict[frozenset[str], Moves] = field(default_factory=dict)

    def moves(self, without: Iterable[str]) -> Moves:
        """Return the moves from each room to each, not through these doors and exits."""
        shut = frozenset(without)
        known = self._moves.get(shut)
        if known is None:
            known = self._moves[shut] = _distances(self.index.exits, shut)
        return known


_KNOWN: dict[int, Needs] = {}


def needs_of(task: Task) -> Needs:
    """Return what success in a task needs; made once for as long as the task is in use."""
    known = _KNOWN.get(id(task))
    if known is None or known.task is not task:
        while len(_KNOWN) >= KEPT:
            _KNOWN.pop(next(iter(_KNOWN)))
        known = _KNOWN[id(task)] = _needs(task)
    return known


def _needs(task: Task) -> Needs:
    wanted = {goal.name for goal in _needed(task)}
    fields = {
        part.field for g in task.goals if g.name in wanted for part in _parts(g.condition)
        if isinstance(part, Answered)
    }  # fmt: skip
    stages = tuple(
        StageNeeds(
            conditions=tuple(
                part for goal in stage.goals if goal.name in wanted
                for part in _parts(goal.condition) if not isinstance(part, Answered)
            ),
            evidence=tuple(
                dict.fromkeys(
                    (e.entity, e.fact, plain(e.value)) for e in stage.evidence if e.field in fields
                )
            ),
        )
        for stage in task.stages
    )  # fmt: skip
    return Needs(
        task=task,
        index=SpecIndex(task.spec),
        stages=stages,
        tolerance=max(stage.unchanged.tolerance for stage in task.stages),
        fields=tuple(
            (entity, field)
            for entity, held in initial_fields(task.spec).items()
            for field in held
            if field not in ("revealed", "locked")
        ),
    )


def _needed(task: Task) -> list[Goal]:
    """Return the final goals and the goals that must be met before one of them counts."""
    found = {g.name: g for g in task.goals if g.final}
    waiting = list(found.values())
    while waiting:
        after = set(waiting.pop().after) - set(found)
        more = [g for g in task.goals if g.name in after]
        found |= {g.name: g for g in more}
        waiting += more
    return list(found.values())


def _parts(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, Together):
        yield from condition.conditions
    else:
        yield condition


def plain(value: Any) -> Any:
    """Return lists as tuples, so that what came as JSON equals what did not, and can be hashed."""
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value


def _distances(exits: dict[str, tuple[Exit, ...]], shut: frozenset[str]) -> Moves:
    ways = {
        room: [e.target for e in leaving if e.door not in shut and e.id not in shut]
        for room, leaving in exits.items()
    }
    found = {}
    for start in ways:
        moves = dict.fromkeys(ways, FAR)
        moves[start] = 0
        waiting = deque([start])
        while waiting:
            room = waiting.popleft()
            for target in ways[room]:
                if moves[target] == FAR:
                    moves[target] = moves[room] + 1
                    waiting.append(target)
        found[start] = moves
    return found
