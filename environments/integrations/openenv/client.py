"""The client of a session; a trainer's process needs no more of this package."""

from __future__ import annotations

import json
from typing import Any

from openenv.core.client_types import StepResult
from openenv.core.env_client import EnvClient

from environments.integrations.openenv.guard import MAX_MESSAGE
from environments.integrations.openenv.models import EvenniaAction, EvenniaObservation, EvenniaState

MAX_TEXT = 4000
"""Characters that are sent of a text where not all can be; a command has a quarter of them."""
AROUND = 2048
"""Bytes of a message besides the arguments at most."""


class EvenniaEnv(EnvClient[EvenniaAction, EvenniaObservation, EvenniaState]):
    """A session of a server, over one WebSocket.

    async with EvenniaEnv(base_url="http://127.0.0.1:8000") as env:
        result = await env.reset(family="errand", difficulty=2, seed=7)
        result = await env.step(EvenniaAction.connect())
    """

    def _step_payload(self, action: EvenniaAction) -> dict[str, Any]:
        payload: dict[str, Any] = {"type": action.type}
        if action.type == "call_tool":
            payload |= {"tool_name": action.tool_name, "arguments": _sent(action.arguments)}
        return payload

    def _parse_result(self, payload: dict[str, Any]) -> StepResult[EvenniaObservation]:
        reward, done = payload.get("reward"), payload.get("done", False)
        seen = EvenniaObservation(**payload.get("observation", {}), reward=reward, done=done)
        return StepResult(observation=seen, reward=reward, done=done, metadata=seen.metadata)

    def _parse_state(self, payload: dict[str, Any]) -> EvenniaState:
        return EvenniaState(**payload)


def _sent(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments that fit into a message: a larger one would end the session.

    Of arguments that are too large, texts are cut: no tool takes one that is as long as what is
    left. What then is too large still is replaced by arguments that a tool refuses.
    """
    if _fits(arguments):
        return arguments
    cut = {
        name[:MAX_TEXT]: given[:MAX_TEXT] if isinstance(given, str) else given
        for name, given in arguments.items()
    }
    return cut if _fits(cut) else {"command": None, "answer": "(more than can be sent)"}


def _fits(arguments: dict[str, Any]) -> bool:
    return len(json.dumps(arguments)) < MAX_MESSAGE - AROUND
