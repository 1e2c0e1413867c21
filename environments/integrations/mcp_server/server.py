"""What a server needs of the installed SDK, whose server class was renamed with version 2.

hermes-agent pins version 1.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from environments.telemetry.live import CallFailed

NAME = "evennia-world"
TITLE = "Evennia World"


@dataclass(frozen=True)
class McpTool:
    """A tool as clients see it; its description is the docstring of `call`."""

    call: Callable[..., Awaitable[str]]
    """Its name is the tool's; raises CallFailed or ValueError with a text for the agent."""
    title: str
    reads: bool = False
    """Changes nothing."""
    again: bool = False
    """Calling it twice does no more than calling it once."""


class McpServer:
    """The tools of one client, served on stdin and stdout."""

    def __init__(self, instructions: str) -> None:
        """Make a server of the installed SDK. Raises ImportError without it."""
        try:
            package = importlib.import_module("mcp.server.mcpserver")
            kind, more = package.MCPServer, {"title": TITLE, "version": _version()}
        except ModuleNotFoundError:
            package = importlib.import_module("mcp.server.fastmcp")
            kind, more = package.FastMCP, {}
        self._failure = importlib.import_module(f"{package.__name__}.exceptions").ToolError
        self._annotations = importlib.import_module("mcp.types").ToolAnnotations
        self._server = kind(NAME, instructions=instructions, log_level="WARNING", **more)
        if not more:  # version 1 takes none, and tells its own
            self._server._mcp_server.version = _version()

    def add(self, *tools: McpTool) -> None:
        """Add tools, each with its title and with what a client may expect of its calls."""
        for tool in tools:
            expected = {
                "readOnlyHint": tool.reads,
                "destructiveHint": False,  # all of it is in a world of the client's own
                "idempotentHint": tool.reads or tool.again,
                "openWorldHint": False,
            }
            self._server.add_tool(
                _with_failures(tool.call, self._failure),
                title=tool.title,
                description=" ".join((tool.call.__doc__ or "").split()),
                annotations=self._annotations.model_validate(expected),
                structured_output=False,
            )

    def add_prompt(self, prompt: Callable[[], str], title: str) -> None:
        """Add a prompt that people choose in their client; its description is its docstring."""
        description = " ".join((prompt.__doc__ or "").split())
        self._server.prompt(title=title, description=description)(prompt)

    async def run(self, close: Callable[[], Awaitable[None]]) -> int:
        """Serve until the client closes stdin, or a signal; `close` ends what was served.

        Returns the exit code.
        """
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[int] = loop.create_future()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, _set_once, ended, 128 + number)
        serving = asyncio.create_task(self._server.run_stdio_async())
        try:
            await asyncio.wait((serving, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await close()
        if ended.done():
            # the SDK's thread waits for a line of stdin and cannot be woken
            os._exit(ended.result())
        serving.result()
        if sys.stdout.closed:  # version 1 closes it; at its end the program flushes it
            sys.stdout = open(os.devnull, "w")  # noqa: ASYNC230, SIM115
        return 0


def _version() -> str:
    return importlib.metadata.version("evennia-world-env")


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
