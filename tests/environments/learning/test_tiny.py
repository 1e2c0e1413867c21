"""The tiny lane: its tasks."""

from __future__ import annotations

from environments.learning.proof.tiny_tasks import tiny_tasks


def test_no_world_to_measure_on_was_trained_on() -> None:
    train, unseen = tiny_tasks("train"), tiny_tasks("validation")
    assert len({task.id for task in (*train, *unseen)}) == len(train) + len(unseen)
    names = [{room.name for task in tasks for room in task.spec.rooms} for tasks in (train, unseen)]
    assert not names[0] & names[1]
