"""A task's walkthrough, played in a real instance, with the steps that fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from environments.episode import Episode
from environments.tasks.model import (
    Condition,
    Holds,
    Kept,
    Located,
    Step,
    Task,
    Together,
    Verdict,
    Visited,
)
from environments.tools.evennia import BudgetSpent
from world_fixtures.protocol import ResultKind
from world_fixtures.servers import ServerPool


@dataclass(frozen=True)
class Walk:
    """What came of a walkthrough."""

    verdict: Verdict
    stumbles: tuple[str, ...] = field(default=())
    """A line for each step that was not carried out, the first of which is most often to blame."""
    shown: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Text and state hash of each event."""

    @property
    def solved(self) -> bool:
        """Whether it earns the full reward."""
        return self.verdict.success and self.verdict.reward >= 1


async def walk(task_id: str, task: Task, pool: ServerPool) -> Walk:
    """Play a task's walkthrough in a real instance and judge it."""
    world = await Episode.begin(pool, task, id=task_id)
    stumbles = []
    try:
        for number, stage in enumerate(task.stages):
            if number:
                await world.next_stage()
            await world.connect()
            for n, step in enumerate(stage.walkthrough, start=1):
                if problem := await _take(world, step):
                    where = f"part {number + 1}, step {n} of {len(stage.walkthrough)}"
                    stumbles.append(f"{where} of the walkthrough, {step.command!r}: {problem}")
        if task.spec.game is not None:
            state = await world.state()
            asked = (name for stage in task.stages for goal in stage.goals
                     for name in _names_in(goal.condition))  # fmt: skip
            stumbles += [
                f"nothing in the game is {name!r} at the end"
                for name in dict.fromkeys(asked)
                if not state.found(name)
            ]
        shown = tuple((event.text, event.state_hash) for event in world.all_events)
        return Walk(await world.finish(), tuple(stumbles), shown)
    finally:
        world.close()


def _names_in(condition: Condition) -> Iterator[str]:
    """Iterate over the names that a condition in a game has of its objects."""
    match condition:
        case Together(conditions=parts):
            for part in parts:
                yield from _names_in(part)
        case Located(entity=entity, place=place):
            yield from (entity, place)
        case Holds(entity=entity) | Kept(entity=entity):
            yield entity
        case Visited(rooms=rooms):
            yield from rooms


async def _take(world: Episode, step: Step) -> str:
    """Take one step; returns why it was not carried out, empty where it was."""
    if step.tool == "submit":
        world.submit(step.answer)
    elif step.tool == "disconnect":
        await world.disconnect()
    else:
        try:
            event = await world.command(step.command)
        except BudgetSpent as spent:
            return str(spent)
        if event.kind is not ResultKind.OK:
            return " ".join(event.text.split())
    return ""
