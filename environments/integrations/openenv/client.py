"""The client of a session; a trainer's process needs no more of this package."""

from __future__ import annotations

from typing import Any

from openenv.core.client_types import StepResult
from openenv.core.env_client import EnvClient

from environments.integrations.openenv.models import EvenniaAction, EvenniaObservation, EvenniaState


class EvenniaEnv(EnvClient[EvenniaAction, EvenniaObservation, EvenniaState]):
    """A session of a server, over one WebSocket.

    async with EvenniaEnv(base_url="http://127.0.0.1:8000") as env:
        result = await env.reset(family="errand", difficulty=2, seed=7)
        result = await env.step(EvenniaAction.connect())
    """

    def _step_payload(self, action: EvenniaAction) -> dict[str, Any]:
        payload: dict[str, Any] = {"type": action.type}
        if action.type == "call_tool":
            payload |= {"tool_name": action.tool_name, "arguments": action.arguments}
        return payload

    def _parse_result(self, payload: dict[str, Any]) -> StepResult[EvenniaObservation]:
        reward, done = payload.get("reward"), payload.get("done", False)
        seen = EvenniaObservation(**payload.get("observation", {}), reward=reward, done=done)
        return StepResult(observation=seen, reward=reward, done=done, metadata=seen.metadata)

    def _parse_state(self, payload: dict[str, Any]) -> EvenniaState:
        return EvenniaState(**payload)
