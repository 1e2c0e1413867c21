"""hermes-agent's own tools as toolsets, where that package is installed (extra `hermes`)."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from environments.extras import with_command
from environments.tools.registry import Effect, Tool, known_toolsets, register
from world_fixtures.common import UserError

EFFECTS = {
    "read_file": Effect.READ_ONLY,
    "search_files": Effect.READ_ONLY,
    "write_file": Effect.DESTRUCTIVE,
    "patch": Effect.DESTRUCTIVE,
}
"""What is known of its tools; all others may reach outside."""

_threads = ThreadPoolExecutor(128, "hermes-tool")


def installed() -> bool:
    """Tell whether hermes-agent is installed, by its module `run_agent`."""
    return importlib.util.find_spec("run_agent") is not None


def configure(backend: str, timeout: int, lifetime: int, threads: int) -> None:
    """Set where its terminal runs and how many of its tools run at once.

    `timeout` and `lifetime` are seconds for a command and for a sandbox. Does nothing where
    hermes-agent is not installed.
    """
    global _threads
    if not installed():
        return
    os.environ["TERMINAL_ENV"] = backend
    os.environ["TERMINAL_TIMEOUT"] = str(timeout)
    os.environ["TERMINAL_LIFETIME_SECONDS"] = str(lifetime)
    _threads = ThreadPoolExecutor(threads, "hermes-tool")


def register_toolset(name: str) -> None:
    """Make the hermes-agent toolset `name` known. Raises UserError if there is none."""
    known = ", ".join(known_toolsets())
    if not installed():
        raise UserError(
            f"unknown toolset {name!r}: there are {known}; those of hermes-agent need"
            f" {with_command('hermes')}"
        )
    toolsets: Any = importlib.import_module("toolsets")
    if not toolsets.validate_toolset(name):
        raise UserError(f"unknown toolset {name!r}: neither one of ours ({known}) nor of hermes")
    tools = _tools(name)
    if not tools:
        raise UserError(
            f"toolset {name!r} of hermes-agent has no tool that works here: `hermes doctor` says"
            " what it lacks"
        )
    register(name, *tools)


def sample_distribution(name: str) -> list[str]:
    """Draw toolsets from a hermes-agent distribution, without those that do not work here."""
    if not installed():
        raise UserError(f"distribution {name!r} needs {with_command('hermes')}")
    distributions: Any = importlib.import_module("toolset_distributions")
    if not distributions.validate_distribution(name):
        known = ", ".join(distributions.list_distributions())
        raise UserError(f"unknown distribution {name!r}: hermes-agent has {known}")
    drawn = distributions.sample_toolsets_from_distribution(name)
    known_here = set(known_toolsets())
    return [toolset for toolset in drawn if toolset in known_here or _tools(toolset)]


def _tools(toolset: str) -> list[Tool]:
    model_tools: Any = importlib.import_module("model_tools")
    schemas = model_tools.get_tool_definitions(enabled_toolsets=[toolset], quiet_mode=True)
    return [_tool(schema["function"], model_tools.handle_function_call) for schema in schemas]


def _tool(function: dict[str, Any], call: Any) -> Tool:
    name = function["name"]

    async def handler(arguments: dict[str, Any], task_id: str) -> str:
        # hermes-agent's tools block: they run in threads
        loop = asyncio.get_running_loop()
        result = await loop.run_in_executor(
            _threads, partial(call, name, arguments, task_id=task_id)
        )
        return result if isinstance(result, str) else json.dumps(result, default=str)

    return Tool(
        name=name,
        description=function.get("description", ""),
        parameters=function.get("parameters", {"type": "object", "properties": {}}),
        handler=handler,
        effect=EFFECTS.get(name, Effect.OUTWARD),
    )
