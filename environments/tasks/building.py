"""What the builders of all families share: the setting they are given, the draft they make."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from environments.tasks.model import Evidence, Goal, Stage, Step
from environments.tasks.planner import Planner, Unsolvable
from world_fixtures.facts import Fact
from world_fixtures.rules import Scene, Simulation
from world_fixtures.spec import Thing, WorldSpec

Option = TypeVar("Option")

NO_ANSWER = "When it is done, hand in with evennia_submit and an empty answer: {}."


@dataclass(frozen=True)
class Setting:
    """A world to make a task in, and the chance that decides which."""

    spec: WorldSpec
    facts: tuple[Fact, ...]
    rng: random.Random
    difficulty: int = 1

    def planner(self) -> Planner:
        """A planner in a fresh simulation of the world."""
        return Planner(Simulation(self.spec))

    def name(self, entity: str) -> str:
        """Display name of a room, thing, door or character."""
        return str(getattr(self.spec.entities[entity], "name"))  # noqa: B009

    def pick(self, options: Sequence[Option], cost: Callable[[Option], float]) -> Option:
        """One of `options`: the costliest of a few drawn, of more the higher the difficulty.

        Raises Unsolvable where there are none.
        """
        if not options:
            raise Unsolvable("the world has nothing of this sort")
        drawn = self.rng.sample(options, min(len(options), 1 + self.difficulty // 2))
        return max(drawn, key=cost)

    def effort(self, thing: str) -> int:
        """Commands it takes to stand where a thing is."""
        planner = self.planner()
        planner.reach(thing)
        return len(planner.commands)

    def portable(self) -> list[Thing]:
        """Things that can be carried, in play from the start."""
        return [t for t in self.spec.things if t.portable and not t.heavy and t.location]

    def writable(self) -> list[Thing]:
        return [t for t in self.spec.things if t.writable]


@dataclass(frozen=True)
class Draft:
    """A task but for its identity."""

    stages: tuple[Stage, ...]
    goals: tuple[Goal, ...]
    evidence: tuple[Evidence, ...] = ()
    shortest_path: int | None = None
    spec: WorldSpec | None = None
    """Where the task changes the world it was given."""


Builder = Callable[[Setting], Draft | None]
"""Makes a task, or None where the world has not what it takes."""


def steps(commands: list[str], *last: Step) -> tuple[Step, ...]:
    """Commands as steps, followed by what ends the stage."""
    return (*(Step(tool="command", command=c) for c in commands), *last)


def submit(**answer: object) -> Step:
    return Step(tool="submit", answer=dict(answer))


DISCONNECT = Step(tool="disconnect")


def visible_things(scene: Scene) -> list[str]:
    """Names of the things one sees in the room, on furniture too, carried ones not."""
    return [scene.index.name(i) for i in scene.reachable_from(scene.room)]
