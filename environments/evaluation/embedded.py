"""Embedded policies in the place of a model's endpoint, without the HTTP between."""

from __future__ import annotations

from environments.models.chat import Chat
from environments.policies.chat import PolicyChat
from environments.rollouts.record import Rollout
from environments.runner import Settings, play
from environments.tasks.model import Task
from environments.tools.registry import Tool
from world_fixtures.servers import ServerPool


async def play_policy(
    name: str, task: Task, attempt: int, pool: ServerPool, tools: dict[str, Tool],
    settings: Settings,
) -> Rollout:  # fmt: skip
    """One rollout of an embedded policy, under the `settings` of the model it stands beside.

    A policy has no context to fill, so the model's limit of tokens does not bind it.
    """
    own = {"model": name, "provider": "embedded", "send_user": True, "context_tokens": None}
    return await play(
        task, rollout_id=f"{name}-{task.id}-{attempt}", pool=pool, tools=tools, attempt=attempt,
        chat=Chat(PolicyChat(name, task, attempt)), settings=settings.model_copy(update=own),
    )  # fmt: skip
