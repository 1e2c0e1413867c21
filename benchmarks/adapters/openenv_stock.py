"""The stock MCP path of OpenEnv over the same rollouts, as its own guides write an environment.

A FastMCP server with five tools for each session, called through OpenEnv's `MCPEnvironment`. Only
to measure against: `openenv_steps.py` runs it.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from fastmcp import FastMCP
from openenv.core.env_server.http_server import create_app
from openenv.core.env_server.mcp_environment import MCPEnvironment
from openenv.core.env_server.types import Action, Observation, State

from environments.hosting.rollout import HostedRollout, conditions
from environments.integrations.openenv.serving import listening, serve_app
from environments.integrations.openenv.shared import Shared
from environments.integrations.openenv.tasks import Reset, ServedTasks
from world_fixtures.servers import ServerPool


class StockEnvironment(MCPEnvironment):
    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, shared: Shared) -> None:
        server = FastMCP("evennia")
        for tool in (
            self.evennia_connect, self.evennia_command, self.evennia_observe,
            self.evennia_disconnect, self.evennia_submit,
        ):  # fmt: skip
            server.tool(tool)
        super().__init__(server)
        self._shared = shared
        self._rollout: HostedRollout | None = None

    async def evennia_connect(self) -> str:
        """Enter the world."""
        return await self._play("evennia_connect")

    async def evennia_command(self, command: str) -> str:
        """Do something in the world."""
        return await self._play("evennia_command", command=command)

    async def evennia_observe(self) -> str:
        """Look around."""
        return await self._play("evennia_observe")

    async def evennia_disconnect(self) -> str:
        """Leave the world."""
        return await self._play("evennia_disconnect")

    async def evennia_submit(self, answer: dict[str, Any]) -> str:
        """Hand in your answer."""
        return await self._play("evennia_submit", answer=answer)

    async def _play(self, tool: str, **arguments: Any) -> str:
        assert self._rollout is not None
        return (await self._rollout.step(tool, arguments)).whole

    async def reset_async(
        self, seed: int | None = None, episode_id: str | None = None, **given: Any
    ) -> Observation:
        worlds = await self._shared.worlds()
        task = await self._shared.tasks.chosen(Reset.of({"seed": seed, **given}))
        self._rollout = await HostedRollout.begin(worlds, task, conditions(), id="stock")
        return Observation(metadata={"prompt": self._rollout.prompt})

    def reset(self, **given: Any) -> Observation:
        raise NotImplementedError

    def _step_impl(self, action: Action, **given: Any) -> Observation:
        raise NotImplementedError

    @property
    def state(self) -> State:
        return State()

    def close(self) -> None:
        if self._rollout is not None:
            self._shared.soon(self._rollout.close)
        super().close()


async def serve(port: int, sessions: int, servers: int | None) -> None:
    bound = listening("127.0.0.1", port)
    shared = Shared(lambda: ServerPool(servers), ServedTasks())
    try:
        await shared.worlds()
        app = create_app(
            lambda: StockEnvironment(shared), Action, Observation, max_concurrent_envs=sessions
        )
        await serve_app(app, bound, sessions)
    finally:
        await shared.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--sessions", type=int, default=64)
    parser.add_argument("--servers", type=int)
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.sessions, given.servers))


if __name__ == "__main__":
    main()
