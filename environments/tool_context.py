"""`ToolContext`: what a reward function may ask, of the tools and of the world.

hermes-agent's class blocked the event loop; here whatever waits is awaitable.
"""

from __future__ import annotations

import json
from typing import Any

from environments.episode import Episode, acting_episode, acting_in
from environments.tasks.model import Verdict
from environments.tools.registry import Tool, tools_of
from world_fixtures.common import UserError
from world_fixtures.protocol import Event
from world_fixtures.state import WorldState


class WorldContext:
    """The live world of a rollout, as a reward function sees it."""

    def __init__(self, episode: Episode) -> None:
        self._episode = episode

    async def state(self) -> WorldState:
        """Read a snapshot of the instance from the world server."""
        return await self._episode.state()

    async def location(self, entity: str | None = None) -> str | None:
        """Find the id of what holds `entity` (default: the agent's character)."""
        return (await self.state()).location(entity or self._episode.task.spec.agent.id)

    async def inventory(self) -> list[str]:
        """List the ids of what the agent's character carries."""
        return (await self.state()).contents(self._episode.task.spec.agent.id)

    def events(self) -> list[Event]:
        """List what the agent did, in order."""
        return list(self._episode.events)

    async def command(self, text: str) -> Event:
        """Act as the agent's character; connects where needed. Not counted as the agent's."""
        return await self._episode.intervene(text)

    async def verdict(self) -> Verdict:
        """Judge the rollout by its task, in the state in which this is first asked."""
        return await self._episode.finish()

    @property
    def answer(self) -> dict[str, Any] | None:
        """What was submitted."""
        return self._episode.answer

    @property
    def sessions(self) -> int:
        """Sessions the agent has opened."""
        return self._episode.sessions


class ToolContext:
    """Access to tools and world for the rollout `task_id`, after its agent has stopped."""

    def __init__(self, task_id: str, episode: Episode | None = None) -> None:
        """Take the rollout's episode, where it plays in a world.

        A tool's handler, which is given the task id alone, reaches the episode that calls it.
        """
        self.task_id = task_id
        self._episode = episode or acting_episode(task_id)

    @property
    def world(self) -> WorldContext:
        """The rollout's world. Raises RuntimeError where it has none, or has it no more."""
        if self._episode is None or self._episode.closed:
            raise RuntimeError(f"rollout {self.task_id} has no live world")
        return WorldContext(self._episode)

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> str:
        """Call any registered tool, or one of hermes-agent's where that is installed.

        Raises UserError for a tool that does not exist, and what the tool raises.
        """
        tools = tools_of(None)
        tool = tools[name] if name in tools else _hermes_tool(name)
        if self._episode is not None:
            tool = tool.bind(self._episode)
        with acting_in(self._episode):
            return await tool.handler(arguments, self.task_id)

    async def terminal(self, command: str, timeout: int = 180) -> dict[str, Any]:
        """Run a shell command: `{"exit_code": n, "output": text}`; `timeout` in seconds."""
        return await self._json("terminal", command=command, timeout=timeout)

    async def read_file(self, path: str) -> dict[str, Any]:
        """Read a file where hermes-agent's tools run."""
        return await self._json("read_file", path=path)

    async def write_file(self, path: str, content: str) -> dict[str, Any]:
        """Write a file where hermes-agent's tools run."""
        return await self._json("write_file", path=path, content=content)

    async def search(self, query: str, path: str = ".") -> dict[str, Any]:
        """Search the files below `path` for a pattern."""
        return await self._json("search_files", pattern=query, path=path)

    async def web_search(self, query: str) -> dict[str, Any]:
        """Search the web."""
        return await self._json("web_search", query=query)

    async def web_extract(self, urls: list[str]) -> dict[str, Any]:
        """Fetch pages as text."""
        return await self._json("web_extract", urls=urls)

    async def browser_navigate(self, url: str) -> dict[str, Any]:
        """Open a page in hermes-agent's browser."""
        return await self._json("browser_navigate", url=url)

    async def browser_snapshot(self) -> dict[str, Any]:
        """Describe the open page."""
        return await self._json("browser_snapshot")

    def cleanup(self) -> None:
        """Give the world back. Called always, after errors too; may be called twice."""
        if self._episode is not None:
            self._episode.close()

    async def _json(self, name: str, **arguments: Any) -> dict[str, Any]:
        text = await self.call_tool(name, arguments)
        try:
            parsed = json.loads(text)
        except ValueError:
            return {"output": text}
        return parsed if isinstance(parsed, dict) else {"output": parsed}


def _hermes_tool(name: str) -> Tool:
    """Find the tool of hermes-agent's toolsets that has this name."""
    for toolset in ("terminal", "file", "web", "browser"):
        tools = tools_of([toolset])
        if name in tools:
            return tools[name]
    raise UserError(f"there is no tool {name!r}")
