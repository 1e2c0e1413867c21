"""Rollouts that are really played: an embedded policy in a real world."""

from __future__ import annotations

from environments.evaluation.embedded import play_embedded
from environments.rollouts.record import Rollout
from environments.tasks.model import Task
from world_fixtures.servers import ServerPool


async def played(pool: ServerPool, policy: str, items: list[tuple[Task, int]]) -> list[Rollout]:
    """One rollout of each (task, attempt) by `policy`, all at once, with ids of its own."""
    rollouts = await play_embedded(pool, policy, items, at_once=len(items))
    return [
        r.model_copy(
            update={"id": f"{policy}-{r.task.id.replace('/', '-')}-{r.attempt}", "group": ""}
        )
        for r in rollouts
    ]
