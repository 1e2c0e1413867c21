"""The kinds of errand: they can be done as asked, by their means, and not otherwise."""

from __future__ import annotations

import pytest

from environments.tasks.build import make_task
from environments.tasks.model import Family, Holds, Located
from tests.environments.tasks.kind_checks import tasks_of, verdict_on

pytestmark = pytest.mark.once


def without(task, *starts):
    """The task's stages without the commands that begin so."""
    return [
        s.model_copy(update={"walkthrough": tuple(
            x for x in s.walkthrough if not x.command.startswith(starts)
        )})
        for s in task.stages
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["deliver", "assemble", "chain"])
def test_things_held_to_the_end_are_not_delivered(kind):
    for task in tasks_of(Family.ERRAND, kind):
        assert verdict_on(task, without(task, "drop", "put")).reward < 0.1, task.id


def lock_of(task):
    """The id of what is to be unlocked."""
    return task.goals[0].condition.conditions[0].entity


def test_a_wrong_key_breaks_and_the_right_one_is_told_among_others():
    for task in tasks_of(Family.ERRAND, "unlock"):
        lock = lock_of(task)
        opening = task.spec.entities[lock]
        assert opening.fragile
        assert opening.locked
        fits = [f for t in task.spec.things for f in t.tells if f[1:] == ("fits", lock)]
        assert [f.entity for f in fits] == [opening.key]
        keys = [t for t in task.spec.things if "key" in t.name.split()]
        assert len(keys) >= 3


def test_to_hit_on_the_key_without_reading_earns_nothing():
    for task in tasks_of(Family.ERRAND, "unlock"):
        unread = without(task, "read")
        assert verdict_on(task, unread).reward < 0.1, task.id
        assert verdict_on(task, task.stages, {"mark": "7"}).reward < 0.1, task.id
        assert verdict_on(task, task.stages, {}).reward < 0.1, task.id


def test_a_key_left_lying_elsewhere_is_noticed():
    for task in tasks_of(Family.ERRAND, "unlock"):
        assert verdict_on(task, task.stages).parts["restraint"] == 1.0
        key = task.spec.entities[lock_of(task)].key
        assert key not in task.stages[0].unchanged.free


def test_parts_need_not_be_taken_to_be_combined():
    spared = 0
    for task in tasks_of(Family.ERRAND, "assemble"):
        taken = {s.command for s in task.stages[0].walkthrough if s.command.startswith("get ")}
        parts = [p[0] for p in task.question["parts"] if not p[1]]
        names = {f"get {task.spec.entities[p].name.lower()}" for p in parts}
        spared += not names <= taken
        assert verdict_on(task, task.stages).reward == 1.0
    assert spared > len(tasks_of(Family.ERRAND, "assemble")) // 2


def test_what_was_made_and_not_yet_brought_earns_nothing_final():
    for task in tasks_of(Family.ERRAND, "assemble"):
        verdict = verdict_on(task, without(task, "drop bundle"))
        assert verdict.success is not any(
            s.command == "drop bundle" for s in task.stages[0].walkthrough
        )


def test_a_chain_has_more_to_do_and_fewer_hands_as_the_difficulty_rises():
    def places(level):
        task = make_task(Family.ERRAND, 2, level, "chain")
        located = [g for g in task.goals if isinstance(g.condition, Located)]
        return len(located), task.spec.agent.capacity

    assert [places(level) for level in (1, 4, 8, 10)] == [(3, None), (4, 2), (5, 2), (6, 2)]


def test_the_packed_container_has_to_be_closed():
    task = make_task(Family.ERRAND, 2, 5, "chain")
    box = next(g.condition.entity for g in task.goals if isinstance(g.condition, Holds))
    name = task.spec.entities[box].name.lower()
    verdict = verdict_on(task, without(task, f"close {name}"))
    assert not verdict.success
