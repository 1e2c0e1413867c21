"""Embedded policies in the place of a model's endpoint, without the HTTP between."""

from __future__ import annotations

from dataclasses import replace

from environments.models.chat import Chat
from environments.policies.chat import PolicyChat
from environments.rollouts.record import Rollout
from environments.runner import Conditions, play
from environments.tasks.model import Task
from environments.tools.registry import Tool
from world_fixtures.servers import ServerPool


async def play_policy(
    name: str, task: Task, attempt: int, pool: ServerPool, tools: dict[str, Tool],
    conditions: Conditions,
) -> Rollout:  # fmt: skip
    """One rollout of an embedded policy, under the `conditions` of the model it stands beside.

    A policy has no context to fill, so the model's limit of tokens does not bind it.
    """
    options = conditions.options.model_copy(update={"context_tokens": None})
    chat = Chat(
        PolicyChat(name, task, attempt), model=name, provider="embedded", names_rollout=True
    )
    return await play(
        task, rollout_id=f"{name}-{task.id}-{attempt}", pool=pool, tools=tools, attempt=attempt,
        chat=chat, conditions=replace(conditions, options=options),
    )  # fmt: skip
