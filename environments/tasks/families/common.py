"""What the builders of all families share: the context they are given, the draft they return."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from environments.tasks.model import Evidence, Goal, Stage, Step
from environments.tasks.planner import Planner, Unsolvable
from world_fixtures.facts import Fact
from world_fixtures.rules import Simulation
from world_fixtures.spec import Thing, WorldSpec

Option = TypeVar("Option")

NO_ANSWER = "When it is done, hand in with evennia_submit and an empty answer: {}."
"""Ends the prompt of a task without answer fields."""


@dataclass(frozen=True)
class BuildContext:
    """The world to build a task in, and the random numbers that decide which task."""

    spec: WorldSpec
    facts: tuple[Fact, ...]
    rng: random.Random
    difficulty: int = 1

    def planner(self) -> Planner:
        """Return a planner in a fresh simulation of the world."""
        return Planner(Simulation(self.spec))

    def name(self, entity: str) -> str:
        """Return the display name of a room, thing, door or character."""
        return str(getattr(self.spec.entities[entity], "name"))  # noqa: B009

    def pick(self, options: Sequence[Option], cost: Callable[[Option], float]) -> Option:
        """Draw a few of `options`, more at higher difficulty, and return the costliest.

        Raises Unsolvable where there are none.
        """
        if not options:
            raise Unsolvable("the world has nothing of this sort")
        drawn = self.rng.sample(options, min(len(options), 1 + self.difficulty // 2))
        return max(drawn, key=cost)

    def effort(self, thing: str) -> int:
        """Count the commands it takes to get where a thing is."""
        planner = self.planner()
        planner.reach(thing)
        return len(planner.commands)

    def portable(self) -> list[Thing]:
        """List the things that can be carried and are in play from the start."""
        return [t for t in self.spec.things if t.portable and not t.heavy and t.location]

    def writable(self) -> list[Thing]:
        """List the things that can be written on."""
        return [t for t in self.spec.things if t.writable]


@dataclass(frozen=True)
class TaskDraft:
    """A task but for its identity (id, family, kind, difficulty, seed, split)."""

    stages: tuple[Stage, ...]
    goals: tuple[Goal, ...]
    evidence: tuple[Evidence, ...] = ()
    shortest_path: int | None = None
    spec: WorldSpec | None = None
    """Where the task changes the world it was given."""


Builder = Callable[[BuildContext], TaskDraft | None]
"""Makes a task, or None where the world lacks what it needs; may raise Unsolvable."""


def steps(commands: list[str], *last: Step) -> tuple[Step, ...]:
    """Return commands as steps, followed by what ends the stage."""
    return (*(Step(tool="command", command=c) for c in commands), *last)


def submit(**answer: object) -> Step:
    """Return the step that submits these answer fields."""
    return Step(tool="submit", answer=dict(answer))


DISCONNECT = Step(tool="disconnect")
"""Ends a stage that others follow."""
