"""What the kinds share: where people can walk, what they do, and what waiting is good for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from environments.tasks.families.common import BuildContext, TaskDraft
from environments.tasks.families.persistence.notes import enough, open_rooms
from environments.tasks.model import Goal, Together
from world_fixtures.facts import Fact
from world_fixtures.generator.inhabitants import DAY, Inhabitant
from world_fixtures.living import Duty
from world_fixtures.rules import Simulation, SpecIndex
from world_fixtures.rules.grammar import DIRECTIONS
from world_fixtures.spec import WorldSpec
from world_fixtures.state import WorldState

WHOLE = 2.0
"""Weight of doing all of it, over that of its parts together."""
FEWEST_MOVES = 4
"""Moves of a walkthrough, at least: nobody gets there by chance."""
CLOCK_TOLD = (
    f"A day has {DAY} ticks: a command takes one, `wait N` takes N, and `look` shows the clock."
)
"""Says in every prompt how time passes."""


def clear_rooms(context: BuildContext, fewest: int) -> list[str]:
    """List the open rooms between which people walk without being barred.

    Raises Unsolvable where there are fewer than `fewest`.
    """
    spec = context.spec
    rooms, index = open_rooms(spec), SpecIndex(spec)
    locked = {d.id for d in spec.doors if d.locked}
    lit = {r.id for r in spec.rooms if not r.dark}

    def barred(start: str, end: str) -> bool:
        ways = index.toward(end)
        while start != end:
            way = ways.get(start)
            if way is None or way.door in locked or start not in lit:
                return True
            start = way.target
        return False

    while len(rooms) > 1:
        faults = {r: sum(barred(r, o) + barred(o, r) for o in rooms) for r in rooms}
        worst = max(rooms, key=lambda r: (faults[r], r != spec.agent.location, r))
        if not faults[worst]:
            break
        rooms.remove(worst)
    enough(rooms, fewest)
    return rooms


def busy(person: Inhabitant, *duties: Duty) -> tuple[Duty, ...]:
    """Return somebody's duties: these, one after the other, and the usual work in between days.

    Whoever has nothing left to do at its place turns to the next duty that is due, so the usual
    work is never due at the same time.
    """
    usual, begins, ends = person.person.duties[-1].work, duties[0].begins, duties[-1].ends or DAY
    return (
        *duties,
        *([Duty(ends=begins, work=usual)] if begins else []),
        *([Duty(begins=ends, work=usual)] if ends < DAY else []),
    )


def in_full(goals: Sequence[Goal], name: str) -> list[Goal]:
    """Return the goals of several parts, with one for all of them that weighs more."""
    if len(goals) == 1:
        return list(goals)
    parts = tuple(g.condition for g in goals if not isinstance(g.condition, Together))
    weight = WHOLE * sum(g.weight for g in goals)
    return [*goals, Goal(name=name, condition=Together(conditions=parts), weight=weight)]


def doors(spec: WorldSpec) -> list[str]:
    """List the ids of the doors, which others leave open, too."""
    return [d.id for d in spec.doors]


def moves(draft: TaskDraft) -> int:
    """Count the moves of a walkthrough of one stage."""
    return sum(step.command in DIRECTIONS for step in draft.stages[0].walkthrough)


def without_waiting(draft: TaskDraft) -> tuple[set[Fact], WorldState]:
    """Play a walkthrough of one stage but for its waiting; what was revealed, and the end."""
    simulation = Simulation(draft.spec, views=False)
    seen: set[Fact] = set()
    for step in draft.stages[0].walkthrough:
        if step.tool == "command" and not step.command.startswith("wait"):
            facts: Iterable[Fact] = simulation.act(step.command).reveals
            seen.update(f for f in facts if not isinstance(f.value, list | dict))
    return seen, simulation.state
