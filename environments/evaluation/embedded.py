"""Rollouts by an embedded policy in the place of a model: all else of them is real."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from environments.episode import Worlds
from environments.models.chat import Chat
from environments.policies.chat import PolicyChat
from environments.rollouts.checkpoint import Checkpoint
from environments.rollouts.record import Rollout
from environments.runner import Conditions, play
from environments.tasks.model import Task
from environments.tools.registry import Tool, tools_of


async def play_policy(
    name: str, task: Task, attempt: int, pool: Worlds, tools: dict[str, Tool],
    conditions: Conditions,
) -> Rollout:  # fmt: skip
    """Play one rollout of an embedded policy, under the `conditions` of a model.

    A policy has no context to fill, so the limit of tokens does not apply to it.
    """
    options = conditions.options.model_copy(update={"context_tokens": None})
    return await play(
        task, rollout_id=f"{name}-{task.id}-{attempt}", pool=pool, tools=tools, attempt=attempt,
        chat=_chat(name, task, attempt), conditions=replace(conditions, options=options),
    )  # fmt: skip


async def play_embedded(
    pool: Worlds,
    policy: str,
    items: Sequence[tuple[Task, int]],
    *,
    latency: float = 0.0,
    at_once: int = 32,
    start: Checkpoint | None = None,
    conditions: Conditions | None = None,
) -> list[Rollout]:
    """Play each (task, attempt) once, `at_once` at a time; the rollouts in the order of items.

    `latency`: seconds that each model call takes beyond its work. `start`: where they go on from,
    with items of its task. `conditions`: the defaults where None.
    """
    tools = tools_of(["evennia"])
    slots = asyncio.Semaphore(at_once)

    async def one(number: int, task: Task, attempt: int) -> Rollout:
        async with slots:
            return await play(
                task, rollout_id=f"embedded-{number:04}-{task.family}-{attempt}", pool=pool,
                chat=_chat(policy, task, attempt, latency), tools=tools,
                conditions=conditions or Conditions(), group=f"{policy}-{task.id}", attempt=attempt,
                start=start,
            )  # fmt: skip

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(one(n, *item)) for n, item in enumerate(items)]
    return [task.result() for task in running]


def _chat(policy: str, task: Task, attempt: int, latency: float = 0.0) -> Chat:
    server = PolicyChat(policy, task, attempt, latency=latency)
    return Chat(server, model=policy, provider="embedded", names_rollout=True)
