"""Making tasks in a process beside."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from environments.tasks.build import make_task
from environments.tasks.model import Family
from environments.tasks.worker import TaskWorker, Wanted
from world_fixtures.common import UserError

WANTED = Wanted(Family.NAVIGATION, 3, 1, "train", "by_directions")


def task_of(wanted: Wanted):
    return make_task(*wanted[:3], kind=wanted.kind, split=wanted.split)


async def test_the_same_tasks_come_from_the_process_also_after_its_death():
    worker = TaskWorker()
    try:
        assert await worker.make(WANTED) == task_of(WANTED)
        process = worker._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        assert await worker.make(WANTED) == task_of(WANTED)
        assert await worker.make(WANTED._replace(seed=4)) == task_of(WANTED._replace(seed=4))
    finally:
        await worker.stop()
        await worker.stop()


async def test_what_cannot_be_made_is_told_as_ever():
    worker = TaskWorker()
    try:
        with pytest.raises(UserError, match="difficulty 11 is out of range"):
            await worker.make(WANTED._replace(difficulty=11))
    finally:
        await worker.stop()


async def test_an_answer_that_nobody_took_is_given_to_nobody_else():
    worker = TaskWorker()
    try:
        await worker.make(WANTED)
        given_up = asyncio.create_task(worker.make(WANTED._replace(seed=5)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        given_up.cancel()
        assert await worker.make(WANTED) == task_of(WANTED)
    finally:
        await worker.stop()


async def test_the_process_ends_with_its_work():
    worker = TaskWorker()
    await worker.make(WANTED)
    process = worker._process
    assert process is not None
    await worker.stop()
    assert process.returncode == 0


async def test_who_is_cancelled_has_waited_for_the_end_of_the_process():
    worker = TaskWorker()
    await worker.make(WANTED)
    process = worker._process
    assert process is not None
    given_up = asyncio.create_task(worker.make(WANTED._replace(seed=5)))
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert process.returncode == -signal.SIGKILL
    await worker.stop()
