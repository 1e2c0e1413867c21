"""What holds for every kind of task, and how a policy fares in one: for the tests of the kinds."""

from __future__ import annotations

import random

from environments.tasks.build import kind_named
from environments.tasks.families.common import BuildContext
from environments.tasks.model import Family, Task
from environments.tasks.verdict import Played, Verdict, judge
from tests.environments.tasks import kinds
from world_fixtures.simulated import SimulatedInstance
from world_fixtures.validation import problems


def tasks_of(family: Family, kind: str) -> tuple[Task, ...]:
    """Return one task a difficulty and split."""
    return kinds.tasks_of(f"{family}.{kind}")


def verdict_on(task: Task, stages, answer=None) -> Verdict:
    """Play the commands of these stages in the task's world; `answer` replaces theirs."""
    world, agent = SimulatedInstance("i", task.spec), task.spec.agent.id
    played, submitted = [], None
    for told, stage in zip(task.stages, stages, strict=True):
        world.simulation.arrange(told.before)
        start = world.simulation.state
        events = [world.connected("s", agent)]
        for step in stage.walkthrough:
            if step.tool == "command":
                events.append(world.carry_out("s", agent, step.command))
            elif step.tool == "submit":
                submitted = step.answer
        played.append(Played(events, world.simulation.state, start))
    return judge(task, played, submitted if answer is None else answer)


def check_kind(family: Family, name: str) -> None:
    """Assert what holds for every kind: it is sound, can be done in budget, and is determined."""
    kind, tasks = kind_named(family, name), tasks_of(family, name)
    assert kinds.rewards("oracle", tasks) == [1.0] * len(tasks)
    for task in tasks[::4]:
        assert problems(task.spec) == [], task.id
        context = BuildContext(task.spec, random.Random(0), task.difficulty, task.split)
        assert kind.plan(context, task.question).stages == task.stages, task.id
        searched = kind.plan(context.searching(f"{task.id}/0"), task.question)
        assert verdict_on(task, searched.stages).success, task.id
