"""`ToolContext`: what a reward function may ask, of the tools and of the world.

The old class blocked the event loop; here whatever waits is awaitable.
"""

from __future__ import annotations

import json
from typing import Any

from environments.episode import RolloutWorld
from environments.tools.registry import tools_of
from world_fixtures.common import UserError
from world_fixtures.protocol import Event
from world_fixtures.state import WorldState


class WorldContext:
    """The live world of a rollout, as a reward function sees it."""

    def __init__(self, world: RolloutWorld) -> None:
        self._world = world

    async def state(self) -> WorldState:
        """Snapshot of the instance, read from the world server."""
        return await self._world.state()

    async def location(self, entity: str | None = None) -> str | None:
        """Id of what holds `entity` (default: the agent's character)."""
        return (await self.state()).location(entity or self._world.task.spec.agent.id)

    async def inventory(self) -> list[str]:
        """Ids of what the agent's character carries."""
        return (await self.state()).contents(self._world.task.spec.agent.id)

    def events(self) -> list[Event]:
        """What the agent did, in order."""
        return list(self._world.events)

    async def command(self, text: str) -> Event:
        """Act as the agent's character; connects where needed. Not counted as the agent's."""
        return await self._world.intervene(text)

    @property
    def answer(self) -> dict[str, Any] | None:
        """What was submitted."""
        return self._world.answer

    @property
    def sessions(self) -> int:
        """Sessions the agent has opened."""
        return self._world.sessions


class ToolContext:
    """Access to tools and world for the rollout `task_id`, after its agent has stopped."""

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id

    @property
    def world(self) -> WorldContext:
        """Raises RuntimeError where the rollout has no world, or has it no more."""
        world = RolloutWorld.LIVE.get(self.task_id)
        if world is None:
            raise RuntimeError(f"rollout {self.task_id} has no live world")
        return WorldContext(world)

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        """Result of any registered tool, or of hermes-agent's where that is installed."""
        tools = tools_of(None)
        if name not in tools:
            tools = _hermes_tools(name)
        return await tools[name].handler(arguments, self.task_id)

    async def terminal(self, command: str, timeout: int = 180) -> dict[str, Any]:
        """Run a shell command: `{"exit_code": n, "output": text}`."""
        return await self._json("terminal", command=command, timeout=timeout)

    async def read_file(self, path: str) -> dict[str, Any]:
        return await self._json("read_file", path=path)

    async def write_file(self, path: str, content: str) -> dict[str, Any]:
        return await self._json("write_file", path=path, content=content)

    async def search(self, query: str, path: str = ".") -> dict[str, Any]:
        return await self._json("search_files", pattern=query, path=path)

    async def web_search(self, query: str) -> dict[str, Any]:
        return await self._json("web_search", query=query)

    async def web_extract(self, urls: list[str]) -> dict[str, Any]:
        return await self._json("web_extract", urls=urls)

    async def browser_navigate(self, url: str) -> dict[str, Any]:
        return await self._json("browser_navigate", url=url)

    async def browser_snapshot(self) -> dict[str, Any]:
        return await self._json("browser_snapshot")

    def cleanup(self) -> None:
        """Give the world back. Called always, after errors too; may be called twice."""
        world = RolloutWorld.LIVE.get(self.task_id)
        if world is not None:
            world.close()

    async def _json(self, name: str, **arguments: Any) -> dict[str, Any]:
        text = await self.call_tool(name, arguments)
        try:
            parsed = json.loads(text)
        except ValueError:
            return {"output": text}
        return parsed if isinstance(parsed, dict) else {"output": parsed}


def _hermes_tools(name: str) -> dict[str, Any]:
    """The toolset of hermes-agent that holds the tool `name`."""
    for toolset in ("terminal", "file", "web", "browser"):
        tools = tools_of([toolset])
        if name in tools:
            return tools
    raise UserError(f"there is no tool {name!r}")
