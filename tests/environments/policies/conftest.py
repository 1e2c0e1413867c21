"""Hand-made tasks on the cottage, and a rollout without server, model or network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from environments.evaluation.embedded import play_embedded
from environments.rollouts.record import Rollout
from environments.tasks.model import (
    Answered,
    Evidence,
    Family,
    Goal,
    Inscribed,
    Located,
    Search,
    Stage,
    Step,
    Task,
    Unchanged,
    Verdict,
)
from world_fixtures.simulated import SimulatedInstance, SimulatedPool
from world_fixtures.spec import WorldSpec
from world_fixtures.state import WorldState

SEARCH = Search(mean=20, spread=0, runs=1, seed=0)


def steps(text: str, *, end: Step) -> tuple[Step, ...]:
    """`look; north` as a walkthrough."""
    return (*(Step(tool="command", command=c.strip()) for c in text.split(";")), end)


def submitting(**answer: Any) -> Step:
    return Step(tool="submit", answer=answer)


UNLOCKED = (
    "get lamp; light lamp; down; open chest; get brass key; up;"
    " unlock oak door with brass key; open oak door"
)


def inspection(spec: WorldSpec) -> Task:
    prompt = (
        "Find out the year of which the Letter tells. Submit an answer with one field, year: "
        "exactly what you read."
    )
    return Task(
        id="hand/inspection/1", family=Family.INSPECTION, kind="read", difficulty=1, seed=1,
        spec=spec, budget=60, max_turns=70, search=SEARCH,
        stages=(
            Stage(
                prompt=prompt, walkthrough=steps("read letter", end=submitting(year="1742")),
                goals=(Goal(name="year", condition=Answered(field="year", expected=("1742",))),),
                evidence=(Evidence(field="year", entity="letter", fact="year", value="1742"),),
            ),
        ),
    )  # fmt: skip


def errand(spec: WorldSpec) -> Task:
    prompt = (
        "Put the Blade in the Cellar. When it is done, hand in with evennia_submit and an empty "
        "answer: {}."
    )
    way = f"{UNLOCKED}; east; examine tapestry; north; get blade; south; west; down; drop blade"
    needed = ("lamp", "chest", "brass_key", "iron_key", "oak_door", "blade")
    return Task(
        id="hand/errand/1", family=Family.ERRAND, kind="bring", difficulty=5, seed=2, spec=spec,
        budget=60, max_turns=70, search=SEARCH,
        stages=(
            Stage(
                prompt=prompt, walkthrough=steps(way, end=submitting()),
                goals=(Goal(name="there", condition=Located(entity="blade", place="cellar")),),
                unchanged=Unchanged(free=needed),
            ),
        ),
    )  # fmt: skip


def persistence(spec: WorldSpec) -> Task:
    first = Stage(
        prompt='Write "heron" on the Wall. When it is done, call evennia_disconnect.',
        goals=(Goal(name="wall", condition=Inscribed(entity="wall", text="heron")),),
        unchanged=Unchanged(free=("wall",)),
        walkthrough=steps("write heron on wall", end=Step(tool="disconnect")),
    )
    second = Stage(
        prompt="Which word is on the Wall? Submit an answer with one field, word: that word.",
        goals=(Goal(name="word", condition=Answered(field="word", expected=("heron",))),),
        walkthrough=steps("read wall", end=submitting(word="heron")),
    )
    return Task(
        id="hand/persistence/1", family=Family.PERSISTENCE, kind="note", difficulty=1, seed=3,
        spec=spec, stages=(first, second), budget=60, max_turns=80, search=SEARCH,
    )  # fmt: skip


@pytest.fixture(scope="session")
def tasks(cottage) -> tuple[Task, ...]:
    return inspection(cottage), errand(cottage), persistence(cottage)


class OneWorld(SimulatedPool):
    """Keeps the state that the last instance was left in."""

    state: WorldState

    def release(self, instance: SimulatedInstance) -> None:
        self.state = instance.simulation.state


@dataclass(frozen=True)
class Run:
    """What a policy did with a task."""

    rollout: Rollout
    state: WorldState
    """Of the world at the end."""

    @property
    def verdict(self) -> Verdict:
        assert self.rollout.verdict is not None, self.rollout.failure
        return self.rollout.verdict

    @property
    def calls(self) -> list[tuple[str, Any]]:
        return [(c.name, c.arguments) for c in self.rollout.tool_calls]

    @property
    def commands(self) -> list[str]:
        """Those that reached the world, in order."""
        return [e.raw for e in self.rollout.events if e.raw]


def played(name: str, task: Task, attempt: int = 0) -> Run:
    """Play `task` by the rules of the worlds, judged as any rollout."""
    pool = OneWorld()
    (rollout,) = asyncio.run(play_embedded(pool, name, [(task, attempt)]))
    return Run(rollout, pool.state)


@pytest.fixture(scope="session")
def play() -> Callable[..., Run]:
    return played
