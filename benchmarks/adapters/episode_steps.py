"""Processor time of a step of our own episodes, and the verdicts that all hosts must give.

    python -m benchmarks.adapters.episode_steps [--sessions 64] [--steps 16] [--tasks ID...]

All sessions play at the same time. Counted is the processor time of this process, and that of the
world server apart, while steps are made; beginning an episode is outside of it. Prints JSON.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from benchmarks.adapters.plays import arguments, tell, timed_calls, timed_tasks, verdicts
from benchmarks.limits import Sample
from environments.episode import Episode
from environments.hosting.by_policy import played
from environments.tasks.model import Task
from world_fixtures.servers import ServerPool


async def measure(sessions: int, steps: int, ids: list[str]) -> dict[str, Any]:
    tasks = await asyncio.to_thread(timed_tasks, sessions)
    async with ServerPool(1) as pool:
        episodes = [await Episode.begin(pool, task) for task in tasks]
        calls = timed_calls(steps)
        world, own = Sample.of(pool.servers[0].pid).cpu, time.process_time()
        await asyncio.gather(*(_play(episode, calls) for episode in episodes))
        own, world = time.process_time() - own, Sample.of(pool.servers[0].pid).cpu - world
        for episode in episodes:
            episode.close()

        async def play(task: Task, policy: str) -> dict[str, Any]:
            rollout = await played(pool, task, policy, id="measured")
            assert rollout.verdict is not None
            return rollout.verdict.model_dump(mode="json")

        told = await verdicts(ids, play)
    per_step = 1000 / (sessions * steps)
    return {
        "cpu_ms_per_step": {"episode": own * per_step},
        "world_server_ms_per_step": world * per_step,
        "verdicts": told,
    }


async def _play(episode: Episode, calls: list[tuple[str, dict[str, Any]]]) -> None:
    for call in calls:
        text = await episode.call(*call)
        assert not text.startswith('{"error"'), text


def main() -> None:
    given = arguments(__doc__ or "")
    tell(asyncio.run(measure(given.sessions, given.steps, given.tasks)))


if __name__ == "__main__":
    main()
