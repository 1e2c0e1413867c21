"""The second opinion: it agrees with the verdict on whole rollouts, and sees what they lack."""

from __future__ import annotations

import random

import pytest

from environments.audit.line import Line, Meter
from environments.audit.shrink import play
from environments.audit.subject import TaskSubject
from environments.tasks.build import KINDS, make_task
from environments.tasks.families import BuildContext
from environments.tasks.model import Family, Task

pytestmark = pytest.mark.once

EVERY = [(family, kind) for family, kinds in KINDS.items() for kind in kinds]


def subject(family: Family, kind: str, difficulty: int = 3, seed: int = 7) -> TaskSubject:
    return TaskSubject(make_task(family, seed, difficulty, kind=kind))


def played(subject: TaskSubject, *given: list[str]) -> Line:
    return play(subject, given, Meter(1000))


@pytest.mark.parametrize(("family", "kind"), EVERY, ids=lambda value: str(value))
def test_walkthrough_is_done(family, kind):
    sought = subject(family, kind)
    assert sought.missing(played(sought, *sought.walkthrough), sought.told) == ()


@pytest.mark.parametrize(("family", "kind"), EVERY, ids=lambda value: str(value))
def test_searching_without_the_map_is_done(family, kind):
    sought = subject(family, kind)
    task = sought.task
    context = BuildContext(task.spec, random.Random(1), task.difficulty, task.split)
    plan = KINDS[family][kind].plan(context.searching("check"), task.question)
    given = [[s.command for s in st.walkthrough if s.tool == "command"] for st in plan.stages]
    line = played(sought, *given)
    answer = plan.stages[-1].walkthrough[-1].answer
    [reward] = sought.rewards(line, [answer])
    assert (sought.missing(line, answer) == ()) == (reward > 0.3)


@pytest.mark.parametrize(("family", "kind"), EVERY, ids=lambda value: str(value))
def test_doing_nothing_is_not_done_though_the_answer_is_right(family, kind):
    sought = subject(family, kind)
    assert sought.missing(played(sought, *([] for _ in sought.prompts)), sought.told)


def test_stage_that_was_not_begun_is_missing():
    sought = subject(Family.PERSISTENCE, "recall")
    line = played(sought, sought.walkthrough[0])
    assert sought.missing(line, sought.told) == ("1 of 2 stages were begun",)


def test_echo_and_own_inscription_show_nothing():
    sought = subject(Family.PERSISTENCE, "recall")
    value = str(sought.told["first"])
    board = sought.task.question["asked"][0]
    forged = [f"examine {value}", f"write {value} on notebook", "read notebook"]
    missing = sought.missing(played(sought, forged, []), sought.told)
    assert any(f"lines of q_board_{board}" in part for part in missing)


def test_what_was_taken_is_told_from_the_second_thing_over_the_tolerance():
    sought = subject(Family.INSPECTION, "read", difficulty=1)
    things = [t.id for t in sought.spec.things if t.portable and not t.heavy and t.location]
    loose = [t for t in things if t not in sought.task.stages[0].unchanged.free]
    for taken, told in ((2, False), (3, True)):
        line = Line(sought, Meter(1000))
        changes = [(thing, "location", line.room) for thing in loose if not _here(line, thing)]
        for command in sought.walkthrough[0]:
            line.do(command)
        outcome = line.simulation.arrange(changes[:taken])  # as if the agent had carried them
        line.record(line.agent, line.room, "", outcome)
        missing = sought.missing(line, sought.told)
        assert any(m.startswith("left 3") for m in missing) == told


def _here(line: Line, thing: str) -> bool:
    return bool(line.simulation.get(thing, "location") == line.room)


def test_commands_over_the_budget_are_told():
    task: Task = subject(Family.NAVIGATION, "by_name").task
    sought = TaskSubject(task)
    sought.budget = 1000
    given = ["look"] * task.budget + sought.walkthrough[0]
    [missing] = sought.missing(played(sought, given), sought.told)
    assert missing == f"gave {len(given)} commands of {task.budget}"
