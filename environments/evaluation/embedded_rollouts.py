"""Rollouts by an embedded policy, for samples and measurements: all real but the model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from atroposlib.envs.base import APIServerConfig
from atroposlib.envs.server_handling.server_manager import ServerManager

from environments.models.chat import Chat
from environments.policies.endpoint import PolicyEndpoint
from environments.rollouts.record import Rollout
from environments.runner import Conditions, play
from environments.tasks.model import Task
from environments.tools.registry import tools_of
from world_fixtures.servers import ServerPool


async def play_embedded(
    pool: ServerPool,
    policy: str,
    items: Sequence[tuple[Task, int]],
    *,
    latency: float = 0.0,
    at_once: int = 32,
) -> list[Rollout]:
    """One rollout of each (task, attempt), in their order, `at_once` at a time.

    `latency`: seconds that each model call takes beyond its work.
    """
    tools = tools_of(["evennia"])
    slots = asyncio.Semaphore(at_once)
    async with PolicyEndpoint(latency=latency) as endpoint:
        config = APIServerConfig(
            model_name=policy, base_url=endpoint.base_url, api_key="none", server_type="openai",
            health_check=False, num_max_requests_at_once=at_once,
        )  # fmt: skip
        chat = Chat(ServerManager([config]), model=policy, provider="embedded", names_rollout=True)

        async def one(number: int, task: Task, attempt: int) -> Rollout:
            id_ = f"embedded-{number:04}-{task.family}-{attempt}"
            async with slots:
                endpoint.expect(id_, task, attempt)
                return await play(
                    task, rollout_id=id_, pool=pool, chat=chat, tools=tools,
                    conditions=Conditions(), group=f"{policy}-{task.id}", attempt=attempt,
                )  # fmt: skip

        async with asyncio.TaskGroup() as group:
            running = [group.create_task(one(n, *item)) for n, item in enumerate(items)]
    return [task.result() for task in running]
