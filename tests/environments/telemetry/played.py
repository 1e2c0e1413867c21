"""Rollouts that are really played: a real endpoint with an embedded policy, a real world."""

from __future__ import annotations

import asyncio

from atroposlib.envs.base import APIServerConfig
from atroposlib.envs.server_handling.server_manager import ServerManager

from environments.policies.endpoint import PolicyEndpoint
from environments.rollout import Settings, play
from environments.tasks.model import Task
from environments.toolsets import tools_of
from environments.trajectories.record import Rollout
from world_fixtures.servers import ServerPool


async def played(pool: ServerPool, policy: str, items: list[tuple[Task, int]]) -> list[Rollout]:
    """One rollout of each (task, attempt) by `policy`, all at once."""
    settings = Settings(send_user=True, model=policy, provider="embedded")
    tools = tools_of(["evennia"])
    async with PolicyEndpoint() as endpoint:
        config = APIServerConfig(
            model_name=policy, base_url=endpoint.base_url, api_key="none", server_type="openai",
            health_check=False,
        )  # fmt: skip
        server = ServerManager([config])

        async def one(task: Task, attempt: int) -> Rollout:
            id_ = f"{policy}-{task.id.replace('/', '-')}-{attempt}"
            endpoint.expect(id_, task, attempt)
            return await play(
                task, rollout_id=id_, pool=pool, server=server, tools=tools, settings=settings,
                attempt=attempt,
            )  # fmt: skip

        return list(await asyncio.gather(*(one(*item) for item in items)))
