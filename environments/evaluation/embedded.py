"""Embedded policies in the place of a model's endpoint, without the HTTP between."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from openai.types.chat import ChatCompletion

from environments.models.chat import Chat
from environments.policies.completion import completion
from environments.policies.policy import View
from environments.policies.registry import get_policy
from environments.rollouts.record import Rollout
from environments.runner import Conditions, play
from environments.tasks.model import Task
from environments.tools.registry import Tool
from world_fixtures.servers import ServerPool


class PolicyChat:
    """A `ChatServer` for one rollout. Answers as `PolicyEndpoint` does, to the byte."""

    def __init__(self, name: str, task: Task, attempt: int) -> None:
        """Raises UserError where no policy has this name."""
        self._name = name
        self._policy = get_policy(name)
        self._task = task
        self._attempt = attempt

    async def chat_completion(self, **request: Any) -> ChatCompletion:
        """Needs `user`, which ends with `#<stage>`: see `Chat.names_rollout`."""
        stage = int(request["user"].rpartition("#")[2])
        seed = f"{self._policy.name}/{self._task.id}/{self._attempt}/{stage}"
        view = View(self._task, stage, request["messages"], seed)
        body = {**request, "model": self._name}
        answer = completion(body, f"{seed}/{view.turn}", [self._policy.act(view)])
        return ChatCompletion.model_validate(answer)


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
