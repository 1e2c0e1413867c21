"""Workers that play rollouts side by side: all of them end well, or one failure is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from environments.rollouts.files import CONTINUES
from world_fixtures.common import UserError


async def run_workers(number: int, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` so many times at once, until every one has ended.

    The first failure ends the others and is raised, a UserError before anything else. A worker
    that was cancelled alone, which would end it as if its work was done, is a failure, too.
    """
    whole = asyncio.current_task()
    failed = False

    async def one() -> None:
        nonlocal failed
        try:
            await work()
        except asyncio.CancelledError:
            if failed or (whole is not None and whole.cancelling()):
                raise
            failed = True
            raise UserError(f"a worker was cancelled: {CONTINUES}") from None
        except BaseException:
            failed = True
            raise

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(number):
                workers.create_task(one())
    except BaseExceptionGroup as group:
        told = group.subgroup(UserError) or group
        raise told.exceptions[0] from None


def stopped() -> bool:
    """Tell whether the running task itself is cancelled, and not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
