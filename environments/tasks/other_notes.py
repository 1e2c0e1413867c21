"""Tasks whose later stages begin without the agent's notes, or with those of another seed. Pure.

What differs is what is written in the world when a later conversation begins, and nothing else: how
much a success rate falls by it is what the notes were worth.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from environments.tasks.build import make_task
from environments.tasks.model import Task
from world_fixtures.common import UserError
from world_fixtures.facts import Arranged
from world_fixtures.rules import Simulation

Lines = dict[str, tuple[list[str], list[str]]]
"""What is written on each thing, and in whose hands."""


class Notes(StrEnum):
    """What becomes of the agent's notes between the stages of a task."""

    KEPT = "kept"
    WIPED = "wiped"
    SWAPPED = "swapped"


def with_notes(task: Task, notes: Notes) -> Task:
    """Return the task with the agent's notes kept, wiped or swapped before each later stage.

    Wiped: everything that can be written on is as the task's makers left it. Swapped: besides, the
    lines that the walkthrough of a task of the same kind and difficulty and the next seed has
    written by then stand, in the agent's hand, where this task's walkthrough writes; none where no
    such task can be made. Things that an agent leaves lying about as marks stay.
    """
    if notes is Notes.KEPT or len(task.stages) < 2:
        return task
    written = _written(task)
    other = _other(task) if notes is Notes.SWAPPED and any(written) else None
    others = _written(other) if other is not None else []
    lines: Lines = {
        t.id: (list(t.inscriptions), [""] * len(t.inscriptions))
        for t in task.spec.things
        if t.writable
    }
    stages = [task.stages[0]]
    _arrange(lines, task.stages[0].before)
    for number, stage in enumerate(task.stages[1:]):
        found = {thing: (list(said), list(hands)) for thing, (said, hands) in lines.items()}
        if others and (places := list(written[number])):
            noted = others[min(number, len(others) - 1)]
            _add(task, found[places[0]], [line for said in noted.values() for line in said])
        before = [
            arranged
            for thing, (said, hands) in found.items()
            for arranged in (Arranged(thing, "inscriptions", said), Arranged(thing, "hands", hands))
        ]
        stages.append(stage.model_copy(update={"before": (*before, *stage.before)}))
        _arrange(lines, stage.before)
    return task.model_copy(update={"stages": tuple(stages)})


def _add(task: Task, to: tuple[list[str], list[str]], noted: Iterable[str]) -> None:
    for line in noted:
        to[0].append(line)
        to[1].append(task.spec.agent.id)


def _arrange(lines: Lines, changes: Iterable[Arranged]) -> None:
    for entity, field, value in changes:
        if entity in lines and field in ("inscriptions", "hands"):
            lines[entity][field == "hands"][:] = value


def _other(task: Task) -> Task | None:
    try:
        return make_task(
            task.family, task.seed + 1, task.difficulty, kind=task.kind, split=task.split
        )
    except UserError:
        return None


def _written(task: Task) -> list[dict[str, list[str]]]:
    """Return what the walkthrough has written by the end of each stage, by thing."""
    simulation = Simulation(task.spec, views=False)
    agent = task.spec.agent.id
    found = []
    for stage in task.stages:
        simulation.arrange(stage.before)
        for step in stage.walkthrough:
            if step.tool == "command":
                simulation.act(step.command, agent)
        found.append(
            {
                thing.id: own
                for thing in task.spec.things
                if thing.writable and (own := _own(simulation, thing.id, agent))
            }
        )
    return found


def _own(simulation: Simulation, thing: str, agent: str) -> list[str]:
    said, hands = simulation.get(thing, "inscriptions"), simulation.get(thing, "hands")
    return [line for line, hand in zip(said, hands, strict=True) if hand == agent]
