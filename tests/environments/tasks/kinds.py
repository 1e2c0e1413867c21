"""Plays of one kind's tasks in memory: by the oracle, by it without an ability, by cheats."""

from __future__ import annotations

import asyncio
from functools import cache
from statistics import fmean

from environments.evaluation.embedded import play_embedded
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.model import Family, Task
from world_fixtures.generator.words import SPLITS, Split
from world_fixtures.simulated import SimulatedPool

DIFFICULTIES = (1, 4, 7, 10)


@cache
def task_of(kind: str, difficulty: int, split: Split = "train", seed: int = 0) -> Task:
    """Make a task of `family.kind`, once for all tests of a process."""
    family, _, name = kind.partition(".")
    return make_task(Family(family), seed, difficulty, kind=name, split=split)


@cache
def tasks_of(kind: str, each: int = 1) -> tuple[Task, ...]:
    """Make `each` tasks of `family.kind` for every difficulty and split."""
    return tuple(
        task_of(kind, difficulty, split, seed)
        for difficulty in DIFFICULTIES
        for split in SPLITS
        for seed in range(each)
    )


def played(policy: str, tasks: tuple[Task, ...]) -> list[Rollout]:
    """Play each task once."""
    return asyncio.run(play_embedded(SimulatedPool(), policy, [(t, 0) for t in tasks]))


def rewards(policy: str, tasks: tuple[Task, ...]) -> list[float]:
    """Return what each task paid the policy."""
    found = [r.verdict.reward if r.verdict else 0.0 for r in played(policy, tasks)]
    assert len(found) == len(tasks)
    return found


def mean(policy: str, tasks: tuple[Task, ...]) -> float:
    """Return what the tasks paid the policy on average."""
    return fmean(rewards(policy, tasks))


def answered(task: Task, answer: dict[str, object]) -> Task:
    """Return the task with another answer at the end of its walkthrough."""
    *stages, last = task.stages
    *steps, submit = last.walkthrough
    steps.append(submit.model_copy(update={"answer": answer}))
    stages.append(last.model_copy(update={"walkthrough": tuple(steps)}))
    return task.model_copy(update={"stages": tuple(stages)})
