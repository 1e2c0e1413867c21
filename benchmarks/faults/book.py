"""The tasks that cases play, how each is played, and what it deserves.

The model is told no task: it finds it by the first user message. So the tasks are chosen to have
prompts of their own. Tasks of the book are played with mistakes that depend on the task alone,
all others without any: the reward of the former is that of a run without faults, of the latter 1.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from environments.policies.noisy import mistaken
from environments.policies.policy import Call
from environments.tasks import make_task
from environments.tasks.curriculum import Curriculum
from environments.tasks.model import Family, Task

NOISE = 0.25
FAMILIES = {"errand": 1.0, "inspection": 1.0, "persistence": 1.0}
"""Those whose prompts name what is to be done; orientation asks the same of everybody."""
DIFFICULTY = (1, 2)
SUITE = 9
"""Tasks of `evaluate`."""
ITEMS = 10
"""Items of `process`."""
SERVED = 80
"""Tasks that an environment of `serve` draws at most in a case."""
ENVIRONMENTS = 4
"""Environments of one trainer, one after the other, whose tasks are known."""


@dataclass(frozen=True)
class Stage:
    """The calls of one conversation."""

    task: str
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Book:
    """The tasks of some cases, and how their conversations go."""

    seed: int
    """Of the curriculum, as in `--env.seed`."""
    suite: tuple[Task, ...]
    items: tuple[Task, ...]
    """What the curriculum draws for `process`, in order."""
    stages: dict[str, Stage]
    """By prompt."""
    faultless: frozenset[str]
    """Tasks in which no mistake was drawn: they deserve 1."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks whose reward a run without faults has to show."""
        return (*self.suite, *self.items)

    @cached_property
    def served(self) -> dict[str, Stage]:
        """Conversations of the tasks of `serve`, by prompt; those of one prompt are left out."""
        found: dict[str, list[Stage]] = {}
        for stream in range(ENVIRONMENTS):
            for task in _curriculum(self.seed, stream, SERVED):
                for prompt, stage in _stages(task, 0.0):
                    found.setdefault(prompt, []).append(stage)
        return {prompt: stages[0] for prompt, stages in found.items() if len(stages) == 1}


def write_suite(path: Path, tasks: Iterable[Task]) -> None:
    """Write tasks as a suite of `evaluate`."""
    path.write_text("".join(task.model_dump_json() + "\n" for task in tasks))


@lru_cache(maxsize=4)
def make_book(seed: int, number: int) -> Book:
    """Choose the tasks of book `number` so that all prompts differ."""
    rng = random.Random(f"faults/{seed}/book/{number}")
    items: list[Task] = []
    while not items or not _differ(items):
        own = rng.randrange(1_000_000)
        items = list(_curriculum(own, None, ITEMS))
    suite: list[Task] = []
    while len(suite) < SUITE:
        family = Family(sorted(FAMILIES)[len(suite) % len(FAMILIES)])
        task = make_task(family, rng.randrange(1_000_000), rng.randint(*DIFFICULTY))
        if _differ([*items, *suite, task]):
            suite.append(task)
    tasks = [*suite, *items]
    stages = dict(entry for task in tasks for entry in _stages(task, NOISE))
    faultless = {t.id for t in tasks if list(_stages(t, NOISE)) == list(_stages(t, 0.0))}
    return Book(own, tuple(suite), tuple(items), stages, frozenset(faultless))


def _differ(tasks: Sequence[Task]) -> bool:
    """Tell whether no task and no prompt is there twice."""
    prompts = [stage.prompt for task in tasks for stage in task.stages]
    return len(set(prompts)) == len(prompts) and len({t.id for t in tasks}) == len(tasks)


def _curriculum(seed: int, stream: int | None, number: int) -> Iterator[Task]:
    curriculum = Curriculum(FAMILIES, DIFFICULTY, seed)
    curriculum.stream = stream
    return (curriculum.next() for _ in range(number))


def _stages(task: Task, noise: float) -> Iterator[tuple[str, Stage]]:
    """Yield the prompt of each stage and how it goes with so many mistakes."""
    for number, stage in enumerate(task.stages):
        last = number == len(task.stages) - 1
        calls = mistaken(stage, last, task.spec, noise, f"{task.id}/{number}")
        yield stage.prompt, Stage(task.id, calls)


def deserved(samples: Path) -> dict[str, float]:
    """Read the rewards of a run without faults, by task."""
    lines = samples.read_text().splitlines()
    return {line["task_id"]: line["score"] for line in map(json.loads, lines)}
