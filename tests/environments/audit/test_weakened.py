"""The search finds what a kind is paid for too easily where a part of its verdict is left out."""

from __future__ import annotations

import pytest

from environments.audit.line import Meter
from environments.audit.moves import travel_to
from environments.audit.search import search
from environments.audit.shrink import play
from environments.audit.subject import TaskSubject
from environments.tasks.build import make_task
from environments.tasks.model import Family, Present, Task, Together


def at_any_hour(task: Task) -> Task:
    """Return a task that asks to be in its rooms, at whatever time."""

    def loosened(condition):
        if isinstance(condition, Together):
            return Together(conditions=tuple(map(loosened, condition.conditions)))
        if isinstance(condition, Present):
            return condition.model_copy(update={"begins": 0, "ends": condition.day, "by": None})
        return condition

    [stage] = task.stages
    goals = tuple(
        g.model_copy(update={"condition": loosened(g.condition), "by": None}) for g in stage.goals
    )
    return task.model_copy(update={"stages": (stage.model_copy(update={"goals": goals}),)})


def unproven(task: Task) -> Task:
    """Return a task whose answer counts whatever was seen and heard in its last stage."""
    last = task.stages[-1].model_copy(update={"evidence": ()})
    return task.model_copy(update={"stages": (*task.stages[:-1], last)})


@pytest.mark.parametrize(
    ("family", "kind", "weakened", "lacks"),
    [
        (Family.TIME, "deadlines", at_any_hour, "at its time"),
        (Family.VIGIL, "culprit", unproven, "did not see the words of"),
    ],
    ids=["deadlines", "culprit"],
)
def test_weakened_kind_is_found(family, kind, weakened, lacks):
    task = make_task(family, 1, 1, kind=kind)
    budget = 400
    assert not search(TaskSubject(task), budget, "weak").findings
    found = search(TaskSubject(weakened(task)), budget, "weak").findings
    assert any(lacks in line for finding in found for line in finding.missing)


def test_long_life_is_lived_to_its_end_within_few_commands():
    task = make_task(Family.STEWARD, 1, 2, kind="household")
    assert search(TaskSubject(task), 300, "long").done > 0


@pytest.mark.parametrize("kind", ["changed", "culprit", "restore"])
def test_whoever_takes_along_what_others_were_to_move_is_paid_nothing(kind):
    sought = TaskSubject(make_task(Family.VIGIL, 3, 1, kind=kind))
    thing = sought.task.question["deeds"][-1 if kind == "restore" else 0][1]
    line = play(sought, [sought.walkthrough[0]], Meter(1000))
    travel_to(line, line.simulation.state.room(thing))
    line.do(f"get {sought.spec.entities[thing].name}")
    line.next_stage()
    for command in sought.walkthrough[1]:
        line.do(command)
    [reward] = sought.rewards(line, [sought.told])
    assert reward < 0.3
    assert any(f"location of {thing}" in part for part in sought.missing(line, sought.told))


def test_ledger_with_all_entries_that_may_be_right_is_paid_nothing():
    sought = TaskSubject(make_task(Family.STEWARD, 1, 1, kind="household"))
    entry = next(c for c in sought.walkthrough[0] if c.endswith("on household ledger"))
    [number, mark] = entry.removeprefix("write ").split()[:2]
    at = sought.walkthrough[0].index(entry)
    for more, told in ((1, False), (2, True)):
        guesses = [f"write {number} {int(mark) - n} on household ledger" for n in (1, 2)[:more]]
        first = [*sought.walkthrough[0][:at], *guesses, *sought.walkthrough[0][at:]]
        line = play(sought, [first, *sought.walkthrough[1:]], Meter(1000))
        [reward] = sought.rewards(line, [sought.told])
        assert (reward < 0.3) == told
        assert bool(sought.missing(line, sought.told)) == told
