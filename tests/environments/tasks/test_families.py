"""Every kind of task: what all of them promise, at each difficulty and in each split."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.evaluation.embedded import play_embedded
from environments.tasks.build import KINDS, make_task
from environments.tasks.families.common import BEGINNERS, RESTRAINT
from environments.tasks.model import Family, Task
from environments.tasks.verdict import Played, judge
from tests.environments.tasks.kinds import DIFFICULTIES, task_of
from world_fixtures.generator.words import SPLITS
from world_fixtures.rules import Simulation
from world_fixtures.simulated import SimulatedPool

ALL_KINDS = [(family, kind) for family in Family for kind in KINDS[family]]


OTHER_SPLITS = [(d, split) for d, split in zip(DIFFICULTIES[1:], SPLITS[1:], strict=False)]
"""A difficulty at which tasks of each split but the first are made, too."""


def ladder(family: Family, kind: str) -> tuple[Task, ...]:
    """A task of each of four difficulties, those that other tests of the kind have made."""
    return tuple(task_of(f"{family}.{kind}", difficulty) for difficulty in DIFFICULTIES)


@cache
def untouched(family: Family, kind: str, place: int) -> tuple[Played, ...]:
    """All stages of a task of the kind's ladder, in each of which the agent did nothing."""
    task = ladder(family, kind)[place]
    world, played = Simulation(task.spec), []
    for stage in task.stages:
        world.arrange(stage.before)
        played.append(Played((), world.state))
    return tuple(played)


def check_form(family: Family, kind: str, tasks: Sequence[Task]) -> None:
    described = KINDS[family][kind]
    assert len({task.id for task in tasks}) == len(tasks)
    for task in tasks:
        assert set(task.abilities) == described.abilities
        assert described.stages[0] <= len(task.stages) <= described.stages[1]
        assert all(stage.prompt.endswith(RESTRAINT) for stage in task.stages)
        assert task.optimal_steps < task.budget < task.max_turns
        assert task.search.mean <= task.budget
        names = [goal.name for goal in task.goals]
        assert len(set(names)) == len(names)
        assert any(goal.final for goal in task.goals)


@pytest.mark.once
@pytest.mark.parametrize(("family", "kind"), ALL_KINDS)
def test_tasks_are_well_formed(family, kind):
    others = [task_of(f"{family}.{kind}", d, split) for d, split in OTHER_SPLITS]
    check_form(family, kind, [*ladder(family, kind), *others])


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize(("family", "kind"), ALL_KINDS)
def test_tasks_of_the_difficulties_between_are_well_formed(family, kind):
    """Every other kind at every other one of them."""
    first = ALL_KINDS.index((family, kind)) % 2
    levels = [level for level in range(1, 11) if level not in DIFFICULTIES][first::2]
    check_form(family, kind, [task_of(f"{family}.{kind}", d, SPLITS[d // 3 % 3]) for d in levels])


@pytest.mark.once
@pytest.mark.parametrize(("family", "kind"), ALL_KINDS)
def test_the_walkthrough_earns_everything(family, kind):
    tasks = ladder(family, kind)
    played = asyncio.run(play_embedded(SimulatedPool(), "oracle", [(t, 0) for t in tasks]))
    assert [(r.verdict.reward, r.verdict.success) for r in played] == [(1.0, True)] * len(tasks)


@pytest.mark.once
@pytest.mark.parametrize(("family", "kind"), ALL_KINDS)
def test_the_answer_without_the_looking_earns_nothing(family, kind):
    for place, task in enumerate(ladder(family, kind)):
        for answer in ({}, task.stages[-1].walkthrough[-1].answer):
            verdict = judge(task, untouched(family, kind, place), answer)
            assert (verdict.reward, verdict.success) == (0.0, False)


@pytest.mark.once
def test_the_same_arguments_make_the_same_task():
    for family, kind in ALL_KINDS:
        known = task_of(f"{family}.{kind}", 1)
        again = make_task(family, 0, 1, kind=kind)
        assert again.model_dump_json() == known.model_dump_json()


@pytest.mark.once
@given(st.dictionaries(st.sampled_from(["value", "things", "route", "name", "exits"]), st.one_of(
    st.text(max_size=20), st.integers(), st.floats(), st.none(), st.booleans(),
    st.lists(st.one_of(
        st.text(max_size=9), st.lists(st.text(max_size=5)), st.dictionaries(st.text(), st.text())
    )),
)))  # fmt: skip
def test_any_answer_gets_a_reward_between_0_and_1(answer):
    for family, kind in ALL_KINDS[::4]:
        verdict = judge(ladder(family, kind)[0], untouched(family, kind, 0), answer)
        assert 0 <= verdict.reward <= 1


def test_the_same_task_in_any_process():
    program = (
        "from environments.tasks.build import make_task;"
        "from environments.tasks.model import Family;"
        "print([make_task(f, 11, 3).model_dump_json() for f in Family])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1


@pytest.mark.once
def test_at_least_six_kinds_begin_with_what_can_be_done_in_six_commands():
    kinds = [k for family in KINDS.values() for k in family.values() if k.for_beginners]
    assert len(kinds) >= 6
    for kind in kinds:
        for seed in range(3):
            assert make_task(kind.family, seed, 1, kind=kind.name).optimal_steps <= BEGINNERS == 6
