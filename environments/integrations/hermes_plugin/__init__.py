"""Plugin of hermes-agent: the toolset `evennia`, each world event traced with its tool call.

EVENNIA_WORLD           name of a library world or path of a YAML file (default timmy_home)
EVENNIA_TELEMETRY_ROOT  where traces go (default ~/.timmy/training-data/evennia)

The entry point of the group `hermes_agent.plugins` names this module; Hermes calls `register`
where its configuration has the plugin enabled.
"""

from __future__ import annotations

import os
from typing import Any

from environments.integrations.hermes_plugin.background import Background
from environments.integrations.hermes_plugin.hooks import Hooks
from environments.telemetry.layout import root_path
from environments.tools.registry import tools_of

TOOLSET = "evennia"
DEFAULT_WORLD = "timmy_home"


def register(ctx: Any) -> None:
    """Add tools and hooks to Hermes; nothing is started before the first tool call."""
    tools = tools_of([TOOLSET])
    background = Background(
        root_path(os.environ.get("EVENNIA_TELEMETRY_ROOT")),
        os.environ.get("EVENNIA_WORLD") or DEFAULT_WORLD,
    )
    hooks = Hooks(background, frozenset(tools))
    for tool in tools.values():
        ctx.register_tool(
            name=tool.name,
            toolset=TOOLSET,
            schema=tool.schema["function"],
            handler=hooks.handler(tool.name),
            description=tool.description,
        )
    ctx.register_middleware("tool_execution", hooks.around_call)
    ctx.register_hook("pre_api_request", hooks.before_request)
    ctx.register_hook("on_session_end", hooks.session_rests)
    ctx.register_hook("on_session_finalize", hooks.session_over)
