"""hermes-agent's own tools as toolsets, where that package is installed (extra `hermes`)."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
from typing import Any

from environments.toolsets import Effect, Tool, known_toolsets, register
from world_fixtures.errors import UserError


def installed() -> bool:
    """hermes-agent claims top-level names like `toolsets`: `run_agent` tells it apart."""
    return importlib.util.find_spec("run_agent") is not None


def register_toolset(name: str) -> None:
    """Make the hermes-agent toolset `name` known. Raises UserError if there is none."""
    known = ", ".join(known_toolsets())
    if not installed():
        raise UserError(
            f"unknown toolset {name!r}: there are {known}; those of hermes-agent need the extra"
            " `hermes` (pip install 'evennia-world-env[hermes]')"
        )
    model_tools: Any = importlib.import_module("model_tools")
    schemas = model_tools.get_tool_definitions(enabled_toolsets=[name], quiet_mode=True)
    if not schemas:
        raise UserError(f"unknown toolset {name!r}: neither one of ours ({known}) nor of hermes")
    register(name, *(_tool(schema["function"], model_tools) for schema in schemas))


def sample_distribution(name: str) -> list[str]:
    """Toolsets drawn from a hermes-agent distribution."""
    if not installed():
        raise UserError(f"distribution {name!r} needs the extra `hermes`")
    distributions: Any = importlib.import_module("toolset_distributions")
    return list(distributions.sample_toolsets_from_distribution(name))


def _tool(function: dict[str, Any], model_tools: Any) -> Tool:
    name = function["name"]

    async def handler(arguments: dict[str, Any], task_id: str) -> str:
        # hermes-agent's tools block: they run beside the event loop
        result = await asyncio.to_thread(
            model_tools.handle_function_call, name, arguments, task_id=task_id
        )
        return result if isinstance(result, str) else json.dumps(result, default=str)

    return Tool(
        name=name,
        description=function.get("description", ""),
        parameters=function.get("parameters", {"type": "object", "properties": {}}),
        handler=handler,
        effect=Effect.OUTWARD,
    )
