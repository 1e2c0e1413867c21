"""A server of the Model Context Protocol: the toolset `evennia` for any client, over stdio.

Such a server learns nothing of the session it is used in, so the client names one with
`bind_session` before anything else. Needs the extra `mcp`; its SDK renamed its server class
with version 2, and hermes-agent pins version 1.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import secrets
import signal
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any

from environments.telemetry.live import Caller, CallFailed, LiveSessions
from environments.tools.evennia import parse_answer
from world_fixtures.common import UserError
from world_fixtures.spec import WorldSpec

NAME = "evennia-world"
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
        """Hand in your answer, an object with the fields that your task names."""
        return await self._act("submit", answer=parse_answer({"answer": answer}))

    async def _act(self, tool: str, **arguments: Any) -> str:
        if not self._bound:
            raise CallFailed("no session yet: call bind_session first")
        self._calls += 1
        caller = Caller(f"mcp-{self._calls}")
        return await self._sessions.act(self._bound, f"evennia_{tool}", arguments, caller)


def serve(root: Path, spec: WorldSpec) -> int:
    """Serve one client on stdin and stdout until it closes them; the exit code.

    Traces go to the telemetry tree at `root`. Raises ImportError without the SDK.
    """
    server, failure = _sdk()
    return asyncio.run(_serve(server, failure, LiveSessions(root, spec)))


def _sdk() -> tuple[Any, type[Exception]]:
    """Make a server of the installed SDK, and return its exception for failures of a tool."""
    try:
        package = importlib.import_module("mcp.server.mcpserver")
        kind = package.MCPServer
    except ModuleNotFoundError:
        package = importlib.import_module("mcp.server.fastmcp")
        kind = package.FastMCP
    failure = importlib.import_module(f"{package.__name__}.exceptions").ToolError
    return kind(NAME, instructions=INSTRUCTIONS, log_level="WARNING"), failure


async def _serve(server: Any, failure: type[Exception], sessions: LiveSessions) -> int:
    player = Player(sessions)
    for tool in (
        player.bind_session, player.connect, player.observe, player.command,
        player.disconnect, player.submit,
    ):  # fmt: skip
        description = " ".join((tool.__doc__ or "").split())
        server.add_tool(
            _with_failures(tool, failure), description=description, structured_output=False
        )
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _set_once, ended, 128 + number)
    serving = asyncio.create_task(server.run_stdio_async())
    try:
        await asyncio.wait((serving, ended), return_when=asyncio.FIRST_COMPLETED)
    finally:
        await sessions.close()
    if ended.done():
        os._exit(ended.result())  # the SDK's thread waits for a line of stdin and cannot be woken
    serving.result()
    return 0


def _set_once(future: asyncio.Future[int], code: int) -> None:
    if not future.done():
        future.set_result(code)


def _with_failures(
    tool: Callable[..., Awaitable[str]], failure: type[Exception]
) -> Callable[..., Awaitable[str]]:
    """Wrap a tool so that its failures are the SDK's exception, whose text reaches the agent."""

    @wraps(tool)
    async def wrapped(**arguments: Any) -> str:
        try:
            return await tool(**arguments)
        except (CallFailed, ValueError) as error:
            raise failure(str(error)) from error

    return wrapped
