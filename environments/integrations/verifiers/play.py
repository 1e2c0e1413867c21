"""Rollouts as coroutines in the loop of the world servers."""

from __future__ import annotations

from dataclasses import replace

from environments.episode import Worlds
from environments.hosting import by_policy
from environments.hosting.rollout import conditions
from environments.integrations.verifiers.intercepted import Intercepted
from environments.models.chat import Chat
from environments.rollouts.record import Rollout
from environments.runner import play
from environments.tasks.model import Task
from environments.tools.registry import tools_of

PROVIDER = "verifiers"
NOBODY = "nobody"


async def played(
    worlds: Worlds, task: Task, server: Intercepted, *,
    id: str, model: str, system_prompt: str | None, deadline: float | None, names_rollout: bool,
) -> Rollout:  # fmt: skip
    """Play a task with our agent loop, each stage a conversation of its own, and judge it.

    A failure of the endpoint or of the world is in the record, which then has no verdict.
    """
    given = conditions()
    options = given.options.model_copy(update={"system_prompt": system_prompt})
    async with server:
        return await play(
            task,
            rollout_id=id,
            pool=worlds,
            chat=Chat(server, model=model, provider=PROVIDER, names_rollout=names_rollout),
            tools=tools_of(["evennia"]),
            conditions=replace(given, options=options, deadline=deadline),
        )


async def played_by(worlds: Worlds, task: Task, policy: str | None) -> Rollout:
    """Play a task by an embedded policy, or by nobody at all, and judge it.

    Raises WorldLost or WorldError where the world fails.
    """
    rollout = await by_policy.played(worlds, task, policy, id=task.id)
    return rollout.record(policy or NOBODY, PROVIDER)
