"""Embedded policies in the place of a model's endpoint, without the HTTP between."""

from __future__ import annotations

import asyncio
from typing import Any

from openai.types.chat import ChatCompletion

from environments.policies.completion import completion
from environments.policies.policy import View
from environments.policies.registry import get_policy
from environments.tasks.model import Task


class PolicyChat:
    """A `ChatServer` for one rollout. Answers as `PolicyEndpoint` does, to the byte."""

    def __init__(self, name: str, task: Task, attempt: int, *, latency: float = 0.0) -> None:
        """Take the policy called `name`; `latency` is the seconds each completion waits.

        Raises UserError where there is no such policy.
        """
        self._name = name
        self._policy = get_policy(name)
        self._task = task
        self._attempt = attempt
        self._latency = latency

    async def chat_completion(self, **request: Any) -> ChatCompletion:
        """Answer a request, whose `user` must end with `#<stage>`, counted from 0."""
        if self._latency:
            await asyncio.sleep(self._latency)
        stage = int(request["user"].rpartition("#")[2])
        seed = f"{self._policy.name}/{self._task.id}/{self._attempt}/{stage}"
        view = View(self._task, stage, request["messages"], seed)
        body = {**request, "model": self._name}
        answer = completion(body, f"{seed}/{view.turn}", [self._policy.act(view)])
        return ChatCompletion.model_validate(answer)
