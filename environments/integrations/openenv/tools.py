"""The five tools for OpenEnv's MCP routes, without a FastMCP server and client for each session.

The routes ask an environment for its `mcp_client`, and call the methods of FastMCP's client that
are here: a session of FastMCP costs several milliseconds a call, and starts tasks of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Self

from openenv.core.env_server.mcp_types import Tool

from environments.tools.registry import tools_of

TOOLS = tuple(
    Tool(name=tool.name, description=tool.description, input_schema=tool.parameters)
    for tool in tools_of(["evennia"]).values()
)
"""In the order in which a model is shown them."""
LISTED = tuple(
    {"name": t.name, "description": t.description, "inputSchema": t.input_schema} for t in TOOLS
)
"""As the Model Context Protocol lists them."""


class McpTools:
    """The tools of one session, with the methods of FastMCP's client that the routes call."""

    def __init__(self, call: Callable[[str, Any], Awaitable[tuple[str, bool]]]) -> None:
        """Take what carries out a call: the text that it returns, and whether it was refused."""
        self._call = call

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def is_connected(self) -> bool:
        """Tell that there is nothing to connect to."""
        return True

    async def list_tools(self) -> list[dict[str, Any]]:
        """Return the tools; needs no reset."""
        return [dict(tool) for tool in LISTED]

    async def call_tool(self, name: Any, arguments: Any) -> dict[str, Any]:
        """Call a tool and return its result as FastMCP's client does, as plain data.

        Raises as `EvenniaEnvironment.step_async`.
        """
        text, refused = await self._call(name, arguments)
        return {
            "content": [{"type": "text", "text": text}],
            "structured_content": {"result": text},
            "meta": None,
            "data": text,
            "is_error": refused,
        }
