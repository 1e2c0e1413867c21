"""A world to live in: the tools of a client that was set no task.

Such a server learns nothing of the session it is used in, so the client names one with
`bind_session` before anything else.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from pathlib import Path
from typing import Any

from environments.hosting.tool_names import SHORT, renamed
from environments.integrations.mcp_server.server import McpServer, McpTool
from environments.telemetry.live import Caller, CallFailed, LiveSessions
from environments.tools.evennia import parse_answer
from world_fixtures.common import UserError
from world_fixtures.spec import WorldSpec

INSTRUCTIONS = (
    "A text world to live in. Call bind_session once, then connect; act with command, one at a "
    "time, such as: look, north, examine lamp, read letter, get key."
)


class Player:
    """The tools of one client, which plays one session at a time."""

    def __init__(self, sessions: LiveSessions) -> None:
        self._sessions = sessions
        self._bound = ""
        self._calls = 0
        self._submitted: set[str] = set()

    @property
    def tools(self) -> tuple[McpTool, ...]:
        """The tools, in the order in which a client is told them."""
        return (
            McpTool(self.bind_session, "Choose the session", again=True),
            McpTool(self.connect, "Enter the world", again=True),
            McpTool(self.observe, "Look around", reads=True),
            McpTool(self.command, "Do something in the world"),
            McpTool(self.disconnect, "Leave the world"),
            McpTool(self.submit, "Hand in an answer"),
        )

    async def bind_session(self, session_id: str = "") -> str:
        """Name the session that you play, before anything else.

        The same id finds its world again as it was left; without an id you get a new one. An id
        that another process plays is refused.
        """
        session_id = session_id or time.strftime("mcp_%Y%m%d_%H%M%S_") + secrets.token_hex(3)
        try:
            self._sessions.claim(session_id)
            self._sessions.rest(self._bound)
        except UserError as error:
            raise CallFailed(str(error)) from error
        self._bound = session_id
        return json.dumps({"session_id": session_id, "world": self._sessions.task.spec.title})

    async def connect(self) -> str:
        """Enter the world; it shows where you are."""
        return await self._act("connect")

    async def observe(self) -> str:
        """Look around: the room, its exits, and what is here."""
        return await self._act("observe")

    async def command(self, command: str) -> str:
        """Do something in the world, one command at a time, such as: look, north, examine lamp,
        read letter, get key, put key in box, unlock door with key, open door, write TEXT on
        wall, inventory, help.
        """  # noqa: D205 - clients read this text
        return await self._act("command", command=command)

    async def disconnect(self) -> str:
        """Leave the world. It keeps everything as it is."""
        left = await self._act("disconnect")
        self._sessions.rest(self._bound)
        return left

    async def submit(self, answer: dict[str, Any] | None = None) -> str:
        """Hand in an answer, once a session. No task is set here, so it is not judged."""
        if self._bound in self._submitted:
            raise CallFailed(f"session {self._bound} has its answer: bind_session begins another")
        taken = await self._act("submit", answer=parse_answer({"answer": answer}))
        self._submitted.add(self._bound)
        return taken

    async def _act(self, tool: str, **arguments: Any) -> str:
        if not self._bound:
            raise CallFailed("no session yet: call bind_session first")
        self._calls += 1
        caller = Caller(f"mcp-{self._calls}")
        try:
            return await self._sessions.act(self._bound, f"evennia_{tool}", arguments, caller)
        except CallFailed as failed:
            raise CallFailed(renamed(str(failed), SHORT)) from failed


def serve(root: Path, spec: WorldSpec) -> int:
    """Serve a world to one client until it closes stdin; the exit code.

    Traces go to the telemetry tree at `root`. Raises ImportError without the SDK.
    """
    server = McpServer(INSTRUCTIONS)
    return asyncio.run(_serve(server, LiveSessions(root, spec)))


async def _serve(server: McpServer, sessions: LiveSessions) -> int:
    server.add(*Player(sessions).tools)
    return await server.run(sessions.close)
