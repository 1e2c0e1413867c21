"""Work that is not done is never taken for done."""

from __future__ import annotations

import asyncio

import pytest

from environments.rollouts.workers import run_workers
from world_fixtures.common import UserError


async def test_a_cancelled_worker_is_a_failure_that_ends_the_others():
    tasks = []

    async def work():
        tasks.append(asyncio.current_task())
        if len(tasks) == 3:
            tasks[0].cancel()
        await asyncio.Event().wait()

    with pytest.raises(UserError, match=r"a worker was cancelled.*the same command continues"):
        await run_workers(3, work)
    assert all(task.done() for task in tasks)


async def test_to_be_stopped_is_no_failure():
    async def work():
        whole.cancel()
        await asyncio.Event().wait()

    whole = asyncio.create_task(run_workers(3, work))
    with pytest.raises(asyncio.CancelledError):
        await whole


async def test_what_the_user_can_correct_is_told_first():
    turn = iter([ValueError("odd"), UserError("bad input")])

    async def work():
        raise next(turn)

    with pytest.raises(UserError, match="bad input"):
        await run_workers(2, work)
