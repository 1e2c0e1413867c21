"""Rollouts in three games at once; the processes of some are killed while they are played."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from environments.episode import Episode
from environments.tasks.model import Task
from environments.tasks.suites.foreign import foreign_tasks
from world_fixtures.common import WorldLost
from world_fixtures.home import alive
from world_fixtures.servers import ServerPool

pytestmark = pytest.mark.slow

ROLLOUTS = 64
AT_ONCE = 12
KILLED = 5
"""One rollout in so many is killed, after half of its commands."""


def forks(pool: ServerPool) -> set[int]:
    """Return the processes of the rollouts that there are."""
    children = (
        Path(f"/proc/{server.pid}/task/{server.pid}/children") for server in pool.servers
    )  # fmt: skip
    return {int(pid) for file in children for pid in file.read_text().split()}


async def play(
    number: int, task: Task, pool: ServerPool, making: asyncio.Lock, seen: set[int]
) -> float | None:
    """Play a task's walkthrough; returns the reward, or None where the rollout was lost."""
    async with making:  # so that the process that comes is that of this rollout
        before = forks(pool)
        episode = await Episode.begin(pool, task, id=f"kills-{number}")
        mine = forks(pool) - before
    assert len(mine) == 1
    seen |= mine
    steps = task.stages[0].walkthrough
    try:
        await episode.connect()
        for n, step in enumerate(steps[:-1]):
            if number % KILLED == 0 and n == len(steps) // 2:
                os.kill(*mine, signal.SIGKILL)
            await episode.command(step.command)
        episode.submit(steps[-1].answer)
        return (await episode.finish()).reward
    except WorldLost:
        return None
    finally:
        episode.close()


async def test_killed_processes_void_their_rollouts_and_score_no_other() -> None:
    short = [
        task
        for game in ("tutorial_world", "escape_room", "evadventure")
        for task in [t for t in foreign_tasks() if t.kind == game and len(t.stages) == 1][:3]
    ]
    seen: set[int] = set()
    making = asyncio.Lock()
    async with ServerPool(1, games=AT_ONCE, at_once=False) as pool:
        rewards = await asyncio.gather(
            *(play(n, short[n % len(short)], pool, making, seen) for n in range(ROLLOUTS))
        )
        assert len(pool.servers) == 3
    assert rewards == [None if n % KILLED == 0 else 1 for n in range(ROLLOUTS)]
    assert len(seen) == ROLLOUTS
    assert not any(map(alive, seen))
